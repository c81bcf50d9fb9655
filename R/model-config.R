# The sizes of an encoder: of a model, of a preset by name, or given one by one.

#' Sizes and constants of an encoder
#'
#' `bert_config()` reads the sizes off a model, or makes a configuration for [bert_init()]: from the name of a preset,
#' from numbers, or from a preset with some numbers changed.
#'
#' @section Presets:
#' | name | layers | width | heads | head size | inside | positions | parameters |
#' | --- | --- | --- | --- | --- | --- | --- | --- |
#' | `kor-small` | 3 | 256 | 4 | 64 | 1024 | 256 | 4.6M |
#' | `kor-tiny` | 2 | 128 | 4 | 16 | 256 | 128 | 1.3M |
#' | `kor-mini` | 2 | 128 | 4 | 32 | 512 | 128 | 1.5M |
#' | `kor-half` | 12 | 384 | 6 | 64 | 1536 | 512 | 24.7M |
#' | `kor-full` | 12 | 768 | 12 | 64 | 3072 | 512 | 92.2M |
#' | `bert-uncased-l2-h128`, ... (24) | 2-12 | 128-768 | width / 64 | 64 | 4 x width | 512 | 4.4M-109.5M |
#' | `bert-base-uncased`, ... | 12 or 24 | 768 or 1024 | width / 64 | 64 | 4 x width | 512 | 102M-335M |
#'
#' The `kor-` sizes are those of two Korean models that were published with their code, with 8,000 SentencePiece pieces
#' and 7 special tokens; they suit any language. Their pretraining heads are the plain ones (no transform
#' and no biases), Google's sizes have Google's. Size by size the names of Google's are those of [bert_models()];
#' `bert-tiny-uncased` and such work too. A preset has sizes only, no weights.
#'
#' @param x A model from [bert_load()], [bert_init()] or [bert_fit()], or the name of a preset. Left out, the
#'   configuration is made of the sizes in `...` and BERT-base's for the rest.
#' @param ... For a preset or without `x`: sizes and constants by the names below, such as `vocab_size = 8007`, which
#'   replace the preset's. `vocab_size` has no default where there is no preset. `attention_head_size` is
#'   `hidden_size / num_attention_heads` unless it is given.
#' @return A list of class `bert_config` with the names that BERT's own configuration files use: `vocab_size`,
#'   `hidden_size`, `num_hidden_layers`, `num_attention_heads`, `attention_head_size`, `intermediate_size`, `hidden_act`
#'   (`"gelu"` is the exact form, `"gelu_new"` the tanh approximation), `max_position_embeddings`, `type_vocab_size`,
#'   `layer_norm_eps`, the dropout shares, `initializer_range` and `pad_token_id`; where they are not BERT's also
#'   `model_type` (the family, as Hugging Face names it), `embedding_size` (width of the embeddings, mapped to
#'   `hidden_size`), `share_layers` (one layer, applied `num_hidden_layers` times), `position_offset` (unused rows
#'   at the
#'   top of a file's position table), `relative_attention_num_buckets` (of a bias by the distance of tokens; 0 for
#'   none), `talking_heads` and `gated_feed_forward`. One that was made here has the
#'   attributes `parameters` (weights of the encoder with its pooler), `heads` (forms of the pretraining heads) and
#'   `preset`.
#' @section Errors: `bertfit_error_argument` for an unknown preset or size, and for values that break their rule.
#' @examplesIf bertfit::bert_available()
#' bert_config("kor-tiny")
#' bert_config("bert-uncased-l2-h128", vocab_size = 8007, max_position_embeddings = 128)
#' bert_config(vocab_size = 500, hidden_size = 64, num_hidden_layers = 2, num_attention_heads = 4,
#'             intermediate_size = 128)
#' @export
bert_config <- function(x, ...) {
  if (missing(x)) {
    return(make_config(NULL, list(...)))
  }
  UseMethod("bert_config")
}

#' @rdname bert_config
#' @export
bert_config.bert_model <- function(x, ...) {
  check_dots_empty0(...)
  structure(x$config, class = "bert_config")
}

#' @rdname bert_config
#' @export
bert_config.character <- function(x, ...) {
  check_string(x)
  make_config(x, list(...))
}

#' @export
bert_config.default <- function(x, ...) {
  bert_abort("must be a model or the name of a preset.", "Sizes are given by name, as in `vocab_size = 8007`.",
             call = rlang::current_env(), argument = "x", received = x)
}

make_config <- function(preset, sizes, call = caller_env()) {
  if (length(sizes) > 0L && !rlang::is_named(sizes)) {
    bert_abort("Sizes must be named.", "For example `hidden_size = 128`.", call = call)
  }
  check_once(names(sizes), "must give each size once.", "...", call)
  scalar <- vapply(sizes, function(size) {
    (is.numeric(size) || is.character(size) || is.logical(size)) && length(size) == 1L && !is.na(size)
  }, NA)
  if (!all(scalar)) {
    name <- names(sizes)[!scalar][[1L]]
    bert_abort("must be a single number, string or logical.", call = call, argument = name, received = sizes[[name]])
  }
  if (is.null(preset) && is.null(sizes$vocab_size)) {
    bert_abort("must be given where there is no preset.", "It is the `size` of what `bert_vocab_train()` returns.",
               call = call, argument = "vocab_size")
  }
  made <- bert_call("config", preset = preset, sizes = if (length(sizes) > 0L) sizes, call = call)
  structure(made$config, preset = made$preset, heads = made$heads, parameters = made$parameters, class = "bert_config")
}

unclass_config <- function(config) {
  fields <- as.list(unclass(config))
  attributes(fields) <- list(names = names(config))
  fields
}

#' @export
print.bert_config <- function(x, ...) {
  cat_folded(paste(c("<bert_config>", attr(x, "preset")), collapse = " "), "\n")
  values <- vapply(unclass_config(x), function(value) format(value, digits = 6), "")
  heads <- attr(x, "heads")
  if (!is.null(heads)) values <- c(values, "pretraining heads" = paste0("mlm ", heads$mlm, ", nsp ", heads$nsp))
  if (!is.null(attr(x, "parameters"))) values <- c(values, parameters = big(attr(x, "parameters")))
  cat_folded(paste0("  ", format(names(values)), "  ", values, "\n"))
  invisible(x)
}

# A model with fresh weights: sizes from a configuration, tokens from a vocabulary.

#' A model with fresh weights
#'
#' The start of pretraining from scratch: an encoder of the sizes that `config` says, with weights from a normal
#' distribution of standard deviation 0.02, truncated at two standard deviations, biases of 0 and normalizations of 1,
#' as Google's BERT starts. Without pretraining its embeddings are random, and fine-tuning it is training from scratch.
#'
#' @param config A configuration from [bert_config()], or the name of one of its presets; the latter takes its number
#'   of entries from `vocab`.
#' @param vocab A vocabulary from [bert_vocab_train()], the path of a vocabulary file (WordPiece or SentencePiece), or a
#'   model whose vocabulary is to be used, or its name or folder.
#' @param seed Seed of the weights: a whole number. `NULL` draws one from R's generator, so that [set.seed()] decides
#'   it. The model keeps it as `$seed`.
#' @param ... Must be empty.
#' @param name What to call the model. `NULL` takes the preset's name, or `"bert"`.
#' @param lower_case For the path of a WordPiece file, whether texts are lower-cased; `NULL` tells by the tokens.
#' @return A `bert_model`, as [bert_load()] returns one, of kind `"fresh"`. It has no folder, so it carries its weights:
#'   [bert_save()] and [saveRDS()] keep it.
#' @section Errors: `bertfit_error_argument` when the configuration has another number of entries than the vocabulary;
#'   `bertfit_error_vocabulary` when the file is no vocabulary.
#' @seealso [bert_fit()] to train it on labelled texts.
#' @examplesIf bertfit::bert_available()
#' vocab <- bert_vocab_train(jigsaw_sample$comment_text, size = 300, quiet = TRUE)
#' config <- bert_config(vocab_size = vocab$size, hidden_size = 32, num_hidden_layers = 2,
#'                       num_attention_heads = 2, intermediate_size = 64)
#' bert_init(config, vocab, seed = 1)
#' @export
bert_init <- function(config, vocab, seed = NULL, ..., name = NULL, lower_case = NULL) {
  check_dots_empty0(...)
  check_given("config", "vocab")
  seed <- check_number(seed, min = 0, max = .Machine$integer.max, whole = TRUE, null_ok = TRUE)
  check_string(name, null_ok = TRUE)
  check_flag(lower_case, null_ok = TRUE)
  sizes <- if (inherits(config, "bert_config")) unclass_config(config) else config
  if (!is.list(sizes) && !rlang::is_string(sizes)) {
    bert_abort("must be from `bert_config()`, or the name of a preset.", argument = "config", received = config)
  }
  vocab <- vocab_source(vocab)
  words <- vocab_arguments(vocab, lower_case, rlang::current_env())
  release_dropped()
  new_bert_model(do.call(bert_call, c(
    list("init", config = sizes, seed = draw_seed(seed), name = name %||% attr(config, "preset"),
         heads = own_heads(config)),
    words, list(call = rlang::current_env())
  )))
}

# `vocab` with the name or folder of a model opened: the caller's variable then keeps the model alive. Other strings are
# the paths of files.
vocab_source <- function(vocab, call = caller_env()) {
  a_model <- is_string(vocab) && !is.na(vocab) &&
    (dir.exists(vocab) || (nzchar(vocab) && !file.exists(vocab) && !grepl("[./\\\\]", vocab)))
  if (a_model) open_model(vocab, call = call) else vocab
}

# How the vocabulary goes to Python: as bytes, as a path, or as the model that has it.
vocab_arguments <- function(vocab, lower_case, call) {
  known <- inherits(vocab, "bert_vocab") || inherits(vocab, "bert_model")
  if (known && !is.null(lower_case)) {
    bert_abort("must be NULL unless `vocab` is a path.", call = call, argument = "lower_case", received = lower_case)
  }
  if (inherits(vocab, "bert_vocab")) {
    return(list(vocab = vocab$data, lower_case = !vocab$cased))
  }
  if (inherits(vocab, "bert_model")) {
    return(list(vocab_of = model_handle(vocab, call = call)))
  }
  if (!rlang::is_string(vocab) || is.na(vocab)) {
    bert_abort("must be from `bert_vocab_train()`, the path of a vocabulary file, or a model.", call = call,
               argument = "vocab", received = vocab)
  }
  list(vocab = absolute(vocab), lower_case = lower_case)
}

# Pretraining heads where they differ from Google's, which are the default.
own_heads <- function(config) {
  heads <- attr(config, "heads")
  if (!is.null(heads) && !identical(c(heads$mlm, heads$nsp), c("transform", "google"))) heads
}

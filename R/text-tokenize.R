# Texts to token ids and back, in one call of Python per vector. R checks the input and shapes the result.

#' Tokenize texts
#'
#' Turns texts into the ids that a BERT encoder reads, exactly as Google's `tokenization.py` does for this model's
#' vocabulary and casing: `[CLS] text [SEP]`, or `[CLS] text [SEP] pair [SEP]`. With a SentencePiece vocabulary, or a
#' `tokenizer.json` of byte-level BPE (RoBERTa) or unigram (XLM-RoBERTa, CamemBERT, ALBERT), pieces are those of that
#' library, between the special tokens of that model: `<s> text </s>`, `<s> text </s></s> pair </s>`. A special token
#' that stands in a text is split like any other characters. All texts go to Python in one call.
#'
#' @param x A character vector or factor of texts, without missing values; or a data frame with a text column.
#' @param model A model from [bert_load()] or [bert_fit()], a name or path as [bert_load()] takes, or a vocabulary from
#'   [bert_vocab_train()].
#' @param max_len Most tokens per row, special tokens included: a whole number from 3 to the model's own maximum.
#'   `NULL`, the default, is that maximum (for a fitted model, the length it was fitted with; for a vocabulary, 512).
#'   A longer text is truncated at its end; of a pair, the longer text loses its last token until both fit. A pair
#'   with two separators needs 4.
#' @param pair The second text of every row: a character vector as long as `x`, or for a data frame the name of a
#'   column. `NULL` for none.
#' @param ... Must be empty.
#' @param padding `"max_len"` makes matrices of `max_len` columns; `"longest"` of as many as the longest row has
#'   tokens; `"none"` gives lists of vectors without padding.
#' @param output `"ids"`, or `"tokens"` for the tokens as text with their places in `x`.
#' @param text For a data frame, the name of the text column. A fitted model knows its own.
#' @return For `output = "ids"` a list of class `bert_tokens` with three integer matrices, a row per text:
#'   `input_ids`; `segment_ids`, 1 from the second text on and else 0; `attention_mask`, 1 on tokens and 0 on
#'   padding. With `padding = "none"` each is a list of integer vectors. `attr(, "truncated")` says for every row
#'   whether tokens were left out.
#'
#'   For `output = "tokens"` a data.table with a row per token: `row`, the number of the text; `token`; `start` and
#'   `end`, such that `substr(text, start, end)` is where it comes from (`NA` for special tokens); `segment`, 0 or 1.
#'   `[UNK]` stands for a whole word. A character that becomes several tokens is the place of all of them. The
#'   space (U+2581) that SentencePiece puts in front of a text has an empty place.
#' @section Errors: `bertfit_error_data` for missing values and invalid UTF-8, with the rows;
#'   `bertfit_error_argument` for the rest.
#' @seealso [bert_decode()]; Devlin, Chang, Lee and Toutanova (2019) <doi:10.18653/v1/N19-1423>.
#' @examplesIf bertfit::bert_available()
#' model <- bert_load("minilm-l6-uncased")
#' tokens <- bert_tokenize(c("this is such an amazing movie!", "Boring."), model, max_len = 12)
#' tokens$input_ids
#' bert_tokenize("An unaffable caf\u00e9.", model, output = "tokens")
#' @export
bert_tokenize <- function(x, model, max_len = NULL, pair = NULL, ..., padding = c("max_len", "longest", "none"),
                          output = c("ids", "tokens"), text = NULL) {
  check_dots_empty0(...)
  check_given("x", "model")
  padding <- check_choice(padding, c("max_len", "longest", "none"))
  output <- check_choice(output, c("ids", "tokens"))
  model <- check_has_tokens(model)
  max_len <- check_number(max_len, min = 3, max = model$max_len %||% 512L, whole = TRUE, null_ok = TRUE)
  call <- rlang::current_env()
  rows <- tokenize_rows(x, model, pair, text, call)
  send <- function(name, ...) {
    bert_call(name, model = model_handle(model, call = call), rows = rows, max_len = max_len, ..., call = call)
  }
  if (output == "tokens") {
    return(token_table(send("tokens")))
  }
  answer <- send("tokenize", padding = padding)
  ids <- if (padding == "none") ragged_ids(answer) else answer[c("input_ids", "segment_ids", "attention_mask")]
  structure(ids, truncated = as.logical(answer$truncated), class = "bert_tokens")
}

#' Text of token ids
#'
#' Joins tokens by spaces, and `##` pieces to the token before; SentencePiece pieces mark the spaces themselves, and a
#' `tokenizer.json` has its own decoder. Casing, accents and spaces that tokenizing removed are not restored.
#'
#' @param ids An integer matrix with a row per text, a list of integer vectors, one integer vector (one text), or
#'   what [bert_tokenize()] returned.
#' @param model The model whose vocabulary the ids belong to (or its name or path), or the vocabulary.
#' @param skip_special Whether to leave out `[PAD]`, `[CLS]` and `[SEP]`, or what the model has in their place.
#'   `[UNK]` and `[MASK]` stay, since they stand for words.
#' @return A character vector, one string per text.
#' @section Errors: `bertfit_error_data` for ids that are not in the vocabulary.
#' @examplesIf bertfit::bert_available()
#' model <- bert_load("minilm-l6-uncased")
#' bert_decode(c(101, 2023, 2003, 2107, 2019, 6429, 3185, 999, 102), model)
#' @export
bert_decode <- function(ids, model, skip_special = TRUE) {
  check_given("ids", "model")
  check_flag(skip_special)
  if (inherits(ids, "bert_tokens")) ids <- ids$input_ids
  ragged <- is.list(ids) && !is.object(ids)
  values <- if (ragged) unlist(ids, use.names = FALSE) else ids
  if (!(is.numeric(values) && !is.object(values)) && !(ragged && is.null(values))) {
    bert_abort("must be whole numbers: a matrix, a vector, or a list of vectors.", argument = "ids", received = ids)
  }
  if (anyNA(values)) {
    bert_abort("must have no missing values.", paste(sum(is.na(values)), "of them are NA."), class = "data",
               argument = "ids")
  }
  model <- check_has_tokens(model)
  count <- if (ragged) length(ids) else if (is.matrix(ids)) nrow(ids) else 1L
  if (length(values) == 0L) {
    return(character(count))
  }
  parts <- values[values != trunc(values)]
  if (length(parts)) bert_abort("must be whole numbers.", class = "data", argument = "ids", received = parts[[1]])
  texts <- bert_call(
    "decode",
    model = model_handle(model), ids = as_py_array(values),
    splits = if (ragged) as_py_array(c(0, cumsum(lengths(ids)))), skip_special = skip_special
  )
  as.character(unlist(texts))
}

#' @export
print.bert_tokens <- function(x, ...) {
  ids <- x$input_ids
  n <- if (is.list(ids)) length(ids) else nrow(ids)
  width <- if (!is.list(ids)) ncol(ids) else if (n == 0L) 0L else range(lengths(ids))
  truncated <- sum(attr(x, "truncated"))
  cat_folded(
    "<bert_tokens> ", count(n, "row"), " of ", paste(unique(width), collapse = " to "), " tokens",
    if (truncated > 0) paste0(", ", big(truncated), " truncated"), "\n"
  )
  for (i in seq_len(min(n, 3L))) {
    row <- if (is.list(ids)) ids[[i]] else ids[i, ]
    cat_folded("  ", paste(utils::head(row, 12L), collapse = " "), if (length(row) > 12L) " ...", "\n")
  }
  if (n > 3L) cat_folded("  ...\n")
  invisible(x)
}

check_has_tokens <- function(model, call = caller_env()) {
  if (inherits(model, "bert_vocab")) model else check_model(model, call = call)
}

# The rows that `x`, `pair` and `text` name.
tokenize_rows <- function(x, model, pair, text, call) {
  if (!is.data.frame(x)) {
    if (!is.null(text)) {
      bert_abort("must be NULL unless `x` is a data frame.", call = call, argument = "text", received = text)
    }
    texts <- check_text(x, arg = "x", call = call)
    pairs <- if (!is.null(pair)) check_text(pair, arg = "pair", call = call)
    if (!is.null(pairs) && length(pairs) != length(texts)) {
      bert_abort("must be as long as `x`.",
                 paste0("`x` has ", count(length(texts), "text"), " and `pair` has ", big(length(pairs)), "."),
                 call = call, argument = "pair")
    }
    return(new_rows(texts, pairs))
  }
  if (is.null(text)) {
    text <- model$columns$text
    pair <- pair %||% model$columns$pair
    if (is.null(text)) {
      bert_abort("must name the text column of a data frame.",
                 paste0("Its columns are ", some_of(paste0("`", names(x), "`"), 12L), "."), call = call,
                 argument = "text")
    }
  }
  check_string(text, arg = "text", call = call)
  check_string(pair, null_ok = TRUE, arg = "pair", call = call)
  check_columns(x, c(text, pair), arg = "x", call = call)
  new_rows(
    texts = check_text(x[[text]], arg = text, call = call),
    pairs = if (!is.null(pair)) check_text(x[[pair]], arg = pair, call = call)
  )
}

# Rows of different lengths from flat ids. No row is empty: each has its special tokens.
ragged_ids <- function(answer) {
  splits <- as.numeric(answer$splits)
  row <- rep(seq_len(length(splits) - 1L), diff(splits))
  rows <- function(flat) unname(split(as.integer(flat), row))
  list(input_ids = rows(answer$ids), segment_ids = rows(answer$segments), attention_mask = rows(rep(1L, length(row))))
}

# Python counts rows and characters from 0 and leaves the end out; substr() counts from 1 and takes it in.
token_table <- function(answer) {
  start <- as.integer(answer$start)
  end <- as.integer(answer$end)
  special <- start < 0L
  data.table::data.table(
    row = as.integer(answer$row) + 1L,
    token = as.character(unlist(answer$token)),
    start = ifelse(special, NA_integer_, start + 1L),
    end = ifelse(special, NA_integer_, end),
    segment = as.integer(answer$segment)
  )
}

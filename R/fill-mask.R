# Predictions of the MLM and NSP heads.

#' Fill a mask
#'
#' The most probable tokens for each `[MASK]` of a text: the task of masked-token pretraining.
#'
#' @param text A character vector or factor of texts without missing values, each with one `[MASK]` or more, or with
#'   the mask token as the model's vocabulary spells it (`<mask>`).
#' @param model A model with an MLM head: from [bert_pretrain()], or a checkpoint that [bert_load()] opened with its
#'   heads; or the name or path of one.
#' @param top Tokens per mask.
#' @return A data.table with a row per text, mask and token, the most probable token first: `row`, the number of the
#'   text; `mask`, the number of the mask in it; `rank`; `token`, as it stands in the vocabulary (`##` marks the inside
#'   of a word, U+0120 or U+2581 a space before it); `probability`.
#' @section Errors: `bertfit_error_argument` when the model has no such head; `bertfit_error_data` for a text without
#'   `[MASK]` or longer than the model's positions, with the rows.
#' @seealso [bert_next_sentence()]; Devlin et al. (2019), <https://arxiv.org/abs/1810.04805>.
#' @examplesIf bertfit::bert_available()
#' # A model with fresh weights gives random answers; see bert_pretrain().
#' vocab <- bert_vocab_train(jigsaw_sample$comment_text, size = 300, quiet = TRUE)
#' model <- bert_init("kor-tiny", vocab, seed = 1)
#' bert_fill_mask("you are a [MASK] .", model, top = 3)
#' @export
bert_fill_mask <- function(text, model, top = 5) {
  check_given("text", "model")
  texts <- check_text(text)
  top <- check_number(top, min = 1, whole = TRUE)
  model <- check_model(model)
  found <- bert_call("fill_mask", model = model_handle(model), rows = new_rows(texts), top = top)
  data.table::data.table( # Python counts rows and masks from 0
    row = as.integer(unlist(found$row)) + 1L,
    mask = as.integer(unlist(found$mask)) + 1L,
    rank = as.integer(unlist(found$rank)),
    token = as.character(unlist(found$token)),
    probability = as.numeric(unlist(found$probability))
  )
}

#' Probability that one text follows another
#'
#' The probability that `b` follows `a` in a document, rather than being from another document: the second task of
#' BERT's pretraining.
#'
#' @param a,b Character vectors or factors of the same length, without missing values.
#' @param model A model with an NSP head: from [bert_pretrain()], or a checkpoint that [bert_load()] opened with its
#'   heads; or the name or path of one.
#' @return A numeric vector of probabilities, one per pair.
#' @section Errors: `bertfit_error_argument` when the model has no such head or the lengths differ;
#'   `bertfit_error_data` for missing values and invalid UTF-8, with the rows.
#' @seealso [bert_fill_mask()]
#' @examplesIf bertfit::bert_available()
#' # A model with fresh weights gives random answers; see bert_pretrain().
#' vocab <- bert_vocab_train(jigsaw_sample$comment_text, size = 300, quiet = TRUE)
#' model <- bert_init("kor-tiny", vocab, seed = 1)
#' bert_next_sentence("Where are you from?", c("I am from here."), model)
#' @export
bert_next_sentence <- function(a, b, model) {
  check_given("a", "b", "model")
  first <- check_text(a)
  second <- check_text(b)
  if (length(first) != length(second)) {
    bert_abort("must be as long as `a`.",
               paste0("`a` has ", count(length(first), "text"), " and `b` has ", big(length(second)), "."),
               argument = "b")
  }
  model <- check_model(model)
  if (!length(first)) {
    return(numeric())
  }
  as.numeric(bert_call("next_sentence", model = model_handle(model), rows = new_rows(first, second)))
}

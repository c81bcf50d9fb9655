#' Texts as vectors
#'
#' Runs the encoder over the texts and pools the vectors of each text's tokens into one.
#'
#' @param model A model from [bert_load()] or [bert_fit()], or a name or path as [bert_load()] takes; a fitted one gives
#'   its fine-tuned encoder's vectors.
#' @param x A character vector of texts; for a fitted model also a data frame with its text column(s).
#' @param layers Encoder layers whose vectors are concatenated in the result: 1 is the first, -1 the last.
#' @param pooling How the tokens' vectors become one: `"mean"` or `"max"` over all tokens of the text (special
#'   tokens among them), `"cls"` the first token, `"nsp"` the pretrained pooler (of the last layer).
#' @param pair A character vector of second texts, read together with the first; `NULL` for none.
#' @param ... Must be empty.
#' @inheritParams predict.bert_fit
#' @return A numeric matrix with a row per text and `hidden size * length(layers)` columns.
#' @section Errors: `bertfit_error_argument` for a layer that does not exist; `bertfit_error_data` for missing
#'   values and invalid text.
#' @seealso Reimers and Gurevych (2019) on mean pooling, <https://arxiv.org/abs/1908.10084>.
#' @examplesIf bertfit::bert_available()
#' model <- bert_load("minilm-l6-uncased")
#' vectors <- bert_embed(model, c("A cat sleeps.", "A kitten naps.", "Stocks fell."))
#' round(tcrossprod(vectors / sqrt(rowSums(vectors^2))), 2)
#' @export
bert_embed <- function(model, x, layers = -1, pooling = "mean", ..., pair = NULL, batch_size = NULL,
                       precision = "auto", progress = is_interactive()) {
  check_dots_empty0(...)
  check_given("model", "x")
  check_numbers(layers, "layers", current_env())
  check_string(pooling)
  check_number(batch_size, null_ok = TRUE)
  check_flag(progress)
  call <- current_env()
  model <- check_model(model, call = call)
  rows <- embed_rows(model, x, pair, call)
  bert_call(
    "embed",
    model = model_handle(model, call = call), rows = rows, layers = layers, pooling = pooling,
    batch_size = batch_size, precision = precision, progress = rows_progress(progress), call = call
  )
}

embed_rows <- function(model, x, pair, call) {
  if (is.data.frame(x) && inherits(model, "bert_fit")) {
    return(read_newdata(model, x, call = call, arg = "x"))
  }
  pairs <- if (!is.null(pair)) check_text(pair, arg = "pair", call = call)
  new_rows(check_text(x, arg = "x", call = call), pairs)
}

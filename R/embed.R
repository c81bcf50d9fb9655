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
#' @param normalize Whether to divide each vector by its Euclidean length, so that the product of two is their cosine.
#' @param long_text,stride What is read of texts that are longer than the `max_len` of the fit, or else of the model,
#'   and the overlap of windows, as in [bert_control()]; `NULL` for what the fit read, before a fit `"truncate"`. The
#'   vectors of a text's windows are averaged.
#' @param ... Must be empty.
#' @inheritParams predict.bert_fit
#' @return A numeric matrix with a row per text and `hidden size * length(layers)` columns. Rows are named as `x` is:
#'   by the names of a character vector, or the row names of a data frame that has been given some; else they have no
#'   names. Columns are `dim_1`, `dim_2`, ..., of several layers `layer_1_dim_1`, ..., with the number of the layer,
#'   counted from the first.
#' @inheritSection predict.bert_fit Cut texts
#' @section Errors: `bertfit_error_argument` for a layer that does not exist; `bertfit_error_data` for missing
#'   values and invalid text.
#' @seealso Reimers and Gurevych (2019) on mean pooling, <https://arxiv.org/abs/1908.10084>.
#' @examplesIf bertfit::bert_available()
#' model <- bert_load("minilm-l6-uncased")
#' texts <- c(cat = "A cat sleeps.", kitten = "A kitten naps.", stocks = "Stocks fell.")
#' round(tcrossprod(bert_embed(model, texts, normalize = TRUE)), 2)
#' @export
bert_embed <- function(model, x, layers = -1, pooling = "mean", ..., pair = NULL, normalize = FALSE,
                       long_text = NULL, stride = NULL, batch_size = NULL, precision = "auto",
                       progress = is_interactive()) {
  check_dots_empty0(...)
  check_given("model", "x")
  check_numbers(layers, "layers", current_env())
  check_string(pooling)
  check_number(batch_size, null_ok = TRUE)
  check_flag(normalize)
  check_flag(progress)
  call <- current_env()
  check_long_text(long_text, stride, NULL, call)
  model <- check_model(model, call = call)
  rows <- embed_rows(model, x, pair, call)
  vectors <- bert_call(
    "embed",
    model = model_handle(model, call = call), rows = rows, layers = layers, pooling = pooling, normalize = normalize,
    long_text = long_text, stride = stride, batch_size = batch_size, precision = precision,
    progress = rows_progress(progress), call = call
  )
  dimnames(vectors) <- list(row_names_of(x, nrow(vectors)), vector_names(ncol(vectors), layers, model$config))
  vectors
}

# The names that rows were given, or NULL.
row_names_of <- function(x, n) {
  names <- if (!is.data.frame(x)) names(x) else if (is.character(attr(x, "row.names"))) attr(x, "row.names")
  if (length(names) == n) names
}

# "dim_1", ...; of several layers "layer_2_dim_1", ..., counted from the first layer.
vector_names <- function(n, layers, config) {
  if (length(layers) <= 1) {
    return(sprintf("dim_%d", seq_len(n)))
  }
  numbers <- ifelse(layers < 0, config$num_hidden_layers + 1 + layers, layers)
  width <- n / length(layers)
  sprintf("layer_%d_dim_%d", rep(as.integer(numbers), each = width), rep(seq_len(width), length(layers)))
}

embed_rows <- function(model, x, pair, call) {
  if (is.data.frame(x) && inherits(model, "bert_fit")) {
    return(read_newdata(model, x, call = call, arg = "x"))
  }
  pairs <- if (!is.null(pair)) check_text(pair, arg = "pair", call = call)
  new_rows(check_text(x, arg = "x", call = call), pairs)
}

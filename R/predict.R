# Predictions as columns, in the class of the rows given.

#' Predict with a fine-tuned model
#'
#' @param object A model from [bert_fit()], or a fitted one from [bert_load()].
#' @param newdata,new_data A data frame with the text column(s) of the fit, or a character vector of texts. `new_data`
#'   is tidymodels' name for it; give one of the two.
#' @param type What to predict. `NULL` means `"numeric"` for regression, else `"prob"`.
#'   - `"prob"`: the probability of each class, in columns `.pred_<label>`.
#'   - `"class"`: the most probable class, a factor `.pred_class` with the levels of the fit (ordered if the target
#'     was), for every kind of target, so that `.pred_class == target` compares as expected; for a
#'     multilabel model a column `.pred_class_<label>` of 0 and 1 per label.
#'   - `"link"`: values before the sigmoid or softmax, in `.pred_link`, or `.pred_link_<label>`.
#'   - `"numeric"`: a regression's numbers, in `.pred`.
#' @param ... Must be empty.
#' @param threshold For `type = "class"` of a binary or multilabel model: the probability from which the second class,
#'   or a label, is predicted; `NULL` means 0.5. An error where it would do nothing.
#' @param na_action What to do with a missing text: `"error"`, or `"keep"`, which leaves its row in place with missing
#'   predictions and says how many there are (a message of class `bertfit_message_missing`).
#' @param long_text What is read of texts that are longer than the `max_len` of the fit: `"truncate"`, `"head_tail"` or
#'   `"windows"`, as in [bert_control()]; `NULL` for what the fit read. The logits of a text's windows are pooled before
#'   they become probabilities.
#' @param stride,window_pooling Tokens that neighbouring windows have in common, and `"mean"` or `"max"` of their
#'   logits; `NULL` for the settings of the fit. An error where there are no windows.
#' @param batch_size Rows (or windows) per batch of the longest texts, more of shorter ones, but at most 65,536 tokens;
#'   `NULL` chooses by memory.
#' @param precision `"auto"`, `"float32"`, `"bfloat16"` or `"float16"`, as in [bert_control()].
#' @param progress Whether to show a progress bar, in terminals that can.
#' @section Cut texts: The model reads the first `max_len` tokens of the fit, unless `long_text` says otherwise. A
#'   message of class `bertfit_message_truncated` says how many texts lost tokens; `suppressMessages(..., classes =
#'   "bertfit_message_truncated")` silences it. With `long_text = "windows"` none is lost, except of pairs whose shorter
#'   text is longer than half of a window.
#' @return One row per row of `newdata`, in its order and with its class: a data.table for a data.table, a tibble
#'   for a tibble, a data frame (with the same row names) for a data frame; a data.table for a character vector.
#' @section Errors: `bertfit_error_argument` for a missing column or a `type` the task does not have;
#'   `bertfit_error_data` for missing values and invalid text, with the numbers of the rows.
#' @seealso Columns are named as in tidymodels, <https://www.tidymodels.org>.
#' @examplesIf bertfit::bert_available()
#' model <- bert_load("minilm-l6-uncased")
#' fit <- bert_fit(head(jigsaw_sample, 64), text = "comment_text", target = "target", model = model,
#'                 epochs = 1, max_len = 32)
#' predict(fit, c("Thank you for this.", "What a stupid idea."))
#' predict(fit, head(jigsaw_sample), type = "class", threshold = 0.4)
#' predict(fit, c("Thank you for this.", NA), na_action = "keep")
#' @method predict bert_fit
#' @export
predict.bert_fit <- function(object, newdata, type = NULL, ..., threshold = NULL, na_action = c("error", "keep"),
                             long_text = NULL, stride = NULL, window_pooling = NULL, batch_size = NULL,
                             precision = "auto", progress = is_interactive(), new_data) {
  check_dots_empty0(...)
  predict_rows(object, given_newdata(), type, threshold = threshold, na_action = na_action, long_text = long_text,
               stride = stride, window_pooling = window_pooling, batch_size = batch_size, precision = precision,
               progress = progress, call = current_env())
}

# predict() with the user's call, which augment() gives too.
predict_rows <- function(object, newdata, type = NULL, threshold = NULL, na_action = c("error", "keep"),
                         long_text = NULL, stride = NULL, window_pooling = NULL, batch_size = NULL, precision = "auto",
                         progress = is_interactive(), call = caller_env()) {
  check_string(type, null_ok = TRUE, arg = "type", call = call)
  check_number(threshold, null_ok = TRUE, arg = "threshold", call = call)
  check_long_text(long_text, stride, window_pooling, call)
  check_number(batch_size, null_ok = TRUE, arg = "batch_size", call = call)
  check_flag(progress, arg = "progress", call = call)
  keep <- check_choice(na_action, c("error", "keep"), arg = "na_action", call = call) == "keep"
  rows <- present_rows(read_newdata(object, newdata, call = call, gaps = keep))
  type <- type %||% if (object$task == "regression") "numeric" else "prob"
  values <- bert_call(
    "predict",
    model = model_handle(object, call = call), rows = rows, type = type, threshold = threshold,
    long_text = long_text, stride = stride, window_pooling = window_pooling, batch_size = batch_size,
    precision = precision, progress = rows_progress(progress), call = call
  )
  columns <- prediction_columns(object, values, type, n_rows(rows))
  absent <- rows$n - n_rows(rows)
  if (absent > 0) {
    columns <- lapply(columns, function(column) column[match(seq_len(rows$n), rows$present)])
    tell(paste0(big(absent), " of ", count(rows$n, "row"), if (absent == 1) " has" else " have",
                " no text: the predictions are NA."), "missing", n = absent, of = rows$n)
  }
  like_newdata(columns, newdata)
}

check_long_text <- function(long_text, stride, window_pooling, call) {
  check_string(long_text, null_ok = TRUE, arg = "long_text", call = call)
  check_number(stride, null_ok = TRUE, arg = "stride", call = call)
  check_string(window_pooling, null_ok = TRUE, arg = "window_pooling", call = call)
}

#' @method predict bert_model
#' @export
predict.bert_model <- function(object, ...) {
  check_model(object, fitted = TRUE, arg = "object", call = current_env())
}

# A named list of columns from Python's array, in which classes are counted from 0.
prediction_columns <- function(object, values, type, n) {
  labels <- object$labels
  multilabel <- object$task == "multilabel"
  if (type == "class" && !multilabel) {
    ordered <- identical(object$record$classes$category, "ordered")
    return(list(.pred_class = factor(labels[as.integer(values) + 1L], levels = labels, ordered = ordered)))
  }
  names <- switch(
    type,
    prob = paste0(".pred_", labels),
    class = paste0(".pred_class_", labels),
    link = if (object$task == "binary") ".pred_link" else paste0(".pred_link_", labels),
    numeric = ".pred"
  )
  values <- matrix(values, nrow = n, ncol = length(names))
  if (type == "class") storage.mode(values) <- "integer"
  columns <- lapply(seq_along(names), function(j) values[, j])
  `names<-`(columns, names)
}

# `columns` as the kind of table that `newdata` is.
like_newdata <- function(columns, newdata) {
  n <- length(columns[[1]])
  if (!is.data.frame(newdata) || inherits(newdata, "data.table")) {
    return(data.table::as.data.table(columns))
  }
  if (inherits(newdata, "tbl_df")) {
    return(like_table(structure(columns, row.names = .set_row_names(n), class = "data.frame"), "tbl_df"))
  }
  # A recipe may leave rows out.
  rows <- if (n == nrow(newdata)) attr(newdata, "row.names") else .set_row_names(n)
  structure(columns, row.names = rows, class = "data.frame")
}

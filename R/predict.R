# Predictions as columns, in the class of the rows given.

#' Predict with a fine-tuned model
#'
#' @param object A model from [bert_fit()], or a fitted one from [bert_load()].
#' @param newdata A data frame with the text column(s) of the fit, or a character vector of texts.
#' @param type What to predict. `NULL` means `"numeric"` for regression, else `"prob"`.
#'   - `"prob"`: the probability of each class, in columns `.pred_<label>`.
#'   - `"class"`: the most probable class, a factor `.pred_class` with the levels of the fit (ordered if the target
#'     was), for every kind of target, so that `.pred_class == target` compares as expected; for a
#'     multilabel model a column `.pred_class_<label>` of 0 and 1 per label.
#'   - `"link"`: values before the sigmoid or softmax, in `.pred_link`, or `.pred_link_<label>`.
#'   - `"numeric"`: a regression's numbers, in `.pred`.
#' @param ... Must be empty.
#' @param batch_size Rows per batch of the longest texts, more of shorter ones; `NULL` chooses by memory.
#' @param precision `"auto"`, `"float32"`, `"bfloat16"` or `"float16"`, as in [bert_control()].
#' @param progress Whether to show a progress bar, in terminals that can.
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
#' predict(fit, head(jigsaw_sample), type = "class")
#' @method predict bert_fit
#' @export
predict.bert_fit <- function(object, newdata, type = NULL, ..., batch_size = NULL, precision = "auto",
                             progress = is_interactive()) {
  check_dots_empty0(...)
  check_given("newdata")
  check_string(type, null_ok = TRUE)
  check_number(batch_size, null_ok = TRUE)
  check_flag(progress)
  call <- current_env()
  rows <- read_newdata(object, newdata, call = call)
  type <- type %||% if (object$task == "regression") "numeric" else "prob"
  values <- predict_values(object, rows, type, batch_size, precision, progress, call)
  like_newdata(prediction_columns(object, values, type, n_rows(rows)), newdata)
}

#' @method predict bert_model
#' @export
predict.bert_model <- function(object, ...) {
  check_model(object, fitted = TRUE, arg = "object", call = current_env())
}

predict_values <- function(object, rows, type, batch_size, precision, progress, call) {
  bert_call(
    "predict",
    model = model_handle(object, call = call), rows = rows, type = type, batch_size = batch_size,
    precision = precision, progress = rows_progress(progress), call = call
  )
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
    return(structure(columns, row.names = .set_row_names(n), class = c("tbl_df", "tbl", "data.frame")))
  }
  # A recipe may leave rows out.
  rows <- if (n == nrow(newdata)) attr(newdata, "row.names") else .set_row_names(n)
  structure(columns, row.names = rows, class = "data.frame")
}

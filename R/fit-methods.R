# A fitted model on the console and as tables: print, tidy, glance and augment.

#' @export
print.bert_fit <- function(x, ...) {
  if (!trained_here(x)) {
    return(print_classifier(x))
  }
  rows <- x$record$rows
  labels <- switch(x$task, regression = NULL, paste0(": ", paste(utils::head(x$labels, 6), collapse = ", "),
                                                     if (length(x$labels) > 6) ", ..."))
  epochs <- nrow(x$history)
  cat_folded(
    "<bert_fit> ", x$name, ", ", x$task, labels, "\n",
    "  formula     ", if (is.null(x$formula)) columns_text(x$columns) else deparse_one(x$formula), "\n",
    if (!is.null(rows)) paste0("  trained on  ", count(rows, "row"), " in ", seconds_text(x$seconds), "\n"),
    "  epochs      ", epochs, if (!is.na(x$best_epoch)) paste0(", best ", x$best_epoch),
    if (x$interrupted) ", interrupted", "\n",
    "  best        ", best_text(x), "\n",
    hub_line(x),
    seed_line(x$seed)
  )
  invisible(x)
}

columns_text <- function(columns) {
  columns <- lapply(columns, function(names) vapply(names, function(name) deparse(as.name(name), backtick = TRUE), ""))
  target <- columns$target
  target <- if (length(target) > 1) paste0("cbind(", paste(target, collapse = ", "), ")") else target
  paste(target, "~", paste(c(columns$text, columns$pair), collapse = " + "))
}

# The measures of the best epoch: those of the validation rows where there are any.
best_text <- function(x) {
  if (nrow(x$history) == 0) {
    return("no epoch was finished")
  }
  measures_text(best_measures(x))
}

best_measures <- function(x) {
  row <- best_row(x$history, x$best_epoch)
  measures <- unlist(row[setdiff(names(row), not_measures)])
  validation <- measures[startsWith(names(measures), "val_")]
  measures <- if (any(!is.na(validation))) validation else measures[!startsWith(names(measures), "val_")]
  measures[!is.na(measures)]
}

#' A fitted model as tables
#'
#' `tidy()` gives the history in long form, `glance()` one row about the fit, `augment()` the data with predictions.
#'
#' @param x A model from [bert_fit()], its `$history`, or a result of [bert_evaluate()].
#' @param new_data,newdata A data frame with the text column(s) of the fit. (`new_data` is tidymodels' name.)
#' @param ... For `augment()`, further arguments of [predict.bert_fit()], such as `na_action = "keep"` for rows without
#'   a text, or `threshold`; else it must be empty.
#' @return Tables of the caller's class: a data.table if the fit, or the evaluation, was given a data.table, a tibble if
#'   a tibble, else a data frame.
#'   - `tidy()` of a fit: `epoch`, `metric`, `data` (`"train"` or `"validation"`), `value`. Of an evaluation: `label`,
#'     `metric`, `value`, where `label` is `NA` for the measures of all rows together.
#'   - `glance()` of a fit: `task`, `n` (training rows), `epochs`, `best_epoch`, the measures of the best epoch,
#'     `parameters`, `trainable_parameters`, `seconds`, `interrupted`. Of an evaluation: `task`, `n` and the measures.
#'   - `augment()`: `new_data`, in its class, with the columns of `predict()` bound to its end: the class and the
#'     probabilities, or `.pred` for regression.
#' @section Errors: As [predict.bert_fit()].
#' @seealso The generics, <https://generics.r-lib.org>.
#' @examplesIf bertfit::bert_available()
#' model <- bert_load("minilm-l6-uncased")
#' fit <- bert_fit(head(jigsaw_sample, 64), text = "comment_text", target = "target", model = model,
#'                 epochs = 1, max_len = 32)
#' tidy(fit)
#' glance(fit)
#' augment(fit, head(jigsaw_sample[, c("comment_text", "target")], 3))
#' @name tidy.bert_fit
NULL

#' @rdname tidy.bert_fit
#' @method tidy bert_fit
#' @export
tidy.bert_fit <- function(x, ...) {
  check_dots_empty0(...)
  like_table(tidy(x$history), x$table)
}

#' @rdname tidy.bert_fit
#' @method tidy bert_history
#' @export
tidy.bert_history <- function(x, ...) {
  check_dots_empty0(...)
  like_table(history_long(x), attr(x, "table"))
}

#' @rdname tidy.bert_fit
#' @method tidy bert_evaluation
#' @export
tidy.bert_evaluation <- function(x, ...) {
  check_dots_empty0(...)
  whole <- data.frame(label = NA_character_, metric = names(x$metrics), value = unname(x$metrics))
  if (is.null(x$per_class)) {
    return(like_table(whole, x$table))
  }
  by_class <- lapply(setdiff(names(x$per_class), "label"), function(metric) {
    data.frame(label = x$per_class$label, metric = metric, value = as.numeric(x$per_class[[metric]]))
  })
  like_table(do.call(rbind, c(list(whole), by_class)), x$table)
}

#' @rdname tidy.bert_fit
#' @method glance bert_fit
#' @export
glance.bert_fit <- function(x, ...) {
  check_dots_empty0(...)
  measures <- if (nrow(x$history)) as.list(best_measures(x))
  row <- c(
    list(task = x$task, n = as.integer(x$record$rows %||% NA), epochs = nrow(x$history), best_epoch = x$best_epoch),
    measures,
    list(parameters = x$parameters, trainable_parameters = x$trainable_parameters, seconds = x$seconds,
         interrupted = x$interrupted)
  )
  like_table(as.data.frame(row), x$table)
}

#' @rdname tidy.bert_fit
#' @method glance bert_evaluation
#' @export
glance.bert_evaluation <- function(x, ...) {
  check_dots_empty0(...)
  like_table(as.data.frame(c(list(task = x$task, n = x$n), as.list(x$metrics))), x$table)
}

#' @rdname tidy.bert_fit
#' @method augment bert_fit
#' @export
augment.bert_fit <- function(x, new_data, ..., newdata) {
  call <- current_env()
  if (missing(new_data) && missing(newdata)) {
    bert_abort("must be given: a fitted model does not keep its training rows.", call = call, argument = "new_data")
  }
  new_data <- given_newdata()
  options <- augment_options(..., call = call)
  if (!is.data.frame(new_data)) {
    bert_abort("must be a data frame.", call = call, argument = "new_data", received = new_data)
  }
  types <- if (x$task == "regression") "numeric" else c("class", "prob")
  # One run of the model: classes follow from the probabilities.
  threshold <- options$threshold
  options$threshold <- NULL
  if (!is.null(threshold)) check_threshold(threshold, x$task, call)
  predicted <- do.call(predict_rows, c(list(x, new_data, type = types[length(types)], call = call), options))
  if ("class" %in% types) predicted <- c(classes_of(x, predicted, threshold %||% 0.5), as.list(predicted))
  twice <- intersect(names(predicted), names(new_data))
  if (length(twice)) {
    bert_abort("must not have columns of predictions already.", paste0("It has ", quoted(twice), "."), call = call,
               argument = "new_data")
  }
  result <- like_newdata(c(as.list(new_data), as.list(predicted)), new_data)
  # The order of the rows is unchanged, so the key still holds.
  if (data.table::is.data.table(new_data)) data.table::setattr(result, "sorted", data.table::key(new_data))
  result
}

# The arguments of predict() that augment() passes on.
augment_options <- function(..., call) {
  options <- list(...)
  known <- setdiff(names(formals(predict_rows)), c("object", "newdata", "type", "call"))
  if (length(options) && (!is_named(options) || !all(names(options) %in% known))) {
    bert_abort("must be arguments of `predict()`, by name.",
               c(x = paste0("Not known: ", quoted(setdiff(rlang::names2(options), known)), ".")), call = call,
               argument = "...")
  }
  options
}

# By the rule of the Python core, which augment() does not ask for classes.
check_threshold <- function(threshold, task, call) {
  if (!task %in% c("binary", "multilabel")) {
    bert_abort(paste0("must be left out for a ", task, " model."), call = call, argument = "threshold",
               received = threshold)
  }
  check_number(threshold, min = 0, max = 1, arg = "threshold", call = call)
}

# Classes by the rule of the Python core, from probabilities that R already has; NA where these are.
classes_of <- function(x, probs, threshold) {
  values <- as.matrix(as.data.frame(as.list(probs), optional = TRUE))
  if (x$task == "multilabel") {
    flags <- lapply(seq_along(x$labels), function(j) as.integer(values[, j] >= threshold))
    return(`names<-`(flags, paste0(".pred_class_", x$labels)))
  }
  best <- if (x$task == "binary") 1 + (values[, 2] >= threshold) else first_largest(values)
  list(.pred_class = factor(x$labels[best], levels = x$labels))
}

# The column of the largest value of each row, the first of equal ones; NA for a row of NA.
first_largest <- function(values) {
  known <- !is.na(values[, 1])
  best <- rep(NA_integer_, nrow(values))
  best[known] <- max.col(values[known, , drop = FALSE], ties.method = "first")
  best
}

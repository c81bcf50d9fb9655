# Measures of a fitted model on labelled rows.

#' Evaluate a fine-tuned model
#'
#' Predicts labelled rows and reports, for classes: accuracy, log-loss, area under the ROC curve (`auc`) and
#' under the precision-recall curve (`pr_auc`), Brier score, precision, recall and F1 per class with macro and
#' weighted averages, and the confusion matrix. For regression: RMSE, MAE, R squared and Spearman's correlation.
#'
#' @param model A model from [bert_fit()], or a fitted one from [bert_load()], or the folder of one.
#' @param newdata,new_data A data frame with the text and target columns of the fit, or, with `target`, a character
#'   vector. `new_data` is tidymodels' name for it; give one of the two.
#' @param ... Must be empty.
#' @param target Where the truth is: `NULL` for the target column(s) of the fit; names of other columns of `newdata`;
#'   or, when `newdata` is a character vector, the values themselves (a data frame or matrix for several labels).
#' @param by Names of columns of `newdata`: evaluates each group of rows with equal values in them, in one run.
#' @param threshold Probability from which a row counts as positive; `NULL` means 0.5. Binary and multilabel only: an
#'   error for a multiclass model, which predicts the most probable class, and for regression.
#' @inheritParams predict.bert_fit
#' @return An object of class `bert_evaluation`: a list with `task`, `n`, `threshold`, `metrics` (named numbers),
#'   `per_class` and `averages` (data frames, `NULL` for regression), `confusion` (a table of counts, truth in rows;
#'   `NULL` for multilabel and regression), `notes` (what is undefined and why) and `curves` (data frames, which
#'   [plot.bert_evaluation()] draws). With `by`, a table of the class of `newdata` with a row per group, in the order of
#'   their first rows: the columns of `by`, `n` (rows) and the measures, `NA` where undefined.
#' @inheritSection predict.bert_fit Cut texts
#' @section Errors: `bertfit_error_argument` for missing columns; `bertfit_error_data` for missing values, and labels
#'   that are not the model's.
#' @seealso The measures are scikit-learn's, <https://scikit-learn.org/stable/modules/model_evaluation.html>.
#' @examplesIf bertfit::bert_available()
#' model <- bert_load("minilm-l6-uncased")
#' fit <- bert_fit(head(jigsaw_sample, 64), text = "comment_text", target = "target", model = model,
#'                 epochs = 1, max_len = 32)
#' report <- bert_evaluate(fit, tail(jigsaw_sample, 64))
#' report
#' plot(report, which = "roc")
#' bert_evaluate(fit, transform(tail(jigsaw_sample, 64), long = nchar(comment_text) > 80), by = "long")
#' @export
bert_evaluate <- function(model, newdata, ..., target = NULL, by = NULL, threshold = NULL, long_text = NULL,
                          stride = NULL, window_pooling = NULL, batch_size = NULL, precision = "auto",
                          progress = is_interactive(), new_data) {
  check_dots_empty0(...)
  check_given("model")
  newdata <- given_newdata()
  check_number(threshold, null_ok = TRUE)
  check_number(batch_size, null_ok = TRUE)
  check_flag(progress)
  call <- current_env()
  check_long_text(long_text, stride, window_pooling, call)
  model <- check_model(model, fitted = TRUE, call = call)
  rows <- evaluation_rows(model, newdata, target, call)
  rows <- with_targets(rows, code_target(rows$target_columns, model$task, model$labels, call = call,
                                         by_id = is.null(model$record$classes)))
  groups <- if (!is.null(by)) group_codes(newdata, by, n_rows(rows), call)
  report <- bert_call(
    if (is.null(by)) "evaluate" else "evaluate_groups",
    model = model_handle(model, call = call), rows = rows, groups = as_py_array(groups$codes), threshold = threshold,
    long_text = long_text, stride = stride, window_pooling = window_pooling, batch_size = batch_size,
    precision = precision, progress = rows_progress(progress), call = call
  )
  if (!is.null(by)) {
    return(group_table(report, newdata, by, groups$first, call))
  }
  evaluation <- new_bert_evaluation(report)
  evaluation$table <- table_kind(newdata)
  evaluation
}

# The group of each row, numbered from 0 in the order of appearance, and the first row of each.
group_codes <- function(data, by, n, call) {
  check_names(by, arg = "by", call = call)
  if (!is.data.frame(data)) {
    bert_abort("must be NULL unless `newdata` is a data frame.", call = call, argument = "by", received = by)
  }
  check_columns(data, by, arg = "newdata", call = call)
  if (nrow(data) != n) {
    bert_abort("must be NULL where a recipe leaves rows out.", call = call, argument = "by", received = by)
  }
  ranks <- data.table::frankv(unname(lapply(by, function(name) data[[name]])), ties.method = "dense")
  list(codes = match(ranks, unique(ranks)) - 1L, first = which(!duplicated(ranks)))
}

# A row per group, in the class of `data`: its values of `by`, its rows, its measures.
group_table <- function(report, data, by, first, call) {
  measures <- as.list(columns_frame(report))
  measures$n <- as.integer(measures$n)
  if (length(twice <- intersect(by, names(measures)))) {
    bert_abort("must not have the name of a measure.", c(x = paste0("You gave ", quoted(twice), ".")), call = call,
               argument = "by")
  }
  groups <- `names<-`(lapply(by, function(name) data[[name]][first]), by)
  like_newdata(c(groups, measures), structure(list(), row.names = integer(), class = class(data)))
}

evaluation_rows <- function(model, newdata, target, call) {
  if (is.data.frame(newdata)) {
    if (!is.null(target)) check_names(target, arg = "target", call = call)
    columns <- columns_in(model, newdata, target, call = call)
    labelled <- model$task == "multilabel" && all(model$labels %in% names(newdata))
    columns$target <- target %||% columns$target %||% if (labelled) model$labels
    if (is.null(columns$target)) {
      bert_abort("must be given: the model knows no column of it.", call = call, argument = "target")
    }
    rows <- read_rows(new_source(columns, model$recipe, model$response), newdata, arg = "newdata", call = call)
  } else {
    rows <- read_newdata(model, newdata, call = call)
    if (is.null(target)) {
      bert_abort("must be given when `newdata` is a character vector.", call = call, argument = "target")
    }
    if (is.matrix(target)) target <- as.data.frame(target)
    rows$target_columns <- if (is.data.frame(target)) as.list(target) else list(target = target)
  }
  expected <- if (model$task == "multilabel") length(model$labels) else 1
  if (length(rows$target_columns) != expected) {
    bert_abort(paste0("must have ", count(expected, "column"), "."),
               paste0("It has ", length(rows$target_columns), "."), call = call, argument = "target")
  }
  if (length(rows$target_columns[[1]]) != n_rows(rows)) {
    bert_abort("must have one value per text.",
               paste0("You gave ", count(length(rows$target_columns[[1]]), "value"), " for ",
                      count(n_rows(rows), "text"), "."),
               class = "data", call = call, argument = "target")
  }
  rows
}

new_bert_evaluation <- function(report) {
  confusion <- report$confusion
  if (!is.null(confusion)) {
    confusion <- as.table(matrix(as.integer(confusion), nrow = nrow(confusion),
                                 dimnames = list(truth = report$labels, predicted = report$labels)))
  }
  structure(
    list(
      task = report$task, n = as.integer(report$n), threshold = report$threshold,
      metrics = vapply(report$overall, as.numeric, numeric(1)),
      per_class = columns_frame(report$per_class), averages = columns_frame(report$averages),
      confusion = confusion, notes = as.character(unlist(report$notes)),
      curves = if (!is.null(report$curves)) lapply(report$curves, columns_frame)
    ),
    class = "bert_evaluation"
  )
}

# A dict of columns as a data frame; Python's None and NaN are NA.
columns_frame <- function(columns) {
  if (is.null(columns)) {
    return(NULL)
  }
  columns <- lapply(columns, function(column) {
    if (is.list(column) && !length(column)) {
      return(character()) # labels of no rows
    }
    if (is.list(column)) column <- vapply(column, function(v) if (is.null(v)) NA_real_ else as.numeric(v), numeric(1))
    column <- as.vector(column)
    if (is.numeric(column)) column[is.nan(column)] <- NA
    column
  })
  as.data.frame(columns, stringsAsFactors = FALSE)
}

#' @export
print.bert_evaluation <- function(x, digits = 3, ...) {
  threshold <- if (!is.null(x$threshold)) paste0(", threshold ", format(x$threshold))
  cat_folded("<bert_evaluation> ", x$task, ", ", count(x$n, "row"), threshold, "\n\n")
  cat_folded(paste0("  ", format(names(x$metrics)), "  ", fixed(x$metrics, digits), "\n"))
  if (!is.null(x$per_class)) {
    cat("\n")
    print_report(x, digits)
  }
  if (!is.null(x$confusion)) {
    cat("\n")
    confusion <- x$confusion
    dimnames(confusion) <- lapply(dimnames(confusion), shortened)
    print(confusion)
  }
  if (length(x$notes)) cat_folded("\n", paste0("* ", x$notes, "\n"))
  invisible(x)
}

# Precision, recall, F1 and support by class, then the averages: scikit-learn's layout.
print_report <- function(x, digits) {
  measures <- c("precision", "recall", "f1")
  names <- c(shortened(x$per_class$label), paste(x$averages$average, "average"))
  values <- rbind(x$per_class[measures], x$averages[measures])
  table <- cbind(
    vapply(values, fixed, character(length(names)), digits = digits),
    support = big(c(x$per_class$support, x$averages$support))
  )
  rownames(table) <- names
  print(table, quote = FALSE, right = TRUE)
}

fixed <- function(x, digits) {
  ifelse(is.na(x), "-", formatC(x, format = "f", digits = digits))
}

#' An evaluation as a data frame
#'
#' @param x A result of [bert_evaluate()] (without `by`).
#' @param row.names,optional,... Not used.
#' @param what `"classes"`: the measures of each class or label, of a regression its measures in one row; `"roc"`,
#'   `"pr"`, `"calibration"` or, of a regression, `"points"`: what [plot.bert_evaluation()] draws; `"confusion"`: counts
#'   by `truth` and `predicted`.
#' @return A data frame.
#' @section Errors: `bertfit_error_argument` for what the task does not have.
#' @examplesIf bertfit::bert_available()
#' model <- bert_load("minilm-l6-uncased")
#' fit <- bert_fit(head(jigsaw_sample, 64), text = "comment_text", target = "target", model = model,
#'                 epochs = 1, max_len = 32)
#' report <- bert_evaluate(fit, tail(jigsaw_sample, 64))
#' as.data.frame(report)
#' head(as.data.frame(report, what = "pr"))
#' @export
as.data.frame.bert_evaluation <- function(x, row.names = NULL, optional = FALSE, ..., what = "classes") {
  known <- c("classes", names(x$curves), if (!is.null(x$confusion)) "confusion")
  what <- check_choice(what, known)
  if (what == "confusion") {
    return(as.data.frame(x$confusion, responseName = "n"))
  }
  if (what != "classes") {
    return(x$curves[[what]])
  }
  if (is.null(x$per_class)) as.data.frame(as.list(x$metrics)) else x$per_class
}

# bert_fit(): interface methods -> bridge -> implementation -> constructor, in this order.

#' Fine-tune a BERT model
#'
#' Puts a head on a pretrained encoder and trains both on labelled texts. The model given is left as it is.
#'
#' @details
#' The task follows from the target, unless `task` says otherwise:
#' - `"binary"`: a logical, a factor or character with two levels, 0/1, or fractions between 0 and 1 (Jigsaw's
#'   target: the share of annotators who agreed). The second level, `TRUE` or 1 is the positive class.
#' - `"multiclass"`: a factor or character with more levels. Levels without rows are kept, with a warning.
#'   Character labels are sorted as in the C locale.
#' - `"multilabel"`: several logical or 0/1 columns (or fractions), each a label of its own.
#' - `"regression"`: any other numbers.
#'
#' Interrupting a run (Ctrl-C, Esc) stops it after the current batch and returns the model as it then is, with
#' `$interrupted` set to `TRUE`. With `checkpoint`, a folder, the run's state is saved there, and the same call with
#' `resume = TRUE` continues it, also after a crash: see [bert_control()].
#'
#' @param x,data A data frame, data.table or tibble with a row per text; or a formula such as `target ~ text`,
#'   `target ~ text + pair` or `cbind(insult, threat) ~ text`; or a recipe whose predictors are one or two text
#'   columns. A data frame may also be given as `data`.
#' @param text Name of the column of texts.
#' @param target Name of the target column, or names of several for a multilabel task.
#' @param model Where to start: a model from [bert_load()].
#' @param ... Settings of [bert_control()], such as `epochs = 2`. Each may be given here or in `control`, not in both.
#' @param pair Name of a column of second texts, for tasks on pairs of texts; `NULL` for none.
#' @param task `"auto"`, or one of `"binary"`, `"multiclass"`, `"multilabel"`, `"regression"`.
#' @param head The layers on top, from [bert_head()].
#' @param control How to train, from [bert_control()].
#' @return An object of class `bert_fit`, also a `bert_model`. A plain list with, among others, `$task`,
#'   `$labels`, `$history` (a data frame, one row per epoch), `$best_epoch`, `$metrics`, `$interrupted`, `$seed` and
#'   `$seconds`. It survives [saveRDS()].
#' @section Errors: `bertfit_error_argument` for wrong arguments and settings, `bertfit_error_data` for missing
#'   values, text that is not UTF-8, and targets that fit no task (with the numbers of the rows).
#' @seealso [predict.bert_fit()], [bert_evaluate()], [bert_save()]. The method: Devlin et al. (2019),
#'   <https://arxiv.org/abs/1810.04805>.
#' @examplesIf bertfit::bert_available()
#' model <- bert_load("minilm-l6-uncased")
#' comments <- head(jigsaw_sample, 64)
#' fit <- bert_fit(comments, text = "comment_text", target = "target", model = model, epochs = 1, max_len = 32)
#' fit
#' predict(fit, c("Thank you for this.", "What a stupid idea."))
#' @export
bert_fit <- function(x, ...) {
  if (missing(x)) {
    return(fit_named(..., call = current_env()))
  }
  UseMethod("bert_fit")
}

# bert_fit(data = d, text = , ...): without `x` there is nothing to dispatch on.
fit_named <- function(data, ..., formula = NULL, call) {
  if (missing(data)) {
    bert_abort("`bert_fit()` must have data as its first argument, or as `data`.", call = call)
  }
  if (is.null(formula)) bert_fit(data, ...) else bert_fit(formula, data, ...)
}

# -- Methods ------------------------------------------------------------------------------------------

#' @rdname bert_fit
#' @export
bert_fit.data.frame <- function(x, text, target, model, ..., pair = NULL, task = "auto", head = bert_head(),
                                control = bert_control()) {
  check_given("text", "target", "model")
  columns <- list(text = check_name(text), target = check_names(target), pair = check_name(pair, null_ok = TRUE))
  check_distinct(columns, call = current_env())
  source <- new_source(columns)
  fit_bridge(x, source, model, task, head, control_with(control, list2(...)), call = current_env())
}

#' @rdname bert_fit
#' @param formula `target ~ text`, see `x`.
#' @export
bert_fit.formula <- function(formula, data, model, ..., task = "auto", head = bert_head(), control = bert_control()) {
  check_given("data", "model")
  check_columns(data, character())
  columns <- formula_columns(formula, names(data), call = current_env())
  check_distinct(columns, call = current_env())
  source <- new_source(columns)
  fit_bridge(data, source, model, task, head, control_with(control, list2(...)), call = current_env())
}

#' @rdname bert_fit
#' @export
bert_fit.recipe <- function(x, data, model, ..., task = "auto", head = bert_head(), control = bert_control()) {
  check_given("data", "model")
  check_installed("recipes")
  check_columns(data, character())
  source <- recipe_source(x, data, call = current_env())
  fit_bridge(data, source, model, task, head, control_with(control, list2(...)), call = current_env())
}

#' @export
bert_fit.default <- function(x, ..., data) {
  # bert_fit(data = d, "text", "target", model): R matches the name of the text column to `x`.
  if (is.character(x) && !missing(data)) {
    return(bert_fit(data, x, ...))
  }
  bert_abort("must be a data frame, a formula or a recipe.", call = current_env(), argument = "x", received = x)
}

# -- Bridge: columns become rows with the numbers of their target -------------------------------------

fit_bridge <- function(data, source, model, task, head, control, call) {
  check_model(model, call = call)
  rows <- read_rows(source, data, call = call)
  target <- read_task(rows$target_columns, task, call = call)
  rows <- with_targets(rows, target$values, row_weights(control$sample_weights, data, n_rows(rows), call))
  validation <- if (is.data.frame(control$validation)) {
    validation_rows(control$validation, source, target, control$sample_weights, call)
  }
  fit_impl(model, rows, validation, target, head, control, source, call)
}

row_weights <- function(weights, data, n, call, arg = "data") {
  if (is.null(weights)) {
    return(NULL)
  }
  if (is_string(weights)) {
    check_columns(data, weights, arg = arg, call = call)
    weights <- data[[weights]]
    check_sample_weights(weights, call)
  }
  if (length(weights) != n) {
    bert_abort("must have one number per training row.",
               paste0("It has ", big(length(weights)), ", the data ", count(n, "row"), "."), class = "data",
               call = call, argument = "sample_weights")
  }
  as.double(weights)
}

validation_rows <- function(data, source, target, weights, call) {
  rows <- read_rows(source, data, call = call, arg = "validation")
  values <- code_target(rows$target_columns, target$kind, target$labels, call = call)
  by_name <- is_string(weights) && weights %in% names(data)
  with_targets(rows, values, if (by_name) row_weights(weights, data, n_rows(rows), call, "validation"))
}

# -- Implementation: one call into Python -------------------------------------------------------------

fit_impl <- function(model, rows, validation, target, head, control, source, call) {
  handle <- model_handle(model, call = call)
  uninterrupted({
    description <- bert_call(
      "fit",
      model = handle,
      rows = rows,
      validation = validation,
      kind = target$kind,
      labels = as.list(target$labels),
      head = head_arguments(head, call = call),
      control = control_arguments(control),
      columns = lapply(drop_nulls(source$columns), as.list),
      progress = fit_progress(control$verbose),
      call = call
    )
    new_bert_model(description, extra = list(control = kept_control(control), head = head, target_type = target$type,
                                             recipe = source$recipe))
  })
}

fitted_fields <- function(description) {
  record <- description$record
  history <- new_bert_history(record$history, record$best_epoch, record$settings$monitor)
  list(
    task = description$task$kind,
    labels = as.character(unlist(description$task$labels)),
    columns = lapply(record$columns, function(x) if (is.null(x)) NULL else as.character(unlist(x))),
    head = as_bert_head(description$head),
    control = as_bert_control(record$settings),
    history = history,
    metrics = record$metrics,
    best_epoch = as.integer(record$best_epoch %||% NA),
    interrupted = isTRUE(record$interrupted),
    seconds = as.numeric(record$seconds %||% NA),
    seed = record$seed,
    precision = record$precision,
    record = record[setdiff(names(record), "history")],
    trainable_parameters = as.numeric(description$trainable_parameters %||% NA),
    target_type = NULL,
    recipe = NULL
  )
}

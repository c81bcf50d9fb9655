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
#' - `"regression"`: any other numbers. Whole numbers with few different values may be classes: the fit says so, and
#'   `task = "multiclass"`, or a factor, makes them classes.
#'
#' The first line that a fit prints names its task. The model keeps what type the classes were, so that Python, which
#' opens it with `bertfit.load()`, predicts values of the same type.
#'
#' The left side of a formula may compute the target: `log1p(price) ~ text`, `I(stars > 3) ~ text`,
#' `factor(stars) ~ text`. The model then predicts what was computed, such as the logarithm: `expm1()` of the
#' predictions gives prices. In validation and evaluation rows it is computed anew, so it must not depend on other rows,
#' as `y - mean(y)` does. A model that comes from [bert_save()] no longer computes: its target is a column of that name.
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
#' @param model Where to start: a model from [bert_load()], or a name or path that [bert_load()] opens, such as
#'   `"minilm-l6-uncased"`. Of a fitted model the encoder is taken, with its head only where `head = "keep"`.
#' @param ... Settings of [bert_control()], such as `epochs = 2`. Each may be given here or in `control`, not in both.
#' @param pair Name of a column of second texts, for tasks on pairs of texts; `NULL` for none.
#' @param task `"auto"`, or one of `"binary"`, `"multiclass"`, `"multilabel"`, `"regression"`.
#' @param head The layers on top, from [bert_head()], with fresh weights; or `"keep"`, which goes on with the head of a
#'   fitted `model` and its labels, in their order: the target may have no other classes, and the columns of a
#'   multilabel target have the names of the labels.
#' @param control How to train, from [bert_control()].
#' @param callbacks A function that is called with every event of the run (a step, an epoch), or a list of such
#'   functions; one that returns `"stop"` ends the run. See [bert_callbacks].
#' @return An object of class `bert_fit`, also a `bert_model`. A plain list with, among others, `$task`,
#'   `$labels`, `$history` (a data frame, one row per epoch), `$best_epoch`, `$metrics`, `$interrupted`, `$seed` and
#'   `$seconds`. It survives [saveRDS()].
#' @section Errors: `bertfit_error_argument` for wrong arguments and settings, `bertfit_error_data` for missing
#'   values, text that is not UTF-8, and targets that fit no task (with the numbers of the rows),
#'   `bertfit_error_callback` when a callback fails.
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
    return(fit_named(..., call = current_env(), as_called = match.call()))
  }
  UseMethod("bert_fit")
}

# bert_fit(data = d, text = , ...): without `x` there is nothing to dispatch on.
fit_named <- function(data, ..., formula = NULL, call, as_called) {
  if (missing(data)) {
    bert_abort("`bert_fit()` must have data as its first argument, or as `data`.", call = call)
  }
  fit <- if (is.null(formula)) bert_fit(data, ...) else bert_fit(formula, data, ...)
  fit$call <- kept_call(as_called)
  fit
}

# -- Methods ------------------------------------------------------------------------------------------

#' @rdname bert_fit
#' @export
bert_fit.data.frame <- function(x, text, target, model, ..., pair = NULL, task = "auto", head = bert_head(),
                                control = bert_control(), callbacks = NULL) {
  as_called <- match.call()
  control <- control_with(control, list2(...))
  check_given("text", "target", "model")
  columns <- list(text = check_name(text), target = check_names(target), pair = check_name(pair, null_ok = TRUE))
  check_distinct(columns, call = current_env())
  source <- new_source(columns)
  fit_bridge(x, source, model, task, head, control, callbacks, current_env(), as_called)
}

#' @rdname bert_fit
#' @param formula `target ~ text`, see `x` and the details.
#' @export
bert_fit.formula <- function(formula, data, model, ..., task = "auto", head = bert_head(), control = bert_control(),
                             callbacks = NULL) {
  as_called <- match.call()
  control <- control_with(control, list2(...))
  check_given("data", "model")
  check_columns(data, character())
  columns <- formula_columns(formula, names(data), call = current_env())
  check_distinct(columns, call = current_env())
  source <- new_source(columns, response = formula_response(formula, names(data), current_env()))
  fit_bridge(data, source, model, task, head, control, callbacks, current_env(), as_called)
}

#' @rdname bert_fit
#' @export
bert_fit.recipe <- function(x, data, model, ..., task = "auto", head = bert_head(), control = bert_control(),
                            callbacks = NULL) {
  as_called <- match.call()
  control <- control_with(control, list2(...))
  check_given("data", "model")
  check_installed("recipes")
  check_columns(data, character())
  source <- recipe_source(x, data, call = current_env())
  fit_bridge(data, source, model, task, head, control, callbacks, current_env(), as_called)
}

#' @export
bert_fit.default <- function(x, ..., data) {
  # bert_fit(data = d, "text", "target", model): R matches the name of the text column to `x`.
  if (is.character(x) && !missing(data)) {
    fit <- bert_fit(data, x, ...)
    parts <- as.list(match.call())
    others <- parts[setdiff(seq_along(parts)[-1], match(c("x", "data"), names(parts)))]
    named <- stats::setNames(c(parts[[1]], parts$data, parts$x, others), c("", "x", "text", names(others)))
    fit$call <- kept_call(match.call(bert_fit.data.frame, as.call(named)))
    return(fit)
  }
  bert_abort("must be a data frame, a formula or a recipe.", call = current_env(), argument = "x", received = x)
}

# -- Bridge: columns become rows with the numbers of their target -------------------------------------

fit_bridge <- function(data, source, model, task, head, control, callbacks, call, as_called) {
  callbacks <- check_callbacks(callbacks, call)
  check_model(model, call = call, open = FALSE)
  rows <- read_rows(source, data, call = call)
  if (keeps_head(head)) {
    model <- check_model(model, call = call)
    target <- keep_task(rows$target_columns, task, model, call = call)
  } else {
    target <- read_task(rows$target_columns, task, call = call)
  }
  rows <- with_targets(rows, target$values, row_weights(control$sample_weights, data, n_rows(rows), call))
  validation <- if (is.data.frame(control$validation)) {
    validation_rows(control$validation, source, target, control$sample_weights, call)
  }
  fit <- fit_impl(model, rows, validation, target, head, control, callbacks, source, call)
  fit$call <- kept_call(as_called)
  fit$table <- table_kind(data)
  attr(fit$history, "table") <- fit$table
  fit
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
  values <- code_target(rows$target_columns, target$kind, target$labels, call = call, by_id = isTRUE(target$by_id))
  by_name <- is_string(weights) && weights %in% names(data)
  with_targets(rows, values, if (by_name) row_weights(weights, data, n_rows(rows), call, "validation"))
}

# -- Implementation: one call into Python -------------------------------------------------------------

fit_impl <- function(model, rows, validation, target, head, control, callbacks, source, call) {
  model <- check_model(model, call = call)
  handle <- model_handle(model, call = call)
  arguments <- control_arguments(control)
  if (!control$resume) arguments$seed <- draw_seed(arguments$seed) # a run that is resumed has its seed
  uninterrupted({
    description <- with_callbacks(callbacks, call = call, run = function(callback) {
      bert_call(
        "fit",
        model = handle,
        rows = rows,
        validation = validation,
        kind = target$kind,
        labels = as.list(target$labels),
        head = head_arguments(head, call = call),
        control = arguments,
        columns = lapply(drop_nulls(source$columns), as.list),
        classes = target$classes,
        progress = fit_progress(control$verbose, opening = opening_lines(target, source$columns$target)),
        callback = callback,
        call = call
      )
    })
    response <- source$response
    new_bert_model(description, extra = list(
      control = kept_control(control), head = if (keeps_head(head)) model$head else head, target_type = target$type,
      recipe = source$recipe, response = response,
      formula = columns_formula(source$columns, response$terms, response$env %||% globalenv())
    ))
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
    recipe = NULL,
    response = NULL,
    formula = NULL,
    call = NULL,
    table = NULL
  )
}

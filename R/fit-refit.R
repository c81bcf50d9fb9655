# A fit as R's modelling functions see it: its formula, its number of rows, and the same call with changes.

#' The formula, the number of rows, and a fit anew
#'
#' `formula()` gives the formula of a fit, also of one that was made by names of columns. `nobs()` counts the rows that
#' it was trained on, without those held out for validation. `update()` makes the call again with other arguments, as
#' [stats::update()] does for other models.
#'
#' @param x,object A model from [bert_fit()]; for `nobs()` and `update()` also one from [bert_pretrain()].
#' @param formula. A formula in which `.` is what stood there, such as `. ~ . + title`, for a fit that was made by a
#'   formula.
#' @param ... For `update()`, arguments of the call that are new or changed; else it must be empty.
#' @param evaluate Whether to evaluate the new call, or to return it.
#' @return `formula()`: a formula. `nobs()`: a whole number. `update()`: the new model, or a call. The data and the
#'   model to start from are looked up again by the names that they had in the call.
#' @section Errors: `bertfit_error_argument` when a model does not know its call, as one from [bert_load()] does not, or
#'   its columns. Data that stood in the call themselves (in `do.call()`) are not kept, and must be given again.
#' @seealso [stats::update()], [stats::nobs()].
#' @examplesIf bertfit::bert_available()
#' comments <- head(jigsaw_sample, 64)
#' fit <- bert_fit(target ~ comment_text, comments, "minilm-l6-uncased", epochs = 1, max_len = 32)
#' formula(fit)
#' nobs(fit)
#' update(fit, I(target > 0.2) ~ ., seed = 2)
#' @name update.bert_fit
NULL

#' @rdname update.bert_fit
#' @importFrom stats formula nobs update
#' @export
formula.bert_fit <- function(x, ...) {
  check_dots_empty0(...)
  found <- x$formula %||% columns_formula(x$columns)
  if (is.null(found)) {
    bert_abort("must have been fitted on columns with names.", call = current_env(), argument = "x")
  }
  found
}

#' @rdname update.bert_fit
#' @export
nobs.bert_fit <- function(object, ...) {
  check_dots_empty0(...)
  as.integer(object$record$rows %||% NA)
}

#' @rdname update.bert_fit
#' @export
nobs.bert_pretrained <- nobs.bert_fit

#' @rdname update.bert_fit
#' @export
update.bert_fit <- function(object, formula., ..., evaluate = TRUE) {
  check_flag(evaluate)
  again <- object$call
  if (is.null(again)) {
    bert_abort("must know the call that made it.", "One from `bert_load()` does not: give its arguments anew.",
               call = current_env(), argument = "object")
  }
  if (!missing(formula.)) {
    if (is.null(again$formula)) {
      bert_abort("must be left out for a model that was not made by a formula.",
                 "Its columns are arguments: `update(fit, target = \"other\")`.", call = current_env(),
                 argument = "formula.")
    }
    again$formula <- stats::update.formula(object$formula, formula.)
  }
  changed <- match.call(expand.dots = FALSE)$...
  if (length(changed) && !is_named(changed)) {
    bert_abort("must be named.", call = current_env(), argument = "...")
  }
  # A call by columns has its data in `x`, whichever of the two names the user knows.
  if (length(changed) && is.null(again$formula) && !"x" %in% names(changed) && !"data" %in% names(again)) {
    names(changed)[names(changed) == "data"] <- "x"
  }
  missing_ones <- setdiff(attr(again, "left_out"), names(changed))
  if (length(missing_ones)) {
    bert_abort("must be given again: the model does not keep it.", call = current_env(), argument = missing_ones[1])
  }
  attr(again, "left_out") <- NULL
  parts <- as.list(again)
  parts[names(changed)] <- changed # a NULL stays
  again <- as.call(parts)
  if (evaluate) eval(again, parent.frame()) else again
}

#' @rdname update.bert_fit
#' @export
update.bert_pretrained <- update.bert_fit

# A call to be kept with its model. It names the generic, where match.call() has the method, or what the function was
# called by (`FUN`), and its package, which need not be attached where the call is made again. Data that stand in it
# themselves are left out, by name in the attribute `left_out`, and so are values that only its caller had (`..1`).
kept_call <- function(as_called, name = "bert_fit") {
  as_called[[1]] <- call("::", quote(bertfit), as.name(name))
  values <- as.list(as_called)[-1]
  lost <- vapply(values, function(value) {
    if (is.symbol(value)) {
      return(grepl("^[.][.][0-9]+$", as.character(value)))
    }
    !is.language(value) && (is.function(value) || is.environment(value) || is.data.frame(value) ||
                              inherits(value, "bert_model") || utils::object.size(value) > 1e4)
  }, NA)
  kept <- as.call(c(as_called[[1]], values[!lost]))
  if (any(lost)) attr(kept, "left_out") <- names(values)[lost]
  kept
}

# The user's functions that a training run calls back.
#
# Python calls them from R's main thread, between two steps. An R error must not unwind through Python's stack: it is
# kept here, Python ends the run, and the error is signalled when Python has returned.

#' Functions that a training run calls
#'
#' The `callbacks` of [bert_fit()] and [bert_pretrain()] are functions of one argument, the event: a named list with
#' `event`, which says what happened, and what is known then. They see the same events and fields as `bertfit.Callback`
#' in Python.
#'
#' - `"begin"`, before the first step: `epochs`, `steps` (of an epoch), `step` (steps done, of a resumed run), `rows`,
#'   `windows` (of these rows, if they are read in windows), `validation_rows`, `max_len` (tokens), `truncated` (rows),
#'   `precision`, `device`, `parameters`, `trainable`.
#' - `"step"`, after every optimizer step (a batch): `epoch`, `step` and `steps` of the epoch, `loss` and `metric`
#'   (means of the epoch so far), `metric_name`, `seconds_left`.
#' - `"epoch"`, after every epoch: `epoch`, `epochs`, the measures (`loss`, `accuracy`, ..., `val_loss`, ...),
#'   `learning_rate`, `seconds`, `best`.
#' - `"end"`, after the last epoch: `best_epoch`, `interrupted`.
#'
#' A callback that returns the string `"stop"` ends the run after the current step, as early stopping would: with the
#' weights of the best epoch if `restore_best`, else as they are. An epoch that is cut short has no row in the history.
#' `$record$stopped` of the model says why a run ended early. Other values are ignored.
#'
#' An error in a callback ends the run, and no model is returned: the error has class `bertfit_error_callback`, and the
#' callback's own error as its parent. Callbacks are called from R's main thread, and a slow one slows training.
#'
#' @name bert_callbacks
#' @seealso [bert_fit()], [bert_pretrain()].
#' @examplesIf bertfit::bert_available()
#' losses <- numeric()
#' keep <- function(event) if (event$event == "step") losses <<- c(losses, event$loss)
#' enough <- function(event) if (event$event == "epoch" && event$val_loss < 0.3) "stop"
#' fit <- bert_fit(head(jigsaw_sample, 64), text = "comment_text", target = "target", model = "minilm-l6-uncased",
#'                 epochs = 2, max_len = 32, batch_size = 16, callbacks = list(keep, enough))
#' losses
NULL

check_callbacks <- function(callbacks, call) {
  listed <- if (is.function(callbacks)) list(callbacks) else callbacks
  if (!is.null(listed) && !(is.list(listed) && !is.object(listed) && all(vapply(listed, is.function, NA)))) {
    bert_abort("must be a function of the event, a list of such functions, or NULL.", call = call,
               argument = "callbacks", received = callbacks)
  }
  listed
}

# The value of `run(listener)`, where `listener` is what Python calls with every event, or NULL without callbacks.
with_callbacks <- function(callbacks, run, call) {
  failed <- NULL
  hear <- function(event) {
    answers <- lapply(callbacks, function(callback) callback(event))
    if (any(vapply(answers, identical, NA, "stop"))) "stop"
  }
  guarded <- function(event) {
    tryCatch(hear(event), error = function(error) {
      failed <<- error
      "error"
    })
  }
  tryCatch(
    run(if (length(callbacks)) answering_interrupts(guarded)),
    bertfit_error_callback = function(error) {
      bert_abort("A callback failed, which ended the run.", class = "callback", call = call, parent = failed)
    }
  )
}

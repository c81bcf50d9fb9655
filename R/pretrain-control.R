# The settings of a pretraining run, as a plain list with a print method. Ranges are checked in Python.

#' How a model is pretrained
#'
#' Everything about a pretraining run that is neither data nor model. All settings can also be given to
#' [bert_pretrain()] directly.
#'
#' @param epochs Passes over the data, or, where `steps_per_epoch` is given, stretches of so many steps. Not used
#'   where `steps` is given.
#' @param steps Optimizer steps in all, in place of `epochs`; `NULL` counts in epochs.
#' @param steps_per_epoch Steps after which measures are recorded and the model is saved; `NULL` for one pass over the
#'   data.
#' @param batch_size Sequences per step.
#' @param learning_rate Highest learning rate, reached at the end of the warmup. Small models that start from fresh
#'   weights learn faster with 5e-4 or 1e-3.
#' @param masking `"dynamic"` hides other tokens every time a sequence is seen, by the rule that the data were made
#'   with; `"static"` keeps the data's own masks, as Google's code does.
#' @param validation_steps Batches of the validation data that are evaluated after an epoch; `NULL` for all.
#' @param monitor Measure, on the validation data where there are some, that tells which weights are best: `"loss"`,
#'   `"mlm_loss"`, `"mlm_accuracy"`, `"nsp_loss"` or `"nsp_accuracy"` (the last two only with a next-sentence head).
#'   `"auto"` is `"mlm_accuracy"` on validation data, and `"loss"` without them.
#' @param save_epochs Epochs between two models that are kept for good in `out_dir`, as `epoch-003`; `NULL` for none.
#' @param save_steps Steps between two states to resume from, beside those at the end of epochs; `NULL` for none.
#' @param warmup,min_learning_rate,weight_decay,clip_norm,precision,verbose As in [bert_control()].
#' @param seed Whole number that fixes order, masks, dropout and fresh weights; `NULL` draws one from
#'   R's generator, so that [set.seed()] decides it; the model keeps it as `$seed`. A resumed run keeps its seed.
#' @param ... Must be empty.
#' @return A list of class `bert_pretrain_control`.
#' @section Errors: `bertfit_error_argument` when a setting has the wrong type. Ranges are checked by
#'   [bert_pretrain()].
#' @seealso The defaults are those of Google's run_pretraining.py where it has them,
#'   <https://github.com/google-research/bert>.
#' @examples
#' bert_pretrain_control(steps = 2000, steps_per_epoch = 200, learning_rate = 1e-3)
#' @export
bert_pretrain_control <- function(epochs = 10, steps = NULL, steps_per_epoch = NULL, batch_size = 32,
                                  learning_rate = 1e-4, warmup = 0.1, min_learning_rate = 0, weight_decay = 0.01,
                                  clip_norm = 1, masking = "dynamic", validation_steps = NULL,
                                  monitor = "auto", save_epochs = NULL, save_steps = NULL,
                                  precision = "auto", seed = NULL, verbose = 2, ...) {
  check_dots_empty0(...)
  given <- names(match.call())[-1]
  settings <- mget(setting_names("bert_pretrain_control"), envir = environment())
  new_pretrain_control(settings, given)
}

pretrain_control_types <- list(
  number = c("epochs", "batch_size", "learning_rate", "warmup", "min_learning_rate", "weight_decay", "verbose"),
  number_or_null = c("steps", "steps_per_epoch", "clip_norm", "validation_steps", "save_epochs", "save_steps", "seed"),
  string = c("masking", "monitor", "precision")
)

new_pretrain_control <- function(settings, given = names(settings), call = caller_env()) {
  check_types(settings, pretrain_control_types, call)
  structure(settings, given = given, class = "bert_pretrain_control")
}

#' @export
print.bert_pretrain_control <- function(x, ...) {
  print_settings(x, "bert_pretrain_control", formals(bert_pretrain_control))
}

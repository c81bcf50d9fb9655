# The settings of a fine-tuning run, as a plain list with a print method.
#
# R checks that each setting is one value of the right type. Their ranges and the rules between them are written
# once, in Python, and come back as `bertfit_error_argument` when bert_fit() uses them.

#' How a model is trained
#'
#' Everything about a training run that is neither data nor model. All settings can also be given to
#' [bert_fit()] directly.
#'
#' @param epochs Passes over the training rows.
#' @param batch_size Rows per batch. An optimizer step sees `batch_size * accumulation` rows. A batch that would take
#'   more than about 6 GB of memory is computed in parts, whose gradients are summed.
#' @param learning_rate Highest learning rate, reached at the end of the warmup. `"auto"` takes 5e-5 for an encoder that
#'   is 768 wide or wider, as Devlin et al. (2019) found for BERT-base, and 1e-4 for a narrower one. The fitted model
#'   keeps the number.
#' @param warmup Share of all steps over which the learning rate rises linearly from 0.
#' @param min_learning_rate Learning rate at the last step.
#' @param weight_decay Decoupled decay of weight matrices; biases and layer norms are left out.
#' @param clip_norm Gradients are scaled down to this global norm. `NULL` sets no limit.
#' @param max_len Longest input in tokens, special tokens included; `long_text` says what is read of longer texts.
#'   `"auto"` takes the `max_len_quantile` of the training texts' lengths, at most the model's own `max_len`.
#' @param max_len_quantile Share of training texts that `max_len = "auto"` leaves room for.
#' @param long_text What is read of a text that is longer than `max_len`, in the fit and by the fitted model.
#'   - `"truncate"`: its beginning.
#'   - `"head_tail"`: its first and last tokens, 128 and 382 of 510 as in Sun et al. (2019), or in that proportion. The
#'     number of first tokens is rounded to the nearest.
#'   - `"windows"`: all of it, in windows of `max_len` tokens that overlap, each with its own special tokens. The last
#'     ends where the text ends. The windows of a text share its weight in training and have its target; batches and
#'     steps are counted in windows, losses and measures in texts, whose windows are pooled. A model reads texts so
#'     until [predict()][predict.bert_fit], [bert_evaluate()] or [bert_embed()] are told otherwise.
#'
#'   Of a pair, `"windows"` cuts the longer text; the shorter one is in every window, and keeps at most half of it.
#' @param stride Tokens that two neighbouring windows have in common, as in transformers; `NULL` for a quarter of
#'   `max_len`. In windows of a pair, at most half of what the longer text has in them.
#' @param window_pooling How the logits of a text's windows become one: their `"mean"`, or their `"max"` (for what may
#'   stand anywhere in a text, such as an insult).
#' @param validation What `val_` measures are computed on: the share of rows held out (stratified by class; 0
#'   for none), or a data frame with the same columns as the training data.
#' @param class_weights `NULL` for none; `"balanced"` for `rows / (classes * rows of the class)`, as in scikit-learn; or
#'   numbers named by label. For a multilabel task `"balanced"` weighs every label's own two classes so: where the label
#'   is set by `rows / (2 * rows with the label)`, where it is not by `rows / (2 * rows without it)`. Fractions count as
#'   set from 0.5 on, and lie between both weights. Numbers by label weigh a label's part of the loss.
#' @param sample_weights Weight of each training row: a numeric vector, or the name of a column of the data.
#'   `NULL` weighs rows equally.
#' @param freeze What keeps its pretrained weights: `"none"`, `"embeddings"`, `"encoder"` (only the head is
#'   trained; the encoder then runs once and its output is kept), or a number n for the embeddings and the
#'   first n layers, which also run once if they have no dropout and their output needs no more than 2 GB. Where
#'   layers share one set of weights, any n above 0 freezes all of them.
#' @param early_stopping Epochs without a better `monitor` after which training stops. `NULL` for never.
#' @param monitor Validation measure that tells which epoch is best: `"loss"`, `"accuracy"`, `"auc"`,
#'   `"f1_macro"` or `"rmse"`. Without validation rows it is taken on the training rows.
#' @param restore_best Whether the model keeps the weights of its best epoch rather than of its last.
#' @param accumulation Batches whose gradients are added up before a step: a large batch in little memory.
#' @param precision `"float32"`, `"bfloat16"`, `"float16"` (the loss is then scaled, so that small gradients are not
#'   lost), or `"auto"` for bfloat16 where the hardware multiplies it natively, float16 on GPUs that multiply only that,
#'   else float32.
#' @param seed Whole number that fixes splits, order, dropout and fresh weights; `NULL` draws one from R's
#'   generator, so that [set.seed()] decides it; the fit keeps it as `$seed`. Two runs with one seed give the same
#'   weights on a CPU.
#' @param verbose 0 for no output, 1 for a line per epoch, 2 for a progress bar too where the terminal can show one.
#' @param checkpoint Folder for the state of the run, which is saved after every epoch and when the run is interrupted,
#'   so that it can be resumed after Ctrl-C, a crash or a power cut. `NULL` saves none. A folder that holds a run
#'   already is refused, unless `resume` or `overwrite` says what is to become of it.
#' @param save_steps Steps between two saved states within an epoch; `NULL` for none.
#' @param resume Whether to resume the run in `checkpoint`. It ends in the same weights as a run that was never stopped;
#'   rows, model and settings must be those that it was started with. A finished run gives its model at once.
#' @param overwrite Whether to replace the run in `checkpoint`, once the new one has completed an epoch.
#' @param ... Must be empty.
#' @return A list of class `bert_control`.
#' @section Errors: `bertfit_error_argument` when a setting has the wrong type. Ranges are checked by [bert_fit()].
#' @seealso The learning rate follows Devlin et al. (2019), <https://arxiv.org/abs/1810.04805>, as keras-bert's
#'   AdamWarmup does; decoupled weight decay is from Loshchilov and Hutter (2019), <https://arxiv.org/abs/1711.05101>.
#'   Head and tail are from Sun et al. (2019), <https://arxiv.org/abs/1905.05583>.
#' @examples
#' bert_control(epochs = 2, batch_size = 16, class_weights = "balanced")
#' bert_control(max_len = 256, long_text = "windows", stride = 64)
#' @export
bert_control <- function(epochs = 3, batch_size = 32, learning_rate = "auto", warmup = 0.1, min_learning_rate = 0,
                         weight_decay = 0.01, clip_norm = 1, max_len = "auto", max_len_quantile = 0.95,
                         long_text = "truncate", stride = NULL, window_pooling = "mean", validation = 0.1,
                         class_weights = NULL, sample_weights = NULL, freeze = "none", early_stopping = NULL,
                         monitor = "loss", restore_best = TRUE, accumulation = 1, precision = "auto", seed = NULL,
                         verbose = 2, checkpoint = NULL, save_steps = NULL, resume = FALSE, overwrite = FALSE, ...) {
  check_dots_empty0(...)
  given <- names(match.call())[-1]
  settings <- mget(setting_names("bert_control"), envir = environment())
  new_control(settings, given)
}

# The type of each setting, for check_types().
control_types <- list(
  number = c("epochs", "batch_size", "warmup", "min_learning_rate", "weight_decay",
             "max_len_quantile", "accumulation", "verbose"),
  number_or_null = c("stride", "clip_norm", "early_stopping", "seed", "save_steps"),
  string = c("long_text", "window_pooling", "monitor", "precision"),
  string_or_null = "checkpoint",
  flag = c("restore_best", "resume", "overwrite"),
  number_or_string = c("learning_rate", "max_len", "freeze")
)

new_control <- function(settings, given = names(settings), call = caller_env()) {
  check_types(settings, control_types, call)
  check_validation(settings$validation, call)
  check_class_weights(settings$class_weights, call)
  check_sample_weights(settings$sample_weights, call)
  structure(settings, given = given, class = "bert_control")
}

check_validation <- function(x, call) {
  if (!is.data.frame(x) && !(is.numeric(x) && length(x) == 1)) {
    bert_abort("must be a share of the rows, or a data frame.", call = call, argument = "validation", received = x)
  }
}

check_class_weights <- function(x, call) {
  if (is.null(x) || is_string(x)) {
    return(invisible(x))
  }
  x <- unlist(x)
  if (!is.numeric(x) || anyNA(x) || is.null(names(x)) || any(names(x) == "")) {
    bert_abort('must be "balanced", or numbers named by label.', "For example `class_weights = c(ham = 1, spam = 4)`.",
               call = call, argument = "class_weights", received = x)
  }
  check_once(names(x), "must name each label once.", "class_weights", call)
}

check_sample_weights <- function(x, call) {
  if (is.null(x) || is_string(x)) {
    return(invisible(x))
  }
  if (!is.numeric(x)) {
    bert_abort("must be numbers, one per row, or the name of a column.", call = call, argument = "sample_weights",
               received = x)
  }
  bad <- which(!is.finite(x) | x < 0)
  if (length(bad)) {
    bert_abort("must be finite numbers of at least 0.", paste(rows_are(bad), "not."), class = "data", call = call,
               argument = "sample_weights")
  }
}

#' @export
print.bert_control <- function(x, ...) {
  print_settings(x, "bert_control", formals(bert_control))
}

# The settings of a saved model, as bert_control() makes them.
as_bert_control <- function(settings) {
  control <- bert_control()
  known <- intersect(names(control), names(settings))
  control[known] <- settings[known]
  structure(control, given = known)
}

# What a model keeps: the columns of a validation data frame without its rows, and not where its run was saved.
kept_control <- function(control) {
  control[c("checkpoint", "save_steps", "resume", "overwrite")] <- list(NULL, NULL, FALSE, FALSE)
  if (is.data.frame(control$validation)) control$validation <- control$validation[0, , drop = FALSE]
  control
}

# What Python gets.
control_arguments <- function(control) {
  settings <- plain_settings(control)
  settings$sample_weights <- NULL
  if (!is.null(settings$checkpoint)) settings$checkpoint <- absolute(settings$checkpoint)
  settings$validation <- if (is.data.frame(settings$validation)) 0 else settings$validation
  if (!is.null(settings$class_weights) && !is_string(settings$class_weights)) {
    settings$class_weights <- as.list(unlist(settings$class_weights))
  }
  settings
}

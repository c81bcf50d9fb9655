# bert_pretrain(): masked tokens and next sentences, on data that bert_pretrain_data() made. The settings come first,
# then the run, then what a pretrained model says of itself.

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
#' @param validation_steps Batches of the validation data that are looked at after an epoch; `NULL` for all.
#' @param monitor Measure, on the validation data where there are some, that tells which weights are best: `"loss"`,
#'   `"mlm_loss"`, `"mlm_accuracy"`, `"nsp_loss"` or `"nsp_accuracy"`.
#' @param save_epochs Epochs between two models that are kept for good in `out_dir`, as `epoch-003`; `NULL` for none.
#' @param save_steps Steps between two states to resume from, beside those at the end of epochs; `NULL` for none.
#' @param warmup,min_learning_rate,weight_decay,clip_norm,precision,verbose As in [bert_control()].
#' @param seed Whole number that fixes order, masks, dropout and fresh weights; `NULL` draws one and records it.
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
                                  monitor = "mlm_accuracy", save_epochs = NULL, save_steps = NULL,
                                  precision = "auto", seed = NULL, verbose = 2) {
  given <- names(match.call())[-1]
  settings <- mget(names(formals()), envir = environment())
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

#' Pretrain a BERT on your own text
#'
#' Teaches an encoder a language, or more of one, from text alone: to tell which token was hidden (MLM), and whether
#' the second of two pieces of text followed the first (NSP). It starts from fresh weights ([bert_init()]) or goes on
#' from a model at hand ([bert_load()]).
#'
#' @details
#' A model that was loaded with its MLM and NSP heads, such as one of Google's checkpoints, is trained on with them;
#' another one gets fresh heads. After every epoch the losses and accuracies of both tasks are recorded. The
#' accuracy of MLM counts hidden tokens only, so that it starts near 0; that of NSP starts near one half.
#'
#' With `out_dir` the run can be gone on with after an interrupt, a crash or a power cut, and then ends in the same
#' weights as if nothing had happened. Interrupting a run (Ctrl-C, Esc) stops it after the current step and returns the
#' model as it then is, with `$interrupted` set to `TRUE`.
#'
#' @param model Where to start: a model from [bert_init()] or [bert_load()], or a pretrained one. It is left as it is.
#' @param data What `bert_pretrain_data()` returned, or the folder that it wrote; or a folder or files in the TFRecord
#'   format of Google's create_pretraining_data.py. They must have been made with the model's vocabulary.
#' @param ... Settings of [bert_pretrain_control()], such as `steps = 1000`. Each may be given here or in `control`,
#'   not in both.
#' @param validation More such data, which are measured after every epoch and not trained on; `NULL` for none.
#' @param out_dir Folder for the models `best` and `last`, which [bert_load()] opens, and the state to resume from.
#'   `NULL` keeps nothing.
#' @param resume Go on with the run whose state is in `out_dir`? Model, data and settings must be those that it was
#'   started with.
#' @param heads Forms of the heads where the model has none: `c(mlm = "transform", nsp = "google")` is what `NULL`
#'   gives. With `mlm = "tied"` tokens are predicted by the transposed token embedding alone, with `nsp = "plain"` the
#'   next sentence without a bias. Models from the `kor-` presets of [bert_config()] have these.
#' @param control How to train, from [bert_pretrain_control()].
#' @return An object of class `bert_pretrained`, also a `bert_model`: it goes into [bert_fit()], [bert_fill_mask()],
#'   [bert_next_sentence()], [bert_embed()], [bert_save()], [bert_export()] and [saveRDS()]. A plain list with, among
#'   others, `$history` (a data frame, one row per epoch), `$steps`, `$best_epoch`, `$interrupted`, `$seed` and
#'   `$seconds`. It has the weights of the last step; those of the best epoch are in `out_dir`, as `best`.
#' @section Errors: `bertfit_error_argument` for wrong arguments and settings, and when there is nothing to resume or it
#'   belongs to another run; `bertfit_error_data` for data of another vocabulary, longer than the model's positions, or
#'   damaged.
#' @seealso [plot.bert_pretrained()]. The method: Devlin et al. (2019), <https://arxiv.org/abs/1810.04805>.
#' @examplesIf bertfit::bert_available()
#' corpus <- system.file("extdata", "two-places.txt", package = "bertfit")
#' vocab <- bert_vocab_train(files = corpus, size = 300, quiet = TRUE)
#' data <- bert_pretrain_data(corpus, vocab, tempfile("data"), max_len = 48, seed = 1)
#' config <- bert_config(vocab_size = vocab$size, hidden_size = 32, num_hidden_layers = 2,
#'                       num_attention_heads = 2, intermediate_size = 64, max_position_embeddings = 48)
#' model <- bert_pretrain(bert_init(config, vocab, seed = 1), data, steps = 40, steps_per_epoch = 20,
#'                        learning_rate = 1e-3, seed = 1)
#' model
#' tidy(model)
#' @export
bert_pretrain <- function(model, data, ..., validation = NULL, out_dir = NULL, resume = FALSE, heads = NULL,
                          control = bert_pretrain_control()) {
  call <- current_env()
  check_model(model, call = call)
  control <- control_with(control, list2(...), call = call, maker = "bert_pretrain_control",
                          new = new_pretrain_control)
  check_string(out_dir, null_ok = TRUE)
  check_flag(resume)
  paths <- pretrain_paths(data, "data", call)
  held <- if (!is.null(validation)) pretrain_paths(validation, "validation", call)
  heads <- pretrain_heads(heads, call)
  handle <- model_handle(model, call = call)
  uninterrupted(new_bert_model(bert_call(
    "pretrain",
    handle = handle, data = paths, validation = held,
    control = pretrain_arguments(control), heads = heads, out_dir = if (!is.null(out_dir)) absolute(out_dir),
    resume = resume, progress = fit_progress(control$verbose), call = call
  )))
}

# Folder or files, from what names them.
pretrain_paths <- function(data, arg, call) {
  paths <- if (inherits(data, "bert_pretrain_data")) data$path else data
  if (!is.character(paths) || !length(paths) || anyNA(paths) || any(!nzchar(paths))) {
    bert_abort(
      paste0("`", arg, "` must be pretraining data: what `bert_pretrain_data()` returned, a folder, or files."),
      you_gave(data), call = call
    )
  }
  full <- vapply(paths, absolute, "", USE.NAMES = FALSE)
  absent <- !file.exists(full)
  if (any(absent)) {
    bert_abort(paste0("`", arg, "` must exist."), paste0("There is no ", some_of(paths[absent]), "."), class = "data",
               call = call)
  }
  as.list(full)
}

pretrain_heads <- function(heads, call) {
  if (is.null(heads)) {
    return(NULL)
  }
  given <- as.list(heads)
  if (!is_named(given) || !all(names(given) %in% c("mlm", "nsp")) || !all(vapply(given, is_string, NA))) {
    bert_abort('`heads` must be strings named `mlm` and `nsp`, or NULL.',
               c(you_gave(heads), 'For example `c(mlm = "tied", nsp = "plain")`.'), call = call)
  }
  given
}

# A whole number must cross as an integer, or Python refuses 3.0 as a count.
pretrain_arguments <- function(control) {
  settings <- unclass(control)
  attr(settings, "given") <- NULL
  whole <- c("epochs", "steps", "steps_per_epoch", "batch_size", "validation_steps", "save_epochs", "save_steps",
             "seed", "verbose")
  settings[whole] <- lapply(settings[whole], whole_number)
  settings
}

# -- The model --------------------------------------------------------------------------------------

# What a pretrained model has beside what every model has.
pretrained_fields <- function(description) {
  record <- description$record
  settings <- record$settings
  control <- bert_pretrain_control()
  known <- intersect(names(control), names(settings))
  control[known] <- settings[known]
  list(
    control = structure(control, given = known),
    history = new_bert_history(record$history, record$best_epoch, settings$monitor),
    steps = as.integer(record$steps),
    best_epoch = as.integer(record$best_epoch %||% NA),
    interrupted = isTRUE(record$interrupted),
    seconds = as.numeric(record$seconds %||% NA),
    seed = record$seed,
    precision = record$precision,
    record = record[setdiff(names(record), "history")]
  )
}

#' @export
print.bert_pretrained <- function(x, ...) {
  print.bert_model(x, title = "bert_pretrained")
  measures <- last_measures(x)
  epochs <- nrow(x$history)
  cat(
    "  heads       MLM ", x$pretraining$mlm, ", NSP ", x$pretraining$nsp, "\n",
    "  trained on  ", count(x$record$rows, "sequence"), " for ", count(x$steps, "step"), " in ",
    seconds_text(x$seconds), "\n",
    "  epochs      ", epochs, if (!is.na(x$best_epoch)) paste0(", best ", x$best_epoch),
    if (x$interrupted) ", interrupted", "\n",
    "  last        ", if (epochs) measures_text(measures) else "no epoch was finished", "\n",
    sep = ""
  )
  invisible(x)
}

# The measures of the epoch whose weights the model has: those of the validation data where there are any.
last_measures <- function(x) {
  row <- best_row(x$history, NA)
  held <- paste0("val_", pretrain_curves)
  shown <- if (all(held %in% names(row))) held else intersect(pretrain_curves, names(row))
  unlist(row[shown])
}

#' The course of a pretraining run
#'
#' `plot()` and `autoplot()` draw four curves over the epochs, losses and accuracies of both tasks, on training
#' data against validation data; `tidy()` gives the history in long form, `glance()` one row about the run.
#'
#' @param x,object A model from [bert_pretrain()].
#' @param metrics Measures to show, such as `"mlm_accuracy"`.
#' @param ... Not used.
#' @return `plot()` returns `x`, invisibly; `autoplot()` a ggplot object. `tidy()` gives a data frame of `epoch`,
#'   `metric`, `data` (`"train"` or `"validation"`) and `value`; `glance()` one of `mlm` and `nsp` (the heads' forms),
#'   `n` (sequences), `steps`, `epochs`, `best_epoch`, the last epoch's measures, `parameters` (of the encoder),
#'   `seconds` and `interrupted`.
#' @section Errors: `bertfit_error_argument` when a measure was not recorded, or no epoch was finished.
#' @seealso [plot.bert_fit()], [tidy.bert_fit()]
#' @examplesIf bertfit::bert_available()
#' corpus <- system.file("extdata", "two-places.txt", package = "bertfit")
#' vocab <- bert_vocab_train(files = corpus, size = 300, quiet = TRUE)
#' data <- bert_pretrain_data(corpus, vocab, tempfile("data"), max_len = 48, seed = 1)
#' config <- bert_config(vocab_size = vocab$size, hidden_size = 32, num_hidden_layers = 2,
#'                       num_attention_heads = 2, intermediate_size = 64, max_position_embeddings = 48)
#' model <- bert_pretrain(bert_init(config, vocab, seed = 1), data, steps = 60, steps_per_epoch = 15,
#'                        learning_rate = 1e-3, seed = 1)
#' plot(model)
#' glance(model)
#' @name plot.bert_pretrained
NULL

pretrain_curves <- c("mlm_loss", "nsp_loss", "mlm_accuracy", "nsp_accuracy")

#' @rdname plot.bert_pretrained
#' @export
plot.bert_pretrained <- function(x, metrics = c("mlm_loss", "nsp_loss", "mlm_accuracy", "nsp_accuracy"), ...) {
  plot_history(x$history, metrics, current_env())
  invisible(x)
}

#' @rdname plot.bert_pretrained
#' @exportS3Method ggplot2::autoplot
autoplot.bert_pretrained <- function(object, metrics = c("mlm_loss", "nsp_loss", "mlm_accuracy", "nsp_accuracy"),
                                     ...) {
  draw_history(object$history, metrics, current_env())
}

#' @rdname plot.bert_pretrained
#' @method tidy bert_pretrained
#' @export
tidy.bert_pretrained <- function(x, ...) {
  tidy(x$history)
}

#' @rdname plot.bert_pretrained
#' @method glance bert_pretrained
#' @export
glance.bert_pretrained <- function(x, ...) {
  as.data.frame(c(
    list(mlm = x$pretraining$mlm, nsp = x$pretraining$nsp, n = as.integer(x$record$rows), steps = x$steps,
         epochs = nrow(x$history), best_epoch = x$best_epoch),
    if (nrow(x$history)) as.list(last_measures(x)),
    list(parameters = x$parameters, seconds = x$seconds, interrupted = x$interrupted)
  ))
}

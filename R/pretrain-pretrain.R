# bert_pretrain(): masked tokens and next sentences, on data that bert_pretrain_data() made.

#' Pretrain a BERT on your own text
#'
#' Trains an encoder on text without labels: to predict masked tokens (MLM), and whether the second of two pieces of
#' text followed the first (NSP). It starts from fresh weights ([bert_init()]) or from a pretrained model
#' ([bert_load()]).
#'
#' @details
#' A model that was loaded with its MLM and NSP heads, such as one of Google's checkpoints, is trained on with them;
#' another one gets fresh heads. After every epoch the losses and accuracies of both tasks are recorded. The
#' accuracy of MLM counts masked tokens only, so that it starts near 0; that of NSP starts near one half.
#'
#' With `out_dir` the run can be resumed after an interrupt, a crash or a power cut, and then ends in the same weights
#' as an uninterrupted run. A folder that holds a run already is refused, unless `resume` or `overwrite` says what is to
#' become of it. Interrupting a run (Ctrl-C, Esc) stops it after the current step and returns the
#' model as it then is, with `$interrupted` set to `TRUE`.
#'
#' @param model Where to start: a model from [bert_init()] or [bert_load()], or a pretrained one, or the name or path
#'   of a model. It is left as it is.
#' @param data What `bert_pretrain_data()` returned, or the folder that it wrote; or a folder or files in the TFRecord
#'   format of Google's create_pretraining_data.py. They must have been made with the model's vocabulary.
#' @param ... Settings of [bert_pretrain_control()], such as `steps = 1000`. Each may be given here or in `control`,
#'   not in both.
#' @param validation More such data, which are measured after every epoch and not trained on; `NULL` for none.
#' @param out_dir Folder for the models `best` and `last`, which [bert_load()] opens, and the state to resume from.
#'   `NULL` writes nothing. The folder itself opens, too: as its best model, with a message that says so.
#' @param resume Whether to resume the run in `out_dir`. Model, data and settings must be those that it was started
#'   with.
#' @param overwrite Whether to replace the run in `out_dir`. Its models stay until the new run has completed an epoch.
#' @param heads Forms of the heads where the model has none: `c(mlm = "transform", nsp = "google")` is what `NULL`
#'   gives. With `mlm = "tied"` tokens are predicted by the transposed token embedding alone, with `nsp = "plain"` the
#'   next sentence without a bias; models from the `kor-` presets of [bert_config()] have these. With `nsp = "none"`
#'   only masked tokens are predicted, as for RoBERTa; encoders with fewer than two segments get this by default.
#' @param control How to train, from [bert_pretrain_control()].
#' @param callbacks A function that is called with every event of the run (a step, an epoch), or a list of such
#'   functions; one that returns `"stop"` ends the run. See [bert_callbacks].
#' @return An object of class `bert_pretrained`, also a `bert_model`: it goes into [bert_fit()], [bert_fill_mask()],
#'   [bert_next_sentence()], [bert_embed()], [bert_save()], [bert_export()] and [saveRDS()]. A plain list with, among
#'   others, `$history` (a data frame, one row per epoch), `$steps`, `$best_epoch`, `$interrupted`, `$seed` and
#'   `$seconds`. It has the weights of the last step; those of the best epoch are in `out_dir`, as `best`.
#' @section Errors: `bertfit_error_argument` for wrong arguments and settings, when `out_dir` holds a run that is
#'   neither resumed nor overwritten, and when there is none to resume or it had other data or settings;
#'   `bertfit_error_data` for data of another vocabulary, longer than the model's positions, or damaged;
#'   `bertfit_error_callback` when a callback fails.
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
bert_pretrain <- function(model, data, ..., validation = NULL, out_dir = NULL, resume = FALSE, overwrite = FALSE,
                          heads = NULL, control = bert_pretrain_control(), callbacks = NULL) {
  call <- current_env()
  control <- control_with(control, list2(...), call = call, maker = "bert_pretrain_control",
                          new = new_pretrain_control)
  check_given("model", "data", call = call)
  check_model(model, call = call, open = FALSE)
  check_string(out_dir, null_ok = TRUE)
  check_flag(resume)
  check_flag(overwrite)
  callbacks <- check_callbacks(callbacks, call)
  paths <- pretrain_paths(data, "data", call)
  validation <- if (!is.null(validation)) pretrain_paths(validation, "validation", call)
  heads <- pretrain_heads(heads, call)
  model <- check_model(model, call = call)
  handle <- model_handle(model, call = call)
  settings <- plain_settings(control)
  if (!resume) settings$seed <- draw_seed(settings$seed) # a run that is resumed has its seed
  as_called <- kept_call(match.call(), "bert_pretrain")
  uninterrupted(new_bert_model(extra = list(call = as_called), with_callbacks(callbacks, function(callback) {
    bert_call(
      "pretrain",
      model = handle, data = paths, validation = validation,
      control = settings, heads = heads, out_dir = if (!is.null(out_dir)) absolute(out_dir),
      resume = resume, overwrite = overwrite, progress = fit_progress(control$verbose), callback = callback,
      call = call
    )
  }, call)))
}

# The paths of pretraining data, as a list for Python.
pretrain_paths <- function(data, arg, call) {
  paths <- if (inherits(data, "bert_pretrain_data")) data$path else data
  if (!is.character(paths) || !length(paths) || anyNA(paths) || any(!nzchar(paths))) {
    bert_abort("must be pretraining data: what `bert_pretrain_data()` returned, a folder, or files.", call = call,
               argument = arg, received = data)
  }
  full <- vapply(paths, absolute, "", USE.NAMES = FALSE)
  absent <- !file.exists(full)
  if (any(absent)) {
    bert_abort("must exist.", paste0("There is no ", some_of(paths[absent]), "."), class = "data", call = call,
               argument = arg)
  }
  as.list(full)
}

pretrain_heads <- function(heads, call) {
  if (is.null(heads)) {
    return(NULL)
  }
  given <- as.list(heads)
  if (!is_named(given) || !all(names(given) %in% c("mlm", "nsp")) || !all(vapply(given, is_string, NA))) {
    bert_abort("must be strings named `mlm` and `nsp`, or NULL.", 'For example `c(mlm = "tied", nsp = "plain")`.',
               call = call, argument = "heads", received = heads)
  }
  check_once(names(given), "must name each head once.", "heads", call)
  given
}

# The fields that only a pretrained model has.
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

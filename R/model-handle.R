# The R object of a model, and its handle in Python.
#
# Python has the network; R has a plain list that prints, saves and copies like any other. Its field `handle` is an
# environment with the model's number in this session's Python. In another session `model_handle()` opens the model
# again: from the bytes that a fitted, pretrained or fresh object contains, or from the folder of any other. A
# vocabulary has a handle of the same kind.

session <- new.env(parent = emptyenv())

# A model from Python's description of it. `bundle` holds the bytes of a fitted, pretrained or fresh model, so that
# it survives saveRDS(); `extra` has fields of a fit or a pretrained model that only R has.
new_bert_model <- function(description, bundle = own_bytes(description), extra = list()) {
  model <- list(
    name = description$name,
    config = description$config,
    vocab_file = description$vocab_file,
    max_len = as.integer(description$max_len),
    parameters = as.numeric(description$parameters),
    cased = isFALSE(description$lower_case),
    vocab_size = as.integer(description$vocab_size),
    vocab_type = description$vocab_type,
    vocab_algorithm = description$vocab_algorithm,
    kind = description$kind,
    path = description$path,
    sha256 = description$sha256,
    repository = description$repository,
    revision = description$revision,
    pretraining = description$pretraining,
    handle = new_handle(description$handle),
    bundle = bundle
  )
  if (isTRUE(description$pretrained)) {
    return(structure(c(model, pretrained_fields(description), extra), class = c("bert_pretrained", "bert_model")))
  }
  if (!isTRUE(description$fitted)) {
    if (!is.null(description$seed)) model$seed <- as.integer(description$seed)
    return(structure(model, class = "bert_model"))
  }
  fitted <- fitted_fields(description)
  fitted[names(extra)] <- extra
  structure(c(model, fitted), class = c("bert_fit", "bert_model"))
}

# The bytes of a fitted, pretrained or fresh model; NULL for one that can be read again from its folder.
own_bytes <- function(description) {
  if (isTRUE(description$fitted) || isTRUE(description$pretrained) || identical(description$kind, "fresh")) {
    bert_call("to_bytes", model = as.integer(description$handle))
  }
}

# -- Handles ------------------------------------------------------------------------------------------

new_handle <- function(id) {
  handle <- empty_handle()
  set_handle(handle, id)
  handle
}

empty_handle <- function() {
  handle <- new.env(parent = emptyenv())
  # A finalizer can run during a Python call. So it only notes the number; Python frees the model at the next use of
  # any model.
  reg.finalizer(handle, function(h) {
    if (identical(h$session, session$id)) session$dropped <- c(session$dropped, h$id)
  })
  handle
}

set_handle <- function(handle, id) {
  handle$id <- as.integer(id)
  handle$session <- session_id()
}

session_id <- function() {
  if (is.null(session$id)) {
    session$pid <- Sys.getpid()
    session$id <- paste(session$pid, format(Sys.time(), "%Y-%m-%d %H:%M:%OS6"), tempdir())
  }
  session$id
}

release_dropped <- function() {
  dropped <- session$dropped
  session$dropped <- NULL
  for (id in dropped) bert_call("release", handle = id)
}

# The number of `model` in this session's Python.
model_handle <- function(model, call = caller_env()) {
  if (!inherits(model, "bert_vocab")) check_model(model, call = call)
  id <- session_id()
  if (!identical(session$pid, Sys.getpid())) {
    bert_abort("A model cannot be used in a forked process.",
               c(i = "TensorFlow does not survive a fork: open the model in a process of its own."),
               class = "setup", call = call)
  }
  release_dropped()
  if (!identical(model$handle$session, id)) set_handle(model$handle, reopen(model, call))
  model$handle$id
}

reopen <- function(model, call) {
  if (inherits(model, "bert_vocab")) {
    return(bert_call("vocab_handle", data = model$data, lower_case = !model$cased, call = call))
  }
  if (is.raw(model$bundle)) {
    return(bert_call("from_bytes", data = model$bundle, call = call)$handle)
  }
  # If the folder is gone, the name, or the id and the commit, find the files in this machine's cache.
  here <- dir.exists(model$path)
  saved <- here && file.exists(file.path(model$path, "bertfit.json"))
  description <- bert_call("load", x = if (here) model$path else model$repository %||% model$name,
                           revision = if (!here) model$revision, name = model$name, lower_case = !model$cased,
                           max_len = model$max_len, task = if (!saved) "none", environment = python_variables(),
                           call = call)
  if (!identical(description$sha256, model$sha256)) {
    bert_call("release", handle = as.integer(description$handle))
    bert_abort(
      "A model must be opened from the weights that it was made from.",
      c(x = paste0("The weights in ", description$path, " have changed since."), i = "Load them with `bert_load()`."),
      class = "checkpoint", call = call
    )
  }
  description$handle
}

# `model` as a `bert_model`: itself, or opened where it is a name or a path. `open = FALSE` leaves a string as it is, so
# that other arguments are checked before anything is fetched.
check_model <- function(model, fitted = FALSE, arg = "model", call = caller_env(), open = TRUE) {
  if (is_string(model) && !is.na(model) && nzchar(model)) {
    if (!open) {
      return(invisible(model))
    }
    model <- open_model(model, call = call)
  }
  if (!inherits(model, if (fitted) "bert_fit" else "bert_model")) {
    rule <- if (fitted) {
      "must be a model from `bert_fit()`, or the folder of one that was saved."
    } else {
      "must be a model from `bert_load()` or `bert_fit()`, or a name or folder that `bert_load()` opens."
    }
    bert_abort(rule, if (inherits(model, "bert_model")) c(x = "This one has not been fitted.") else you_gave(model),
               call = call, argument = arg)
  }
  invisible(model)
}

# keras-bert's helpers for those who build and train the Keras model themselves.

#' How many optimizer steps a training run takes
#'
#' Counts as keras-bert's `calc_train_steps()`: the last, smaller batch of an epoch is a step too, and the
#' warmup is rounded down.
#'
#' @param n Training rows.
#' @param batch_size Rows per step.
#' @param epochs Passes over the rows.
#' @param warmup Share of all steps over which the learning rate rises.
#' @return A named integer vector, `c(decay_steps = , warmup_steps = )`: the arguments of [bert_adam_warmup()].
#' @section Errors: `bertfit_error_argument` when a count is not a whole number of at least 1 (`n`: at least 0), or
#'   `warmup` is not between 0 and 1.
#' @seealso <https://github.com/CyberZHG/keras-bert>.
#' @examplesIf bertfit::bert_available()
#' bert_train_steps(1024, batch_size = 32, epochs = 10)
#' @export
bert_train_steps <- function(n, batch_size, epochs, warmup = 0.1) {
  check_given("n", "batch_size", "epochs")
  check_number(n)
  check_number(batch_size)
  check_number(epochs)
  check_number(warmup)
  steps <- bert_call("train_steps", n = n, batch_size = batch_size, epochs = epochs, warmup = warmup)
  c(decay_steps = as.integer(steps[[1]]), warmup_steps = as.integer(steps[[2]]))
}

#' Adam with warmup, linear decay and decoupled weight decay
#'
#' keras-bert's `AdamWarmup`, working on today's Keras: the learning rate rises linearly over `warmup_steps`, then
#' falls linearly to `min_lr` at `decay_steps`.
#'
#' @param decay_steps Step at which the learning rate reaches `min_lr`.
#' @param warmup_steps Steps over which it rises from 0.
#' @param learning_rate Its highest value.
#' @param min_lr Its last value.
#' @param weight_decay Decoupled weight decay; 0 for none.
#' @param weight_decay_pattern Parts of weight names that are decayed, such as `c("kernel", "Wq")`; `NULL` for all.
#' @param ... Further arguments of the Python optimizer, such as `beta_1`, `beta_2`, `epsilon`, `amsgrad`, `clip_norm`.
#' @return The Keras optimizer, a Python object, for `compile()` of a model from [bert_keras()].
#' @section Errors: `bertfit_error_argument` when a value is out of range.
#' @seealso <https://github.com/CyberZHG/keras-bert>; Loshchilov and Hutter (2019), <https://arxiv.org/abs/1711.05101>.
#' @examplesIf bertfit::bert_available()
#' steps <- bert_train_steps(2000, batch_size = 70, epochs = 1)
#' bert_adam_warmup(steps[["decay_steps"]], steps[["warmup_steps"]], learning_rate = 1e-4)
#' @export
bert_adam_warmup <- function(decay_steps, warmup_steps, learning_rate = 1e-3, min_lr = 0, weight_decay = 0,
                             weight_decay_pattern = NULL, ...) {
  check_given("decay_steps", "warmup_steps")
  check_once(rlang::names2(list(...)), "must give each argument once.", "...", current_env())
  for (name in c("decay_steps", "warmup_steps", "learning_rate", "min_lr", "weight_decay")) {
    check_number(get(name), arg = name)
  }
  optimizer <- bert_call(
    "adam_warmup",
    decay_steps = decay_steps, warmup_steps = warmup_steps, learning_rate = learning_rate, min_lr = min_lr,
    weight_decay = weight_decay,
    weight_decay_pattern = if (!is.null(weight_decay_pattern)) as.list(weight_decay_pattern), ...
  )
  converting(optimizer)
}

#' The Keras model behind a model
#'
#' The `tf_keras` model, for building one's own network with reticulate. Its layers have keras-bert's names:
#' `"Input-Token"`, `"Input-Segment"`, `"Encoder-1-MultiHeadSelfAttention"`, `"NSP-Dense"`.
#' It is a copy with the same weights: training it leaves `model` as it is.
#'
#' Keras saves it (`keras_model$save()` to a name in .h5 or .keras, or to a folder as a SavedModel). It is opened again
#' with [bert_custom_objects()].
#'
#' @param model A model from [bert_load()] or [bert_fit()], or a name or path as [bert_load()] takes; a fitted one
#'   includes its head, which outputs logits.
#' @param max_len Positions to keep, in tokens; `NULL` keeps those of the model.
#' @param training Whether its weights can be trained.
#' @return The Keras model, a Python object.
#' @section Errors: `bertfit_error_argument` when `model` is not a model.
#' @seealso <https://github.com/CyberZHG/keras-bert>.
#' @examplesIf bertfit::bert_available()
#' keras_model <- bert_keras(bert_load("minilm-l6-uncased", max_len = 50))
#' keras_model$get_layer("NSP-Dense")$output
#' file <- tempfile(fileext = ".keras")
#' keras_model$save(file)
#' tf_keras <- reticulate::import("tf_keras")
#' tf_keras$models$load_model(file, custom_objects = bert_custom_objects())
#' @export
bert_keras <- function(model, max_len = NULL, training = TRUE) {
  check_given("model")
  check_number(max_len, null_ok = TRUE)
  check_flag(training)
  model <- check_model(model)
  converting(
    bert_call("keras_model", model = model_handle(model), max_len = max_len, training = training)
  )
}

#' The classes that Keras needs to open a saved model
#'
#' For the argument `custom_objects` of Keras's functions that open a model made with [bert_keras()] or trained with
#' [bert_adam_warmup()]. Files in .h5 and .keras bring back the optimizer's state as well.
#'
#' @return A named list of Python classes.
#' @seealso [bert_keras()], which has an example.
#' @examplesIf bertfit::bert_available()
#' names(bert_custom_objects())
#' @export
bert_custom_objects <- function() converting(bert_call("custom_objects"))

# The same Python object with methods that return R values. Objects from bert_call() do not convert; a function of a
# converting module returns its argument as an object that does.
converting <- function(object) {
  reticulate::import("operator", convert = TRUE)$getitem(list(object), 0L)
}

# The layers on top of the encoder, as a plain list with a print method. Ranges are checked in Python.

#' The layers between the encoder and the predictions
#'
#' @param hidden Widths of dense layers before the output layer, in order; `NULL` for none.
#' @param activation Their activation: `"relu"`, `"tanh"`, `"gelu"` (with erf), `"gelu_new"` (tanh form) or `"linear"`.
#' @param dropout Share of values dropped before each dense layer, the output layer included.
#' @param pooling How the tokens' vectors become one: `"nsp"` is the pretrained pooler (keras-bert's NSP-Dense),
#'   `"cls"` the first token, `"mean"` and `"max"` go over the real tokens.
#' @param layers Encoder layers that are pooled and concatenated: 1 is the first, -1 the last. `"nsp"` takes
#'   the last only.
#' @param initializer Of fresh weights: `"truncated_normal"` (standard deviation 0.02, as in Google's classifier) or
#'   `"glorot_uniform"`.
#' @param ... Must be empty.
#' @return A list of class `bert_head`.
#' @section Errors: `bertfit_error_argument` when a setting has the wrong type. Ranges are checked by [bert_fit()].
#' @seealso Google's classifier is `bert_head()` with its defaults, <https://github.com/google-research/bert>.
#' @examples
#' bert_head()
#' bert_head(hidden = 512, activation = "relu", pooling = "mean", layers = c(-2, -1))
#' @export
bert_head <- function(hidden = NULL, activation = "relu", dropout = 0.1, pooling = "nsp", layers = -1,
                      initializer = "truncated_normal", ...) {
  check_dots_empty0(...)
  settings <- mget(setting_names("bert_head"), envir = environment())
  types <- list(number = "dropout", string = c("activation", "pooling", "initializer"))
  check_types(settings, types, call = current_env())
  for (name in c("hidden", "layers")) check_numbers(settings[[name]], name, current_env())
  structure(settings, class = "bert_head")
}

#' @export
print.bert_head <- function(x, ...) {
  print_settings(x, "bert_head", formals(bert_head))
}

as_bert_head <- function(settings) {
  settings[c("hidden", "layers")] <- lapply(settings[c("hidden", "layers")], unlist)
  structure(settings, class = "bert_head")
}

# Whether a fit goes on with the head of its model.
keeps_head <- function(head) identical(head, "keep")

head_arguments <- function(head, call = caller_env()) {
  if (keeps_head(head)) {
    return(head)
  }
  if (!inherits(head, "bert_head")) {
    bert_abort(paste0("must come from `bert_head()`", if (is.character(head)) ", or be \"keep\"", "."), call = call,
               argument = "head", received = head)
  }
  settings <- unclass(head)
  for (name in c("hidden", "layers")) settings[[name]] <- as.list(settings[[name]])
  settings
}

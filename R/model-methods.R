# Printing a model, and the summary of its layers.

#' @export
print.bert_model <- function(x, ..., title = "bert_model") {
  vocabulary <- vocabulary_text(x$vocab_size, x$vocab_algorithm %||% x$vocab_type, x$cased)
  cat_folded(
    "<", title, "> ", x$name, "\n",
    encoder_line(x$config),
    "  parameters  ", big(x$parameters), "\n",
    "  vocabulary  ", vocabulary, "\n",
    from_line(x),
    hub_line(x),
    if (!inherits(x, "bert_pretrained")) seed_line(x$seed) # which prints more, and that at its end
  )
  invisible(x)
}

encoder_line <- function(config) {
  paste0("  encoder     ", if (!is.null(config$model_type)) paste0(config$model_type, ", "), config$num_hidden_layers,
         " layers x ", config$hidden_size, " hidden x ", config$num_attention_heads, " heads\n")
}

# Where the weights came from.
from_line <- function(x) {
  origin <- c(google = "Google checkpoint", huggingface = "Hugging Face folder", bundle = "bertfit bundle",
              fresh = "fresh weights", pretrained = "pretraining")[x$kind]
  paste0("  from        ", paste(c(if (is.na(origin)) x$kind else origin, x$path), collapse = ", "), "\n")
}

# The model of the hub that the weights, or those that training began with, came from; nothing if there is none.
hub_line <- function(x) {
  if (!is.null(x$revision)) paste0("  hub         ", x$repository, "@", x$revision, "\n")
}

# The seed that fresh weights, or a training run, came from; nothing where there was none.
seed_line <- function(seed) {
  if (!is.null(seed)) paste0("  seed        ", format(seed), "\n")
}

#' Layers of a model
#'
#' @param object A model from [bert_load()] or [bert_fit()].
#' @param ... Must be empty.
#' @return An object of class `summary.bert_model`: a list with `layers`, a data frame of `layer`, `type`, `output`
#'   (shape),
#'   `parameters` and `trainable` (parameters that the fit could change), and the totals. It prints as Keras'
#'   summaries do.
#' @examplesIf bertfit::bert_available()
#' summary(bert_load("minilm-l6-uncased", max_len = 50))
#' @export
summary.bert_model <- function(object, ...) {
  check_dots_empty0(...)
  layers <- columns_frame_mixed(bert_call("layers", model = model_handle(object)))
  structure(
    list(name = object$name, layers = layers, parameters = sum(layers$parameters), trainable = sum(layers$trainable)),
    class = "summary.bert_model"
  )
}

# Columns of strings and of whole numbers, which Python hands over as lists or arrays.
columns_frame_mixed <- function(columns) {
  as.data.frame(lapply(columns, function(column) as.vector(unlist(column))), stringsAsFactors = FALSE)
}

#' @export
print.summary.bert_model <- function(x, ...) {
  layers <- x$layers
  frozen <- layers$parameters > 0 & layers$trainable == 0
  column <- function(name, values) paste0(format(c(name, values)), "  ")
  parameters <- paste0(formatC(c("parameters", big(layers$parameters)), width = 12),
                       c("", ifelse(frozen, "  frozen", "")))
  output <- column("output", layers$output)
  type <- column("type", layers$type)
  room <- getOption("width") - max(nchar(parameters)) - nchar(output[1]) - 2
  # The type is left out where the lines would be too long: names of layers say nearly as much.
  if (max(nchar(layers$layer)) + nchar(type[1]) > room) type <- ""
  lines <- paste0(column("layer", shortened(layers$layer, max(room - nchar(type[1]), 12))), type, output, parameters)
  rule <- strrep("-", max(nchar(lines)))
  cat_folded("<bert_model> ", x$name, "\n")
  writeLines(c(lines[1], rule, lines[-1], rule))
  cat_folded(
    "Total params: ", big(x$parameters), "\n",
    "Trainable params: ", big(x$trainable), "\n",
    "Non-trainable params: ", big(x$parameters - x$trainable), "\n"
  )
  invisible(x)
}

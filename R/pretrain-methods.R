# A pretrained model on the console, as tables and as plots.

#' @export
print.bert_pretrained <- function(x, ...) {
  print.bert_model(x, title = "bert_pretrained")
  measures <- last_measures(x)
  epochs <- nrow(x$history)
  cat_folded(
    "  heads       MLM ", x$pretraining$mlm, ", NSP ", x$pretraining$nsp, "\n",
    "  trained on  ", count(x$record$rows, "sequence"), " for ", count(x$steps, "step"), " in ",
    seconds_text(x$seconds), "\n",
    "  epochs      ", epochs, if (!is.na(x$best_epoch)) paste0(", best ", x$best_epoch),
    if (x$interrupted) ", interrupted", "\n",
    "  last        ", if (epochs) measures_text(measures) else "no epoch was finished", "\n",
    seed_line(x$seed)
  )
  invisible(x)
}

# The measures of the epoch whose weights the model has: those of the validation data where there are any.
last_measures <- function(x) {
  row <- best_row(x$history, NA)
  validation <- intersect(paste0("val_", pretrain_curves), names(row))
  shown <- if (length(validation)) validation else intersect(pretrain_curves, names(row))
  unlist(row[shown])
}

#' Plot and summarize a pretraining run
#'
#' `plot()` and `autoplot()` draw four curves over the epochs, losses and accuracies of both tasks, on training
#' and validation data (two without a next-sentence head); `tidy()` gives the history in long form, `glance()` one
#' row about the run.
#'
#' @param x,object A model from [bert_pretrain()].
#' @param metrics Measures to show, such as `"mlm_accuracy"`.
#' @param ... Must be empty.
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
  check_dots_empty0(...)
  if (missing(metrics)) metrics <- intersect(metrics, names(x$history))
  plot_history(x$history, metrics, current_env())
  invisible(x)
}

#' @rdname plot.bert_pretrained
#' @exportS3Method ggplot2::autoplot
autoplot.bert_pretrained <- function(object, metrics = c("mlm_loss", "nsp_loss", "mlm_accuracy", "nsp_accuracy"),
                                     ...) {
  check_dots_empty0(...)
  if (missing(metrics)) metrics <- intersect(metrics, names(object$history))
  draw_history(object$history, metrics, current_env())
}

#' @rdname plot.bert_pretrained
#' @method tidy bert_pretrained
#' @export
tidy.bert_pretrained <- function(x, ...) {
  check_dots_empty0(...)
  tidy(x$history)
}

#' @rdname plot.bert_pretrained
#' @method glance bert_pretrained
#' @export
glance.bert_pretrained <- function(x, ...) {
  check_dots_empty0(...)
  as.data.frame(c(
    list(mlm = x$pretraining$mlm, nsp = x$pretraining$nsp, n = as.integer(x$record$rows), steps = x$steps,
         epochs = nrow(x$history), best_epoch = x$best_epoch),
    if (nrow(x$history)) as.list(last_measures(x)),
    list(parameters = x$parameters, seconds = x$seconds, interrupted = x$interrupted)
  ))
}

# The history of a fit: a data frame with one row per epoch, its long form and its plots.

new_bert_history <- function(columns, best_epoch = NULL, monitor = NULL) {
  frame <- columns_frame(as.list(columns))
  if (is.null(frame) || !ncol(frame)) frame <- data.frame(epoch = integer(), loss = numeric())
  frame$epoch <- as.integer(frame$epoch)
  structure(frame, class = c("bert_history", "data.frame"), best_epoch = as.integer(best_epoch %||% NA),
            monitor = monitor)
}

best_row <- function(history, best_epoch = attr(history, "best_epoch")) {
  row <- which(history$epoch == best_epoch)
  as.list(as.data.frame(history)[if (length(row)) row else nrow(history), , drop = FALSE])
}

#' @export
as.data.frame.bert_history <- function(x, ...) {
  columns <- as.list(x)
  attributes(columns) <- list(names = names(x), row.names = .set_row_names(nrow(x)), class = "data.frame")
  columns
}

# Columns that are not measures of the model.
not_measures <- c("epoch", "steps", "learning_rate", "seconds")

# Epoch, measure ("loss", "accuracy"), rows it was taken on, value: one row each.
history_long <- function(history) {
  frame <- as.data.frame(history)
  measures <- setdiff(names(frame), not_measures)
  long <- lapply(measures, function(name) {
    data.frame(
      epoch = frame$epoch,
      metric = sub("^val_", "", rep(name, nrow(frame))),
      data = rep(if (startsWith(name, "val_")) "validation" else "train", nrow(frame)),
      value = as.numeric(frame[[name]])
    )
  })
  do.call(rbind, long)
}

#' Plot the history of a fit
#'
#' One panel per measure (loss first), training rows (blue) and validation rows (orange) over the epochs; a dotted line
#' marks the best epoch. `plot()` draws with base graphics, `autoplot()` needs ggplot2 and returns a plot to add to.
#'
#' @param x,object A model from [bert_fit()], or its `$history`.
#' @param metrics Measures to show, such as `"loss"`; `NULL` for all that were recorded.
#' @param ... Must be empty.
#' @return `plot()` returns `x`, invisibly; `autoplot()` a ggplot object.
#' @section Errors: `bertfit_error_argument` when a measure was not recorded, or no epoch was finished.
#' @seealso The layout follows Keras' `plot()` of a training history, <https://keras3.posit.co>.
#' @examplesIf bertfit::bert_available()
#' model <- bert_load("minilm-l6-uncased")
#' fit <- bert_fit(head(jigsaw_sample, 64), text = "comment_text", target = "target", model = model,
#'                 epochs = 2, max_len = 32)
#' plot(fit)
#' @name plot.bert_fit
NULL

#' @rdname plot.bert_fit
#' @export
plot.bert_fit <- function(x, metrics = NULL, ...) {
  check_dots_empty0(...)
  check_history(x, current_env())
  plot_history(x$history, metrics, current_env())
  invisible(x)
}

#' @export
plot.bert_history <- function(x, metrics = NULL, ...) {
  check_dots_empty0(...)
  plot_history(x, metrics, current_env())
  invisible(x)
}

check_history <- function(x, call) {
  if (!trained_here(x)) {
    bert_abort("A model must have been trained by `bert_fit()` to have a history.",
               paste0(x$name, " was trained elsewhere."), call = call)
  }
}

plot_history <- function(history, metrics, call) {
  long <- plot_data(history, metrics, call)
  shown <- levels(long$metric)
  draw_panels(length(shown), function(i) {
    part <- long[long$metric == shown[i], ]
    graphics::plot(part$epoch, part$value, type = "n", xlab = "epoch", ylab = "", xaxt = "n")
    panel_title(shown[i])
    graphics::axis(1, at = whole_breaks(range(part$epoch)))
    graphics::abline(v = attr(history, "best_epoch"), lty = 3, col = grey_line)
    for (rows in split(part, part$data)) {
      graphics::lines(rows$epoch, rows$value, type = "b", pch = 19, col = data_colours[[rows$data[1]]])
    }
    if (i == 1) {
      kinds <- unique(long$data)
      graphics::legend("topright", kinds, col = data_colours[kinds], lty = 1, pch = 19, bty = "n")
    }
  })
}

# The long form of the measures to draw, without missing values, loss first.
plot_data <- function(history, metrics, call) {
  long <- history_long(history)
  if (!NROW(long)) {
    bert_abort("A fit must have finished an epoch before its history can be drawn.", call = call)
  }
  long <- long[!is.na(long$value), ]
  unknown <- setdiff(metrics, long$metric)
  if (length(unknown)) {
    bert_abort("must have been recorded.",
               c(x = paste0("Not recorded: ", quoted(unknown), "."),
                 i = paste0("Recorded: ", quoted(unique(long$metric)), ".")),
               call = call, argument = "metrics")
  }
  if (!is.null(metrics)) long <- long[long$metric %in% metrics, ]
  long$metric <- factor(long$metric, levels = unique(c(metrics, "loss", long$metric)))
  long$metric <- droplevels(long$metric)
  long[order(long$metric, long$data, long$epoch), ]
}

#' @rdname plot.bert_fit
#' @exportS3Method ggplot2::autoplot
autoplot.bert_fit <- function(object, metrics = NULL, ...) {
  check_dots_empty0(...)
  check_history(object, current_env())
  draw_history(object$history, metrics, current_env())
}

#' @exportS3Method ggplot2::autoplot
autoplot.bert_history <- function(object, metrics = NULL, ...) {
  check_dots_empty0(...)
  draw_history(object, metrics, current_env())
}

draw_history <- function(history, metrics, call) {
  check_installed("ggplot2")
  long <- plot_data(history, metrics, call)
  best <- attr(history, "best_epoch")
  .data <- rlang::.data
  ggplot2::ggplot(long, ggplot2::aes(.data$epoch, .data$value, colour = .data$data)) +
    (if (!is.na(best)) ggplot2::geom_vline(xintercept = best, linetype = "dotted", colour = grey_line)) +
    ggplot2::geom_line() +
    ggplot2::geom_point() +
    ggplot2::facet_wrap(~metric, scales = "free_y") +
    ggplot2::scale_x_continuous(breaks = whole_breaks) +
    ggplot2::scale_colour_manual(values = data_colours) +
    ggplot2::labs(x = "epoch", y = NULL, colour = NULL)
}

# Labels of the epoch axis: a few whole numbers.
whole_breaks <- function(limits) {
  breaks <- pretty(limits)
  breaks[breaks == round(breaks)]
}

# Plots of an evaluation. Python computes the points; here they are drawn, with base graphics or ggplot2.

#' Plot an evaluation
#'
#' Curves and tables that a single number hides. Binary models draw the curves of their second class, multiclass models
#' of each class against the rest, multilabel models of each label. `plot()` draws with base graphics, `autoplot()`
#' needs ggplot2 and returns a plot to add to.
#'
#' @param x,object A result of [bert_evaluate()] (without `by`).
#' @param which What to draw. `plot()` draws one or several, `NULL` for all of the task; `autoplot()` one, `NULL` for
#'   the first.
#'   - `"roc"`: true against false positive rate, over all thresholds. The legend has the areas (`auc`).
#'   - `"pr"`: precision against recall, over all thresholds. The legend has the areas (`pr_auc`).
#'   - `"calibration"`: the observed share of positive rows against the mean predicted probability, in ten equal
#'     intervals of the latter; the larger a point, the more rows.
#'   - `"confusion"`: counts of rows by true and predicted class, coloured by their share of the true class; of a
#'     multilabel model the true and false positives and negatives of each label, coloured by their share of all rows.
#'   - `"predicted"`: a regression's predictions against the truth; `"residuals"`: truth minus prediction against
#'     the prediction. At most 2000 rows are drawn, at equal distances in their order.
#' @param labels Classes or labels whose curves are drawn; `NULL` for all. Of more than seven, curves are grey and have
#'   no legend.
#' @param ... Not used.
#' @return `plot()` returns `x`, invisibly; `autoplot()` a ggplot object. The numbers behind a plot are in
#'   `as.data.frame(x, what = "roc")`, and likewise `"pr"`, `"calibration"`, `"confusion"` and `"points"` (of a
#'   regression); a curve of more than 500 points is thinned to points at equal distances along it.
#' @section Errors: `bertfit_error_argument` for a plot that the task does not have, or a label that is not there.
#' @seealso [bert_evaluate()]; scikit-learn's curves, <https://scikit-learn.org/stable/visualizations.html>.
#' @examplesIf bertfit::bert_available()
#' model <- bert_load("minilm-l6-uncased")
#' fit <- bert_fit(head(jigsaw_sample, 64), text = "comment_text", target = "target", model = model,
#'                 epochs = 1, max_len = 32)
#' report <- bert_evaluate(fit, tail(jigsaw_sample, 64))
#' plot(report)
#' head(as.data.frame(report, what = "roc"))
#' @name plot.bert_evaluation
NULL

#' @rdname plot.bert_evaluation
#' @export
plot.bert_evaluation <- function(x, which = NULL, labels = NULL, ...) {
  call <- current_env()
  which <- check_plots(x, which, call)
  pictures <- lapply(which, function(one) picture_of(x, one, labels, call))
  draw_panels(length(pictures), function(i) {
    picture <- pictures[[i]]
    if (picture$kind == "tiles") draw_tiles(picture) else draw_curves(picture)
  })
  invisible(x)
}

#' @rdname plot.bert_evaluation
#' @exportS3Method ggplot2::autoplot
autoplot.bert_evaluation <- function(object, which = NULL, labels = NULL, ...) {
  check_installed("ggplot2")
  call <- current_env()
  which <- check_plots(object, which, call)
  picture <- picture_of(object, which[1], labels, call)
  if (picture$kind == "tiles") tiles_plot(picture) else curves_plot(picture)
}

check_plots <- function(x, which, call) {
  known <- if (x$task == "regression") c("predicted", "residuals") else c("roc", "pr", "calibration", "confusion")
  if (is.null(x$curves)) {
    bert_abort("An evaluation must have its curves to be drawn.",
               "This one was made by an earlier version: call `bert_evaluate()` again.", call = call)
  }
  if (is.null(which)) {
    return(known)
  }
  if (!is.character(which) || !length(which) || !all(which %in% known)) {
    bert_abort(paste0("must be among ", paste0('"', known, '"', collapse = ", "), " for a ", x$task, " model."),
               call = call, argument = "which", received = which)
  }
  which
}

# What to draw, for both kinds of graphics: `data` with x, y, label and size; titles; the colours; a reference line.
picture_of <- function(x, which, labels, call) {
  if (which == "confusion") {
    return(if (x$task == "multilabel") label_tiles(x) else confusion_tiles(x))
  }
  if (x$task == "regression") {
    return(points_picture(x, which))
  }
  curve <- x$curves[[which]]
  known <- unique(curve$label)
  if (!is.null(labels)) {
    absent <- setdiff(labels, known)
    if (!is.character(labels) || length(absent)) {
      bert_abort("must have a curve.",
                 c(x = paste0("There is none of ", some_of(encodeString(absent, quote = '"')), "."),
                   i = paste0("There are: ", some_of(encodeString(known, quote = '"'), 8), ".")),
                 call = call, argument = "labels")
    }
    known <- labels
    curve <- curve[curve$label %in% labels, ]
  }
  area <- switch(which, roc = "auc", pr = "pr_auc")
  shown <- known
  if (!is.null(area)) {
    shown <- paste0(known, " (", fixed(x$per_class[[area]][match(known, x$per_class$label)], 3), ")")
  }
  axes <- list(roc = c("fpr", "tpr"), pr = c("recall", "precision"), calibration = c("predicted", "observed"))[[which]]
  many <- length(known) > length(plot_colours)
  list(
    kind = "curves", points = which == "calibration",
    data = data.frame(x = curve[[axes[1]]], y = curve[[axes[2]]], label = factor(curve$label, known, shown),
                      size = if (is.null(curve$n)) rep(1, nrow(curve)) else curve$n),
    colours = if (many) rep("grey60", length(known)) else plot_colours[seq_along(known)], legend = !many,
    diagonal = which != "pr", limits = c(0, 1), title = c(roc = "ROC", pr = "precision-recall",
                                                          calibration = "calibration")[[which]],
    xlab = c(roc = "false positive rate", pr = "recall", calibration = "predicted probability")[[which]],
    ylab = c(roc = "true positive rate", pr = "precision", calibration = "observed share")[[which]],
    corner = c(roc = "bottomright", pr = "bottomleft", calibration = "topleft")[[which]]
  )
}

points_picture <- function(x, which) {
  points <- x$curves$points
  residuals <- which == "residuals"
  list(
    kind = "points", points = TRUE,
    data = data.frame(x = if (residuals) points$predicted else points$truth,
                      y = if (residuals) points$truth - points$predicted else points$predicted,
                      label = factor(rep("", nrow(points))), size = rep(1, nrow(points))),
    colours = plot_colours[1], legend = FALSE, diagonal = !residuals, limits = NULL,
    title = if (residuals) "residuals: truth - predicted" else "predicted against truth",
    xlab = if (residuals) "predicted" else "truth", ylab = if (residuals) "truth - predicted" else "predicted"
  )
}

confusion_tiles <- function(x) {
  counts <- as.data.frame(x$confusion, responseName = "n")
  total <- rowSums(x$confusion)
  tiles(counts$truth, counts$predicted, counts$n, counts$n / pmax(total[as.character(counts$truth)], 1),
        "confusion: truth in rows", "predicted", "truth")
}

label_tiles <- function(x) {
  parts <- c(tp = "true pos.", fn = "false neg.", fp = "false pos.", tn = "true neg.")
  n <- unlist(lapply(names(parts), function(part) x$per_class[[part]]))
  labels <- factor(x$per_class$label, x$per_class$label)
  tiles(rep(labels, length(parts)), factor(rep(parts, each = length(labels)), parts), n, n / x$n,
        "decisions of each label", "", "label")
}

tiles <- function(row, column, n, share, title, xlab, ylab) {
  list(kind = "tiles", data = data.frame(row = row, column = column, n = as.integer(n), share = as.numeric(share)),
       title = title, xlab = xlab, ylab = ylab)
}

# -- Base graphics -------------------------------------------------------------------------------------

draw_curves <- function(picture) {
  data <- picture$data
  limits <- picture$limits
  graphics::plot(data$x, data$y, type = "n", xlab = picture$xlab, ylab = "", xlim = limits, ylim = limits)
  # Numbers from 0 to 1 leave room for a label beside them; others may be wide.
  if (picture$kind == "curves") graphics::title(ylab = picture$ylab, line = 2.9)
  panel_title(picture$title)
  if (picture$diagonal) graphics::abline(0, 1, lty = 3, col = grey_line)
  if (picture$kind == "points" && !picture$diagonal) graphics::abline(h = 0, lty = 3, col = grey_line)
  for (j in seq_along(levels(data$label))) {
    part <- data[data$label == levels(data$label)[j], ]
    colour <- picture$colours[j]
    if (picture$kind == "curves") graphics::lines(part$x, part$y, col = colour, lwd = 1.5)
    if (picture$points) graphics::points(part$x, part$y, col = colour, pch = 19, cex = point_size(part$size))
  }
  if (picture$legend) {
    graphics::legend(picture$corner, inset = 0.01, levels(data$label), col = picture$colours, lwd = 1.5, cex = 0.85,
                     bg = "#FFFFFFCC", box.col = NA)
  }
}

point_size <- function(n) if (length(unique(n)) > 1) 0.6 + 0.9 * sqrt(n / max(n)) else 0.7

draw_tiles <- function(picture) {
  data <- picture$data
  rows <- levels(data$row)
  columns <- levels(data$column)
  margins <- graphics::par("mar")
  wide <- max(graphics::strwidth(rows, units = "inches")) / graphics::par("csi") / graphics::par("mex")
  old <- graphics::par(mar = replace(margins, 2, min(max(margins[2], 1.5 + wide), 12)))
  on.exit(graphics::par(old))
  graphics::plot(NULL, xlim = c(0.5, length(columns) + 0.5), ylim = c(length(rows) + 0.5, 0.5), xaxs = "i", yaxs = "i",
                 axes = FALSE, xlab = picture$xlab, ylab = "")
  panel_title(picture$title)
  x <- as.integer(data$column)
  y <- as.integer(data$row)
  graphics::rect(x - 0.5, y - 0.5, x + 0.5, y + 0.5, col = tile_colours(data$share), border = "white")
  if (length(rows) <= 20) {
    graphics::text(x, y, big(data$n), col = ifelse(data$share > 0.5, "white", "black"), cex = 0.9)
  }
  graphics::axis(1, seq_along(columns), columns, tick = FALSE, cex.axis = 0.85)
  graphics::axis(2, seq_along(rows), rows, tick = FALSE, cex.axis = 0.85)
}

tile_colours <- function(share) grDevices::rgb(grDevices::colorRamp(c("grey95", plot_colours[1]))(share), max = 255)

# -- ggplot2 ---------------------------------------------------------------------------------------------

curves_plot <- function(picture) {
  .data <- rlang::.data
  plot <- ggplot2::ggplot(picture$data, ggplot2::aes(.data$x, .data$y, colour = .data$label)) +
    (if (picture$diagonal) ggplot2::geom_abline(slope = 1, linetype = "dotted", colour = grey_line)) +
    (if (picture$kind == "points" && !picture$diagonal) {
      ggplot2::geom_hline(yintercept = 0, linetype = "dotted", colour = grey_line)
    }) +
    (if (picture$kind == "curves") ggplot2::geom_path()) +
    (if (picture$kind == "points") ggplot2::geom_point()) +
    (if (picture$kind == "curves" && picture$points) ggplot2::geom_point(ggplot2::aes(size = .data$size))) +
    ggplot2::scale_colour_manual(values = unname(picture$colours), drop = FALSE,
                                 guide = if (picture$legend) "legend" else "none") +
    ggplot2::labs(x = picture$xlab, y = picture$ylab, colour = NULL, size = "rows", title = picture$title)
  if (is.null(picture$limits)) plot else plot + ggplot2::coord_equal(xlim = picture$limits, ylim = picture$limits)
}

tiles_plot <- function(picture) {
  .data <- rlang::.data
  picture$data$row <- factor(picture$data$row, rev(levels(picture$data$row)))
  ggplot2::ggplot(picture$data, ggplot2::aes(.data$column, .data$row, fill = .data$share)) +
    ggplot2::geom_tile(colour = "white") +
    ggplot2::geom_text(ggplot2::aes(label = big(.data$n), colour = .data$share > 0.5)) +
    ggplot2::scale_fill_gradient(low = "grey95", high = plot_colours[1], limits = c(0, 1)) +
    ggplot2::scale_colour_manual(values = c("FALSE" = "black", "TRUE" = "white"), guide = "none") +
    ggplot2::labs(x = picture$xlab, y = picture$ylab, title = picture$title)
}

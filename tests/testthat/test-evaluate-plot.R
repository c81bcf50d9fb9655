evaluation <- function(kind) {
  data <- transform(toy_data(), a = target, b = c(0, 0, 1, 1))
  data$target[1:6] <- 1 - data$target[1:6]
  bert_evaluate(toy_fit(kind), data)
}

test_that("plot() draws the panels of each task", {
  titles <- function(x, ...) vapply(drawn_panels(plot(x, ...)), `[[`, "", "title")
  curves <- c("ROC", "precision-recall", "calibration")
  expect_identical(titles(evaluation("binary")), c(curves, "confusion: truth in rows"))
  expect_identical(titles(evaluation("multiclass")), c(curves, "confusion: truth in rows"))
  expect_identical(titles(evaluation("multilabel")), c(curves, "decisions of each label"))
  expect_identical(titles(evaluation("regression")), c("predicted against truth", "residuals: truth - predicted"))
  expect_identical(titles(evaluation("binary"), which = "pr"), curves[2])
})

test_that("curves are the report's, one colour per class, with the areas in the legend", {
  report <- evaluation("multiclass")
  panel <- drawn_panels(plot(report, which = "roc"))[[1]]
  roc <- split(report$curves$roc, factor(report$curves$roc$label, unique(report$curves$roc$label)))
  expect_equal(lapply(panel$curves, `[[`, "x"), unname(lapply(roc, `[[`, "fpr")))
  expect_identical(vapply(panel$curves, `[[`, "", "colour"), plot_colours[1:3])
  expect_identical(panel$legend, sprintf("%s (%.3f)", report$per_class$label, report$per_class$auc))
  one <- drawn_panels(plot(report, which = "roc", labels = "good"))[[1]]
  expect_length(one$curves, 1)
})

test_that("many classes are grey lines without a legend", {
  report <- evaluation("binary")
  report$curves$roc <- do.call(rbind, lapply(letters[1:9], function(x) transform(report$curves$roc, label = x)))
  panel <- drawn_panels(plot(report, which = "roc"))[[1]]
  expect_length(panel$curves, 9)
  expect_identical(unique(vapply(panel$curves, `[[`, "", "colour")), "grey60")
  expect_null(panel$legend)
})

test_that("autoplot() draws the same points in the same colours", {
  skip_if_not_installed("ggplot2")
  report <- evaluation("multiclass")
  drawn <- ggplot2::layer_data(ggplot2::autoplot(report), 2)
  expect_equal(drawn$x, report$curves$roc$fpr)
  expect_identical(unique(drawn$colour), plot_colours[1:3])
  tiles <- ggplot2::layer_data(ggplot2::autoplot(report, which = "confusion"), 2)
  expect_setequal(as.integer(tiles$label), as.integer(report$confusion))
  number <- evaluation("regression")
  drawn <- ggplot2::layer_data(ggplot2::autoplot(number, which = "residuals"), 2)
  expect_equal(drawn$y, with(number$curves$points, truth - predicted))
})

test_that("plots that there are not are refused", {
  report <- evaluation("binary")
  old <- report
  old["curves"] <- list(NULL)
  expect_snapshot(error = TRUE, {
    plot(report, which = "lift")
    plot(report, which = "roc", labels = "2")
    plot(old)
  })
  expect_error(plot(evaluation("regression"), which = "roc"), class = "bertfit_error_argument")
})

history <- function() {
  new_bert_history(list(
    epoch = c(1, 2, 3), loss = c(0.7, 0.5, 0.3), accuracy = c(0.5, 0.8, 0.9), val_loss = c(0.6, 0.4, 0.5),
    val_accuracy = c(0.6, 0.9, 0.8), learning_rate = c(1e-5, 5e-6, 0), seconds = c(2, 1, 1)
  ), best_epoch = 2, monitor = "loss")
}

test_that("a history is a data frame with a row per epoch", {
  frame <- as.data.frame(history())
  expect_identical(class(frame), "data.frame")
  expect_identical(frame$epoch, 1:3)
  expect_identical(best_row(history())$val_loss, 0.4)
})

test_that("the long form has one row per value", {
  long <- tidy(history())
  expect_named(long, c("epoch", "metric", "data", "value"))
  expect_identical(nrow(long), 12L)
  expect_identical(long$value[long$epoch == 2 & long$metric == "accuracy" & long$data == "validation"], 0.9)
  expect_identical(long$value[long$epoch == 3 & long$metric == "loss" & long$data == "train"], 0.3)
})

test_that("autoplot() shows both kinds of rows and the best epoch", {
  skip_if_not_installed("ggplot2")
  plot <- ggplot2::autoplot(history())
  expect_s3_class(plot, "ggplot")
  expect_identical(levels(plot$data$metric), c("loss", "accuracy"))
  built <- ggplot2::ggplot_build(plot)
  expect_equal(unique(as.numeric(built$data[[1]]$xintercept)), 2)
  expect_identical(nrow(built$data[[3]]), 12L)
  expect_identical(nrow(ggplot2::autoplot(history(), metrics = "loss")$data), 6L)
})

test_that("plot() draws a panel per measure and gives the device back", {
  path <- withr::local_tempfile(fileext = ".pdf")
  grDevices::pdf(path)
  withr::defer(grDevices::dev.off())
  before <- graphics::par("mfrow")
  expect_invisible(plot(history()))
  expect_identical(graphics::par("mfrow"), before)
})

test_that("what was not recorded cannot be drawn", {
  expect_snapshot(error = TRUE, {
    plot(history(), metrics = c("loss", "auc"))
    plot(new_bert_history(list()))
  })
})

test_that("a fit plots its own history", {
  skip_if_not_installed("ggplot2")
  fit <- toy_fit()
  expect_identical(ggplot2::autoplot(fit)$data, ggplot2::autoplot(fit$history)$data)
  expect_identical(max(fit$history$epoch), 12L)
})

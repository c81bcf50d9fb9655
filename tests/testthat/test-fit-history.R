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
  expect_equal(unique(as.numeric(ggplot2::layer_data(plot, 1)$xintercept)), 2)
  # panel 1 is loss, group 1 the training rows
  expected <- data.frame(PANEL = factor(rep(1:2, each = 6)), group = rep(c(1, 1, 1, 2, 2, 2), 2), x = rep(1:3, 4),
                         y = c(0.7, 0.5, 0.3, 0.6, 0.4, 0.5, 0.5, 0.8, 0.9, 0.6, 0.9, 0.8))
  for (layer in 2:3) {
    drawn <- ggplot2::layer_data(plot, layer)
    expect_equal(as.data.frame(lapply(drawn[names(expected)], unclass)), as.data.frame(lapply(expected, unclass)),
                 ignore_attr = TRUE)
  }
  expect_identical(unique(ggplot2::layer_data(plot, 2)$colour), c("#0072B2", "#D55E00")) # those of plot()
  one <- ggplot2::autoplot(history(), metrics = "loss")
  expect_equal(ggplot2::layer_data(one, 3)$y, c(0.7, 0.5, 0.3, 0.6, 0.4, 0.5))
})

test_that("plot() draws a panel per measure, both kinds of rows in each, and marks the best epoch", {
  panels <- drawn_panels(plot(history()))
  expect_identical(lapply(panels, `[[`, "title"), list("loss", "accuracy"))
  expect_identical(lapply(panels, `[[`, "marked"), list(2, 2))
  expect_identical(panels[[1]]$legend, c("train", "validation"))
  values <- list(list(c(0.7, 0.5, 0.3), c(0.6, 0.4, 0.5)), list(c(0.5, 0.8, 0.9), c(0.6, 0.9, 0.8)))
  expect_equal(lapply(panels, function(panel) lapply(panel$curves, `[[`, "y")), values)
  expect_equal(lapply(panels, function(panel) lapply(panel$curves, `[[`, "x")), rep(list(list(1:3, 1:3)), 2))
  colours <- lapply(panels, function(panel) vapply(panel$curves, `[[`, "", "colour"))
  expect_identical(colours, rep(list(c("#0072B2", "#D55E00")), 2))
  accuracy <- drawn_panels(plot(history(), metrics = "accuracy"))
  expect_length(accuracy, 1)
  expect_equal(accuracy[[1]]$curves, panels[[2]]$curves)
})

test_that("plot() returns its argument invisibly and restores the layout of the device", {
  grDevices::pdf(NULL)
  withr::defer(grDevices::dev.off())
  before <- graphics::par("mfrow", "mar")
  expect_invisible(returned <- plot(history()))
  expect_identical(returned, history())
  expect_identical(graphics::par("mfrow", "mar"), before)
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
  losses <- list(fit$history$loss, fit$history$val_loss)
  expect_length(losses[[1]], 12)
  expect_equal(ggplot2::layer_data(ggplot2::autoplot(fit, metrics = "loss"), 3)$y, unlist(losses))
  expect_equal(lapply(drawn_panels(plot(fit, metrics = "loss"))[[1]]$curves, `[[`, "y"), losses)
})

test_that("a summary lists layers and ends in Keras' three lines", {
  model <- toy_model()
  result <- summary(model)
  expect_identical(result$parameters, model$parameters)
  expect_identical(result$layers$parameters[result$layers$layer == "Embedding-Token"], 80 * 16)
  expect_true(all(c("Input-Token", "Encoder-2-FeedForward-Norm", "NSP-Dense") %in% result$layers$layer))
  expect_identical(utils::tail(capture.output(print(result)), 3),
                   c("Total params: 6,576", "Trainable params: 6,576", "Non-trainable params: 0"))
})

test_that("a summary tells frozen layers", {
  fit <- bert_fit(toy_data(), "text", "target", toy_model(), control = toy_control(epochs = 1, freeze = "encoder"))
  result <- summary(fit)
  expect_identical(result$trainable, 17) # the output layer: 16 weights and a bias
  expect_identical(fit$trainable_parameters, 17)
  expect_identical(result$parameters, 6576 + 17)
  expect_match(grep("^Embedding-Token ", capture.output(print(result)), value = TRUE), "frozen$")
})

test_that("glance() is one row about the fit", {
  fit <- toy_fit()
  row <- glance(fit)
  expect_identical(nrow(row), 1L)
  expect_identical(row$task, "binary")
  expect_identical(row$n, 36L)
  expect_identical(row$epochs, 12L)
  expect_identical(row$best_epoch, fit$best_epoch)
  expect_identical(row$val_loss, min(fit$history$val_loss))
  expect_false(row$interrupted)
})

test_that("tidy() of a fit is its history", {
  fit <- toy_fit()
  long <- tidy(fit)
  expect_identical(long$value[long$metric == "loss" & long$data == "train"], fit$history$loss)
})

test_that("augment() binds predictions to the data, in its class", {
  fit <- toy_fit()
  data <- toy_data(6)
  wide <- augment(fit, data)
  expect_identical(wide[names(data)], data)
  expect_identical(wide$.pred_class, predict(fit, data, type = "class")$.pred_class)
  expect_identical(wide$.pred_1, predict(fit, data)$.pred_1)
  expect_s3_class(augment(fit, data.table::as.data.table(data)), "data.table")
  expect_identical(names(augment(toy_fit("regression"), data)), c(names(data), ".pred"))
  for (kind in c("multiclass", "multilabel")) {
    classes <- predict(toy_fit(kind), data, type = "class")
    expect_identical(augment(toy_fit(kind), data)[names(classes)], classes)
  }
  expect_identical(augment(fit, newdata = data), wide)
  expect_identical(rownames(augment(fit, data[c(4, 2), ])), c("4", "2"))
  keyed <- data.table::as.data.table(data)
  data.table::setkeyv(keyed, c("score", "text"))
  before <- data.table::copy(keyed)
  expect_identical(data.table::key(augment(fit, keyed)), c("score", "text"))
  expect_null(data.table::key(augment(fit, data.table::as.data.table(data))))
  expect_identical(keyed, before)
  expect_snapshot(error = TRUE, {
    augment(fit)
    augment(fit, "a")
    augment(fit, wide)
  })
})

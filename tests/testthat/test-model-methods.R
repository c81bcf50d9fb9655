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

test_that("a loaded model prints in five lines", {
  model <- toy_model()
  lines <- capture.output(print(model))
  expect_length(lines, 5)
  expect_identical(lines[1:4], c(
    "<bert_model> toy", "  encoder     2 layers x 16 hidden x 2 heads", "  parameters  6,576",
    "  vocabulary  80 tokens, uncased"
  ))
  expect_match(lines[5], "bertfit bundle, .*toy-bert$")
})

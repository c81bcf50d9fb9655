test_that("settings in the dots join those of control", {
  joined <- control_with(bert_control(epochs = 5), list(batch_size = 4, clip_norm = NULL))
  expect_s3_class(joined, "bert_control")
  expect_identical(joined[c("epochs", "batch_size")], list(epochs = 5, batch_size = 4))
  expect_true("clip_norm" %in% names(joined))
  expect_null(joined$clip_norm)
  expect_identical(names(joined), names(bert_control()))
})

test_that("settings in the dots that do not fit are refused by name", {
  expect_snapshot(error = TRUE, {
    control_with(bert_control(), list(epoch = 2))
    control_with(bert_control(epochs = 2), list(epochs = 2))
    control_with(bert_control(), list(2))
    control_with(list(epochs = 2), list())
  })
  expect_error(control_with(bert_control(), list(epoch = 2)), class = "bertfit_error_argument")
})

test_that("a model has the fields that Python describes", {
  model <- toy_model()
  expect_identical(model$name, "toy")
  expect_identical(model$max_len, 32L)
  expect_identical(model$config$hidden_size, 16L)
  # Three tables and a norm; per layer four H x H products, two norms, and the feed-forward; the pooler.
  h <- 16
  encoder <- (80 + 2 + 32) * h + 2 * h + 2 * (4 * (h * h + h) + 2 * 2 * h + (h * 32 + 32) + (32 * h + h)) + h * h + h
  expect_identical(model$parameters, encoder)
})

test_that("a handle of another session is opened again, once", {
  model <- toy_model()
  first <- model_handle(model)
  model$handle$session <- "another session"
  second <- model_handle(model)
  expect_false(first == second)
  expect_identical(model_handle(model), second)
  expect_equal(bert_embed(model, "the day is good"), bert_embed(toy_model(), "the day is good"))
})

test_that("a fitted model comes back from its bytes", {
  fit <- unserialize(serialize(toy_fit(), NULL))
  before <- predict(toy_fit(), toy_data())
  fit$handle$session <- "another session"
  expect_identical(predict(fit, toy_data()), before)
})

test_that("weights that changed on disk are not taken for the model's", {
  model <- toy_model()
  model$handle$session <- "another session"
  model$sha256 <- "0000"
  expect_error(model_handle(model), class = "bertfit_error_checkpoint")
})

test_that("a model that R has collected is released in Python", {
  model <- toy_model()
  id <- model_handle(model)
  expect_identical(bert_call("describe", handle = id)$name, "toy")
  rm(model)
  gc()
  model_handle(toy_model())
  expect_error(bert_call("describe", handle = id), class = "bertfit_error_argument")
})

test_that("a model is refused in a forked process", {
  skip_on_os("windows")
  model <- toy_model()
  answer <- parallel::mccollect(parallel::mcparallel(tryCatch(model_handle(model), error = class)))[[1]]
  expect_identical(answer[1], "bertfit_error_setup")
})

test_that("objects that are not models, or not fitted ones, are refused", {
  expect_snapshot(error = TRUE, {
    bert_embed("minilm", "a")
    bert_evaluate(structure(list(), class = "bert_model"), data.frame())
    predict(structure(list(), class = "bert_model"), "a")
  })
})

# What decides stands behind the 14 words that the toy reads at a time.
long_data <- function(n = 48) {
  data <- toy_data(n)
  data$text <- paste(strrep("the day is not very ", 5), data$text)
  data
}

reading <- function(how, ...) {
  control <- toy_control(epochs = 15, long_text = how, ...)
  bert_fit(long_data(), text = "text", target = "target", model = toy_model(), control = control)
}

windows <- new.env()

windows_fit <- function() {
  if (is.null(windows$fit)) windows$fit <- reading("windows", stride = 4)
  windows$fit
}

truth <- function(data) as.character(data$target)

test_that("windows find what stands behind the beginning, and a saved model goes on reading so", {
  fit <- windows_fit()
  data <- long_data()
  expect_identical(as.character(predict(fit, data, type = "class")$.pred_class), truth(data))
  expect_equal(bert_evaluate(fit, data)$metrics[["accuracy"]], 1)
  expect_message(cut <- predict(fit, data, long_text = "truncate"), class = "bertfit_message_truncated")
  expect_lt(diff(range(cut$.pred_1)), 1e-6) # all texts begin alike
  expect_no_message(predict(fit, data), class = "bertfit_message_truncated")
  expect_message(ends <- predict(fit, data, long_text = "head_tail"), class = "bertfit_message_truncated")
  expect_gt(diff(range(ends$.pred_1)), 0.01)
  expect_equal(fit$control[c("long_text", "stride", "window_pooling")],
               list(long_text = "windows", stride = 4, window_pooling = "mean"))
  expect_equal(fit$record$windows, 3 * fit$record$rows) # 30 to 32 words, in windows of 14
  folder <- file.path(withr::local_tempdir(), "saved")
  bert_save(fit, folder)
  expect_identical(predict(bert_load(folder), data), predict(fit, data))
  file <- withr::local_tempfile()
  saveRDS(fit, file)
  expect_identical(predict(readRDS(file), data), predict(fit, data))
})

test_that("the call may change how the fit reads, where there is something to change", {
  fit <- windows_fit()
  data <- long_data(8)
  mean <- predict(fit, data, type = "link")$.pred_link
  max <- predict(fit, data, type = "link", window_pooling = "max")$.pred_link
  expect_true(all(max > mean))
  expect_identical(predict(fit, data, type = "link", stride = 4)$.pred_link, mean)
  expect_gt(max(abs(predict(fit, data, type = "link", stride = 0)$.pred_link - mean)), 1e-6)
  expect_equal(augment(fit, data, window_pooling = "max")$.pred_1, plogis(max))
  expect_equal(nrow(bert_evaluate(fit, data, by = "weight", window_pooling = "max")), 2)
  condition <- expect_error(predict(fit, data, long_text = "truncate", stride = 3), class = "bertfit_error_argument")
  expect_match(conditionMessage(condition), 'must be left out unless long_text = "windows"', fixed = TRUE)
  expect_error(bert_evaluate(toy_fit(), toy_data(), window_pooling = "max"), class = "bertfit_error_argument")
  expect_error(predict(fit, data, long_text = 3), class = "bertfit_error_argument")
  expect_error(bert_embed(fit, data, stride = 14), "at most 13", class = "bertfit_error_argument")
})

test_that("a text's vector is the average of its windows'", {
  model <- toy_model() # reads 32 tokens
  words <- rep(c("good", "bad", "fine", "awful", "day", "the", "is", "very", "not"), length.out = 70)
  ends <- list(1:30, 23:52, 45:70) # a quarter of 32 in common
  each <- bert_embed(model, vapply(ends, function(i) paste(words[i], collapse = " "), ""))
  whole <- bert_embed(model, paste(words, collapse = " "), long_text = "windows")
  expect_equal(unname(whole[1, ]), unname(colMeans(each)), tolerance = 1e-5)
  expect_message(bert_embed(model, paste(words, collapse = " ")), class = "bertfit_message_truncated")
})

test_that("a setting that cannot be is an argument error", {
  data <- long_data(8)
  expect_error(bert_control(long_text = 1), class = "bertfit_error_argument")
  expect_error(bert_control(stride = "a"), class = "bertfit_error_argument")
  fit <- function(...) bert_fit(data, text = "text", target = "target", model = toy_model(), control = toy_control(...))
  expect_error(fit(long_text = "cut"), "one of truncate, head_tail, windows", class = "bertfit_error_argument")
  expect_error(fit(long_text = "windows", stride = 14), "at most 13", class = "bertfit_error_argument")
})

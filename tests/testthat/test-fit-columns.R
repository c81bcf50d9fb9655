test_that("pairs of texts are read together", {
  data <- toy_data()
  fit <- bert_fit(target ~ text + other, data, toy_model(), control = toy_control())
  by_name <- bert_fit(data, "text", "target", toy_model(), pair = "other", control = toy_control())
  expect_identical(fit$columns, list(text = "text", target = "target", pair = "other")[names(fit$columns)])
  expect_equal(predict(fit, data), predict(by_name, data), tolerance = 1e-5)
  swapped <- data
  swapped$other <- rev(swapped$text)
  expect_false(isTRUE(all.equal(predict(fit, data), predict(fit, swapped))))
  expect_error(predict(fit, "a"), class = "bertfit_error_argument")
})

test_that("a recipe is prepared once and applied to new rows", {
  withr::local_envvar(TZ = "UTC") # lubridate, which recipes loads, warns where the machine has no time zone
  skip_if_not_installed("recipes")
  data <- toy_data()
  recipe <- recipes::recipe(target ~ text, data = data)
  recipe <- recipes::step_mutate(recipe, text = gsub("day", "day day", text))
  fit <- bert_fit(recipe, data, toy_model(), control = toy_control())
  doubled <- transform(data, text = gsub("day", "day day", text))
  plain <- bert_fit(doubled, "text", "target", toy_model(), control = toy_control())
  expect_equal(predict(fit, data), predict(plain, doubled), tolerance = 1e-5)
  expect_equal(predict(fit, data.frame(text = "a day never seen"))$.pred_1,
               predict(plain, "a day day never seen")$.pred_1, tolerance = 1e-5)
  expect_equal(bert_evaluate(fit, data)$metrics, bert_evaluate(plain, doubled)$metrics, tolerance = 1e-5)
  expect_error(bert_fit(recipes::recipe(target ~ text + other + kind, data = data), data, toy_model()),
               class = "bertfit_error_argument")
})

test_that("a formula names the target, the texts and their pairs", {
  known <- c("y", "z", "text", "other")
  columns <- function(formula) formula_columns(formula, known, NULL)
  expect_identical(columns(y ~ text), list(text = "text", target = "y", pair = NULL))
  expect_identical(columns(y ~ text + other), list(text = "text", target = "y", pair = "other"))
  expect_identical(columns(cbind(y, z) ~ text), list(text = "text", target = c("y", "z"), pair = NULL))
  expect_identical(columns(y + z ~ .), list(text = "text", target = c("y", "z"), pair = "other"))
})

test_that("a formula that does not name columns is refused", {
  model <- structure(list(), class = "bert_model")
  data <- data.frame(text = c("a", NA, "b"), ok = c("a", "b", "c"), target = c(0, 1, 1), holes = c(1, NA, 0))
  expect_snapshot(error = TRUE, {
    bert_fit(~ok, data, model)
    bert_fit(log(target) ~ ok, data, model)
    bert_fit(target ~ ok + text + holes, data, model)
    bert_fit(target ~ comment, data, model)
  })
})

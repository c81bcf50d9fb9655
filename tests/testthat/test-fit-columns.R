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
    bert_fit(1 ~ ok, data, model)
    bert_fit(target ~ ok + text + holes, data, model)
    bert_fit(target ~ comment, data, model)
  })
})

test_that("the left side of a formula may compute the target, also in validation and evaluation rows", {
  data <- toy_data()
  data$score <- data$score + 11
  control <- quick_control(epochs = 4)
  logged <- bert_fit(log1p(score) ~ text, data, toy_model(), control = control)
  by_hand <- transform(data, logged = log1p(score))
  plain <- bert_fit(logged ~ text, by_hand, toy_model(), control = control)
  expect_identical(logged[c("task", "labels")], list(task = "regression", labels = "log1p(score)"))
  expect_equal(predict(logged, data)$.pred, predict(plain, data)$.pred) # on the scale of the logarithm
  expect_equal(bert_evaluate(logged, data)$metrics, bert_evaluate(plain, by_hand)$metrics)
  expect_identical(formula(logged), log1p(score) ~ text, ignore_formula_env = TRUE)
  expect_match(capture.output(print(logged))[2], "log1p(score) ~ text", fixed = TRUE)
  watched <- bert_fit(log1p(score) ~ text, data, toy_model(), epochs = 1, max_len = 16, validation = data,
                      freeze = "encoder", verbose = 0)
  expect_equal(watched$record$validation_rows, 48)
})

test_that("I(), factor() and several expressions are targets", {
  data <- toy_data()
  fit <- function(formula, data = toy_data()) {
    bert_fit(formula, data, toy_model(), control = quick_control())[c("task", "labels")]
  }
  expect_identical(fit(I(score > 3) ~ text), list(task = "binary", labels = c("FALSE", "TRUE")))
  expect_error(fit(score > 3 ~ .), "one text column", class = "bertfit_error_argument")
  data$stars <- rep(1:3, length.out = 48)
  expect_identical(fit(factor(stars) ~ text, data), list(task = "multiclass", labels = c("1", "2", "3")))
  expect_identical(fit(cbind(score > 3, target) ~ text), list(task = "multilabel", labels = c("score > 3", "target")))
  data$kept <- I(data$kind)
  expect_identical(fit(kept ~ text, data)$labels, levels(data$kind))
  only <- data[c("text", "score")]
  expect_identical(fit(score > 3 ~ ., only)$task, "binary")
  rounded <- bert_fit(factor(round(stars)) ~ text, data, toy_model(), control = quick_control())
  expect_identical(bert_evaluate(rounded, data[data$stars < 3, ])$n, 32L)
})

test_that("a computed target takes along what it needs, and nothing else", {
  make <- function() {
    limit <- 3
    large <- rnorm(1e5)
    above <- function(x) x > limit
    bert_fit(above(score) ~ text, toy_data(), toy_model(), control = quick_control())
  }
  fit <- make()
  expect_identical(ls(fit$response$env), "above")
  file <- withr::local_tempfile()
  saveRDS(fit, file)
  again <- readRDS(file)
  expect_identical(bert_evaluate(again, toy_data())$metrics, bert_evaluate(fit, toy_data())$metrics)
  plain <- local({
    large <- rnorm(1e5)
    bert_fit(target ~ text, toy_data(), toy_model(), control = quick_control())
  })
  expect_identical(environment(formula(plain)), globalenv())
  folder <- bert_save(fit, file.path(withr::local_tempdir(), "fit"))
  loaded <- bert_load(folder)
  expect_error(bert_evaluate(loaded, toy_data()), "column `above(score)`", fixed = TRUE,
               class = "bertfit_error_argument")
  expect_identical(bert_evaluate(loaded, cbind(toy_data(), `above(score)` = toy_data()$score > 3))$metrics,
                   bert_evaluate(fit, toy_data())$metrics)
})

test_that("a target that cannot be computed is refused, with R's own error as parent", {
  fit <- function(formula) bert_fit(formula, toy_data(), "m")
  error <- expect_error(fit(log(scor) ~ text), "`log(scor)` must be computable from `data`", fixed = TRUE,
                        class = "bertfit_error_argument")
  expect_match(conditionMessage(error$parent), "scor")
  expect_error(fit(mean(score) ~ text), "one value per row", class = "bertfit_error_data")
  expect_error(suppressWarnings(fit(log(score) ~ text)), "no missing values", class = "bertfit_error_data")
  expect_error(fit(3 ~ text), "expressions of columns", class = "bertfit_error_argument")
  expect_error(fit(target ~ tolower(text)), "right side", class = "bertfit_error_argument")
  expect_error(bert_evaluate(toy_fit(), toy_data(), target = "log1p(score)"), class = "bertfit_error_argument")
})

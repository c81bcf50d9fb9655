test_that("defaults are those of the Python core, under the same names", {
  python <- python_defaults("TrainConfig")
  ours <- unclass(bert_control())
  expect_setequal(setdiff(names(ours), "sample_weights"), names(python))
  for (name in names(python)) expect_equal(ours[[name]], python[[name]], label = name)
})

test_that("a held-out data frame and weights do not cross with the settings", {
  sent <- control_arguments(bert_control(validation = data.frame(a = 1), sample_weights = 1:3))
  expect_identical(sent$validation, 0)
  expect_false("sample_weights" %in% names(sent))
})

test_that("settings that cannot be are refused by name", {
  expect_snapshot(error = TRUE, {
    bert_control(epochs = "3")
    bert_control(batch_size = c(8, 16))
    bert_control(learning_rate = NA_real_)
    bert_control(restore_best = NA)
    bert_control(monitor = 1)
    bert_control(max_len = TRUE)
    bert_control(class_weights = c(1, 4))
    bert_control(sample_weights = c(1, -1, NA))
    bert_control(sample_weights = TRUE)
    bert_control(validation = "a")
  })
})

test_that("errors of settings have their class", {
  expect_error(bert_control(epochs = "3"), class = "bertfit_error_argument")
  expect_error(bert_control(sample_weights = -1), class = "bertfit_error_data")
})

test_that("settings print, with a star where they differ from their default", {
  expect_snapshot({
    bert_control(epochs = 2, class_weights = c(ham = 1, spam = 4), validation = data.frame(a = 1:3))
  })
})

test_that("a control without its validation rows does not print a count of them", {
  lines <- capture.output(print(without_rows(bert_control(validation = data.frame(a = 1:3)))))
  expect_match(lines[grepl("validation", lines)], "a data frame (rows not kept)", fixed = TRUE)
})

test_that("numbers cross as they are, and class weights by label", {
  sent <- control_arguments(bert_control(epochs = 4, max_len = 50, freeze = 2, seed = 7, learning_rate = 1))
  expect_identical(sent[c("epochs", "max_len", "freeze", "seed")], list(epochs = 4, max_len = 50, freeze = 2, seed = 7))
  expect_null(attributes(sent)$given)
  expect_identical(sent$learning_rate, 1)
  expect_identical(control_arguments(bert_control(epochs = 2.5))$epochs, 2.5)
  expect_identical(control_arguments(bert_control(class_weights = c(a = 1, b = 2)))$class_weights, list(a = 1, b = 2))
})

test_that("an integer default is still the default", {
  printed <- function(x) capture.output(print(x))
  expect_identical(printed(bert_control(epochs = 3L, batch_size = 32L)), printed(bert_control()))
})

test_that("balanced class weights of a multilabel task are those of each label", {
  data <- toy_data()
  data$rare <- as.numeric(seq_len(nrow(data)) %% 8 == 0)
  fit <- function(weights) {
    bert_fit(data, "text", c("target", "rare"), toy_model(), control = quick_control(epochs = 3, class_weights = weights))
  }
  balanced <- fit("balanced")
  expect_identical(balanced$control$class_weights, "balanced")
  # A rare label is predicted more often where its rows weigh more.
  expect_gt(mean(predict(balanced, data)$.pred_rare), mean(predict(fit(NULL), data)$.pred_rare) + 0.01)
})

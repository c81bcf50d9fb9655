# The core's own defaults, read from its dataclasses.
python_defaults <- function(class) {
  skip_if_no_python()
  python_api()
  reticulate::py_run_string(
    paste0("from bertfit.config import ", class, "\nsettings = ", class, "().to_dict()"), local = TRUE, convert = TRUE
  )$settings
}

test_that("defaults are those of the Python core, under the same names", {
  python <- python_defaults("TrainConfig")
  ours <- unclass(bert_control())
  expect_setequal(setdiff(names(ours), "sample_weights"), names(python))
  for (name in names(python)) expect_equal(ours[[name]], python[[name]], label = name)

  python <- python_defaults("HeadConfig")
  ours <- unclass(bert_head())
  expect_setequal(names(ours), names(python))
  expect_equal(ours$layers, python$layers)
  expect_length(python$hidden, 0)
  for (name in setdiff(names(python), c("layers", "hidden"))) expect_equal(ours[[name]], python[[name]], label = name)
})

test_that("counts cross as integers, and what is no count crosses as it is", {
  sent <- control_arguments(bert_control(epochs = 4, max_len = 50, freeze = 2, seed = 7, learning_rate = 1))
  expect_identical(sent[c("epochs", "max_len", "freeze", "seed")], list(epochs = 4L, max_len = 50L, freeze = 2L, seed = 7L))
  expect_identical(sent$learning_rate, 1)
  expect_identical(control_arguments(bert_control(epochs = 2.5))$epochs, 2.5)
  expect_identical(control_arguments(bert_control(class_weights = c(a = 1, b = 2)))$class_weights, list(a = 1, b = 2))
  expect_identical(head_arguments(bert_head(hidden = 8, layers = -1))[c("hidden", "layers")],
                   list(hidden = list(8L), layers = list(-1L)))
  expect_identical(head_arguments(bert_head())$hidden, list())
})

test_that("a held-out data frame and weights do not cross with the settings", {
  sent <- control_arguments(bert_control(validation = data.frame(a = 1), sample_weights = 1:3))
  expect_identical(sent$validation, 0)
  expect_false("sample_weights" %in% names(sent))
})

test_that("settings in the dots join those of control", {
  joined <- control_with(bert_control(epochs = 5), list(batch_size = 4, clip_norm = NULL))
  expect_s3_class(joined, "bert_control")
  expect_identical(joined[c("epochs", "batch_size")], list(epochs = 5, batch_size = 4))
  expect_true("clip_norm" %in% names(joined))
  expect_null(joined$clip_norm)
  expect_identical(names(joined), names(bert_control()))
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
    bert_head(hidden = "8")
    bert_head(layers = NA)
    control_with(bert_control(), list(epoch = 2))
    control_with(bert_control(epochs = 2), list(epochs = 2))
    control_with(bert_control(), list(2))
    control_with(list(epochs = 2), list())
    head_arguments(list())
  })
})

test_that("errors of settings have their class", {
  expect_error(bert_control(epochs = "3"), class = "bertfit_error_argument")
  expect_error(bert_control(sample_weights = -1), class = "bertfit_error_data")
  expect_error(control_with(bert_control(), list(epoch = 2)), class = "bertfit_error_argument")
})

test_that("settings print, with a star where they differ from their default", {
  expect_snapshot({
    bert_control(epochs = 2, class_weights = c(ham = 1, spam = 4), validation = data.frame(a = 1:3))
    bert_head(hidden = c(512, 64), pooling = "mean")
    bert_head()
  })
})

test_that("an integer default is still the default", {
  printed <- function(x) capture.output(print(x))
  expect_identical(printed(bert_control(epochs = 3L, batch_size = 32L)), printed(bert_control()))
  saved <- list(hidden = list(), activation = "relu", dropout = 0.1, pooling = "nsp", layers = list(-1L),
                initializer = "truncated_normal")
  expect_identical(printed(as_bert_head(saved)), printed(bert_head()))
})

test_that("a control without its validation rows does not print a count of them", {
  lines <- capture.output(print(without_rows(bert_control(validation = data.frame(a = 1:3)))))
  expect_match(lines[grepl("validation", lines)], "a data frame (rows not kept)", fixed = TRUE)
})

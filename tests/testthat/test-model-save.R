# Predictions of a model that `open` makes, in a process that knows nothing of this one.
elsewhere <- function(open) {
  out <- tempfile(fileext = ".rds")
  lines <- run_r(c(
    "library(bertfit)",
    sprintf("model <- %s", open),
    sprintf("saveRDS(predict(model, c('the day is good', 'a very awful day', 'bad')), '%s')", out)
  ))
  if (!file.exists(out)) stop(paste(lines, collapse = "\n"))
  data.table::as.data.table(readRDS(out))
}

texts <- c("the day is good", "a very awful day", "bad")

test_that("a fitted object survives saveRDS() into a fresh process", {
  fit <- toy_fit()
  path <- tempfile(fileext = ".rds")
  saveRDS(fit, path)
  expect_identical(elsewhere(sprintf("readRDS('%s')", path)), predict(fit, texts))
})

test_that("a bundle opens with the same predictions, labels and history", {
  fit <- toy_fit("multiclass")
  path <- file.path(withr::local_tempdir(), "saved")
  expect_identical(bert_save(fit, path), path)
  again <- new_bert_model(bert_call("load", x = path))
  expect_identical(predict(again, texts), predict(fit, texts))
  for (field in c("task", "labels", "columns", "best_epoch", "seed", "interrupted", "parameters")) {
    expect_equal(again[[field]], fit[[field]], label = field)
  }
  expect_identical(capture.output(print(again)), capture.output(print(fit)))
  expect_s3_class(again$control, "bert_control")
  expect_equal(again$head, fit$head)
  for (name in setdiff(names(fit$control), "verbose")) expect_equal(again$control[[name]], fit$control[[name]], label = name)
  expect_equal(as.data.frame(again$history), as.data.frame(fit$history))
  expect_equal(bert_evaluate(again, toy_data())$metrics, bert_evaluate(fit, toy_data())$metrics)
})

test_that("an unfitted model is opened again from its folder", {
  model <- toy_model()
  path <- tempfile(fileext = ".rds")
  saveRDS(model, path)
  out <- tempfile(fileext = ".rds")
  run_r(c("library(bertfit)", sprintf("saveRDS(bert_embed(readRDS('%s'), 'the day is good'), '%s')", path, out)))
  expect_equal(readRDS(out), bert_embed(model, "the day is good"))
})

test_that("a bundle is replaced only with overwrite = TRUE, and other folders never", {
  fit <- toy_fit()
  path <- file.path(withr::local_tempdir(), "saved")
  bert_save(fit, path)
  expect_error(bert_save(fit, path), "holds a saved model", class = "bertfit_error_argument")
  expect_identical(bert_save(fit, path, overwrite = TRUE), path)
  other <- withr::local_tempdir()
  writeLines("mine", file.path(other, "file"))
  expect_error(bert_save(fit, other, overwrite = TRUE), "other things", class = "bertfit_error_argument")
  expect_identical(readLines(file.path(other, "file")), "mine")
})

test_that("a relative path is R's", {
  fit <- toy_fit()
  withr::local_dir(withr::local_tempdir())
  bert_save(fit, "here")
  expect_true(file.exists(file.path("here", "bertfit.json")))
})

test_that("Python gives the classes of a model fitted in R as the column had them", {
  python <- reticulate::py_run_string("
def described(path):
    import bertfit, pandas as pd
    model = bertfit.load(path)
    frame = pd.DataFrame({'text': ['the day is good', 'the day is bad']})
    got = model.predict(frame, type='class')['.pred_class']
    return [str(got.dtype), [repr(value) for value in model.classes.tolist()]]
def ordered(source, path):
    import bertfit
    model = bertfit.load(source)
    model.model.record['classes'] = {'values': [False, True], 'category': 'ordered'}
    model.save(path)
", local = TRUE, convert = TRUE)
  folder <- withr::local_tempdir()
  numbers <- bert_save(toy_fit("binary"), file.path(folder, "numbers"))
  expect_identical(python$described(numbers), list("int64", c("0", "1")))
  factors <- bert_save(toy_fit("multiclass"), file.path(folder, "factors"))
  expect_identical(python$described(factors), list("category", c("'awful'", "'bad'", "'good'")))

  # And the other way round: text labels in a factor, ordered if Python's categories were.
  texts <- c("the day is good", "the day is bad")
  loaded <- bert_load(numbers)
  expect_identical(predict(loaded, texts, type = "class"), predict(toy_fit("binary"), texts, type = "class"))
  python$ordered(numbers, file.path(folder, "ordered"))
  got <- predict(bert_load(file.path(folder, "ordered")), texts, type = "class")$.pred_class
  expect_s3_class(got, c("ordered", "factor"), exact = TRUE)
  expect_identical(levels(got), c("0", "1"))
})

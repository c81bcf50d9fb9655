# Finished classifiers of Hugging Face. The folders are exports of toy fits, whose probabilities are known; Python's tests
# compare them with transformers.

# The folder of a toy classifier; `settings` replace fields of its config.json.
classifier_folder <- function(kind, settings = list()) {
  folder <- tempfile(paste0("classifier-", kind, "-"))
  bert_export(toy_fit(kind), folder, format = "huggingface")
  if (length(settings)) reticulate::py_run_string(change_code, local = TRUE)$change(folder, settings)
  folder
}

change_code <- "
def change(folder, settings):
    import json, pathlib
    file = pathlib.Path(folder, 'config.json')
    file.write_text(json.dumps({**json.loads(file.read_text()), **settings}))
"

texts <- c("the day is good", "a very awful day", "fine")

test_that("a classifier opens as a fitted model that predicts what it predicted", {
  for (kind in c("binary", "multiclass", "multilabel", "regression")) {
    fit <- toy_fit(kind)
    folder <- classifier_folder(kind)
    model <- bert_load(folder)
    expect_s3_class(model, c("bert_fit", "bert_model"), exact = TRUE)
    expect_identical(model$task, kind)
    expect_identical(model$labels, if (kind == "regression") "score" else fit$labels)
    expect_identical(c(model$kind, model$path), c("huggingface", folder))
    expect_identical(model$max_len, 32L)
    for (type in if (kind == "regression") "numeric" else c("prob", "link")) {
      expect_equal(predict(model, texts, type = type, precision = "float32"), predict(fit, texts, type = type),
                   tolerance = 1e-5)
    }
    if (kind != "regression") {
      expect_identical(as.list(predict(model, texts, type = "class")), as.list(predict(fit, texts, type = "class")))
    }
    expect_equal(bert_embed(model, texts, precision = "float32"), bert_embed(fit, texts, precision = "float32"),
                 tolerance = 1e-5)
  }
})

test_that("it says what it is, and that it was trained elsewhere", {
  withr::local_options(width = 200)
  folder <- classifier_folder("multilabel")
  model <- bert_load(folder)
  lines <- capture.output(returned <- print(model))
  expect_identical(returned, model)
  expect_identical(lines, c(
    paste("<bert_fit>", basename(folder)), "  task        multilabel", "  labels      2 (a, b)",
    "  encoder     2 layers x 16 hidden x 2 heads", paste0("  from        Hugging Face folder, ", folder),
    "  trained     elsewhere: there is no history"
  ))
  expect_identical(nrow(model$history), 0L)
  expect_identical(nrow(tidy(model)), 0L)
  row <- glance(model)
  expect_identical(row[c("task", "n", "epochs")], data.frame(task = "multilabel", n = NA_integer_, epochs = 0L))
  expect_identical(row$parameters, toy_fit("multilabel")$parameters)
  expect_identical(nobs(model), NA_integer_)
  expect_output(print(summary(model)), "output")
  expect_error(plot(model), "trained by `bert_fit\\(\\)` to have a history")
  expect_error(update(model), "must know the call", class = "bertfit_error_argument")
  expect_error(formula(model), "columns with names", class = "bertfit_error_argument")
})

test_that("rows are read from a table by the column of texts", {
  model <- bert_load(classifier_folder("binary"))
  data <- toy_data(8)[c("text", "target")]
  expected <- predict(model, data$text)
  expect_equal(as.list(predict(model, data)), as.list(expected))
  renamed <- `names<-`(data, c("comment", "target"))
  expect_equal(as.list(predict(model, renamed)), as.list(expected))
  expect_identical(names(augment(model, renamed)), c("comment", "target", ".pred_class", ".pred_0", ".pred_1"))
  expect_equal(rownames(bert_embed(model, renamed)), NULL)
  both <- cbind(renamed, note = "x")
  expect_error(predict(model, both), "`comment`, `note`", class = "bertfit_error_argument")
  expect_equal(bert_evaluate(model, renamed, target = "target")$metrics,
               bert_evaluate(model, data$text, target = data$target)$metrics)
  expect_error(bert_evaluate(model, renamed), "`target` must be given", class = "bertfit_error_argument")
  pairs <- toy_data(8)[c("text", "other")]
  names(pairs) <- c("text", "pair")
  expect_false(isTRUE(all.equal(predict(model, pairs)$.pred_1, expected$.pred_1)))

  model <- bert_load(classifier_folder("multilabel"))
  data$b <- rep(0:1, 4)
  data$a <- 1 - data$b
  expect_equal(bert_evaluate(model, data)$per_class, bert_evaluate(model, data, target = c("a", "b"))$per_class)
  expect_equal(bert_evaluate(model, data, target = c("b", "a"))$per_class,
               bert_evaluate(model, data, target = c("a", "b"))$per_class)
})

test_that("an evaluation takes labels, and numbers as their ids", {
  names <- list(id2label = list("0" = "ham", "1" = "spam"), label2id = list(ham = 0L, spam = 1L))
  model <- bert_load(classifier_folder("binary", names))
  expect_identical(model$labels, c("ham", "spam"))
  truth <- c(1, 0, 1)
  by_name <- bert_evaluate(model, texts, target = c("spam", "ham", "spam"))
  expect_equal(bert_evaluate(model, texts, target = truth)$metrics, by_name$metrics)
  expect_equal(bert_evaluate(model, texts, target = truth == 1)$metrics, by_name$metrics)
  expect_error(bert_evaluate(model, texts, target = c("spam", "eggs", "ham")), "Unknown: \"eggs\"",
               class = "bertfit_error_data")
  model <- bert_load(classifier_folder("multiclass", list(id2label = NULL, label2id = NULL)))
  expect_identical(model$labels, c("LABEL_0", "LABEL_1", "LABEL_2"))
  expect_equal(bert_evaluate(model, texts, target = c(2, 0, 1))$metrics,
               bert_evaluate(model, texts, target = paste0("LABEL_", c(2, 0, 1)))$metrics)
  expect_error(bert_evaluate(model, texts, target = c(3, 0, 1)), "Unknown: \"3\"", class = "bertfit_error_data")
})

test_that("`task` says what config.json does not", {
  folder <- classifier_folder("regression", list(problem_type = NULL))
  model <- bert_load(folder)
  expect_identical(c(model$task, model$labels), c("binary", "not score", "score"))
  logit <- predict(bert_load(folder, task = "regression"), texts, precision = "float32")$.pred
  expect_equal(predict(model, texts, precision = "float32")$.pred_score, stats::plogis(logit), tolerance = 1e-5)
  expect_identical(bert_load(folder, task = "multilabel")$labels, "score")
  expect_s3_class(suppressMessages(bert_load(folder, task = "none")), "bert_model", exact = TRUE)
  expect_error(bert_load(folder, task = "multiclass"), "must fit the classifier's outputs",
               class = "bertfit_error_argument")
  expect_error(bert_load(folder, task = "ranking"), "`task` must be one of binary", class = "bertfit_error_argument")
  expect_error(bert_load(toy_folder(), task = "binary"), "must be left out for a saved model",
               class = "bertfit_error_argument")
  expect_error(bert_load(classifier_folder("multiclass", list(id2label = list("0" = "a")))),
               "one name for each of its outputs", class = "bertfit_error_checkpoint")
})

test_that("it survives saveRDS() without its folder, in another session, and bert_save() and bert_export()", {
  folder <- classifier_folder("multiclass")
  model <- bert_load(folder)
  expected <- as.list(predict(model, texts, precision = "float32"))
  file <- withr::local_tempfile(fileext = ".rds")
  saveRDS(model, file)
  exported <- withr::local_tempfile()
  bert_export(model, exported, format = "huggingface")
  unlink(folder, recursive = TRUE)
  lines <- run_r(paste0("
    library(bertfit)
    model <- readRDS(", deparse(file), ")
    cat(model$path, predict(model, ", paste(deparse(texts), collapse = ""), ", precision = 'float32')$.pred_bad, sep = '\\n')"))
  expect_identical(lines[length(lines) - 3], folder)
  expect_equal(as.numeric(utils::tail(lines, 3)), expected$.pred_bad, tolerance = 1e-5)
  saved <- withr::local_tempfile()
  bert_save(model, saved)
  for (again in list(bert_load(saved), bert_load(exported))) {
    expect_s3_class(again, "bert_fit")
    expect_equal(as.list(predict(again, texts, precision = "float32")), expected, tolerance = 1e-5)
  }
  expect_match(paste(capture.output(print(bert_load(saved))), collapse = "\n"), "from        bertfit bundle.*elsewhere")
})

test_that("bert_fit() goes on with its head and labels", {
  data <- toy_data()
  model <- bert_load(classifier_folder("multiclass"))
  data$kind <- as.character(data$kind)
  some <- data[data$kind != "bad", ]
  start <- bert_evaluate(model, some, target = "kind")$metrics
  kept <- bert_fit(some, text = "text", target = "kind", model = model, head = "keep",
                   control = quick_control())
  expect_identical(kept$labels, model$labels)
  expect_identical(kept$head, model$head)
  expect_identical(nrow(kept$history), 1L)
  # One epoch of a fitted head goes on from what it knows; a fresh one starts from nothing.
  expect_gt(bert_evaluate(kept, some)$metrics[["accuracy"]], start[["accuracy"]] - 0.05)
  fresh <- bert_fit(data, text = "text", target = "kind", model = model, control = quick_control())
  expect_gt(fresh$metrics$loss, 2 * kept$metrics$loss)

  data$kind[1] <- "great"
  expect_error(bert_fit(data, text = "text", target = "kind", model = model, head = "keep"),
               "Unknown: \"great\".*\n.*Known: \"awful\", \"bad\", \"good\"", class = "bertfit_error_data")
  expect_error(bert_fit(data, text = "text", target = "kind", model = model, head = "keep", task = "binary"),
               "must be the model's task", class = "bertfit_error_argument")
  expect_error(bert_fit(toy_data(), text = "text", target = "kind", model = toy_model(), head = "keep"),
               "`model` must be fitted where `head = \"keep\"`", class = "bertfit_error_argument")
  expect_error(bert_fit(toy_data(), text = "text", target = "kind", model = model, head = "kept"),
               "bert_head", class = "bertfit_error_argument")
})

test_that("the columns of a multilabel target are found by the names of the labels", {
  data <- toy_data()
  data$a <- data$target
  data$b <- rep(c(0, 0, 1, 1), length.out = nrow(data))
  model <- bert_load(classifier_folder("multilabel"))
  same <- lapply(list(c("a", "b"), c("b", "a")), function(target) {
    bert_fit(data, text = "text", target = target, model = model, head = "keep", control = quick_control())
  })
  expect_identical(same[[1]]$labels, c("a", "b"))
  expect_identical(predict(same[[1]], texts), predict(same[[2]], texts))
  expect_error(bert_fit(data, text = "text", target = c("a", "score"), model = model, head = "keep"),
               "The model has `a`, `b`.*\n.*The target has `a`, `score`", class = "bertfit_error_data")
})

test_that("data frame, data.table, tibble, formula and `data` are the same fit", {
  model <- toy_model()
  data <- toy_data()
  control <- toy_control()
  expected <- predict(bert_fit(data, "text", "target", model, control = control), data)
  expect_named(expected, c(".pred_0", ".pred_1"))
  expect_identical(nrow(expected), 48L)
  same <- function(fit) expect_equal(predict(fit, data), expected, tolerance = 1e-5)
  same(bert_fit(data.table::as.data.table(data), text = "text", target = "target", model = model, control = control))
  same(bert_fit(target ~ text, data, model, control = control))
  same(bert_fit(data = data, target ~ text, model = model, control = control))
  same(bert_fit(data = data, text = "text", target = "target", model = model, control = control))
  same(bert_fit(data = data, "text", "target", model, control = control))
})

test_that("settings may stand in the call", {
  fit <- bert_fit(toy_data(), "text", "target", toy_model(), epochs = 1, batch_size = 8, max_len = 12, seed = 3,
                  validation = 0, verbose = 0)
  expect_identical(nrow(fit$history), 1L)
  expect_identical(fit$control$batch_size, 8)
  expect_equal(fit$seed, 3)
  expect_equal(fit$record$max_len, 12)
  expect_equal(fit$record$rows, 48)
  expect_error(bert_fit(toy_data(), "text", "target", toy_model(), epoch = 1), class = "bertfit_error_argument")
})

test_that("the model given is left as it is, and can be fitted again", {
  model <- toy_model()
  before <- bert_embed(model, "the day is good")
  fit <- bert_fit(toy_data(), "text", "target", model, control = toy_control())
  expect_identical(bert_embed(model, "the day is good"), before)
  expect_false(isTRUE(all.equal(bert_embed(fit, "the day is good"), before)))
  expect_s3_class(fit, c("bert_fit", "bert_model"), exact = TRUE)
})

test_that("one seed gives one model", {
  fits <- lapply(c(5, 5, 6), function(seed) {
    bert_fit(toy_data(), "text", "target", toy_model(), control = toy_control(seed = seed))
  })
  expect_identical(predict(fits[[1]], toy_data()), predict(fits[[2]], toy_data()))
  expect_false(identical(predict(fits[[1]], toy_data()), predict(fits[[3]], toy_data())))
})

test_that("every task is fitted as it was read", {
  expect_identical(toy_fit("multiclass")[c("task", "labels")], list(task = "multiclass", labels = c("awful", "bad", "good")))
  expect_identical(toy_fit("regression")[c("task", "labels")], list(task = "regression", labels = "score"))
  expect_identical(toy_fit("multilabel")$columns$target, c("a", "b"))
  fit <- bert_fit(cbind(a, b) ~ text, data.frame(text = toy_data()$text, a = toy_data()$target, b = c(0, 0, 1, 1)),
                  toy_model(), control = toy_control())
  expect_identical(fit[c("task", "labels")], list(task = "multilabel", labels = c("a", "b")))
})

test_that("a validation data frame is watched and not trained on", {
  data <- toy_data()
  watched <- transform(toy_data(20), target = 1 - target)
  control <- bert_control(epochs = 12, batch_size = 8, learning_rate = 0.01, max_len = 16, validation = watched,
                          restore_best = FALSE, precision = "float32", seed = 1, verbose = 0)
  fit <- bert_fit(data, "text", "target", toy_model(), control = control)
  expect_equal(fit$record$rows, 48)
  expect_equal(fit$record$validation_rows, 20)
  expect_identical(nrow(fit$control$validation), 0L) # remembered, without its rows
  last <- as.data.frame(fit$history)[12, ]
  expect_identical(c(last$accuracy, last$val_accuracy), c(1, 0)) # every label there is turned round
  expect_error(bert_fit(data, "text", "kind", toy_model(), validation = transform(watched, kind = "odd")),
               class = "bertfit_error_data")
})

test_that("weights decide what is learnt", {
  data <- toy_data()
  both <- rbind(data, transform(data, target = 1 - target))
  both$w <- rep(c(1, 0), each = nrow(data))
  control <- function(...) toy_control(epochs = 12, ...)
  by_vector <- bert_fit(both, "text", "target", toy_model(), control = control(sample_weights = both$w))
  by_name <- bert_fit(both, "text", "target", toy_model(), control = control(sample_weights = "w"))
  expect_identical(as.character(predict(by_vector, data, type = "class")$.pred_class), as.character(data$target))
  expect_equal(predict(by_name, data), predict(by_vector, data), tolerance = 1e-5)
  only_awful <- control(class_weights = c(awful = 1, bad = 0, good = 0))
  one_sided <- bert_fit(data, "text", "kind", toy_model(), control = only_awful)
  expect_true(all(predict(one_sided, data, type = "class")$.pred_class == "awful"))
  expect_error(bert_fit(data, "text", "target", toy_model(), sample_weights = 1:3), class = "bertfit_error_data")
})

test_that("levels without rows keep their probability, balanced weights too", {
  data <- toy_data()
  data$kind <- factor(data$kind, levels = c("awful", "bad", "good", "unheard"))
  expect_warning(
    fit <- bert_fit(data, "text", "kind", toy_model(), control = toy_control(class_weights = "balanced")),
    class = "bertfit_warning_levels"
  )
  predicted <- predict(fit, data[1, ])
  expect_named(predicted, paste0(".pred_", levels(data$kind)))
  expect_equal(sum(predicted), 1, tolerance = 1e-6)
  expect_length(fit$history$loss, 2)
  expect_true(all(is.finite(fit$history$loss)))
})

test_that("wrong columns, rows and arguments are refused before Python is asked", {
  model <- structure(list(), class = "bert_model")
  data <- data.frame(text = c("a", NA, "b"), ok = c("a", "b", "c"), target = c(0, 1, 1), holes = c(1, NA, 0))
  expect_snapshot(error = TRUE, {
    bert_fit(data, "text", "target", model)
    bert_fit(data, "ok", "holes", model)
    bert_fit(data, "comment", "target", model)
    bert_fit(data, "ok", "label", model)
    bert_fit(data, "ok", "ok", model)
    bert_fit(data, "target", "ok", model)
    bert_fit(data, c("ok", "text"), "target", model)
    bert_fit(data[0, ], "ok", "target", model)
    bert_fit(data, "ok", "target", model, pair = "text")
    bert_fit(data, "ok", "target", 3)
    bert_fit(data, "ok", "target", model, epoch = 3)
    bert_fit(as.matrix(data), "ok", "target", model)
    bert_fit(text = "ok", target = "target", model = model)
    bert_fit(target ~ ok, as.list(data), model)
  })
})

test_that("settings out of range are Python's to refuse, as R errors", {
  expect_snapshot(error = TRUE, {
    bert_fit(toy_data(), "text", "target", toy_model(), epochs = 0)
    bert_fit(toy_data(), "text", "target", toy_model(), epochs = 2.5)
    bert_fit(toy_data(), "text", "target", toy_model(), max_len = 1000)
    bert_fit(toy_data(), "text", "target", toy_model(), head = bert_head(dropout = 2))
    bert_fit(toy_data(), "text", "target", toy_model(), class_weights = c(spam = 1))
  })
})

test_that("a fit says first what it fits, and a target with a class per row is told as such", {
  data <- toy_data()
  data$stars <- rep(1:4, 12)
  said <- character()
  withCallingHandlers(
    bert_fit(data, "text", "stars", toy_model(), epochs = 1, batch_size = 48, max_len = 12, freeze = "encoder"),
    bertfit_message_progress = function(m) {
      said <<- c(said, conditionMessage(m))
      tryInvokeRestart("muffleMessage")
    }
  )
  expect_identical(said[1], "Regression of `stars`")
  expect_match(said[2], "`stars` has 4 different values, all whole numbers", fixed = TRUE)
  expect_match(said[3], "^Training on 43 rows")

  data$text <- paste(data$text, seq_len(48))
  expect_snapshot(error = TRUE, bert_fit(data, text = "kind", target = "text", model = toy_model()))
})

test_that("a killed fit is resumed to the same weights, and a run is not replaced unasked", {
  model <- toy_model()
  data <- toy_data()
  folder <- file.path(withr::local_tempdir(), "run")
  fit <- function(...) bert_fit(data, "text", "target", model, ..., control = toy_control(epochs = 3, save_steps = 2))
  saved <- withr::local_tempfile(fileext = ".rds")
  settings <- unclass(toy_control(epochs = 3, save_steps = 2, verbose = 1))
  saveRDS(list(data = data, settings = settings[attr(settings, "given")]), saved)
  output <- run_r(sprintf( # the process kills itself after its second epoch
    'given <- readRDS("%s")
    control <- do.call(bertfit::bert_control, given$settings)
    withCallingHandlers(
      bertfit::bert_fit(given$data, "text", "target", bertfit::bert_load("%s"), control = control, checkpoint = "%s"),
      message = function(m) if (grepl("^Epoch 2", conditionMessage(m))) tools::pskill(Sys.getpid(), tools::SIGKILL)
    )
    cat("not killed")', saved, toy_folder(), folder
  ))
  expect_false("not killed" %in% output)
  expect_match(list.files(folder), "^state-0000000|^run.json$", all = TRUE)
  refusal <- expect_error(fit(checkpoint = folder), "must be a folder without a run", class = "bertfit_error_argument")
  expect_match(conditionMessage(refusal), "`resume` continues it; `overwrite` replaces it.*another `checkpoint` keeps it")
  whole <- fit()
  resumed <- fit(checkpoint = folder, resume = TRUE)
  expect_identical(predict(resumed, data), predict(whole, data))
  drop <- function(fit) as.data.frame(fit$history)[setdiff(names(fit$history), "seconds")]
  expect_identical(drop(resumed), drop(whole))
  expect_null(resumed$control$checkpoint)
  expect_false(resumed$control$resume)
  expect_identical(predict(fit(checkpoint = folder, resume = TRUE), data), predict(whole, data))
  changed <- expect_error(bert_fit(rev(data), "other", "target", model, checkpoint = folder, resume = TRUE,
                                   control = toy_control(epochs = 4)), class = "bertfit_error_argument")
  expect_match(conditionMessage(changed), "`epochs` was 3, now 4.*The training rows are not the same")
})

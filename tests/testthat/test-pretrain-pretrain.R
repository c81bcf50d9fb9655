# Pretraining from R: what comes back, that it learns, and that it goes wherever a model goes.

test_that("a pretrained model knows how it was made", {
  model <- toy_pretrained()
  expect_s3_class(model, c("bert_pretrained", "bert_model"), exact = TRUE)
  expect_identical(model$kind, "pretrained")
  expect_identical(model$steps, 300L)
  expect_equal(model$seed, 1)
  expect_identical(model$interrupted, FALSE)
  expect_identical(model$pretraining, list(mlm = "transform", nsp = "google"))
  history <- as.data.frame(model$history)
  expect_identical(history$epoch, 1:3)
  expect_equal(history$steps, c(100, 200, 300))
  expect_equal(history$loss, history$mlm_loss + history$nsp_loss)
  expect_true(all(paste0("val_", pretrain_curves) %in% names(history)))
  expect_identical(model$best_epoch, which.max(history$val_mlm_accuracy))
  expect_identical(model$control$steps_per_epoch, 100L)
})

test_that("the loss of hidden tokens falls, and their accuracy rises", {
  history <- toy_pretrained()$history
  expect_lt(history$mlm_loss[3], 0.7 * history$mlm_loss[1])
  expect_gt(history$mlm_accuracy[3], history$mlm_accuracy[1] + 0.2)
})

test_that("a seed gives the model; the model given stays as it was", {
  toy <- toy_corpus()
  start <- bert_init(toy$config, toy$vocab, seed = 2)
  before <- bert_embed(start, "the day")
  runs <- lapply(c(5, 5, 6), function(seed) bert_pretrain(start, toy$data, steps = 3, seed = seed, verbose = 0))
  expect_identical(bert_embed(start, "the day"), before)
  expect_identical(bert_embed(runs[[1]], "the day"), bert_embed(runs[[2]], "the day"))
  expect_false(isTRUE(all.equal(bert_embed(runs[[1]], "the day"), bert_embed(runs[[3]], "the day"))))
})

test_that("settings come from the dots or from `control`", {
  toy <- toy_corpus()
  start <- bert_init(toy$config, toy$vocab, seed = 2)
  control <- bert_pretrain_control(steps = 4, steps_per_epoch = 2, batch_size = 4, precision = "float32", verbose = 0)
  model <- bert_pretrain(start, toy$data$path, control = control, seed = 3, masking = "static")
  expect_identical(nrow(model$history), 2L)
  expect_identical(model$control$masking, "static")
  expect_identical(model$precision, "float32")
  expect_error(bert_pretrain(start, toy$data, stepz = 4), "`steps`", class = "bertfit_error_argument")
  expect_error(bert_pretrain(start, toy$data, control = control, steps = 4), "once", class = "bertfit_error_argument")
  expect_error(bert_pretrain(start, toy$data, control = bert_control()), "bert_pretrain_control",
               class = "bertfit_error_argument")
  expect_error(bert_pretrain(start, toy$data, monitor = "auc", verbose = 0), "monitor", class = "bertfit_error_argument")
})

test_that("heads take the form that was asked for, and those of the model else", {
  toy <- toy_corpus()
  plain <- bert_pretrain(bert_init(toy$config, toy$vocab, seed = 2), toy$data, steps = 2, verbose = 0,
                         heads = c(mlm = "tied", nsp = "plain"))
  expect_identical(plain$pretraining, list(mlm = "tied", nsp = "plain"))
  again <- bert_pretrain(plain, toy$data, steps = 2, verbose = 0)
  expect_identical(again$pretraining, plain$pretraining)
  expect_error(bert_pretrain(plain, toy$data, steps = 2, verbose = 0, heads = c(mlm = "transform")),
               class = "bertfit_error_argument")
  expect_error(bert_pretrain(plain, toy$data, heads = "tied"), "`heads`", class = "bertfit_error_argument")
})

test_that("a pretrained model survives saveRDS() into a fresh session, and bert_save()", {
  model <- toy_pretrained()
  text <- "the day is [MASK] ."
  expected <- bert_fill_mask(text, model)
  path <- withr::local_tempfile(fileext = ".rds")
  saveRDS(model, path)
  result <- withr::local_tempfile(fileext = ".rds")
  output <- run_r(sprintf('saveRDS(bertfit::bert_fill_mask("%s", readRDS("%s")), "%s")', text, path, result))
  expect_true(file.exists(result), info = paste(output, collapse = "\n"))
  expect_equal(readRDS(result)$probability, expected$probability, tolerance = 1e-5)
  loaded <- bert_load(bert_save(model, file.path(withr::local_tempdir(), "saved")))
  expect_s3_class(loaded, "bert_pretrained")
  expect_identical(as.data.frame(loaded$history), as.data.frame(model$history))
  expect_identical(unclass(loaded$control), unclass(model$control))
  expect_equal(bert_fill_mask(text, loaded), expected)
})

test_that("bert_fit() takes a pretrained model and drops its heads", {
  fit <- bert_fit(toy_data(), "text", "target", toy_pretrained(), control = toy_control(epochs = 8))
  expect_s3_class(fit, c("bert_fit", "bert_model"), exact = TRUE)
  expect_null(fit$pretraining)
  expect_gt(bert_evaluate(fit, toy_data())$metrics[["accuracy"]], 0.9)
  expect_error(bert_fill_mask("[MASK]", fit), class = "bertfit_error_argument")
})

test_that("an interrupted run that is resumed ends in the same weights", {
  toy <- toy_corpus()
  start <- bert_init(toy$config, toy$vocab, seed = 2)
  settings <- bert_pretrain_control(steps = 12, steps_per_epoch = 4, batch_size = 8, seed = 3, verbose = 0)
  whole <- bert_pretrain(start, toy$data, control = settings)
  folder <- file.path(withr::local_tempdir(), "run")
  # the listener says "interrupt" once, in the second epoch
  local({
    seen <- 0
    local_function("fit_progress", function(verbose) function(event) {
      if (event$event == "epoch") seen <<- seen + 1
      if (seen == 1 && event$event == "step") "interrupt"
    })
    cut <- bert_pretrain(start, toy$data, control = settings, out_dir = folder)
    expect_true(cut$interrupted)
    expect_lt(cut$steps, 12)
    expect_output(print(cut), "interrupted")
  })
  done <- bert_pretrain(start, toy$data, control = settings, out_dir = folder, resume = TRUE)
  expect_identical(done$steps, 12L)
  expect_identical(bert_embed(done, "the day"), bert_embed(whole, "the day"))
  expect_true(all(c("best", "last") %in% list.files(folder)))
  expect_identical(bert_embed(bert_load(file.path(folder, "last")), "the day"), bert_embed(whole, "the day"))
})

test_that("a folder with a run is refused; a run opens as its best model, and that is said", {
  toy <- toy_corpus()
  start <- bert_init(toy$config, toy$vocab, seed = 2)
  folder <- file.path(withr::local_tempdir(), "run")
  run <- function(...) bert_pretrain(start, toy$data, steps = 4, steps_per_epoch = 2, verbose = 0, ..., out_dir = folder)
  first <- run(seed = 1)
  expect_identical(first$control$monitor, "loss")
  expect_identical(first$best_epoch, which.min(first$history$loss))
  refusal <- expect_error(run(seed = 2), "must be a folder without a run", class = "bertfit_error_argument")
  expect_match(conditionMessage(refusal), "`resume` continues it; `overwrite` replaces it.*another `out_dir` keeps it")
  expect_identical(run(seed = 1, resume = TRUE)$steps, 4L)
  expect_message(opened <- bert_load(folder), "is opened, the model of epoch \\d, the best by loss",
                 class = "bertfit_message_run")
  expect_identical(opened$path, file.path(normalizePath(folder), "best"))
  expect_silent(bert_load(folder, quiet = TRUE))
  second <- run(seed = 2, overwrite = TRUE)
  expect_identical(bert_embed(bert_load(file.path(folder, "last")), "the day"), bert_embed(second, "the day"))
  expect_error(run(seed = 2, resume = TRUE, overwrite = TRUE), "`overwrite`", class = "bertfit_error_argument")
})

test_that("nothing to resume, wrong data and wrong arguments are refused", {
  expect_error(bert_pretrain(3, "data"), "`model` must be", class = "bertfit_error_argument")
  toy <- toy_corpus()
  expect_error(bert_pretrain("no-such-model", toy$data), "no model or folder", class = "bertfit_error_argument")
  start <- bert_init(toy$config, toy$vocab, seed = 2)
  expect_error(bert_pretrain(start, toy$data, resume = TRUE, verbose = 0), "`out_dir`",
               class = "bertfit_error_argument")
  expect_error(bert_pretrain(start, toy$data, resume = TRUE, out_dir = tempfile(), verbose = 0), "state",
               class = "bertfit_error_argument")
  expect_error(bert_pretrain(start, 3), "`data` must be pretraining data", class = "bertfit_error_argument")
  expect_error(bert_pretrain(start, "no/such/folder"), "no/such/folder", class = "bertfit_error_data")
  expect_error(bert_pretrain(start, toy$data, validation = tempfile()), "`validation` must exist",
               class = "bertfit_error_data")
  other <- toy_model() # another vocabulary
  expect_error(bert_pretrain(other, toy$data, verbose = 0), class = "bertfit_error_data")
})

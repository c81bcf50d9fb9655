# formula(), nobs() and update() of fits.

test_that("formula() is that of the fit, however its columns were named", {
  expect_identical(formula(toy_fit()), target ~ text, ignore_formula_env = TRUE)
  expect_identical(formula(toy_fit("multilabel")), cbind(a, b) ~ text, ignore_formula_env = TRUE)
  data <- toy_data()
  data$`a text` <- data$text
  fit <- bert_fit(data, "a text", "target", toy_model(), pair = "other", control = quick_control())
  expect_identical(formula(fit), target ~ `a text` + other, ignore_formula_env = TRUE)
  loaded <- bert_load(bert_save(toy_fit(), file.path(withr::local_tempdir(), "fit")))
  expect_identical(formula(loaded), target ~ text, ignore_formula_env = TRUE)
  nameless <- toy_fit()
  nameless$columns <- nameless$formula <- NULL
  expect_error(formula(nameless), "columns with names", class = "bertfit_error_argument")
})

test_that("nobs() counts training rows", {
  expect_identical(nobs(toy_fit()), 36L) # 48, a quarter held out
  expect_identical(nobs(toy_pretrained()), as.integer(toy_corpus()$data$n))
})

test_that("update() makes the call again with what is changed", {
  data <- toy_data()
  model <- toy_model()
  fit <- bert_fit(target ~ text, data, model, epochs = 1, max_len = 16, seed = 1, freeze = "encoder",
                  verbose = 0)
  again <- update(fit)
  expect_identical(predict(again, data), predict(fit, data))
  more <- update(fit, epochs = 2, clip_norm = NULL)
  expect_identical(nrow(more$history), 2L)
  expect_null(more$control$clip_norm)
  expect_identical(predict(more, data), predict(bert_fit(target ~ text, data, model, epochs = 2, max_len = 16, seed = 1,
                                                         freeze = "encoder", clip_norm = NULL, verbose = 0), data))
  other <- update(fit, kind ~ . + other)
  expect_identical(other$task, "multiclass")
  expect_identical(other$columns[c("text", "pair", "target")], list(text = "text", pair = "other", target = "kind"))
  expect_identical(update(fit, log1p(target) ~ ., evaluate = FALSE)$formula, log1p(target) ~ text,
                   ignore_formula_env = TRUE)
  data <- data[1:20, ]
  expect_lt(nobs(update(again)), nobs(fit)) # the data are looked up again
})

test_that("every way to call bert_fit() can be updated", {
  data <- toy_data()
  model <- toy_model()
  control <- quick_control()
  fits <- list(
    bert_fit(data, "text", "target", model, control = control),
    bert_fit(data = data, text = "text", target = "target", model = model, control = control),
    bert_fit(data = data, "text", "target", model, control = control)
  )
  unattached <- new.env(parent = baseenv())
  for (fit in fits) {
    for (name in c("data", "model", "control", "fit")) unattached[[name]] <- get(name)
    expect_identical(evalq(stats::update(fit, target = "kind"), unattached)$task, "multiclass")
    expect_error(update(fit, kind ~ .), "not made by a formula", class = "bertfit_error_argument")
    expect_identical(nobs(update(fit, data = utils::head(data, 24))), 18L) # a quarter held out
  }
  inlined <- do.call(bert_fit, list(data, "text", "target", model, control = control))
  expect_lt(utils::object.size(inlined$call), 20000)
  expect_error(update(inlined), "`x` must be given again", class = "bertfit_error_argument")
  expect_identical(update(inlined, x = data, model = model, task = "binary")$task, "binary")
  mapped <- lapply(list(data), bert_fit, "text", "target", model, control = control)[[1]]
  expect_error(update(mapped, x = data), "`model` must be given again", class = "bertfit_error_argument")
  expect_identical(update(mapped, x = data, model = model, control = control, target = "kind")$task, "multiclass")
  loaded <- bert_load(bert_save(fits[[1]], file.path(withr::local_tempdir(), "fit")))
  expect_error(update(loaded), "bert_load", class = "bertfit_error_argument")
  toy <- toy_corpus()
  start <- bert_init(toy$config, toy$vocab, seed = 1)
  pretrained <- bert_pretrain(start, toy$data, steps = 2, seed = 1, verbose = 0)
  expect_identical(update(pretrained, steps = 3)$steps, 3L)
  inlined <- do.call(bert_pretrain, list(start, toy$data, steps = 2, seed = 1, verbose = 0))
  expect_identical(update(inlined, model = start, data = toy$data, steps = 3)$steps, 3L)
})

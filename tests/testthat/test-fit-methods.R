test_that("glance() is one row about the fit", {
  fit <- toy_fit()
  row <- glance(fit)
  expect_identical(nrow(row), 1L)
  expect_identical(row$task, "binary")
  expect_identical(row$n, 36L)
  expect_identical(row$epochs, 12L)
  expect_identical(row$best_epoch, fit$best_epoch)
  expect_identical(row$val_loss, min(fit$history$val_loss))
  expect_false(row$interrupted)
})

test_that("tidy() of a fit is its history", {
  fit <- toy_fit()
  long <- tidy(fit)
  expect_identical(long$value[long$metric == "loss" & long$data == "train"], fit$history$loss)
})

test_that("augment() binds predictions to the data, in its class", {
  fit <- toy_fit()
  data <- toy_data(6)
  wide <- augment(fit, data)
  expect_identical(wide[names(data)], data)
  expect_identical(wide$.pred_class, predict(fit, data, type = "class")$.pred_class)
  expect_identical(wide$.pred_1, predict(fit, data)$.pred_1)
  expect_s3_class(augment(fit, data.table::as.data.table(data)), "data.table")
  expect_identical(names(augment(toy_fit("regression"), data)), c(names(data), ".pred"))
  for (kind in c("multiclass", "multilabel")) {
    classes <- predict(toy_fit(kind), data, type = "class")
    expect_identical(augment(toy_fit(kind), data)[names(classes)], classes)
  }
  expect_identical(augment(fit, newdata = data), wide)
  expect_identical(rownames(augment(fit, data[c(4, 2), ])), c("4", "2"))
  keyed <- data.table::as.data.table(data)
  data.table::setkeyv(keyed, c("score", "text"))
  before <- data.table::copy(keyed)
  expect_identical(data.table::key(augment(fit, keyed)), c("score", "text"))
  expect_null(data.table::key(augment(fit, data.table::as.data.table(data))))
  expect_identical(keyed, before)
  expect_snapshot(error = TRUE, {
    augment(fit)
    augment(fit, "a")
    augment(fit, wide)
  })
})

test_that("a fitted model prints its task, formula, rows, epochs and best measures", {
  fit <- toy_fit()
  lines <- capture.output(print(fit))
  expect_identical(lines[1:2], c("<bert_fit> toy, binary: 0, 1", "  formula     target ~ text"))
  expect_match(lines[3], "^  trained on  36 rows in ")
  expect_match(lines[4], "^  epochs      12, best [0-9]+$")
  expect_match(lines[5], "^  best        val_loss ")
  expect_identical(lines[length(lines)], "  seed        1")
  interrupted <- fit
  interrupted$interrupted <- TRUE
  expect_match(capture.output(print(interrupted))[4], "interrupted$")
})

test_that("columns print as the formula that names them", {
  expect_identical(columns_text(list(text = "comment text", target = "y")), "y ~ `comment text`")
  expect_identical(columns_text(list(text = "t", target = c("a", "b c"), pair = "p")), "cbind(a, `b c`) ~ t + p")
})

test_that("tidy() and glance() give tables of the caller's class", {
  data <- toy_data()
  tibble <- structure(as.list(data), row.names = seq_len(48), class = c("tbl_df", "tbl", "data.frame"))
  given <- list("data.frame" = data, "data.table" = data.table::as.data.table(data), tbl_df = tibble)
  expected <- list("data.frame" = "data.frame", "data.table" = c("data.table", "data.frame"),
                   tbl_df = c("tbl_df", "tbl", "data.frame"))
  for (kind in names(given)) {
    fit <- bert_fit(given[[kind]], "text", "target", toy_model(), control = quick_control())
    evaluation <- bert_evaluate(toy_fit(), given[[kind]])
    regression <- bert_evaluate(toy_fit("regression"), given[[kind]])
    for (object in list(fit, evaluation, regression)) {
      expect_identical(class(tidy(object)), expected[[kind]])
      expect_identical(class(glance(object)), expected[[kind]])
    }
    expect_identical(class(tidy(fit$history)), expected[[kind]])
    expect_identical(as.list(as.data.frame(tidy(evaluation))), as.list(tidy(bert_evaluate(toy_fit(), data))))
    expect_identical(nrow(glance(fit)), 1L)
  }
  file <- withr::local_tempfile()
  saveRDS(fit, file)
  expect_identical(class(glance(readRDS(file))), expected$tbl_df)
  expect_identical(class(tidy(bert_load(bert_save(fit, file.path(withr::local_tempdir(), "fit"))))), "data.frame")
  expect_identical(class(tidy(toy_pretrained())), "data.frame")
  expect_identical(class(glance(toy_pretrained())), "data.frame")
  expect_identical(class(tidy(bert_evaluate(toy_fit(), toy_data()$text, target = toy_data()$target))), "data.frame")
})

test_that("augment() keeps rows without a text where asked, and its errors are its own", {
  data <- toy_data(4)
  data$text[3] <- NA
  for (kind in c("binary", "multiclass", "multilabel", "regression")) {
    fit <- toy_fit(kind)
    expect_message(got <- augment(fit, data, na_action = "keep"), "1 of 4 rows has no text",
                   class = "bertfit_message_missing")
    new <- setdiff(names(got), names(data))
    expect_true(all(is.na(got[3, new])))
    expect_equal(got[-3, ], augment(fit, data[-3, ]))
  }
  error <- tryCatch(augment(toy_fit(), data), error = identity)
  expect_s3_class(error, "bertfit_error_data")
  expect_identical(rlang::format_error_call(error$call), "`augment()`")
  expect_match(conditionMessage(error), "Row 3 is NA")
})

test_that("augment() takes a threshold, and refuses what predict() does not know", {
  data <- toy_data()
  p <- predict(toy_fit(), data)$.pred_1
  got <- augment(toy_fit(), data, threshold = median(p))
  expect_identical(got$.pred_class, predict(toy_fit(), data, type = "class", threshold = median(p))$.pred_class)
  expect_error(augment(toy_fit("multiclass"), data, threshold = 0.2), "`threshold` must be left out",
               class = "bertfit_error_argument")
  expect_error(augment(toy_fit(), data, size = 3), "Not known: `size`", class = "bertfit_error_argument")
})

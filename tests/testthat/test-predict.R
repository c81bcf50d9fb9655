test_that("binary predictions agree with each other", {
  fit <- toy_fit()
  data <- toy_data()
  prob <- predict(fit, data)
  link <- predict(fit, data, type = "link")
  class <- predict(fit, data, type = "class")
  expect_named(prob, c(".pred_0", ".pred_1"))
  expect_named(link, ".pred_link")
  expect_equal(prob$.pred_1, plogis(link$.pred_link))
  expect_equal(prob$.pred_0 + prob$.pred_1, rep(1, nrow(data)))
  expect_identical(class$.pred_class, factor(ifelse(prob$.pred_1 >= 0.5, "1", "0"), levels = c("0", "1")))
  # The toy learns its one word, so the classes are the data's own.
  expect_identical(as.character(class$.pred_class), as.character(data$target))
})

test_that("multiclass predictions agree with each other", {
  fit <- toy_fit("multiclass")
  data <- toy_data()
  prob <- as.matrix(predict(fit, data))
  link <- as.matrix(predict(fit, data, type = "link"))
  class <- predict(fit, data, type = "class")$.pred_class
  expect_identical(colnames(prob), paste0(".pred_", levels(data$kind)))
  expect_identical(colnames(link), paste0(".pred_link_", levels(data$kind)))
  expect_equal(unname(prob), unname(exp(link) / rowSums(exp(link))), tolerance = 1e-6)
  expect_identical(class, factor(levels(data$kind)[max.col(prob)], levels = levels(data$kind)))
})

test_that("multilabel predictions have a column per label", {
  fit <- toy_fit("multilabel")
  prob <- predict(fit, toy_data())
  class <- predict(fit, toy_data(), type = "class")
  expect_named(prob, c(".pred_a", ".pred_b"))
  expect_named(class, c(".pred_class_a", ".pred_class_b"))
  expect_identical(class$.pred_class_a, as.integer(prob$.pred_a >= 0.5))
  expect_equal(prob$.pred_a, plogis(predict(fit, toy_data(), type = "link")$.pred_link_a))
})

test_that("a regression predicts on the scale of its target", {
  fit <- toy_fit("regression")
  data <- toy_data()
  predicted <- predict(fit, data)
  expect_named(predicted, ".pred")
  expect_lt(sqrt(mean((predicted$.pred - data$score)^2)), 5) # the target's own spread is 10
  expect_error(predict(fit, data, type = "prob"), class = "bertfit_error_argument")
  expect_error(predict(toy_fit(), data, type = "numeric"), class = "bertfit_error_argument")
})

test_that("predictions have the class of the rows given", {
  fit <- toy_fit()
  data <- toy_data(4)
  expect_identical(class(predict(fit, data)), "data.frame")
  expect_identical(class(predict(fit, data.table::as.data.table(data))), c("data.table", "data.frame"))
  expect_identical(class(predict(fit, data$text)), c("data.table", "data.frame"))
  skip_if_not_installed("tibble")
  expect_identical(class(predict(fit, tibble::as_tibble(data))), c("tbl_df", "tbl", "data.frame"))
})

test_that("a data frame keeps its row names", {
  data <- toy_data(6)[c(5, 2), ]
  expect_identical(rownames(predict(toy_fit(), data)), c("5", "2"))
  rownames(data) <- c("b", "a")
  expect_identical(rownames(predict(toy_fit(), data, type = "class")), c("b", "a"))
})

test_that("rows keep their order, and repeats, single rows and factors are rows", {
  fit <- toy_fit()
  texts <- c("the day is good", "a very awful day is not very good", "bad", "the day is good")
  whole <- predict(fit, texts)$.pred_1
  expect_identical(whole[1], whole[4])
  expect_equal(rev(predict(fit, rev(texts))$.pred_1), whole)
  expect_equal(predict(fit, texts[2])$.pred_1, whole[2], tolerance = 1e-5)
  expect_identical(predict(fit, factor(texts))$.pred_1, whole)
  expect_identical(predict(fit, data.frame(text = factor(texts)))$.pred_1, whole)
})

test_that("no rows give no rows, with the columns", {
  empty <- predict(toy_fit(), toy_data()[0, ])
  expect_identical(dim(empty), c(0L, 2L))
  expect_named(empty, c(".pred_0", ".pred_1"))
  expect_identical(levels(predict(toy_fit(), character(), type = "class")$.pred_class), c("0", "1"))
})

test_that("rows that cannot be predicted are refused", {
  fit <- toy_fit()
  invalid <- "caf\xe9"
  Encoding(invalid) <- "UTF-8"
  expect_snapshot(error = TRUE, {
    predict(fit, data.frame(comment = "a"))
    predict(fit, c("a", NA, "b", NA))
    predict(fit, data.frame(text = c("a", NA)))
    predict(fit, c("a", invalid))
    predict(fit, 1:3)
    predict(fit, "a", type = "probs")
    predict(fit, "a", kind = "prob")
    predict(fit, "a", batch_size = 0)
  })
  expect_error(predict(fit), "`newdata` must be given", class = "bertfit_error_argument")
  expect_error(predict(fit, "a", new_data = "a"), "`new_data` must be left out", class = "bertfit_error_argument")
  expect_error(predict(fit, c("a", NA)), class = "bertfit_error_data")
  expect_error(predict(fit, data.frame(comment = "a")), class = "bertfit_error_argument")
})

test_that("a model that knows no column names takes a character vector only", {
  fit <- toy_fit()
  fit$columns <- list() # as bertfit.fit(None, texts, ...) in Python leaves it
  expect_error(predict(fit, toy_data()), "`newdata` must be a character vector", class = "bertfit_error_argument")
  expect_identical(nrow(predict(fit, c("one text", "another"))), 2L)
})

test_that("rows may be given as new_data", {
  fit <- toy_fit()
  expect_identical(predict(fit, new_data = toy_data(4)), predict(fit, toy_data(4)))
  expect_identical(predict(fit, new_data = "a good day", type = "class"), predict(fit, "a good day", type = "class"))
})

test_that("missing texts stay in place with missing predictions, and are counted", {
  data <- toy_data(6)
  data$text[c(2, 5)] <- NA
  rownames(data) <- letters[1:6]
  for (kind in c("binary", "multiclass", "multilabel", "regression")) {
    fit <- toy_fit(kind)
    for (type in if (kind == "regression") "numeric" else c("prob", "class", "link")) {
      expect_message(got <- predict(fit, data, type = type, na_action = "keep"),
                     "^2 of 6 rows have no text: the predictions are NA", class = "bertfit_message_missing")
      plain <- predict(fit, data[-c(2, 5), ], type = type)
      expect_identical(got[-c(2, 5), , drop = FALSE], plain)
      expect_true(all(is.na(got[c(2, 5), ])))
      expect_identical(lapply(got, class), lapply(plain, class))
    }
  }
  expect_message(none <- predict(toy_fit(), NA, na_action = "keep"), "1 of 1 row has", class = "bertfit_message_missing")
  expect_identical(none$.pred_1, NA_real_)
  expect_no_message(predict(toy_fit(), data$text[1], na_action = "keep"))
  expect_error(predict(toy_fit(), data, na_action = "error"), "Rows 2, 5 are NA", class = "bertfit_error_data")
  expect_error(predict(toy_fit(), data, na_action = "omit"), "`na_action`", class = "bertfit_error_argument")
})

test_that("a threshold decides the classes of binary and multilabel models", {
  data <- toy_data()
  p <- predict(toy_fit(), data)$.pred_1
  expect_identical(predict(toy_fit(), data, type = "class", threshold = median(p))$.pred_class,
                   factor(as.integer(p >= median(p)), levels = c("0", "1")))
  p <- predict(toy_fit("multilabel"), data)
  got <- predict(toy_fit("multilabel"), data, type = "class", threshold = 0.9)
  expect_identical(got$.pred_class_b, as.integer(p$.pred_b >= 0.9))
  expect_error(predict(toy_fit("multiclass"), data, type = "class", threshold = 0.2),
               "`threshold` must be left out for a multiclass model", class = "bertfit_error_argument")
  expect_error(predict(toy_fit(), data, threshold = 0.2), 'must be left out unless type = "class"',
               class = "bertfit_error_argument")
  expect_error(predict(toy_fit(), data, type = "class", threshold = 2), "between 0 and 1",
               class = "bertfit_error_argument")
})

test_that("cut texts are counted in a message of its own class", {
  long <- strrep("the day is very good ", 10)
  expect_message(predict(toy_fit(), c("bad", long, long)), "^2 of 3 rows were longer than 16 tokens and were cut\\.",
                 class = "bertfit_message_truncated")
  expect_message(bert_embed(toy_model(), long), "1 of 1 row was longer than 32 tokens",
                 class = "bertfit_message_truncated")
  expect_message(bert_evaluate(toy_fit(), c("bad", long), target = c(0, 1)), "1 of 2 rows was longer",
                 class = "bertfit_message_truncated")
  told <- rlang::catch_cnd(predict(toy_fit(), long), "bertfit_message")
  expect_identical(c(told$n, told$of), c(1L, 1L))
  expect_no_message(suppressMessages(predict(toy_fit(), long), classes = "bertfit_message_truncated"))
  expect_no_message(predict(toy_fit(), "bad"))
})

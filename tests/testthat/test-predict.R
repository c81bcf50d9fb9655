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
  texts <- c("the day is good", "a very long and awful day is not good at all", "bad", "the day is good")
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
  expect_error(predict(fit, new_data = "a"), "`new_data`", class = "bertfit_error_argument")
  expect_error(predict(fit, c("a", NA)), class = "bertfit_error_data")
  expect_error(predict(fit, data.frame(comment = "a")), class = "bertfit_error_argument")
})

test_that("a model that knows no column names takes a character vector only", {
  fit <- toy_fit()
  fit$columns <- list() # as bertfit.fit(None, texts, ...) in Python leaves it
  expect_error(predict(fit, toy_data()), "`newdata` must be a character vector", class = "bertfit_error_argument")
  expect_identical(nrow(predict(fit, c("one text", "another"))), 2L)
})

# Area under the ROC curve as the share of pairs in the right order: an oracle without thresholds.
pairs_auc <- function(truth, score) {
  differences <- outer(score[truth == 1], score[truth == 0], "-")
  mean((differences > 0) + 0.5 * (differences == 0))
}

test_that("binary measures are those of their definitions", {
  fit <- toy_fit()
  data <- toy_data()
  data$target[c(1, 2, 5)] <- 1 - data$target[c(1, 2, 5)] # so that something is wrong
  p <- predict(fit, data)$.pred_1
  y <- data$target
  result <- bert_evaluate(fit, data)
  said <- as.numeric(p >= 0.5)
  expect_equal(result$metrics[["accuracy"]], mean(said == y))
  expect_equal(result$metrics[["log_loss"]], -mean(y * log(p) + (1 - y) * log(1 - p)))
  expect_equal(result$metrics[["auc"]], pairs_auc(y, p))
  expect_equal(result$metrics[["brier"]], mean((p - y)^2))
  expect_equal(unclass(result$confusion), unclass(table(truth = y, predicted = said)), ignore_attr = TRUE)
  precision <- c(mean(y[said == 0] == 0), mean(y[said == 1] == 1))
  recall <- c(mean(said[y == 0] == 0), mean(said[y == 1] == 1))
  f1 <- 2 * precision * recall / (precision + recall)
  expect_equal(result$per_class$precision, precision)
  expect_equal(result$per_class$f1, f1)
  expect_equal(result$averages$f1[result$averages$average == "macro"], mean(f1))
  expect_equal(result$averages$f1[result$averages$average == "weighted"], weighted.mean(f1, c(sum(y == 0), sum(y == 1))))
})

test_that("the threshold moves the decision", {
  fit <- toy_fit()
  p <- predict(fit, toy_data())$.pred_1
  middle <- median(p)
  expect_equal(unname(colSums(bert_evaluate(fit, toy_data(), threshold = middle)$confusion)),
               c(sum(p < middle), sum(p >= middle)))
  expect_equal(unname(colSums(bert_evaluate(fit, toy_data(), threshold = max(p) + 1e-9)$confusion)), c(48, 0))
  expect_error(bert_evaluate(fit, toy_data(), threshold = 2), class = "bertfit_error_argument")
})

test_that("every task has its report", {
  multi <- bert_evaluate(toy_fit("multiclass"), toy_data())
  expect_identical(multi$per_class$label, c("awful", "bad", "good"))
  said <- predict(toy_fit("multiclass"), toy_data(), type = "class")$.pred_class
  expect_equal(unclass(multi$confusion), unclass(table(toy_data()$kind, said)), ignore_attr = TRUE)
  expect_equal(multi$metrics[["accuracy"]], mean(said == toy_data()$kind))
  data <- transform(toy_data(), a = target, b = c(0, 0, 1, 1))
  labels <- bert_evaluate(toy_fit("multilabel"), data)
  said <- predict(toy_fit("multilabel"), data, type = "class")$.pred_class_b
  expect_equal(labels$per_class$recall[2], mean(said[data$b == 1]))
  expect_null(labels$confusion)
  expect_identical(labels$per_class$label, c("a", "b"))
  number <- bert_evaluate(toy_fit("regression"), toy_data())
  expect_equal(number$metrics[["rmse"]], sqrt(mean((predict(toy_fit("regression"), toy_data())$.pred - toy_data()$score)^2)))
  expect_null(number$per_class)
})

test_that("the truth may be another column, a vector, a data frame or a matrix", {
  fit <- toy_fit()
  data <- toy_data()
  expected <- bert_evaluate(fit, data)$metrics
  expect_equal(expected[["accuracy"]], mean((predict(fit, data)$.pred_1 >= 0.5) == data$target))
  expect_equal(bert_evaluate(fit, transform(data, truth = target, target = NULL), target = "truth")$metrics, expected)
  expect_equal(bert_evaluate(fit, data$text, target = data$target)$metrics, expected)
  multi <- toy_fit("multilabel")
  labels <- data.frame(a = data$target, b = rep(c(0, 0, 1, 1), length.out = nrow(data)))
  expected <- bert_evaluate(multi, cbind(data["text"], labels))$metrics
  expect_equal(bert_evaluate(multi, data$text, target = labels)$metrics, expected)
  expect_equal(bert_evaluate(multi, data$text, target = as.matrix(labels))$metrics, expected)
})

test_that("rows that cannot be evaluated are refused", {
  fit <- toy_fit()
  multi <- toy_fit("multiclass")
  expect_snapshot(error = TRUE, {
    bert_evaluate(fit, data.frame(text = "a"))
    bert_evaluate(fit, "a")
    bert_evaluate(fit, c("a", "b"), target = 1)
    bert_evaluate(multi, data.frame(text = c("a", "b"), kind = c("good", "odd")))
    bert_evaluate(fit, data.frame(text = "a", target = NA))
    bert_evaluate(fit, toy_data(), treshold = 0.3)
  })
})

test_that("a report prints, and turns into tables", {
  report <- new_bert_evaluation(list(
    task = "binary", n = 4, labels = c("ham", "spam"), threshold = 0.5, overall = list(accuracy = 0.75, auc = NaN),
    per_class = list(label = c("ham", "spam"), precision = c(1, NaN), recall = c(0.5, 1), f1 = c(2 / 3, 0.8),
                     support = c(1200, 2)),
    averages = list(average = c("macro", "weighted"), precision = c(0.8, 0.8), recall = c(0.7, 0.7), f1 = c(0.7, 0.7),
                    support = c(1202, 1202)),
    confusion = matrix(c(1, 0, 1, 2), 2), notes = list("One thing is undefined.")
  ))
  expect_snapshot(report)
  expect_identical(as.data.frame(report)$label, c("ham", "spam"))
  long <- tidy(report)
  expect_identical(long$value[is.na(long$label) & long$metric == "accuracy"], 0.75)
  expect_identical(long$value[long$label %in% "spam" & long$metric == "recall"], 1)
  expect_identical(glance(report)[c("n", "accuracy")], data.frame(n = 4L, accuracy = 0.75))
})

test_that("a threshold is refused where nothing is decided by one", {
  for (kind in c("multiclass", "regression")) {
    expect_error(bert_evaluate(toy_fit(kind), toy_data(), threshold = 0.2), "`threshold` must be left out",
                 class = "bertfit_error_argument")
  }
})

test_that("groups are evaluated as if alone, in the class of the data and the order of their first rows", {
  fit <- toy_fit()
  data <- toy_data()
  data$lang <- rep(c("fr", "de", NA), length.out = 48)
  data$kind <- NULL
  data$long <- rep(c(TRUE, TRUE, FALSE, FALSE), 12)
  got <- bert_evaluate(fit, data, by = "lang")
  expect_identical(class(got), "data.frame")
  expect_identical(got$lang, c("fr", "de", NA))
  expect_identical(got$n, rep(16L, 3))
  for (i in 1:3) {
    alone <- bert_evaluate(fit, data[data$lang %in% got$lang[i], ])$metrics
    expect_equal(unlist(got[i, names(alone)]), alone, tolerance = 1e-6)
  }
  both <- bert_evaluate(fit, data.table::as.data.table(data), by = c("lang", "long"))
  expect_s3_class(both, "data.table")
  expect_identical(names(both)[1:3], c("lang", "long", "n"))
  expect_identical(c(nrow(both), sum(both$n)), c(6L, 48L))
  expect_identical(bert_evaluate(fit, new_data = data)$metrics, bert_evaluate(fit, data)$metrics)
})

test_that("groups that cannot be made are refused", {
  data <- transform(toy_data(8), auc = 1)
  expect_snapshot(error = TRUE, {
    bert_evaluate(toy_fit(), data, by = "language")
    bert_evaluate(toy_fit(), data, by = 2)
    bert_evaluate(toy_fit(), data, by = "auc")
    bert_evaluate(toy_fit(), data$text, target = data$target, by = "kind")
  })
})

test_that("a report has the points of its curves as data frames", {
  data <- toy_data()
  data$target[1:6] <- 1 - data$target[1:6]
  report <- bert_evaluate(toy_fit(), data)
  roc <- as.data.frame(report, what = "roc")
  expect_named(roc, c("label", "threshold", "fpr", "tpr"))
  area <- sum(diff(roc$fpr) * (utils::head(roc$tpr, -1) + utils::tail(roc$tpr, -1)) / 2)
  expect_equal(area, report$metrics[["auc"]])
  expect_equal(sum(as.data.frame(report, what = "calibration")$n), 48)
  expect_equal(sum(as.data.frame(report, what = "confusion")$n), 48)
  number <- bert_evaluate(toy_fit("regression"), data)
  expect_identical(as.data.frame(number, what = "points")$truth, data$score)
  expect_error(as.data.frame(number, what = "roc"), '"classes", "points"', class = "bertfit_error_argument")
})

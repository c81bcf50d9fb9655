test_that("durations and counts are written with units and separators", {
  expect_identical(seconds_text(0.04), "0.0 s")
  expect_identical(vapply(c(7.31, 59.4, 60, 131, 3725), seconds_text, ""),
                   c("7.3 s", "59 s", "1 min 00 s", "2 min 11 s", "1 h 02 min"))
  expect_identical(vapply(c(770, 12345, 22713216, 1.5e9), short_count, ""), c("770", "12.3k", "22.7M", "1.5B"))
  expect_identical(count(1, "row"), "1 row")
  expect_identical(count(1492, "row"), "1,492 rows")
})

test_that("names are quoted, and long lists of them shortened", {
  expect_identical(quoted(c("a", "b")), "`a`, `b`")
  expect_identical(quoted(letters[1:4], mark = "'", most = 2), "'a', 'b', and 2 more")
})

test_that("measures are written with four significant digits", {
  expect_identical(number_text(c(0.34211, 12.5, 0.9)), c("0.3421", "12.50", "0.9000"))
  expect_identical(measures_text(c(loss = 0.5, auc = 0.98765)), "loss 0.5000, auc 0.9877")
})

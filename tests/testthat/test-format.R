test_that("durations and counts read well", {
  expect_identical(seconds_text(0.04), "0.0 s")
  expect_identical(vapply(c(7.31, 59.4, 60, 131, 3725), seconds_text, ""),
                   c("7.3 s", "59 s", "1 min 00 s", "2 min 11 s", "1 h 02 min"))
  expect_identical(vapply(c(770, 12345, 22713216, 1.5e9), short_count, ""), c("770", "12.3k", "22.7M", "1.5B"))
  expect_identical(count(1, "row"), "1 row")
  expect_identical(count(1492, "row"), "1,492 rows")
})

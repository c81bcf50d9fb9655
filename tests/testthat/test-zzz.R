test_that("loading is quick, silent, and touches neither Python nor reticulate", {
  lines <- run_r(c(
    # processor time, so that a busy machine does not count
    "time <- sum(system.time(output <- capture.output(library(bertfit), type = 'message'))[1:2])",
    "cat(length(output), isNamespaceLoaded('reticulate'), time < 0.5, sep = '\\n')"
  ))
  # Debian's reticulate 1.28 is left alone; from 1.41 on it is told what Python needs.
  expect_identical(lines[1], "0")
  expect_identical(lines[2], as.character(utils::packageVersion("reticulate") >= "1.41"))
  expect_identical(lines[3], "TRUE")
})

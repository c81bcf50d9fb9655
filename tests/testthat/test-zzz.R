test_that("loading is quick, silent, and touches neither Python nor reticulate", {
  lines <- run_r(c(
    # processor time, so that a busy machine does not count
    "time <- sum(system.time(output <- capture.output(library(bertfit), type = 'message'))[1:2])",
    "cat(length(output), isNamespaceLoaded('reticulate'), time < 0.3, sep = '\\n')"
  ))
  expect_identical(lines, c("0", "FALSE", "TRUE"))
})

test_that("what Python needs is declared to reticulate, whichever of both is loaded first", {
  skip_if_not(has_py_require(), "reticulate before 1.41 takes no requirements")
  declared <- "cat('keras-bert==0.89.0' %in% reticulate::py_require()$packages, reticulate::py_available(), '\\n')"
  for (order in c("library(bertfit); library(reticulate)", "library(reticulate); library(bertfit)")) {
    expect_identical(run_r(c(order, declared)), "TRUE FALSE ")
  }
})

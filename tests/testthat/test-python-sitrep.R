test_that("the report names every part", {
  skip_if_no_python()
  output <- capture.output(report <- bert_sitrep())
  expect_s3_class(report, "bert_sitrep")
  for (part in c("R ", "reticulate", "Python", "TensorFlow", "tf_keras", "keras-bert", "device", "cache")) {
    expect_match(output, paste0("^", part), all = FALSE)
  }
  expect_match(output, "No problem found.", fixed = TRUE, all = FALSE)
  expect_identical(report$packages[["keras-bert"]], "0.89.0")
  expect_match(report$python_version, "^3\\.1[01]")
  expect_true(report$precision %in% c("float32", "bfloat16"))
  expect_identical(nrow(report$problems), 0L)
})

test_that("problems are listed with what to do, and Python stays off", {
  skip_on_cran()
  skip_if(utils::packageVersion("reticulate") >= "1.38", "this reticulate works with NumPy 2")
  path <- venv_python(fake_venv(replace(good_packages[-3], "numpy", "2.1.0")))
  lines <- run_r("library(bertfit); bert_sitrep()", env = c(RETICULATE_PYTHON = path))
  problem <- grep("^Problem: NumPy 2.1.0 does not work", lines)
  expect_length(problem, 1)
  expect_match(lines[problem + 1], "Do: .*numpy<2")
  expect_match(lines, "Problem: Python packages are missing: keras-bert.", fixed = TRUE, all = FALSE)
  expect_match(lines, "^keras-bert +not found", all = FALSE)
})

test_that("no environment, or one that is gone, is itself the problem, and nothing is started or downloaded", {
  skip_on_cran()
  empty <- tempfile("empty")
  dir.create(empty)
  home <- c(R_USER_DATA_DIR = empty, R_USER_CONFIG_DIR = empty)
  # A newer reticulate makes environments with the program that RETICULATE_UV names.
  uv <- file.path(empty, "uv")
  writeLines(c("#!/bin/sh", sprintf("echo \"$@\" >> '%s/asked'", empty), "exit 1"), uv)
  Sys.chmod(uv, "755")
  for (named in c("", "managed")) {
    lines <- run_r(
      c("library(bertfit); bert_sitrep(); cat(bert_available(), reticulate::py_available(), '\n')"),
      env = c(RETICULATE_PYTHON = named, RETICULATE_UV = uv, home), wd = empty
    )
    expect_match(lines, "Problem: No Python environment was found.", fixed = TRUE, all = FALSE)
    expect_match(lines, "^FALSE FALSE $", all = FALSE)
    expect_false(file.exists(file.path(empty, "asked")))
  }
  lines <- run_r("library(bertfit); bert_sitrep()", env = c(RETICULATE_PYTHON = "/nowhere/python", home), wd = empty)
  expect_match(lines, "Problem: /nowhere/python does not exist", fixed = TRUE, all = FALSE)
})

test_that("the cache is where BERTFIT_CACHE says, else in R's user folder", {
  withr::local_envvar(BERTFIT_CACHE = "/somewhere")
  expect_identical(cache_folder(), "/somewhere")
  withr::local_envvar(BERTFIT_CACHE = NA)
  expect_identical(cache_folder(), tools::R_user_dir("bertfit", "cache"))
})

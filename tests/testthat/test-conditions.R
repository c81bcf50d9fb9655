test_that("an error has its code's class, the rule first and the user's call", {
  user_function <- function() bert_abort("`x` must be odd.", "You gave 2.", class = "data")
  error <- expect_error(user_function(), class = "bertfit_error_data")
  expect_s3_class(error, "bertfit_error")
  expect_identical(conditionMessage(error), "`x` must be odd.\ni You gave 2.")
  expect_identical(conditionCall(error), quote(user_function()))
})

test_that("braces in a message are text, not code", {
  expect_error(bert_abort("`x` must not be {stop(1)}.", "You gave {letters}."), "{stop(1)}", fixed = TRUE)
})

test_that("a user's error from Python shows its message and keeps the traceback out of sight", {
  answer <- list(
    ok = FALSE, code = "checkpoint", message = "The file must exist.", details = list("It does not.", "Look again."),
    python_type = "CheckpointError", traceback = "Traceback: line 7"
  )
  error <- expect_error(abort_python(answer, NULL), class = "bertfit_error_checkpoint")
  expect_identical(conditionMessage(error), "The file must exist.\ni It does not.\ni Look again.")
  expect_identical(error$parent$traceback, "Traceback: line 7")
  expect_identical(error$parent$python_type, "CheckpointError")
})

test_that("an internal error prints the traceback and asks for a report", {
  answer <- list(code = "internal", message = "KeyError: 3", details = list(), traceback = "Traceback: line 7")
  error <- expect_error(abort_python(answer, NULL), class = "bertfit_error_internal")
  expect_match(conditionMessage(error), "please report")
  expect_match(conditionMessage(error), "Traceback: line 7")
})

test_that("some_of() shortens long lists", {
  expect_identical(some_of(1:3), "1, 2, 3")
  expect_identical(some_of(1:12), "1, 2, 3, 4, 5 and 7 more")
})

test_that("you_gave() says what a value is", {
  expect_identical(you_gave(NULL), "You gave NULL.")
  expect_identical(you_gave("a"), "You gave \"a\".")
  expect_identical(you_gave(NA), "You gave NA.")
  expect_identical(you_gave(2.5), "You gave 2.5.")
  expect_identical(you_gave(1:2), "You gave an integer vector of length 2.")
  expect_identical(you_gave(c("a", "b")), "You gave a character vector of length 2.")
  expect_identical(you_gave(matrix(0, 2, 2)), "You gave a numeric matrix of length 4.")
  expect_identical(you_gave(list(1)), "You gave a list of length 1.")
  expect_identical(you_gave(factor("a")), "You gave a factor of length 1.")
  expect_identical(you_gave(Sys.Date()), "You gave an object of class <Date>.")
  expect_identical(you_gave(mean), "You gave a function.")
})

test_that("Python's spelling becomes R's, in rules and in what was given", {
  expect_identical(
    in_r_words(c("`seed` must be a whole number, or None.", "`restore_best` must be True or False.")),
    c("`seed` must be a whole number, or NULL.", "`restore_best` must be TRUE or FALSE.")
  )
  given <- c("'foo'", "(3,)", "(5, 7)", "()", "-2.0", "1.05", "None", "{'0': 1.0, '1': -2.5}", "'None 2.0'")
  expect_identical(
    in_r_words(paste0("You gave ", given, ".")),
    paste0("You gave ", c("\"foo\"", "3", "5, 7", "none", "-2", "1.05", "NULL", "\"0\" = 1, \"1\" = -2.5",
                          "\"None 2.0\""), ".")
  )
  path <- "/data/None/model 2.0's (1,) does not exist."
  expect_identical(in_r_words(path), path)
  expect_identical(in_r_words(character()), character())
})

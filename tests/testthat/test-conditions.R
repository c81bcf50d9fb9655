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
    ok = FALSE, code = "checkpoint", rule = list(list(text = "The file must exist.")), message = "In Python's words.",
    details = list(list(list(text = "It does not.")), list(list(text = "Look again."))),
    python_type = "CheckpointError", traceback = "Traceback: line 7"
  )
  error <- expect_error(abort_python(answer, NULL), class = "bertfit_error_checkpoint")
  expect_identical(conditionMessage(error), "The file must exist.\ni It does not.\ni Look again.")
  expect_identical(error$parent$traceback, "Traceback: line 7")
  expect_identical(error$parent$python_type, "CheckpointError")
})

test_that("an internal error prints the traceback and asks for a report", {
  answer <- list(code = "internal", rule = list(list(text = "KeyError: 3")), details = list(), traceback = "Traceback: line 7")
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

test_that("a condition has the argument, the rule and what was received as fields", {
  error <- expect_error(check_number("3", min = 1, whole = TRUE, arg = "epochs"), class = "bertfit_error_argument")
  expect_identical(error$argument, "epochs")
  expect_identical(error$rule, "must be a whole number of at least 1.")
  expect_identical(error$received, "3")
  expect_identical(conditionMessage(error), "`epochs` must be a whole number of at least 1.\ni You gave \"3\".")
})

test_that("R words what Python's errors carry", {
  answer <- list(
    code = "argument", argument = "seed", received = list(value = 2.5), message = "Python's",
    rule = list(list(text = "must be a whole number, or "), list(value = NULL), list(text = ".")),
    details = list(list(list(text = "Or give "), list(argument = "epochs"), list(text = ".")))
  )
  error <- expect_error(abort_python(answer, NULL), class = "bertfit_error_argument")
  expect_identical(
    conditionMessage(error),
    "`seed` must be a whole number, or NULL.\ni You gave 2.5.\ni Or give `epochs`."
  )
  expect_identical(error[c("argument", "rule", "received")],
                   list(argument = "seed", rule = "must be a whole number, or NULL.", received = 2.5))
  expect_identical(error$parent$python_message, "Python's")
})

test_that("values are written as R users write them", {
  expect_identical(
    vapply(list("foo", 3, c(5, 7), list(), -2, 1.05, NULL, TRUE, c(`0` = 1, `1` = -2.5), list("a", 1)),
           r_value, ""),
    c("\"foo\"", "3", "5, 7", "none", "-2", "1.05", "NULL", "TRUE", "\"0\" = 1, \"1\" = -2.5", "\"a\", 1")
  )
  expect_identical(r_value(1:100), "an integer vector of length 100")
})

test_that("text with quotes, braces, backticks and Python's words comes out untouched", {
  text <- "it's {None} `True` 2.0 (1,)"
  answer <- list(code = "argument", argument = "x", received = list(value = text),
                 rule = list(list(text = "must be None of these.")), details = list(list(list(text = text))))
  error <- expect_error(abort_python(answer, NULL))
  expect_identical(
    conditionMessage(error),
    paste0("`x` must be None of these.\ni You gave \"", text, "\".\ni ", text)
  )
})

test_that("functions, settings and rows of a Python sentence are R's", {
  local_api(c(
    "def fail():",
    "    from bertfit.errors import DataError, Function, Sentence, Setting, rows_are",
    "    from bertfit.r import boundary",
    "    functions = [Function('download', ['x'], [Setting('force', True)]), Function('train_vocabulary')]",
    "    details = [Sentence('{} short.', rows_are([0, 4])), Sentence('Use {} or {}.', *functions),",
    "               Sentence('With {}.', Setting('type', 'numeric'))]",
    "    boundary.functions['fail'] = lambda: (_ for _ in ()).throw(DataError('Rows must be long.', details))",
    "    return boundary.call('fail', {})"
  ))
  answer <- bert_call("fail")
  error <- tryCatch(abort_python(answer, NULL), error = identity)
  expect_identical(
    sub("^. ", "", strsplit(conditionMessage(error), "\n")[[1]]), # without bullets
    c("Rows must be long.", "Rows 1, 5 are short.", 'Use bert_download("x", force = TRUE) or bert_vocab_train().',
      'With type = "numeric".')
  )
})

# The strings of all calls of bert_abort() in a function's code.
abort_strings <- function(code) {
  if (is.call(code) && identical(code[[1]], quote(bert_abort))) {
    parts <- unlist(lapply(as.list(code)[-1], function(part) if (missing(part)) NULL else all_strings(part)))
    return(parts)
  }
  if (is.recursive(code)) unlist(lapply(as.list(code), function(part) if (missing(part)) NULL else abort_strings(part)))
}

all_strings <- function(code) {
  if (is.character(code)) {
    return(code)
  }
  if (is.recursive(code)) unlist(lapply(as.list(code), function(part) if (missing(part)) NULL else all_strings(part)))
}

test_that("no error of the R code has Python's words", {
  package <- asNamespace("bertfit")
  functions <- Filter(is.function, mget(ls(package, all.names = TRUE), envir = package))
  strings <- unlist(lapply(functions, function(f) abort_strings(body(f))))
  expect_gt(length(strings), 250)
  strings <- sub("None was found", "", strings, fixed = TRUE)
  expect_identical(unname(grep("\\b(None|True|False)\\b|bertfit\\.[a-z]+\\(|counted from 0|DataFrame", strings, value = TRUE)),
                   character())
})

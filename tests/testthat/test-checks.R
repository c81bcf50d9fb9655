# Each check is called through a function of ours, so that the error must name that function's argument.

test_that("check_string() takes one string", {
  fit <- function(name) check_string(name)
  expect_identical(fit("a"), "a")
  for (bad in list(NA_character_, "", c("a", "b"), 1, NULL, character())) {
    expect_error(fit(bad), "`name` must be a single string.", class = "bertfit_error_argument", fixed = TRUE)
  }
  expect_null(check_string(NULL, null_ok = TRUE))
  expect_error(check_string(1, null_ok = TRUE), "or NULL")
  latin1 <- "caf\xe9"
  Encoding(latin1) <- "latin1"
  expect_identical(Encoding(check_string(latin1)), "UTF-8")
})

test_that("check_number() respects its range, its ends included", {
  fit <- function(rate) check_number(rate, 0, 1)
  expect_identical(fit(0), 0)
  expect_identical(fit(1L), 1)
  for (bad in list(-0.1, 1.1, NA_real_, Inf, NaN, "1", TRUE, c(0, 1), NULL, factor(1), Sys.Date())) {
    expect_error(fit(bad), "`rate` must be a number between 0 and 1.", class = "bertfit_error_argument", fixed = TRUE)
  }
  expect_error(check_number(-1, min = 0), "of at least 0")
  expect_error(check_number(3, max = 2), "of at most 2")
})

test_that("check_number(whole = TRUE) gives an integer and refuses fractions", {
  expect_identical(check_number(3, whole = TRUE), 3L)
  expect_error(check_number(2.5, whole = TRUE), "whole number")
  expect_identical(check_number(2^40, whole = TRUE), 2^40)
})

test_that("check_flag() takes TRUE or FALSE alone", {
  expect_true(check_flag(TRUE))
  for (bad in list(NA, 1, "TRUE", c(TRUE, FALSE), NULL)) {
    expect_error(check_flag(bad), "must be TRUE or FALSE.", class = "bertfit_error_argument", fixed = TRUE)
  }
})

test_that("check_choice() takes a choice, or the default vector for its first", {
  pick <- function(type = c("prob", "class")) check_choice(type, c("prob", "class"))
  expect_identical(pick(), "prob")
  expect_identical(pick("class"), "class")
  expect_error(pick("clas"), '`type` must be one of "prob", "class".', class = "bertfit_error_argument", fixed = TRUE)
  expect_error(pick(NULL), "You gave NULL")
})

test_that("check_text() gives plain UTF-8 text", {
  fit <- function(text) check_text(text)
  expect_identical(fit(c(a = "x", b = "y")), c("x", "y"))
  expect_identical(fit(factor(c("b", "a"))), c("b", "a"))
  expect_identical(fit(character()), character())
  latin1 <- "caf\xe9"
  Encoding(latin1) <- "latin1"
  expect_identical(fit(latin1), "caf\u00e9")
})

test_that("check_text() refuses missing values and names the rows", {
  fit <- function(text) check_text(text)
  error <- expect_error(fit(c("a", NA, "b", NA)), class = "bertfit_error_data")
  expect_match(conditionMessage(error), "`text` must have no missing values.", fixed = TRUE)
  expect_match(conditionMessage(error), "Rows 2, 4 are NA.", fixed = TRUE)
  expect_error(fit(factor(c("a", NA))), "Row 2 is NA.", fixed = TRUE)
})

test_that("check_text() refuses bytes that are not UTF-8 and names the rows", {
  error <- expect_error(check_text(c("fine", "abc\xff\xfe")), class = "bertfit_error_data")
  expect_match(conditionMessage(error), "Row 2 is not valid UTF-8.", fixed = TRUE)
})

test_that("text survives a session in the C locale", {
  path <- tempfile(fileext = ".csv")
  writeLines(c("text", "caf\u00e9 \U1F600"), path, useBytes = TRUE)
  lines <- run_r(c(
    sprintf("x <- read.csv('%s')$text", path),
    "library(bertfit); y <- bertfit:::check_text(x)",
    "cat(paste(charToRaw(y), collapse = ' '), Encoding(y), sep = '\\n')"
  ), env = c(LC_ALL = "C"))
  expect_identical(lines, c("63 61 66 c3 a9 20 f0 9f 98 80", "UTF-8"))
})

test_that("check_text() refuses other types", {
  expect_error(check_text(1:3), "character vector or a factor", class = "bertfit_error_argument")
  expect_error(check_text(list("a")), class = "bertfit_error_argument")
  expect_error(check_text(NULL), class = "bertfit_error_argument")
})

test_that("check_columns() says which columns are absent and which are there", {
  fit <- function(data) check_columns(data, c("text", "target"))
  expect_silent(fit(data.frame(text = "a", target = 1)))
  expect_silent(fit(data.table::data.table(text = "a", target = 1)))
  error <- expect_error(fit(data.frame(text = "a", y = 1)), class = "bertfit_error_argument")
  expect_match(conditionMessage(error), "`data` must have a column `target`.", fixed = TRUE)
  expect_match(conditionMessage(error), "Its columns are `text`, `y`.", fixed = TRUE)
  expect_error(fit(list(text = "a")), "must be a data frame", class = "bertfit_error_argument")
})

test_that("check_dots_empty0() names what is misspelt and evaluates nothing", {
  fit <- function(...) check_dots_empty0(...)
  expect_null(fit())
  error <- expect_error(fit(epoch = stop("evaluated"), 3), class = "bertfit_error_argument")
  expect_match(conditionMessage(error), "`epoch`, unnamed argument 2", fixed = TRUE)
  expect_identical(conditionCall(error), quote(fit(epoch = stop("evaluated"), 3)))
})

test_that("check_given() names the argument that is missing, also through a caller", {
  inner <- function(data, model) {
    check_given("data", "model")
    "both"
  }
  outer <- function(data, model) inner(data, model)
  expect_identical(inner(1, 2), "both")
  error <- expect_error(inner(1), "`model` must be given.", fixed = TRUE, class = "bertfit_error_argument")
  expect_identical(conditionCall(error), quote(inner(1)))
  expect_error(outer(model = 2), "`data` must be given.", fixed = TRUE, class = "bertfit_error_argument")
})

# The functions that the package exports, by name.
exported_functions <- function() {
  names <- grep("^bert_", getNamespaceExports("bertfit"), value = TRUE)
  functions <- mget(sort(names), envir = asNamespace("bertfit"))
  Filter(is.function, functions)
}

test_that("every argument without a default that is missing is named, in every function", {
  skip_if_no_python()
  checked <- 0
  for (name in setdiff(names(exported_functions()), c("bert_fit", "bert_config"))) {
    arguments <- formals(exported_functions()[[name]])
    required <- names(arguments)[vapply(arguments, identical, NA, quote(expr = ))]
    required <- setdiff(required, c("...", "new_data")) # another name of `newdata`
    for (i in seq_along(required)) {
      given <- stats::setNames(rep(list(list()), i - 1), required[seq_len(i - 1)])
      error <- expect_error(do.call(name, given, envir = asNamespace("bertfit")), "must be given.", fixed = TRUE,
                            class = "bertfit_error_argument", info = paste(name, required[i]))
      expect_identical(error$argument, required[i], info = name)
      checked <- checked + 1
    }
  }
  expect_gt(checked, 30)
  for (call in expression(bert_fit(), bert_fit(toy_data()), bert_fit(target ~ text), bert_config(),
                          bert_fit(target ~ text, toy_data()), bert_fit(toy_data(), "text", "target"),
                          bert_vocab_train("a"))) {
    expect_error(eval(call), class = "bertfit_error_argument", info = deparse(call))
  }
})

test_that("every function with dots, and bert_control() and its kind, bring up the argument that was meant", {
  skip_if_no_python()
  for (name in names(exported_functions())) {
    arguments <- formals(exported_functions()[[name]])
    after <- names(arguments)[seq_along(arguments) > match("...", names(arguments))] # the others match in part
    with_settings <- name %in% c("bert_fit", "bert_config", "bert_adam_warmup", "bert_pretrain")
    if (!"..." %in% names(arguments) || with_settings) next
    meant <- c(after, setdiff(names(arguments), "..."))[1]
    wrong <- stats::setNames(list(1), paste0("x", meant))
    expect_error(do.call(name, wrong, envir = asNamespace("bertfit")),
                 paste0("Did you mean .*`", meant, "`"), class = "bertfit_error_argument", info = name)
  }
  meant <- c(lr = "learning_rate", epoch = "epochs", validation_split = "validation", callback = "callbacks",
             txt = "text", max_length = "max_len", class_weight = "class_weights", learning.rate = "learning_rate")
  for (name in names(meant)) {
    given <- c(list(toy_data(), target = "target"), stats::setNames(list(1), name))
    expect_error(do.call(bert_fit, given), paste0("Did you mean `", meant[[name]], "`"),
                 class = "bertfit_error_argument", info = name)
  }
  expect_error(bert_fit(target ~ text, lr = 1), "`learning_rate`", class = "bertfit_error_argument")
  expect_error(bert_pretrain("m", "d", lr = 1), "`learning_rate`", class = "bertfit_error_argument")
  expect_error(bert_pretrain("m", "d", output_dir = "x"), "`out_dir`", class = "bertfit_error_argument")
  expect_error(bert_control(lr = 1), "`learning_rate`", class = "bertfit_error_argument")
  expect_error(bert_head(pool = "cls", drop_out = 0), "`dropout`", class = "bertfit_error_argument")
  expect_error(bert_config("kor-tiny", hidden = 3), "`hidden_size`", class = "bertfit_error_argument")
  expect_error(bert_adam_warmup(9, 1, beta1 = 0.9), "`beta_1`", class = "bertfit_error_argument")
})

test_that("methods refuse arguments that they do not have", {
  fit <- toy_fit()
  for (call in expression(tidy(fit, metric = "loss"), glance(fit, metric = 1), plot(fit, metric_s = "loss"),
                          tidy(fit$history, a = 1), plot(fit$history, colour = 1), summary(fit, layer = 1),
                          predict(fit, toy_data(), typ_e = "class"))) {
    expect_error(eval(call), "must be empty", class = "bertfit_error_argument", info = deparse(call))
  }
  expect_error(predict(fit, toy_data(), tpye = "class"), "Did you mean `type`", class = "bertfit_error_argument")
})

test_that("other packages' names for arguments are the same in R and in Python", {
  skip_if_no_python()
  python_api()
  code <- "from bertfit.settings import OTHER_NAMES as python"
  python <- reticulate::py_run_string(code, local = TRUE, convert = TRUE)$python
  expect_identical(python[sort(names(python))], other_names[sort(names(other_names))])
})

test_that("a column, a label or a setting that is given twice is refused, not taken once", {
  refused <- function(expr, what) expect_error(expr, what, class = "bertfit_error_argument")
  twice <- cbind(toy_data(), text = "b")
  refused(check_columns(twice, "text"), "More than once: `text`")
  refused(check_columns(data.table::as.data.table(twice), "text"), "More than once: `text`")
  expect_silent(check_columns(twice, "target"))
  refused(bert_control(class_weights = c(no = 1, no = 5)), "`class_weights` must name each label once")
  refused(bert_config("kor-tiny", hidden_size = 32, hidden_size = 64), "More than once: `hidden_size`")
  skip_if_no_python()
  refused(bert_fit(twice, "text", "target", "m"), "`data` must have one column of each name")
  refused(bert_fit(cbind(toy_data(), target = 1), "text", "target", "m"), "`target`")
  refused(bert_fit(toy_data(), "text", "target", toy_model(), sample_weights = "weight", validation = twice,
                   verbose = 0), "`validation` must have one column")
  refused(predict(toy_fit(), twice), "`newdata` must have one column")
  refused(bert_evaluate(toy_fit(), twice), "`newdata` must have one column")
  refused(bert_embed(toy_fit(), twice), "`x` must have one column")
  refused(bert_tokenize(twice, toy_fit()), "`x` must have one column")
  refused(bert_pretrain(toy_model(), ".", heads = c(mlm = "tied", mlm = "transform")), "name each head once")
  refused(bert_adam_warmup(9, 1, beta_1 = 0.9, beta_1 = 0.8), "More than once: `beta_1`")
})

# Functions of R that a run calls.

fit_with <- function(callbacks, ..., epochs = 2) {
  bert_fit(toy_data(), "text", "target", toy_model(), control = quick_control(epochs = epochs), callbacks = callbacks,
           ...)
}

test_that("a callback gets every event, with the fields that Python's get", {
  events <- list()
  fit <- fit_with(function(event) events[[length(events) + 1]] <<- event)
  steps <- ceiling(fit$record$rows / 8)
  expect_identical(vapply(events, `[[`, "", "event"), c("begin", rep(c(rep("step", steps), "epoch"), 2), "end"))
  epochs <- Filter(function(event) event$event == "epoch", events)
  expect_equal(vapply(epochs, `[[`, 1, "val_loss"), fit$history$val_loss)
  expect_equal(vapply(epochs, `[[`, 1, "loss"), fit$history$loss)
  expect_identical(lapply(Filter(function(event) event$event == "step", events), `[[`, "step"),
                   as.list(rep(seq_len(steps), 2)))
  python_api()
  documented <- reticulate::py_run_string("
from bertfit.training import Callback
documented = {'step': Callback.on_step.__doc__, 'end': Callback.on_end.__doc__}
  ", local = TRUE, convert = TRUE)$documented
  for (event in events[c(2, length(events))]) {
    expect_true(all(vapply(setdiff(names(event), "event"), grepl, NA, documented[[event$event]])))
  }
})

test_that("a list of callbacks is called in order, and changes nothing about the fit", {
  order <- character()
  note <- function(name) function(event) if (event$event == "begin") order <<- c(order, name)
  fit <- fit_with(list(note("a"), note("b")))
  expect_identical(order, c("a", "b"))
  expect_identical(predict(fit, toy_data()), predict(fit_with(NULL), toy_data()))
})

test_that('a callback that returns "stop" ends the run, after an epoch or a step', {
  fit <- fit_with(function(event) if (event$event == "epoch") "stop", epochs = 5)
  expect_identical(fit$history$epoch, 1L)
  expect_identical(fit$record$stopped, "a callback asked to stop")
  expect_false(fit$interrupted)
  steps <- 0
  fit <- fit_with(function(event) {
    if (event$event == "step") steps <<- steps + 1
    if (steps == 2) "stop"
  }, epochs = 5)
  expect_identical(steps, 2)
  expect_identical(nrow(fit$history), 0L)
  expect_identical(dim(predict(fit, toy_data())), c(48L, 2L))
  expect_identical(nrow(fit_with(function(event) TRUE)$history), 2L)
})

test_that("an error in a callback ends the fit, as the parent of a classed error", {
  calls <- 0
  error <- expect_error(fit_with(function(event) {
    calls <<- calls + 1
    if (event$event == "step") stop("no space for the log")
  }), class = "bertfit_error_callback")
  expect_identical(calls, 2)
  expect_s3_class(error$parent, "simpleError")
  expect_identical(conditionMessage(error$parent), "no space for the log")
  expect_match(as.character(conditionCall(error)[[1]]), "^bert_fit")
  expect_match(paste(capture.output(print(error)), collapse = "\n"), "no space for the log")
  classed <- expect_error(fit_with(function(event) rlang::abort("mine", class = "mine")),
                          class = "bertfit_error_callback")
  expect_s3_class(classed$parent, "mine")
  expect_identical(dim(predict(fit_with(NULL), toy_data())), c(48L, 2L)) # the session goes on
})

test_that("pretraining has the same callbacks", {
  toy <- toy_corpus()
  seen <- character()
  model <- bert_pretrain(bert_init(toy$config, toy$vocab, seed = 1), toy$data, steps = 6, steps_per_epoch = 2, seed = 1,
                         verbose = 0, callbacks = function(event) {
                           seen <<- c(seen, event$event)
                           if (event$event == "epoch" && event$epoch == 2) "stop"
                         })
  expect_identical(seen, c("begin", "step", "step", "epoch", "step", "step", "epoch", "end"))
  expect_identical(model$steps, 4L)
  expect_identical(model$record$stopped, "a callback asked to stop")
  error <- expect_error(bert_pretrain(model, toy$data, steps = 2, verbose = 0, callbacks = function(event) stop("x")),
                        class = "bertfit_error_callback")
  expect_identical(conditionMessage(error$parent), "x")
})

test_that("what is no callback is refused before anything runs", {
  for (wrong in list("stop", list(1), list(mean, NULL), 3)) {
    expect_error(fit_with(wrong), "`callbacks` must be", class = "bertfit_error_argument")
  }
  expect_error(bert_pretrain("m", "d", callbacks = "stop"), "`callbacks` must be", class = "bertfit_error_argument")
})

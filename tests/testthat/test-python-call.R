# What happens around Python's start is tested in child processes: a process can start Python only once.

test_that("an environment that cannot work is refused before Python starts", {
  skip_on_cran()
  start <- report_error("library(bertfit); bertfit:::bert_call('sitrep')")
  refusal <- function(path) run_r(
    c(start, "cat('started:', reticulate::py_available(), '\\n')"), env = c(RETICULATE_PYTHON = path)
  )

  skip_if(utils::packageVersion("reticulate") >= "1.33", "this reticulate works with what is refused here")
  cases <- list(
    "NumPy 2.1.0 does not work with reticulate" = fake_venv(replace(good_packages, "numpy", "2.1.0")),
    "pandas 3.0.0 does not work with reticulate" = fake_venv(replace(good_packages, "pandas", "3.0.0")),
    "Python 3.12.1 does not work with reticulate" = fake_venv(good_packages, version = "3.12.1"),
    "Python packages are missing: keras-bert" = fake_venv(good_packages[names(good_packages) != "keras-bert"])
  )
  for (cause in names(cases)) {
    lines <- refusal(file.path(cases[[cause]], "bin", "python"))
    expect_identical(lines[1], "bertfit_error_setup", info = cause)
    expect_match(lines, cause, fixed = TRUE, all = FALSE)
    expect_match(lines, "RETICULATE_PYTHON", fixed = TRUE, all = FALSE)
    expect_match(lines, "started: FALSE", fixed = TRUE, all = FALSE)
  }
  lines <- refusal("/nowhere/bin/python")
  expect_identical(lines[1], "bertfit_error_setup")
  expect_match(lines, "/nowhere/bin/python does not; it comes from", fixed = TRUE, all = FALSE)
})

test_that("without any environment the error says how to get one", {
  skip_on_cran()
  skip_if(utils::packageVersion("reticulate") >= "1.41", "reticulate makes the environment itself")
  empty <- tempfile("empty")
  dir.create(empty)
  lines <- run_r(
    report_error("library(bertfit); bertfit:::bert_call('sitrep')"),
    env = c(RETICULATE_PYTHON = "", R_USER_DATA_DIR = empty, R_USER_CONFIG_DIR = empty), wd = empty
  )
  expect_identical(lines[1:2], c("bertfit_error_setup", "bertfit needs a Python environment."))
  expect_match(lines, "Run bert_install() once.", fixed = TRUE, all = FALSE)
})

test_that("./.venv is taken when RETICULATE_PYTHON is not set", {
  skip_if_no_python()
  project <- tempfile("project")
  dir.create(project)
  venv <- dirname(dirname(find_python()$python))
  skip_if_not(file.exists(file.path(venv, "pyvenv.cfg")), "Python is not in a virtual environment")
  file.symlink(venv, file.path(project, ".venv"))
  lines <- run_r(
    "library(bertfit); invisible(bertfit:::python_api()); cat(reticulate::py_config()$python, '\\n')",
    env = c(RETICULATE_PYTHON = ""), wd = project
  )
  expect_match(lines, file.path(basename(project), ".venv"), fixed = TRUE, all = FALSE)
})

test_that("a wrong Python that already runs is an error that says to restart", {
  skip_if_no_python()
  bare <- Sys.which("python3")
  bare <- if (file.exists("/usr/bin/python3")) "/usr/bin/python3" else bare
  skip_if(!nzchar(bare) || "tensorflow" %in% names(read_python(bare)$packages), "no second Python")
  lines <- run_r(
    c("reticulate::py_run_string('1')", report_error("library(bertfit); bertfit:::bert_call('sitrep')")),
    env = c(RETICULATE_PYTHON = bare)
  )
  expect_match(lines, "bertfit_error_setup", all = FALSE)
  expect_match(lines, "Python packages are missing: .*tensorflow", all = FALSE)
  expect_match(lines, "already running in this R session: restart R", fixed = TRUE, all = FALSE)
})

test_that("TensorFlow that runs with Keras 3 is refused", {
  skip_if_no_python()
  modules <- tempfile("modules")
  dir.create(modules)
  writeLines("__version__ = '3.5.0'", file.path(modules, "keras.py"))
  writeLines(c("import keras", "__version__ = '2.21.0'"), file.path(modules, "tensorflow.py"))
  lines <- run_r(
    c("reticulate::py_run_string('import tensorflow')", report_error("library(bertfit); bertfit:::bert_call('sitrep')")),
    env = c(RETICULATE_PYTHON = find_python()$python, PYTHONPATH = modules, TF_USE_LEGACY_KERAS = "")
  )
  expect_match(lines, "bertfit_error_setup", all = FALSE)
  expect_match(lines, "already running in this session with Keras 3.5.0", fixed = TRUE, all = FALSE)
  expect_match(lines, "set TF_USE_LEGACY_KERAS=1", fixed = TRUE, all = FALSE)
})

test_that("nothing is printed when TensorFlow starts", {
  skip_if_no_python()
  lines <- run_r("library(bertfit); invisible(bertfit:::bert_call('sitrep')); cat('done\\n')")
  expect_identical(lines, "done")
})

test_that("a link that became a text file is named as such", {
  link <- tempfile()
  writeLines("../python", link)
  error <- expect_error(python_folder(NULL, link), class = "bertfit_error_setup")
  expect_match(conditionMessage(error), "`inst/python` is a text file", fixed = TRUE)
  expect_error(python_folder(NULL, ""), "is missing from the installed package", class = "bertfit_error_setup")
})

# -- Values and errors, against a stand-in for bertfit.r -----------------------------------------------

test_that("values cross in both directions as plain vectors", {
  local_api(c(
    "def kind(x): return type(x).__name__, len(x) if hasattr(x, '__len__') else -1",
    "def back():",
    "    import numpy as np",
    "    return {'v': np.arange(3, dtype='int32'), 'm': np.ones((2, 3), 'float32'), 'raw': bytearray(b'ab'),",
    "            'one': ['a'], 'none': None, 'deep': {'v': np.array([True, False])}, 'n': 2**31 * 1.0}",
    "def count(**arguments): return len(arguments)"
  ))
  kind <- function(x) as.list(bert_call("kind", x = x))
  expect_identical(kind(as_py_text("a")), list("list", 1L))
  expect_identical(kind(as_py_text(character())), list("list", 0L))
  expect_identical(kind(as_py_text(factor(c("b", "a")))), list("list", 2L))
  expect_identical(kind(as_py_array(1)), list("ndarray", 1L))
  expect_identical(kind(as_py_array(matrix(0, 2, 3))), list("ndarray", 2L))
  expect_identical(kind("a"), list("str", 1L))
  expect_identical(kind(list(a = 1)), list("dict", 1L))

  back <- bert_call("back")
  expect_identical(back$v, 0:2)
  expect_identical(back$m, matrix(1, 2, 3))
  expect_identical(back$raw, charToRaw("ab"))
  expect_identical(back$one, "a")
  expect_null(back$none)
  expect_identical(back$deep$v, c(TRUE, FALSE))
  expect_identical(back$n, 2^31)

  expect_identical(bert_call("count"), 0L)
  expect_identical(bert_call("count", a = 1, b = NULL), 1L) # NULL is not sent
})

test_that("a Python error becomes the user's classed error, with the traceback kept", {
  local_api("def fail(): raise ValueError('Rows must agree.')")
  user_function <- function() bert_call("fail")
  error <- expect_error(user_function(), class = "bertfit_error_data")
  expect_identical(conditionMessage(error), "Rows must agree.\ni one")
  expect_identical(conditionCall(error), quote(user_function()))
  expect_match(error$parent$traceback, "in fail")
})

test_that("an exception that escapes the API is an internal error", {
  local_api("def fail(): raise KeyError('lost')")
  error <- expect_error(bert_call("fail"), class = "bertfit_error_internal")
  expect_match(conditionMessage(error), "lost")
})

test_that("a progress function gets R values", {
  local_api("def work(progress):\n    progress({'event': 'step', 'loss': 0.5, 'labels': ['a', 'b']})")
  events <- list()
  expect_null(bert_call("work", progress = function(event) events[[length(events) + 1L]] <<- event))
  expect_identical(events, list(list(event = "step", loss = 0.5, labels = c("a", "b"))))
})

# Functions of Python's real table, which end with the test.
local_exported <- function(code, frame = parent.frame()) {
  python_api(frame)
  boundary <- reticulate::import("bertfit.r.boundary", convert = FALSE)
  reticulate::py_run_string(paste(c("from bertfit.r import boundary", code), collapse = "\n"))
  names <- regmatches(code, regexpr("(?<=def )\\w+", code, perl = TRUE))
  withr::defer(for (name in names) boundary$functions$pop(name), envir = frame)
}

test_that("an interrupt in Python is an interrupt in R, every time, and never an error", {
  skip_if_no_python()
  skip_on_os("windows")
  local_exported(c(
    "import os, signal, time", "@boundary.exported",
    "def stop():\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(5)"
  ))
  stopped <- function() tryCatch(bert_call("stop"), interrupt = function(i) "interrupt", error = conditionMessage)
  expect_identical(unique(replicate(50, stopped())), "interrupt")
  expect_null(bert_call("release", handle = 0L)) # and none is left over
})

test_that("what finishes a fit's work is not interrupted", {
  skip_if_no_python()
  skip_on_os("windows")
  local_exported(c(
    "import os, signal", "@boundary.exported_uninterruptible",
    "def pack():\n    os.kill(os.getpid(), signal.SIGINT)\n    return 'packed'"
  ))
  expect_identical(unique(replicate(50, uninterrupted(bert_call("pack")))), "packed")
})

test_that("R uses its own copy of the Python code, whichever bertfit Python would find", {
  skip_if_no_python()
  elsewhere <- tempfile("elsewhere")
  dir.create(file.path(elsewhere, "bertfit"), recursive = TRUE)
  writeLines("raise SystemExit('the wrong one')", file.path(elsewhere, "bertfit", "__init__.py"))
  lines <- run_r(
    "cat(reticulate::py_to_r(bertfit:::python_api()$`__file__`), system.file('python', package = 'bertfit'), sep = '\\n')",
    env = c(PYTHONPATH = elsewhere)
  )
  expect_identical(normalizePath(lines[[1]]), normalizePath(file.path(lines[[2]], "bertfit", "r", "__init__.py")))
})

test_that("PyTorch, Keras 3 and data.table's threads work in the same session, before and after a fit", {
  skip_if_no_python()
  skip_if_not(all(c("torch", "keras") %in% names(read_python(find_python()$python)$packages)), "no PyTorch")
  lines <- run_r(
    c(
      "suppressMessages({library(bertfit); library(testthat); library(data.table)})",
      "setDTthreads(2)",
      "e <- new.env(parent = asNamespace('bertfit'))",
      sprintf("for (f in c('helper.R', 'helper-toy.R')) sys.source(file.path('%s', f), e)", normalizePath(test_path())),
      "others <- function() {",
      "  ones <- reticulate::import('torch')$ones(300L, 300L)",
      "  keras <- reticulate::import('keras')",
      "  layer <- keras$layers$Dense(2L, kernel_initializer = 'ones')",
      "  grouped <- data.table(g = rep(1:1000, 100), x = 1)[, .(sum = sum(x)), by = g]",
      "  cat(ones$matmul(ones)$sum()$item() == 300^3, keras$ops$sum(layer(ones))$item() == 300^2 * 2,",
      "      sub('[.].*', '', keras$`__version__`), all(grouped$sum == 100), '\\n')",
      "}",
      "others()",
      "data <- e$toy_data()",
      "fit <- bert_fit(data, 'text', 'target', e$toy_model(), control = e$toy_control())",
      "answer <- predict(fit, data$text)",
      "others()",
      "cat(identical(predict(fit, data$text), answer), '\\n')"
    ),
    env = c(KERAS_BACKEND = "torch", NOT_CRAN = "true", RETICULATE_PYTHON = find_python()$python, TF_USE_LEGACY_KERAS = "")
  )
  expect_identical(lines, c("TRUE TRUE 3 TRUE ", "TRUE TRUE 3 TRUE ", "TRUE "))
})

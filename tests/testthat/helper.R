# Shared by all test files. Python starts in the test process at the first test that needs it.

skip_if_no_python <- function() {
  testthat::skip_on_cran()
  testthat::skip_if_not(bert_available(), "bertfit's Python environment is not available")
}

# Repository-relative data that is never committed; NULL-safe for tests of an installed package.
shared_data <- function(name) {
  root <- Sys.getenv("BERTFIT_SHARED_DATA", file.path("..", "..", "..", "shared", "data"))
  path <- file.path(root, name)
  testthat::skip_if_not(file.exists(path), paste("no shared data:", name))
  path
}

# Runs R code in a fresh process that finds the same packages; returns its output lines, both streams.
# `env` is a named character vector. The exit status is in the attribute "status" when not zero.
run_r <- function(code, env = character(), wd = tempdir()) {
  script <- tempfile(fileext = ".R")
  writeLines(enc2utf8(code), script, useBytes = TRUE)
  libraries <- paste(unique(c(dirname(system.file(package = "bertfit")), .libPaths())), collapse = .Platform$path.sep)
  withr::local_envvar(c(R_LIBS = libraries, R_TESTS = "", env))
  withr::local_dir(wd)
  rscript <- file.path(R.home("bin"), "Rscript")
  suppressWarnings(system2(rscript, c("--vanilla", script), stdout = TRUE, stderr = TRUE))
}

# R code, for run_r(), that prints the class and message of the error that `expression` gives.
report_error <- function(expression) {
  paste0(
    "tryCatch({", expression, "; cat('no error\\n')}, error = function(e) ",
    "cat(class(e)[1], conditionMessage(e), sep = '\\n'))"
  )
}

# A Python environment that is only files: bin/python and *.dist-info folders, as read_python() sees it.
fake_venv <- function(packages, version = "3.11.2", path = tempfile("venv")) {
  site <- file.path(path, "lib", paste0("python", sub("^(\\d+\\.\\d+).*$", "\\1", version)), "site-packages")
  dir.create(site, recursive = TRUE)
  dir.create(file.path(path, "bin"))
  writeLines("#!/bin/sh\nexit 1", file.path(path, "bin", "python"))
  Sys.chmod(file.path(path, "bin", "python"), "755")
  writeLines(c("home = /usr/bin", "include-system-site-packages = false", paste("version =", version)),
             file.path(path, "pyvenv.cfg"))
  for (name in names(packages)) {
    dir.create(file.path(site, paste0(gsub("-", "_", name), "-", packages[[name]], ".dist-info")))
  }
  path
}

good_packages <- c(
  tensorflow = "2.21.0", "tf-keras" = "2.21.0", "keras-bert" = "0.89.0", "tensorflow-text" = "2.21.1",
  tokenizers = "0.23.3", sentencepiece = "0.2.3", safetensors = "0.8.0", "huggingface-hub" = "2.4.0", "scikit-learn" = "1.9.1", tqdm = "4.70.1",
  filelock = "4.2.12", "google-crc32c" = "1.9.0", pandas = "2.3.3", numpy = "1.26.4"
)

# The core's own defaults, read from its dataclasses.
python_defaults <- function(class) {
  skip_if_no_python()
  python_api()
  reticulate::py_run_string(
    paste0("from bertfit.config import ", class, "\nsettings = ", class, "().to_dict()"), local = TRUE, convert = TRUE
  )$settings
}

# What `expr` draws with base graphics, read from the display list of a device that writes no file: a list of panels,
# each of `title`, `marked` (where vertical lines stand), `legend` and `curves` (x, y and colour).
drawn_panels <- function(expr) {
  grDevices::pdf(NULL)
  withr::defer(grDevices::dev.off())
  grDevices::dev.control("enable")
  force(expr)
  calls <- lapply(grDevices::recordPlot()[[1]], function(entry) entry[[2]])
  names <- vapply(calls, function(call) if (is.list(call[[1]])) call[[1]]$name else "", "")
  lapply(unname(split(seq_along(calls), cumsum(names == "C_plot_new"))), function(panel) {
    of <- function(name) calls[panel][names[panel] == name]
    curves <- Filter(function(call) call[[3]] %in% c("b", "l"), of("C_plotXY"))
    list(
      title = unlist(lapply(of("C_title"), function(call) call[[2]])), marked = unlist(lapply(of("C_abline"), function(call) call[[5]])),
      legend = unlist(lapply(of("C_text"), function(call) call[[3]])),
      curves = lapply(curves, function(call) list(x = call[[2]]$x, y = call[[2]]$y, colour = call[[6]]))
    )
  })
}

# Replaces the API for one test by a Python module made from code, with the real error convention.
local_api <- function(code, env = parent.frame()) {
  skip_if_no_python()
  real <- python_api()
  folder <- tempfile("stand_in")
  dir.create(folder)
  name <- basename(folder)
  writeLines(c(
    "import traceback",
    "def listen(name): pass",
    "def unlisten(): return False",
    "def call(name, arguments):",
    "    try:",
    "        return {'ok': True, 'value': globals()[name](**arguments)}",
    "    except ValueError as error:",
    "        return {'ok': False, 'code': 'data', 'rule': [{'text': str(error)}], 'details': [[{'text': 'one'}]],",
    "                'python_type': 'ValueError', 'traceback': traceback.format_exc()}",
    code
  ), file.path(folder, paste0(name, ".py")))
  the$api <- reticulate::import_from_path(name, folder, convert = FALSE)
  withr::defer(the$api <- real, envir = env)
}

# In place of a function of the package, until the caller is done.
local_function <- function(name, value, envir = parent.frame()) {
  old <- get(name, envir = asNamespace("bertfit"))
  utils::assignInNamespace(name, value, "bertfit")
  withr::defer(utils::assignInNamespace(name, old, "bertfit"), envir = envir)
}

# Lets a test see what find_python() does before Python starts, although Python runs in the test process.
local_python_off <- function(envir = parent.frame()) {
  local_function("python_running", function() FALSE, envir)
}

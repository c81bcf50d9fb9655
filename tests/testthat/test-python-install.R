test_that("requirements are read without comments, and CUDA is asked for on request", {
  path <- tempfile()
  writeLines(c("# why", "tensorflow>=2.16  # note", "", "tensorflow-text>=2.16", "numpy<2"), path)
  expect_identical(read_requirements(path), c("tensorflow>=2.16", "tensorflow-text>=2.16", "numpy<2"))
  expect_identical(read_requirements(path, gpu = TRUE)[1:2], c("tensorflow[and-cuda]>=2.16", "tensorflow-text>=2.16"))
})

bertfit_requirements <- function() read_requirements(system.file("requirements.txt", package = "bertfit"))

test_that("no version is held back but by an old reticulate", {
  expect_false(any(grepl("^(numpy|pandas|ml-dtypes).*<", bertfit_requirements())))
  expect_identical(pins_of("1.28"), c("numpy<2", "pandas<3"))
  expect_identical(pins_of("1.38.0"), "pandas<3")
  expect_identical(pins_of("1.45.0"), character())
  expect_identical(
    vapply(c("1.28", "1.33", "1.39.0", "1.40", "1.46.0.9000"), python_range, "", USE.NAMES = FALSE),
    paste("Python 3.10", c("or 3.11", "to 3.12", "to 3.12", "to 3.13", "to 3.13"))
  )
})

test_that("a new reticulate is told the same requirements", {
  skip_if(utils::packageVersion("reticulate") < "1.41", "this reticulate has no py_require()")
  skip_on_cran()
  told <- run_r("library(bertfit); cat(unlist(reticulate::py_require()[c('packages', 'python_version')]), sep = '\\n')")
  expect_identical(setdiff(c(bertfit_requirements(), pins_of(), ">=3.10", "<3.14"), told), character())
  expect_identical("numpy<2" %in% told, FALSE)
})

test_that("tensorflow-text, which has no wheels for Windows, is asked for elsewhere only", {
  expect_match(bertfit_requirements(), "^tensorflow-text.*; sys_platform != \"win32\"$", all = FALSE)
  expect_identical("tensorflow-text" %in% REQUIRED_PACKAGES, .Platform$OS.type != "windows")
})

test_that("every package that is looked for is in the list that is installed", {
  listed <- bertfit_requirements()
  expect_setequal(intersect(sub("[<>=].*$", "", listed), REQUIRED_PACKAGES), REQUIRED_PACKAGES)
})

# A shell script that behaves as a Python of the given facts: it answers the probe of why_not(), makes a
# virtual environment that is itself again, and notes the arguments of pip.
fake_python <- function(answer, pip_status = 0) {
  skip_on_os("windows")
  path <- tempfile("python")
  writeLines(c(
    "#!/bin/sh",
    "case \"$*\" in",
    paste0("  *'-m venv'*) mkdir -p \"$3/bin\" && cp \"$0\" \"$3/bin/python\" ;;"),
    paste0("  *'-m pip'*) echo \"$@\" >> \"$(dirname \"$0\")/pip.log\"; for last; do :; done; cat \"$last\" >> \"$(dirname \"$0\")/pip.log\"; echo no space left >&2; exit ", pip_status, " ;;"),
    paste0("  *) echo '", answer, "' ;;"),
    "esac"
  ), path)
  Sys.chmod(path, "755")
  path
}

local_home <- function(env = parent.frame()) {
  home <- tempfile("home")
  withr::local_envvar(c(R_USER_DATA_DIR = home, R_USER_CONFIG_DIR = home, RETICULATE_PYTHON = NA), .local_envir = env)
  home
}

test_that("bert_install() makes the environment from the list, and it is found from then on", {
  local_python_off()
  local_home()
  path <- file.path(tempfile("new"), "env")
  expect_silent(made <- bert_install(path, python = fake_python("3 11 1 1"), quiet = TRUE))
  expect_identical(made, normalizePath(path))
  log <- readLines(file.path(path, "bin", "pip.log"))
  expect_match(log[1], "^-m pip install --disable-pip-version-check -r ")
  expect_identical(log[-1], c(bertfit_requirements(), pins_of()))
  expect_identical(installed_path(), made)

  bert_install(path, gpu = TRUE, quiet = TRUE) # again: updates in place, needs no base Python
  log <- readLines(file.path(path, "bin", "pip.log"))
  expect_match(log, "tensorflow[and-cuda]", fixed = TRUE, all = FALSE)
})

test_that("with wheels pip installs from that folder and asks no index", {
  local_python_off()
  local_home()
  folder <- file.path(tempfile("my "), "wheels \u00e4 \ud55c")
  dir.create(folder, recursive = TRUE)
  expect_error(bert_install(tempfile(), wheels = folder), "There is none in", class = "bertfit_error_argument")
  expect_error(bert_install(tempfile(), wheels = "no-such"), "There is no folder no-such", class = "bertfit_error_argument")
  file.create(file.path(folder, "tensorflow-2.21.0-cp311-cp311-linux_x86_64.whl"))
  made <- bert_install(file.path(tempfile(), "env"), python = fake_python("3 11 1 1"), wheels = folder, quiet = TRUE)
  log <- readLines(file.path(made, "bin", "pip.log"), encoding = "UTF-8")
  expected <- paste("-m pip install --disable-pip-version-check --no-index --find-links", normalizePath(folder), "-r ")
  expect_true(startsWith(log[1], expected))
})

test_that("bert_install() says why a Python does not fit", {
  local_home()
  refusal <- function(answer) expect_error(
    bert_install(tempfile(), python = fake_python(answer), quiet = TRUE), class = "bertfit_error_setup"
  )
  newest <- max(python_minors())
  expect_match(conditionMessage(refusal(paste(3, newest + 1L, 1, 1))), paste0("is Python 3.", newest + 1L, "."), fixed = TRUE)
  expect_match(conditionMessage(refusal("3 9 1 1")), "is Python 3.9.", fixed = TRUE)
  expect_match(conditionMessage(refusal("3 11 0 1")), "no shared library")
  expect_match(conditionMessage(refusal("3 11 1 0")), "no venv module (Debian: the package python3.11-venv)", fixed = TRUE)
  expect_match(conditionMessage(refusal("what")), "does not run")
  expect_match(conditionMessage(refusal("3 9 1 1")), "apt-get install python3.11", fixed = TRUE)
  error <- expect_error(bert_install(tempfile(), python = "/nowhere/python"), class = "bertfit_error_setup")
  expect_match(conditionMessage(error), "None was found under the names /nowhere/python")
})

test_that("a failing pip is an error with the end of its output, and nothing is remembered", {
  local_home()
  error <- expect_error(
    bert_install(tempfile(), python = fake_python("3 11 1 1", pip_status = 1), quiet = TRUE),
    "could not be installed", class = "bertfit_error_setup"
  )
  expect_match(conditionMessage(error), "no space left")
  expect_false(file.exists(installed_note()))
})

test_that("bert_install() leaves a folder of other files alone", {
  folder <- tempfile("mine")
  dir.create(folder)
  writeLines("thesis", file.path(folder, "thesis.txt"))
  expect_error(bert_install(folder, python = "/nowhere"), "holds other files", class = "bertfit_error_setup")
  expect_identical(list.files(folder), "thesis.txt")
})

test_that("bert_install() checks its arguments", {
  expect_error(bert_install(3), "`path` must be", class = "bertfit_error_argument")
  expect_error(bert_install(gpu = NA), "`gpu` must be", class = "bertfit_error_argument")
  expect_error(bert_install(upgrade = TRUE), "`upgrade`", class = "bertfit_error_argument")
})

test_that("bert_available() answers from files and starts nothing", {
  skip_on_cran()
  answer <- function(path) run_r(
    "library(bertfit); cat(bert_available(), isNamespaceLoaded('reticulate') && reticulate::py_available())",
    env = c(RETICULATE_PYTHON = path)
  )
  # fake_venv()'s interpreter cannot run at all.
  expect_identical(answer(venv_python(fake_venv(good_packages))), "TRUE FALSE")
  expect_identical(answer(venv_python(fake_venv(good_packages[-1]))), "FALSE FALSE")
  expect_identical(answer("/nowhere/python"), "FALSE FALSE")
})

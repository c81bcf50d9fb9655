# read_python() and python_problems() work on files and lists, so no Python is needed here.

problems <- function(..., version = "3.11.2", reticulate = "1.28", keras = NULL) {
  packages <- good_packages
  changed <- c(...)
  packages[names(changed)] <- changed
  packages <- packages[!is.na(packages)]
  python_problems(list(version = version, packages = packages, keras = keras), reticulate)
}

test_that("the pinned versions give no problem, with old and new reticulate", {
  expect_identical(nrow(problems()), 0L)
  expect_identical(nrow(problems(reticulate = "1.46")), 0L)
})

test_that("each limit of reticulate is named with its cause and its fix", {
  cases <- list(
    list(problems(numpy = "2.1.0"), "NumPy 2.1.0 does not work with reticulate 1.28, which needs NumPy < 2", "numpy<2"),
    list(problems(pandas = "3.0.1"), "pandas 3.0.1 does not work with reticulate 1.28", "pandas<3"),
    list(problems(version = "3.12.4"), "Python 3.12.4 does not work with reticulate 1.28", "bert_install()"),
    list(problems(version = "3.13.0", reticulate = "1.38"), "which needs Python < 3.13", "reticulate 1.40"),
    list(problems(version = "3.8.10"), "Python 3.8.10 is older than 3.10", "bert_install()")
  )
  for (case in cases) {
    expect_identical(nrow(case[[1]]), 1L)
    expect_match(case[[1]]$problem, case[[2]], fixed = TRUE)
    expect_match(case[[1]]$fix, case[[3]], fixed = TRUE)
  }
})

test_that("a newer reticulate lifts its limits, each at its own version", {
  expect_identical(nrow(problems(numpy = "2.1.0", reticulate = "1.38")), 0L)
  expect_identical(nrow(problems(numpy = "2.1.0", reticulate = "1.37.0")), 1L)
  expect_identical(nrow(problems(pandas = "3.0.0", reticulate = "1.44.1")), 1L)
  expect_identical(nrow(problems(pandas = "3.0.0", reticulate = "1.45.0")), 0L)
  expect_identical(nrow(problems(version = "3.12.1", reticulate = "1.33")), 0L)
})

test_that("today's Python, NumPy and pandas are no problem for today's reticulate", {
  expect_identical(nrow(problems(version = "3.13.0", numpy = "2.5.5", pandas = "3.1.1", reticulate = "1.46.0")), 0L)
})

test_that("missing packages, a tf-keras of another minor, and Keras 3 are found", {
  expect_match(problems("keras-bert" = NA, numpy = NA)$problem, "missing: keras-bert, numpy", fixed = TRUE)
  expect_match(problems("tf-keras" = "2.19.0")$problem, "tf-keras 2.19.0 does not go with TensorFlow 2.21.0", fixed = TRUE)
  found <- problems(keras = "3.5.0")
  expect_match(found$problem, "already running in this session with Keras 3.5.0", fixed = TRUE)
  expect_match(found$fix, "TF_USE_LEGACY_KERAS=1", fixed = TRUE)
  expect_identical(nrow(problems(keras = "2.21.0")), 0L)
})

test_that("an environment is read from its files", {
  path <- fake_venv(c(good_packages, "Odd.Name" = "1.0"), version = "3.10.9")
  facts <- read_python(venv_python(path))
  expect_identical(facts$version, "3.10.9")
  expect_identical(facts$packages[["tf-keras"]], "2.21.0")
  expect_identical(facts$packages[["odd-name"]], "1.0")
  expect_true(holds_bertfit(venv_python(path)))
  expect_false(holds_bertfit(venv_python(fake_venv(c(numpy = "1.26.4")))))
  expect_false(holds_bertfit(NULL))
})

test_that("an interpreter outside of a virtual environment is read by its folders", {
  prefix <- tempfile("prefix")
  site <- file.path(prefix, "lib", "python3.11", "site-packages", "numpy-1.26.4.dist-info")
  dir.create(site, recursive = TRUE)
  facts <- read_python(file.path(prefix, "bin", "python"))
  expect_identical(facts$version, "3.11")
  expect_identical(facts$packages[["numpy"]], "1.26.4")
})

test_that("Python is looked for in the documented order", {
  local_python_off()
  project <- tempfile("project")
  dir.create(project)
  home <- tempfile("home")
  withr::local_envvar(
    RETICULATE_PYTHON = NA, RETICULATE_PYTHON_ENV = NA, R_USER_DATA_DIR = home, R_USER_CONFIG_DIR = home
  )
  withr::local_dir(project)
  expect_null(find_python()$python)

  installed <- fake_venv(good_packages, path = default_install_path())
  expect_identical(find_python()$origin, "bert_install()")
  elsewhere <- fake_venv(good_packages)
  dir.create(dirname(installed_note()), recursive = TRUE, showWarnings = FALSE)
  writeLines(elsewhere, installed_note())
  expect_identical(find_python()$python, venv_python(elsewhere))

  fake_venv(c(numpy = "1.26.4"), path = ".venv")
  expect_identical(find_python()$origin, "bert_install()") # a .venv for something else is passed over
  unlink(".venv", recursive = TRUE)
  fake_venv(good_packages, path = ".venv")
  expect_identical(find_python()$origin, "./.venv")

  withr::local_envvar(RETICULATE_PYTHON = elsewhere)
  expect_identical(find_python()$python, venv_python(elsewhere))
  expect_match(find_python()$origin, "RETICULATE_PYTHON")
})

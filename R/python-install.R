#' Make the Python environment of bertfit
#'
#' Creates a virtual environment with TensorFlow, keras-bert and the other packages that bertfit runs on
#' (listed, with versions, in `system.file("requirements.txt", package = "bertfit")`), and remembers where
#' it is: later sessions find it without further set-up. About 2.3 GB on disk and one to three minutes.
#' Calling it again updates the packages in place. With an old reticulate, NumPy and pandas are installed in versions
#' that it can convert (before 1.38 NumPy 1, before 1.45 pandas 2).
#'
#' @section Which Python is used:
#' At first use bertfit takes, in this order: the Python that already runs in the session; the one named in
#' the environment variable `RETICULATE_PYTHON`; the one chosen with [reticulate::use_python()] or
#' [reticulate::use_virtualenv()]; the folder `.venv` in the working directory, if TensorFlow and keras-bert
#' are in it; the environment that `bert_install()` made. With reticulate 1.41 or newer and none of these,
#' reticulate makes an environment by itself, from what bertfit declares with `py_require()`.
#'
#' @param path Folder of the environment. The default, NULL, is a folder for this user,
#'   `file.path(tools::R_user_dir("bertfit", "data"), "python")`.
#' @param ... Must be empty.
#' @param python Path of the Python to build on, with its shared library: version 3.10 to 3.13, and with reticulate
#'   older than 1.40 at most 3.12, older than 1.33 at most 3.11. NULL looks for `python3.13` and so on, and `python3`.
#' @param gpu TRUE installs TensorFlow with the CUDA libraries for an NVIDIA GPU (several GB more).
#' @param wheels A folder of wheel files, from which pip installs without any network: `make wheelhouse` in bertfit's
#'   repository makes one, on a machine with the same system and the same Python version. NULL downloads them.
#' @param quiet TRUE hides what pip prints. If pip fails, the end of its output is in the error.
#' @return The path of the environment, invisibly.
#' @section Without a network: Besides the packages, bertfit needs a model. The folder of downloaded models, `cache` in
#'   [bert_sitrep()], has no paths in it: copy it to the other machine and name it in the environment variable
#'   `BERTFIT_CACHE`.
#' @section Errors: `bertfit_error_setup` when no Python fits, or when the environment cannot be made.
#' @seealso [bert_sitrep()] for what is there, [bert_available()] for a yes or no.
#' @examples
#' \dontrun{
#' bert_install()
#' bert_available()
#' bert_install(wheels = "wheelhouse") # offline, from the files that `make wheelhouse` has made
#' }
#' @export
bert_install <- function(path = NULL, ..., python = NULL, gpu = FALSE, wheels = NULL, quiet = FALSE) {
  check_dots_empty0(...)
  check_string(path, null_ok = TRUE)
  check_string(python, null_ok = TRUE)
  check_flag(gpu)
  check_string(wheels, null_ok = TRUE)
  check_flag(quiet)
  call <- rlang::current_env()
  if (!is.null(wheels)) wheels <- wheel_folder(wheels, call)
  path <- normalizePath(path %||% default_install_path(), mustWork = FALSE)
  interpreter <- venv_python(path)
  if (is.null(interpreter)) {
    if (dir.exists(path) && length(list.files(path, all.files = TRUE, no.. = TRUE)) > 0) {
      bert_abort("must be a virtual environment, or a folder that is empty or new.",
                 paste0(path, " holds other files."), class = "setup", call = call, argument = "path")
    }
    base <- base_python(python, call)
    dir.create(dirname(path), recursive = TRUE, showWarnings = FALSE)
    run_python(base, c("-m", "venv", shQuote(path)), "The environment could not be created.", quiet, call)
    interpreter <- venv_python(path)
  }
  pip <- c("-m", "pip", "install", "--disable-pip-version-check")
  if (!is.null(wheels)) pip <- c(pip, "--no-index", "--find-links", shQuote(wheels))
  packages <- c(read_requirements(system.file("requirements.txt", package = "bertfit"), gpu), pins_of())
  list <- tempfile(fileext = ".txt")
  on.exit(unlink(list))
  writeLines(packages, list)
  run_python(interpreter, c(pip, "-r", shQuote(list)), "The Python packages could not be installed.", quiet, call)
  note <- installed_note()
  dir.create(dirname(note), recursive = TRUE, showWarnings = FALSE)
  writeLines(path, note)
  if (!quiet) {
    cli::cli_inform(c(v = "The Python environment of bertfit is ready in {.path {path}}."))
    if (python_running()) cli::cli_inform(c(i = "Python already runs in this session: restart R to use it."))
  }
  invisible(path)
}

#' Is a Python environment for bertfit ready?
#'
#' Whether the Python that bertfit would use (see [bert_install()]) exists, has the packages, and has versions that
#' work with the installed reticulate. Only files are read: nothing is started, installed or downloaded.
#'
#' @return TRUE or FALSE. FALSE also where reticulate would still have to make the environment.
#' @seealso [bert_sitrep()] for the reasons.
#' @examples
#' bert_available()
#' @export
bert_available <- function() {
  if (!is.null(the$api)) {
    return(TRUE)
  }
  python <- find_python()$python
  if (is.null(python) || !file.exists(python)) {
    return(FALSE)
  }
  facts <- read_python(python)
  !is.na(facts$version) && nrow(python_problems(facts)) == 0L
}

#' The requirement lines of a file, without comments; with CUDA when `gpu`
#' @noRd
read_requirements <- function(path, gpu = FALSE) {
  lines <- trimws(sub("#.*$", "", readLines(path, warn = FALSE)))
  lines <- lines[nzchar(lines)]
  if (gpu) lines <- sub("^tensorflow(?=[<>=~! ]|$)", "tensorflow[and-cuda]", lines, perl = TRUE)
  lines
}

wheel_folder <- function(wheels, call) {
  wheels <- path.expand(wheels)
  if (length(list.files(wheels, pattern = "\\.whl$")) == 0L) {
    bert_abort("must be a folder of wheel files (*.whl).",
               paste0(if (dir.exists(wheels)) "There is none in " else "There is no folder ", wheels, "."),
               argument = "wheels", call = call)
  }
  normalizePath(wheels)
}

# The first Python that the environment can be built on, or an error that says why none fits.
base_python <- function(python, call) {
  names <- paste0("python3.", rev(python_minors()))
  # Before the PATH's: pyenv puts a script there for each version, which runs only where that version is chosen.
  candidates <- python %||% c(rbind(file.path("/usr/bin", names), names), "python3", "python")
  reasons <- character()
  for (candidate in unique(Sys.which(candidates))) {
    reason <- if (nzchar(candidate)) why_not(candidate) else NA_character_
    if (identical(reason, "")) {
      return(candidate)
    }
    if (!is.na(reason)) reasons <- c(reasons, reason)
  }
  if (length(reasons) == 0L) reasons <- paste0("None was found under the names ", some_of(candidates), ".")
  bert_abort(
    paste(python_range(), "must be installed, with its venv module and shared library."),
    c(
      rlang::set_names(reasons, rep("x", length(reasons))),
      i = "Debian and Ubuntu: `sudo apt-get install python3.11 python3.11-venv libpython3.11`.",
      i = "Elsewhere: reticulate::install_python(\"3.11:latest\") builds one; give its path as `python`."
    ),
    class = "setup", call = call
  )
}

# "" when an interpreter fits, else the reason. reticulate needs the shared library, which Python itself
# does not: an interpreter linked statically runs alone and fails in R.
why_not <- function(python) {
  code <- paste(
    "import sys, sysconfig, os, importlib.util as u",
    "get = sysconfig.get_config_var",
    "names = [get('INSTSONAME'), get('LDLIBRARY')]",
    "folders = [get('LIBDIR'), os.path.join(get('LIBDIR') or '', get('MULTIARCH') or ''), get('LIBPL')]",
    "files = [os.path.join(d, n) for n in names for d in folders if d and n and '.so' in n]",
    "shared = os.name == 'nt' or sys.platform == 'darwin' or any(map(os.path.exists, files))",
    "venv = bool(u.find_spec('venv') and u.find_spec('ensurepip'))",
    "print(sys.version_info[0], sys.version_info[1], int(shared), int(venv))",
    sep = "\n"
  )
  script <- tempfile(fileext = ".py")
  on.exit(unlink(script))
  writeLines(code, script)
  answer <- suppressWarnings(system2(python, shQuote(script), stdout = TRUE, stderr = FALSE))
  facts <- suppressWarnings(as.integer(strsplit(utils::tail(c("", answer), 1L), " ")[[1L]]))
  if (length(facts) != 4L || anyNA(facts)) {
    return(paste0(python, " does not run."))
  }
  if (facts[1L] != 3L || !facts[2L] %in% python_minors()) {
    return(paste0(python, " is Python ", facts[1L], ".", facts[2L], "."))
  }
  if (facts[3L] == 0L) {
    return(paste0(python, " has no shared library, which reticulate needs."))
  }
  if (facts[4L] == 0L) {
    return(paste0(python, " has no venv module (Debian: the package python3.", facts[2L], "-venv)."))
  }
  ""
}

run_python <- function(python, args, rule, quiet, call) {
  log <- tempfile()
  on.exit(unlink(log))
  # A new environment must not see the packages on the caller's PYTHONPATH.
  env <- "PYTHONPATH="
  status <- if (quiet) {
    system2(python, args, stdout = log, stderr = log, env = env)
  } else {
    system2(python, args, stdout = "", stderr = log, env = env)
  }
  if (status != 0L) {
    output <- if (file.exists(log)) utils::tail(readLines(log, warn = FALSE), 10L) else character()
    bert_abort(
      rule,
      c(
        x = paste0("`", paste(c(python, args), collapse = " "), "` ended with status ", status, "."),
        rlang::set_names(output, rep(" ", length(output)))
      ),
      class = "setup", call = call
    )
  }
  invisible()
}

# The only place where R calls Python: `bert_call()` passes a name and plain values to `bertfit.r.call` and returns
# plain values. Python starts at the first call, after its versions have been checked.

# State of this session: `api` is the Python module, once Python runs.
the <- new.env(parent = emptyenv())

#' Call a function of the Python core
#'
#' @param .name A name that `bertfit.r.call` knows. The dot keeps an argument called `n` or `name` out of it.
#' @param ... Named arguments: scalars, lists, arrays, functions, rows. NULLs are not sent.
#' @param call The user's call, for errors.
#' @return The value, converted to R.
#' @noRd
bert_call <- function(.name, ..., call = rlang::caller_env()) {
  api <- python_api(call)
  arguments <- lapply(drop_nulls(list(...)), as_py_argument)
  answer <- tryCatch(
    listening(api, .name, reticulate::py_to_r(
      api$call(.name, if (length(arguments) > 0) arguments else reticulate::dict())
    )),
    error = function(error) {
      bert_abort(
        paste0("Python failed outside of bertfit's own error handling (in `", .name, "`)."),
        class = "internal", call = call, parent = error
      )
    }
  )
  if (identical(answer$code, "interrupt")) allowInterrupts(rlang::interrupt())
  if (!isTRUE(answer$ok)) abort_python(answer, call)
  tell_notices(answer$notices)
  plain_vectors(answer$value)
}

# The value of `expr`, a call of Python, with Ctrl-C in Python's hands from the conversion of its arguments to that of
# its answer; an answer of "interrupt" if it came meanwhile and nothing acted upon it.
listening <- function(api, name, expr) {
  heed_interrupts() # one that R has not noticed yet would be raised where reticulate cannot take it
  api$listen(name)
  open <- TRUE
  on.exit(if (open) api$unlisten())
  value <- expr
  open <- FALSE
  if (reticulate::py_to_r(api$unlisten())) list(code = "interrupt") else value
}

#' Texts for Python: a list of strings, one per row, even of length one or zero
#'
#' They must have been checked before ([check_text()]), since reticulate sends missing values as "NA".
#' @noRd
as_py_text <- function(x) if (length(x) == 1L) list(as.character(x)) else as.character(x)

#' A numeric vector for Python: always an array, also of length one
#' @noRd
as_py_array <- function(x) {
  if (is.null(x)) NULL else if (is.null(dim(x))) as.array(unname(x)) else unname(x)
}

# Rows become a dict. Functions are wrapped here so that what Python passes them arrives as R values. Numbers cross as
# they are: Python takes 3.0 for 3 where it wants a whole number.
as_py_argument <- function(x) {
  if (inherits(x, "bert_rows")) {
    return(drop_nulls(list(
      texts = as_py_text(x$texts), pairs = if (!is.null(x$pairs)) as_py_text(x$pairs),
      targets = as_py_array(x$targets), weights = as_py_array(x$weights)
    )))
  }
  if (is.function(x)) reticulate::r_to_py(x, convert = TRUE) else x
}

drop_nulls <- function(x) x[!vapply(x, is.null, logical(1))]

# reticulate gives one-dimensional NumPy arrays as one-dimensional R arrays; R users expect vectors.
plain_vectors <- function(x) {
  if (is.list(x) && !is.object(x)) {
    x[] <- lapply(x, plain_vectors)
  } else if (is.array(x) && length(dim(x)) == 1L) {
    x <- as.vector(x)
  }
  x
}

#' The module `bertfit.r`, with Python started if need be
#' @noRd
python_api <- function(call = rlang::caller_env()) {
  if (is.null(the$api)) the$api <- start_python(call)
  the$api
}

start_python <- function(call) {
  folder <- python_folder(call)
  running <- python_running()
  if (!running) choose_python(call)
  # TensorFlow reads these once, when it starts. Python copies R's environment when Python starts.
  if (!running) Sys.setenv(TF_USE_LEGACY_KERAS = "1")
  started <- tryCatch(reticulate::py_available(initialize = TRUE), error = identity)
  if (!isTRUE(started)) {
    bert_abort(
      "Python must start.",
      c(
        paste0("reticulate could not start ", find_python()$python %||% "any Python", "."),
        "Run bert_sitrep() to see what was looked for, or bert_install() to make an environment."
      ),
      class = "setup", call = call, parent = if (inherits(started, "error")) started
    )
  }
  if (running && has_py_require()) declare_requirements()
  refuse_problems(python_problems(running_facts()), running, call)
  tryCatch(
    reticulate::import_from_path("bertfit.r", path = folder, convert = FALSE),
    error = function(error) {
      bert_abort(
        "bertfit's Python package must load.",
        paste0("It was loaded from ", folder, " into ", reticulate::py_config()$python, "."),
        class = "setup", call = call, parent = error
      )
    }
  )
}

# Choose the Python that reticulate will start, and refuse one with versions that crash.
choose_python <- function(call) {
  found <- find_python()
  if (is.null(found$python)) {
    if (has_py_require()) {
      return(invisible()) # declared when reticulate was loaded; it makes the environment
    }
    bert_abort(
      "bertfit needs a Python environment.",
      c(
        "None was found: RETICULATE_PYTHON is not set, ./.venv has no TensorFlow, and bert_install() has not been run.",
        "Run bert_install() once."
      ),
      class = "setup", call = call
    )
  }
  if (!file.exists(found$python)) {
    bert_abort(
      "The chosen Python must exist.",
      c(paste0(found$python, " does not; it comes from ", found$origin, "."), "Correct it, or run bert_install()."),
      class = "setup", call = call
    )
  }
  facts <- read_python(found$python)
  # An interpreter whose version its files do not tell (a shim script) is checked once it runs.
  if (!is.na(facts$version)) refuse_problems(python_problems(facts), FALSE, call, found)
  if (found$origin %in% c("./.venv", "bert_install()")) reticulate::use_python(found$python, required = TRUE)
  invisible()
}

refuse_problems <- function(problems, running, call, found = find_python()) {
  if (nrow(problems) == 0L) {
    return(invisible())
  }
  bert_abort(
    "The Python environment must fit bertfit.",
    c(
      rlang::set_names(problems$problem, "x"),
      i = paste0("Python is ", found$python, ", from ", found$origin, "."),
      rlang::set_names(unique(problems$fix), "i"),
      if (running) c(i = "Python is already running in this R session: restart R after the change.")
    ),
    class = "setup", call = call
  )
}

#' Versions in the Python that runs now, in the form of [read_python()]
#'
#' `keras` is the version of a Keras that TensorFlow has already started with, or NULL.
#' @noRd
running_facts <- function() {
  code <- paste(
    "import sys, os, importlib.metadata as metadata",
    "versions = {}",
    "for found in metadata.distributions():",
    "    name = found.metadata['Name'] if found.metadata else None",
    "    if name: versions.setdefault(name, found.version)",
    "for name in ('numpy', 'pandas', 'tensorflow'):", # what is loaded counts, wherever it came from
    "    version = getattr(sys.modules.get(name), '__version__', None)",
    "    if version: versions[name] = version",
    "legacy = os.environ.get('TF_USE_LEGACY_KERAS') == '1'",
    "keras = sys.modules.get('keras') if 'tensorflow' in sys.modules and not legacy else None",
    "facts = {'version': '.'.join(map(str, sys.version_info[:3])), 'names': list(versions),",
    "         'versions': [str(v) for v in versions.values()], 'keras': str(getattr(keras, '__version__', ''))}",
    sep = "\n"
  )
  facts <- reticulate::py_run_string(code, local = TRUE, convert = TRUE)$facts
  packages <- as.character(unlist(facts$versions))
  names(packages) <- normal_name(as.character(unlist(facts$names)))
  list(
    python = reticulate::py_config()$python,
    version = facts$version,
    packages = packages,
    keras = if (nzchar(facts$keras)) facts$keras
  )
}

#' The folder that holds the Python package, inside the installed R package
#' @noRd
python_folder <- function(call = rlang::caller_env(), folder = system.file("python", package = "bertfit")) {
  if (dir.exists(file.path(folder, "bertfit"))) {
    return(folder)
  }
  is_text <- nzchar(folder) && file.exists(folder) && !dir.exists(folder)
  bert_abort(
    "bertfit must be installed with its Python package.",
    c(
      if (is_text) {
        paste(
          "`inst/python` is a text file in this copy:",
          "a zip from GitHub (or git on Windows without links) turns the link into text."
        )
      } else {
        "The folder `python/bertfit` is missing from the installed package."
      },
      paste(
        "Install from a git clone or from the tar.gz that `R CMD build` makes,",
        "or replace `inst/python` by a copy of the folder `python`."
      )
    ),
    class = "setup", call = call
  )
}

# Which Python is meant, what is installed in it, and whether that can work with this R.
#
# Nothing here starts Python: an environment is read from its files. That makes `bert_available()`
# free of side effects, and lets a wrong version be refused before it crashes the session.

PYTHON_OLDEST <- "3.10"
PYTHON_NEWEST <- "3.13" # the newest that TensorFlow has wheels for
# TensorFlow and what must stand beside it; the full list with versions is inst/requirements.txt.
REQUIRED_PACKAGES <- c(
  "tensorflow", "tf-keras", "keras-bert", if (.Platform$OS.type != "windows") "tensorflow-text", "tokenizers",
  "sentencepiece", "safetensors", "huggingface-hub", "scikit-learn", "tqdm", "filelock", "google-crc32c", "pandas",
  "numpy"
)

# One row per rule of the kind "reticulate before `reticulate` works with `what` only `below`".
reticulate_limits <- function() {
  utils::read.csv(system.file("reticulate-limits.csv", package = "bertfit"), colClasses = "character")
}

#' The limits that a version of reticulate sets
#'
#' @return A character vector: the version that each of "python", "numpy" and "pandas" must be below, where it must.
#' @noRd
limits_of <- function(reticulate = utils::packageVersion("reticulate")) {
  limits <- reticulate_limits()
  limits <- limits[vapply(limits$reticulate, function(first) older(as.character(reticulate), first), NA), ]
  limits <- limits[!duplicated(limits$what), ] # the lowest comes first
  stats::setNames(limits$below, limits$what)
}

# Requirement lines, as pip and py_require() read them.
pins_of <- function(reticulate = utils::packageVersion("reticulate")) {
  limits <- limits_of(reticulate)
  limits <- limits[names(limits) != "python"]
  if (length(limits) > 0) paste0(names(limits), "<", limits) else character()
}

# The minor versions of Python 3 that fit, oldest first.
python_minors <- function(reticulate = utils::packageVersion("reticulate")) {
  minor <- function(version) as.integer(sub("^3\\.", "", version))
  newest <- minor(PYTHON_NEWEST)
  below <- limits_of(reticulate)["python"]
  seq(minor(PYTHON_OLDEST), if (is.na(below)) newest else min(newest, minor(below) - 1L))
}

# "Python 3.10 to 3.13"
python_range <- function(reticulate = utils::packageVersion("reticulate")) {
  ends <- range(python_minors(reticulate))
  paste0("Python 3.", ends[[1L]], if (diff(ends) == 1L) " or " else " to ", "3.", ends[[2L]])
}

#' The Python that first use of bertfit would start
#'
#' @return A list of `python` (path, or NULL) and `origin` (in words).
#' @noRd
find_python <- function() {
  if (python_running()) {
    return(list(python = reticulate::py_config()$python, origin = "already running in this session"))
  }
  named <- Sys.getenv("RETICULATE_PYTHON")
  if (nzchar(named) && named != "managed") {
    return(list(python = python_of(named), origin = "the environment variable RETICULATE_PYTHON"))
  }
  asked <- reticulate_request()
  if (!is.null(asked)) {
    return(list(python = asked, origin = "use_python() or use_virtualenv()"))
  }
  project <- venv_python(file.path(getwd(), ".venv"))
  if (holds_bertfit(project)) {
    return(list(python = project, origin = "./.venv"))
  }
  installed <- venv_python(installed_path())
  if (holds_bertfit(installed)) {
    return(list(python = installed, origin = "bert_install()"))
  }
  list(python = NULL, origin = "nowhere")
}

python_running <- function() {
  isNamespaceLoaded("reticulate") && reticulate::py_available(initialize = FALSE)
}

# The user's choice through reticulate, which keeps it in an internal variable.
reticulate_request <- function() {
  globals <- if (isNamespaceLoaded("reticulate")) get0(".globals", asNamespace("reticulate"), inherits = FALSE)
  asked <- if (is.environment(globals)) globals$required_python_version
  if (rlang::is_string(asked) && file.exists(asked)) {
    return(python_of(asked))
  }
  name <- Sys.getenv("RETICULATE_PYTHON_ENV")
  if (!nzchar(name)) {
    return(NULL)
  }
  root <- Sys.getenv("WORKON_HOME", "~/.virtualenvs")
  venv_python(name) %||% venv_python(file.path(path.expand(root), name))
}

# reticulate lets RETICULATE_PYTHON name a folder.
python_of <- function(path) {
  path <- path.expand(path)
  if (dir.exists(path)) venv_python(path) %||% path else path
}

venv_python <- function(path) {
  if (is.null(path)) {
    return(NULL)
  }
  candidates <- file.path(path, c("bin/python", "bin/python3", "Scripts/python.exe", "python.exe"))
  candidates <- candidates[file.exists(candidates)]
  if (length(candidates) > 0) candidates[[1L]]
}

holds_bertfit <- function(python) {
  !is.null(python) && all(c("tensorflow", "keras-bert") %in% names(read_python(python)$packages))
}

# Where bert_install() puts its environment, unless told otherwise; it then notes the path here.
installed_note <- function() file.path(tools::R_user_dir("bertfit", "config"), "python-environment")

installed_path <- function() {
  note <- installed_note()
  if (file.exists(note)) {
    return(readLines(note, n = 1L, warn = FALSE))
  }
  default_install_path()
}

default_install_path <- function() file.path(tools::R_user_dir("bertfit", "data"), "python")

#' A Python environment, read from its files
#'
#' @param python Path of an interpreter.
#' @return A list of `python`, `version` ("3.11.7", "3.11" or NA) and `packages` (versions named by
#'   normalised distribution name).
#' @noRd
read_python <- function(python) {
  prefix <- dirname(dirname(python))
  config <- file.path(prefix, "pyvenv.cfg")
  version <- NA_character_
  prefixes <- prefix
  if (file.exists(config)) {
    lines <- readLines(config, warn = FALSE)
    field <- function(name) {
      found <- grep(paste0("^", name, "\\s*="), lines, value = TRUE)
      if (length(found) > 0) trimws(sub("^[^=]*=", "", found[[1L]])) else NA_character_
    }
    version <- field("version(_info)?")
    version <- sub("^(\\d+\\.\\d+(\\.\\d+)?).*$", "\\1", version)
    if (identical(tolower(field("include-system-site-packages")), "true")) {
      prefixes <- c(prefix, dirname(field("home")))
    }
  } else {
    name <- basename(normalizePath(python, mustWork = FALSE))
    if (grepl("^python3\\.\\d+$", name)) version <- sub("^python", "", name)
    prefixes <- c(prefix, file.path(prefix, "local"), path.expand("~/.local"))
  }
  minor <- if (is.na(version)) "3.*" else sub("^(\\d+\\.\\d+).*$", "\\1", version)
  folders <- Sys.glob(c(
    file.path(prefixes, "lib", paste0("python", minor), "site-packages"),
    file.path(prefixes, "lib", paste0("python", minor), "dist-packages"),
    file.path(prefixes, "lib", "python3", "dist-packages"),
    file.path(prefixes, "Lib", "site-packages")
  ))
  if (is.na(version)) {
    found <- regmatches(folders, regexpr("(?<=python)3\\.\\d+", folders, perl = TRUE))
    if (length(unique(found)) == 1L) version <- found[[1L]]
  }
  list(python = python, version = version, packages = read_packages(folders))
}

read_packages <- function(folders) {
  names <- list.files(folders, pattern = "\\.(dist|egg)-info$")
  stem <- sub("(-py3[^-]*)?\\.(dist|egg)-info$", "", names)
  packages <- sub("^.*-", "", stem)
  names(packages) <- normal_name(sub("-[^-]*$", "", stem))
  packages[!duplicated(names(packages))]
}

normal_name <- function(x) gsub("[-_.]+", "-", tolower(x))

#' What is wrong with a Python for bertfit
#'
#' @param facts A list as [read_python()] returns, optionally with `keras` (the version of the Keras
#'   that a running TensorFlow uses).
#' @param reticulate The version of reticulate.
#' @return A data frame of `problem` and `fix`, one row per problem.
#' @noRd
python_problems <- function(facts, reticulate = utils::packageVersion("reticulate")) {
  found <- list()
  add <- function(problem, fix) found[[length(found) + 1L]] <<- data.frame(problem = problem, fix = fix)
  reticulate <- as.character(reticulate)
  python <- facts$version
  packages <- facts$packages
  other_python <- paste(
    "bert_install() makes an environment with a Python that works",
    paste0("(", python_range(reticulate), "); or name one in RETICULATE_PYTHON before R starts.")
  )
  if (!is.na(python) && older(python, PYTHON_OLDEST)) {
    add(paste0("Python ", python, " is older than ", PYTHON_OLDEST, "."), other_python)
  }
  limits <- reticulate_limits()
  versions <- c(python = python, packages[intersect(names(packages), limits$what)])
  for (i in seq_len(nrow(limits))) {
    limit <- limits[i, ]
    version <- versions[limit$what]
    if (is.na(version) || older(version, limit$below) || !older(reticulate, limit$reticulate)) next
    label <- c(python = "Python", numpy = "NumPy", pandas = "pandas")[[limit$what]]
    problem <- paste0(
      label, " ", version, " does not work with reticulate ", reticulate,
      ", which needs ", label, " < ", limit$below, "."
    )
    newer <- paste0("reticulate ", limit$reticulate, " or newer (install.packages(\"reticulate\"))")
    fix <- if (limit$what == "python") {
      paste(other_python, "Or install", paste0(newer, "."))
    } else {
      paste0("In that Python: `pip install \"", limit$what, "<", limit$below, "\"`; or install ", newer, ".")
    }
    add(problem, fix)
    if (limit$what == "python") versions["python"] <- NA # one sentence about Python is enough
  }
  absent <- setdiff(REQUIRED_PACKAGES, names(packages))
  if (length(absent) > 0) {
    add(
      paste0("Python packages are missing: ", paste(absent, collapse = ", "), "."),
      "Run bert_install(), or name the Python that has them in RETICULATE_PYTHON before R starts."
    )
  } else if (!identical(minor_of(packages[["tensorflow"]]), minor_of(packages[["tf-keras"]]))) {
    add(
      paste0("tf-keras ", packages[["tf-keras"]], " does not go with TensorFlow ", packages[["tensorflow"]], "."),
      paste0("In that Python: `pip install \"tf-keras~=", minor_of(packages[["tensorflow"]]), ".0\"`.")
    )
  }
  if (!is.null(facts$keras) && grepl("^3", facts$keras)) {
    add(
      paste0("TensorFlow is already running in this session with Keras ", facts$keras, "; keras-bert needs Keras 2."),
      "Restart R and use bertfit first, or set TF_USE_LEGACY_KERAS=1 (Sys.setenv()) before anything starts TensorFlow."
    )
  }
  if (length(found) > 0) do.call(rbind, found) else data.frame(problem = character(), fix = character())
}

older <- function(version, than) {
  version <- sub("^(\\d+(\\.\\d+)*).*$", "\\1", version)
  utils::compareVersion(version, than) < 0
}

minor_of <- function(version) sub("^(\\d+\\.\\d+).*$", "\\1", version)

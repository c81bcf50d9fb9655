#' What is installed, and what to do about it
#'
#' Reports the versions of R, reticulate, Python, TensorFlow, tf_keras and keras-bert, the device that
#' computes, and the folder of downloaded models; then every problem found, each with its remedy. Starts
#' Python when its files show no problem (a few seconds, for TensorFlow). Installs and downloads nothing: where
#' no environment is found, that is the problem, also with a reticulate that would make one.
#'
#' @return A list of class `bert_sitrep`, invisibly: `r`, `reticulate`, `python`, `origin` (how that Python was
#'   found), `python_version`, `packages` (named versions), `device`, `precision`, `cache`, and `problems` (a
#'   data frame with columns `problem` and `fix`).
#' @seealso [bert_install()], [bert_available()].
#' @examples
#' \donttest{
#' bert_sitrep()
#' }
#' @export
bert_sitrep <- function() {
  report <- situation()
  print(report)
  invisible(report)
}

situation <- function() {
  found <- find_python()
  report <- list(
    r = paste(R.version$major, R.version$minor, sep = "."),
    reticulate = as.character(utils::packageVersion("reticulate")),
    bertfit = as.character(utils::packageVersion("bertfit")),
    python = found$python, origin = found$origin, python_version = NA_character_,
    packages = character(), device = NA_character_, precision = NA_character_, cache = cache_folder(),
    problems = data.frame(problem = character(), fix = character())
  )
  class(report) <- "bert_sitrep"
  note <- function(problem, fix) {
    report$problems <<- rbind(report$problems, data.frame(problem = problem, fix = fix))
  }
  if (is.null(found$python)) {
    note("No Python environment was found.", paste0(
      "Run bert_install(), or set RETICULATE_PYTHON before R starts.",
      if (has_py_require()) {
        " Otherwise reticulate makes one when bertfit is first used (with uv; 2.3 GB on disk)."
      }
    ))
    return(report)
  }
  if (!file.exists(found$python)) {
    note(
      paste0(found$python, " does not exist; it comes from ", found$origin, "."),
      "Correct it, or unset it and run bert_install()."
    )
    return(report)
  }
  facts <- if (python_running()) running_facts() else read_python(found$python)
  report$python_version <- facts$version
  report$packages <- facts$packages[intersect(REQUIRED_PACKAGES, names(facts$packages))]
  report$problems <- python_problems(facts)
  if (nrow(report$problems) > 0) {
    return(report)
  }
  # An error when Python starts is reported as a problem.
  answer <- tryCatch(bert_call("sitrep"), bertfit_error = identity)
  if (inherits(answer, "bertfit_error")) {
    fix <- "Run bert_install() in a fresh R session, or name another Python in RETICULATE_PYTHON."
    note(conditionMessage(answer), fix)
    return(report)
  }
  report$python <- answer$executable %||% report$python
  report$python_version <- answer$python %||% report$python_version
  known <- drop_nulls(answer$packages)
  report$packages[normal_name(names(known))] <- as.character(unlist(known))
  report$device <- answer$device %||% NA_character_
  report$precision <- answer$precision %||% NA_character_
  for (problem in as.character(unlist(answer$problems))) {
    note(problem, "Run bert_install() in a fresh R session.")
  }
  report
}

# The cache folder, by the same rule as the Python core, so that the report does not need Python.
cache_folder <- function() {
  named <- Sys.getenv("BERTFIT_CACHE")
  if (nzchar(named)) path.expand(named) else tools::R_user_dir("bertfit", "cache")
}

#' @export
print.bert_sitrep <- function(x, ...) {
  or_unknown <- function(value) if (is.null(value) || is.na(value)) "unknown" else as.character(value)
  version <- function(name) if (name %in% names(x$packages)) x$packages[[name]] else "not found"
  megabytes <- if (dir.exists(x$cache)) {
    files <- list.files(x$cache, recursive = TRUE, full.names = TRUE)
    sprintf("%.0f MB", sum(file.size(files), na.rm = TRUE) / 1e6)
  } else {
    "not made yet"
  }
  lines <- c(
    "R" = x$r,
    "reticulate" = x$reticulate,
    "bertfit" = x$bertfit,
    "Python" = if (is.null(x$python)) {
      "none"
    } else {
      paste0(or_unknown(x$python_version), " at ", x$python, " (", x$origin, ")")
    },
    "TensorFlow" = version("tensorflow"),
    "tf_keras" = version("tf-keras"),
    "keras-bert" = version("keras-bert"),
    "tensorflow-text" = version("tensorflow-text"),
    "huggingface_hub" = version("huggingface-hub"),
    "NumPy" = version("numpy"),
    "pandas" = version("pandas"),
    "device" = if (is.na(x$device)) "unknown" else paste0(x$device, ", ", or_unknown(x$precision)),
    "cache" = paste0(x$cache, " (", megabytes, ")")
  )
  cat_folded(paste0(format(names(lines)), "  ", lines, "\n"))
  if (nrow(x$problems) == 0L) {
    cat("No problem found.\n")
  }
  for (i in seq_len(nrow(x$problems))) {
    cat_folded("Problem: ", x$problems$problem[i], "\n", "  Do: ", x$problems$fix[i], "\n")
  }
  invisible(x)
}

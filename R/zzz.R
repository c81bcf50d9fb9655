# Loading does next to nothing: what bertfit needs of Python is declared to reticulate 1.41 and newer when reticulate
# itself is loaded, which takes most of a second and is left to the first call that needs it.
.onLoad <- function(libname, pkgname) {
  if (!has_py_require()) {
    return()
  }
  setHook(packageEvent("reticulate", "onLoad"), function(...) declare_requirements())
  # With Python running, reticulate would install packages now; that waits for start_python().
  if (isNamespaceLoaded("reticulate") && !python_running()) declare_requirements()
}

has_py_require <- function() utils::packageVersion("reticulate") >= "1.41"

declare_requirements <- function() {
  # By name, because R CMD check with an older reticulate finds no such function.
  py_require <- getExportedValue("reticulate", "py_require")
  py_require(
    packages = c(read_requirements(system.file("requirements.txt", package = "bertfit")), pins_of()),
    python_version = paste0(c(">=3.", "<3."), range(python_minors()) + 0:1)
  )
}

# Loading declares the Python packages to reticulate 1.41 and newer, and does nothing else: an older reticulate is
# not loaded here, because that takes a second.
.onLoad <- function(libname, pkgname) {
  if (utils::packageVersion("reticulate") >= "1.41") {
    # By name, because R CMD check with an older reticulate finds no such function.
    py_require <- getExportedValue("reticulate", "py_require")
    py_require(
      packages = c(read_requirements(file.path(libname, pkgname, "requirements.txt")), pins_of()),
      python_version = paste0(c(">=3.", "<3."), range(python_minors()) + 0:1)
    )
  }
}

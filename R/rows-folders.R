# Texts in folders, one folder per label.

#' Read texts from a folder with a folder per label
#'
#' Reads a data set of single files, such as Stanford's aclImdb, whose folder `train` has the folders `pos` and `neg`
#' with a review in each file. Every `.txt` file of a folder is a row; the folder's name is its label.
#'
#' Nothing is left out silently: a message of class `bertfit_message_folders` counts and names files beside the folders
#' or not called `.txt`, folders within the folders, `unsup` (aclImdb's texts without a label), skipped files, and empty
#' texts, which are kept.
#'
#' @param path The folder.
#' @param ... Must be empty.
#' @param labels Names of the folders to read; `NULL` for all but hidden ones and `unsup`.
#' @param encoding Encoding of the files, a name that Python knows, such as `"latin-1"`.
#' @param bad_files `"error"`, or `"skip"` to leave out files that are not of this encoding, or have a null character.
#' @return A data.table with a row per file, ordered by label and file: `text`, `label` and `file`
#'   (`"<label>/<name>"`), all character.
#' @section Errors: `bertfit_error_data` if there are no labelled texts, or a file is not of the encoding (it counts and
#'   names them); `bertfit_error_argument` for an unknown encoding.
#' @seealso [bert_fit()]. aclImdb: Maas et al. (2011), <https://ai.stanford.edu/~amaas/data/sentiment/>.
#' @examplesIf bertfit::bert_available()
#' folder <- tempfile()
#' for (label in c("neg", "pos")) dir.create(file.path(folder, label), recursive = TRUE)
#' writeLines("What a film!", file.path(folder, "pos", "1.txt"))
#' writeLines("Two lost hours.", file.path(folder, "neg", "1.txt"))
#' bert_read_folders(folder)
#' unlink(folder, recursive = TRUE)
#' @export
bert_read_folders <- function(path, ..., labels = NULL, encoding = "utf-8", bad_files = "error") {
  check_dots_empty0(...)
  check_given("path")
  check_string(path)
  if (!is.null(labels)) check_names(labels)
  check_string(encoding)
  check_string(bad_files)
  read <- bert_call("read_folders", path = normalizePath(path, mustWork = FALSE),
                    labels = if (!is.null(labels)) as.list(labels), encoding = encoding, bad_files = bad_files)
  notes <- as.character(unlist(read$notes))
  if (length(notes)) inform(paste(notes, collapse = "\n"), class = "bertfit_message_folders")
  data.table::data.table(text = as.character(read$texts), label = as.character(read$labels),
                         file = as.character(read$files))
}

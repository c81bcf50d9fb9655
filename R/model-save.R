#' Save a model as a bundle
#'
#' Writes a folder with the weights (safetensors), the vocabulary, the settings and the history, which
#' [bert_load()] opens in R and `bertfit.load()` in Python. No code is stored, and none runs at load. A fitted
#' model can also be kept with [saveRDS()].
#'
#' @param model A model from [bert_fit()] or [bert_load()], or a name or path as [bert_load()] takes.
#' @param path Folder to write. It appears in one step, when everything in it is complete.
#' @param overwrite Whether a bundle that is already there is replaced.
#' @return `path`, invisibly.
#' @section Errors: `bertfit_error_bundle` or `bertfit_error_argument` when `path` exists and `overwrite` is `FALSE`,
#'   or is something other than a bundle.
#' @seealso The weights' format, <https://huggingface.co/docs/safetensors>.
#' @examplesIf bertfit::bert_available()
#' model <- bert_load("minilm-l6-uncased")
#' fit <- bert_fit(head(jigsaw_sample, 64), text = "comment_text", target = "target", model = model,
#'                 epochs = 1, max_len = 32)
#' path <- bert_save(fit, file.path(tempdir(), "toxicity"))
#' again <- bert_load(path)
#' predict(again, "What a stupid idea.")
#' unlink(path, recursive = TRUE)
#' @export
bert_save <- function(model, path, overwrite = FALSE) {
  check_given("model", "path")
  check_string(path)
  check_flag(overwrite)
  model <- check_model(model)
  # R may be in another folder than Python's idea of the current one.
  full <- file.path(normalizePath(dirname(path), mustWork = FALSE), basename(path))
  bert_call("save", model = model_handle(model), path = full, overwrite = overwrite)
  invisible(path)
}

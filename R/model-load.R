# Opening a model: by name, from a checkpoint folder, or from a bundle. Python tells them apart and checks every tensor.

#' Open a pretrained encoder or a saved model
#'
#' `bert_load()` opens, by what it finds:
#'   * a **name** from [bert_models()], fetched at first use;
#'   * a **Google checkpoint** folder (`bert_config.json`, `bert_model.ckpt.*`, `vocab.txt`), read through keras-bert. A
#'     checkpoint of another name, such as `model.ckpt-1000`, is found; where there are several, give the path of one;
#'   * a **Hugging Face** folder (`config.json`, a tokenizer, and `model.safetensors` or `pytorch_model.bin`, whole or in
#'     shards; PyTorch's files are read without running anything in them) of the families bert, distilbert, electra,
#'     albert, roberta, camembert, xlm-roberta and mpnet;
#'   * a **bertfit bundle** that [bert_save()] wrote: a fitted model comes back ready to predict;
#'   * the folder of a **pretraining run** ([bert_pretrain()] with `out_dir`): its model `best`, else `last`. A message
#'     of class `bertfit_message_run` says which, and by what measure it is the best.
#'
#' A folder that exists takes precedence over a name. Every tensor is compared with the configuration before a model is
#' built: one that is missing, damaged, unknown or of another shape is an error that names the file and the tensor. What
#' no part of the model takes, such as the head of another task, is named in a message of class
#' `bertfit_message_unused`.
#'
#' MLM heads come along ([bert_fill_mask()]). A checkpoint without a pooler, as distilbert, electra and most roberta
#' models are, gets one with random weights; where it is used (pooling `"nsp"`, the default of [bert_head()]) before a
#' fit has trained it, a message of class `bertfit_message_pooler` says so.
#'
#' TensorFlow, which takes seconds to start, is started by the first call that computes, such as [bert_embed()] or
#' [bert_fit()], unless a Google checkpoint or a bundle is opened. If an encoder's file changes before that call, the
#' call stops with `bertfit_error_checkpoint`.
#'
#' @param x A name or a path.
#' @param ... Must be empty.
#' @param lower_case Whether texts are lower-cased and stripped of accents. `NULL`, the default, takes it from the
#'   checkpoint: its tokenizer settings, else its name ("cased", "uncased"), else its tokens.
#' @param max_len Keep only this many positions: the longest input in tokens. `NULL` keeps all (usually 512).
#' @inheritParams bert_models
#' @param download Whether a named encoder that is not in the cache may be fetched.
#' @param quiet Show neither messages nor a progress bar.
#' @return A `bert_model`: a list that prints in five lines, with among others
#'   * `name`; `config`, the encoder's sizes as a list ([bert_config()]);
#'   * `vocab_file`, the path of its vocabulary (`NULL` for a bundle's that is held in memory); `vocab_size`, `cased`;
#'   * `max_len`, the longest input in tokens; `parameters`, the number of weights;
#'   * `kind`, `path` and `sha256`: where the weights came from and their digest.
#'
#'   A fitted model is a `bert_fit` as well, as [bert_fit()] returned it, a pretrained one a `bert_pretrained`.
#' @section Errors: `bertfit_error_checkpoint` and `bertfit_error_vocabulary` for files that do not fit together,
#'   `bertfit_error_bundle` for an altered bundle, `bertfit_error_download` when a named encoder cannot be had,
#'   `bertfit_error_argument` for an unknown name.
#' @examplesIf interactive() && bert_available()
#' model <- bert_load("minilm-l6-uncased")
#' model
#' model$config$hidden_size
#' @export
bert_load <- function(x, ..., lower_case = NULL, max_len = NULL, cache_dir = NULL, download = TRUE, quiet = FALSE) {
  check_dots_empty0(...)
  check_given("x")
  check_string(x)
  check_flag(lower_case, null_ok = TRUE)
  max_len <- check_number(max_len, min = 1, whole = TRUE, null_ok = TRUE)
  check_string(cache_dir, null_ok = TRUE)
  check_flag(download)
  check_flag(quiet)
  open_model(x, lower_case, max_len, cache_dir, download, quiet)
}

# The model of a name or path: bert_load(), and every function whose `model` may be one.
open_model <- function(x, lower_case = NULL, max_len = NULL, cache_dir = NULL, download = TRUE, quiet = FALSE,
                       call = caller_env()) {
  cache_dir <- cache_dir %||% cache_folder()
  release_dropped()
  description <- withCallingHandlers(
    bert_call(
      "load",
      x = if (is_path(x)) absolute(x) else x,
      cache_dir = cache_dir, lower_case = lower_case, max_len = max_len, download = download,
      progress = download_progress(quiet, cache_dir), proxies = proxies(), call = call
    ),
    bertfit_message_unused = function(told) if (quiet) tryInvokeRestart("muffleMessage")
  )
  for (line in if (!quiet) description$said) inform(line, class = "bertfit_message_run")
  new_bert_model(description)
}

# A file or folder that exists, or a string that cannot be a name.
is_path <- function(x) file.exists(x) || grepl("[/\\\\]", x)

# R may be in another folder than the one that Python started in.
absolute <- function(path) {
  if (grepl("^(/|~|\\\\|[A-Za-z]:)", path)) path.expand(path) else file.path(getwd(), path)
}

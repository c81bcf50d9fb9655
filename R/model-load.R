# Opening a model: by name, from a checkpoint folder, or from a bundle. Python tells them apart and checks every tensor.

#' Open a pretrained encoder or a saved model
#'
#' `bert_load()` opens, by what it finds:
#'   * a **name** from [bert_models()], fetched at first use;
#'   * a **Google checkpoint** folder (`bert_config.json`, `bert_model.ckpt.*`, `vocab.txt`), read through keras-bert. A
#'     checkpoint of another name, such as `model.ckpt-1000`, is found; where there are several, give the path of one;
#'   * a **Hugging Face** BERT folder (`config.json`, `vocab.txt`, and `model.safetensors` or `pytorch_model.bin`,
#'     whole or in shards; PyTorch's files are read without running anything in them). A finished
#'     classifier (`...ForSequenceClassification`) comes back as a fitted model, see below;
#'   * a **bertfit bundle** that [bert_save()] wrote: a fitted model comes back ready to predict;
#'   * the folder of a **pretraining run** ([bert_pretrain()] with `out_dir`): its model `best`, else `last`. A message
#'     of class `bertfit_message_run` says which, and by what measure it is the best.
#'
#' A folder that exists takes precedence over a name. Every tensor is compared with the configuration before a model is
#' built: one that is missing, damaged, unknown or of another shape is an error that names the file and the tensor.
#'
#' TensorFlow, which takes seconds to start, is started by the first call that computes, such as [bert_embed()] or
#' [bert_fit()], unless a Google checkpoint or a bundle is opened. If an encoder's file changes before that call, the
#' call stops with `bertfit_error_checkpoint`.
#'
#' @section Finished classifiers:
#' A classifier of Hugging Face is a `bert_fit` that was trained elsewhere: [predict()][predict.bert_fit] gives the
#' probabilities that transformers gives, [bert_evaluate()], [bert_embed()], [bert_save()], [bert_export()] and
#' `saveRDS()` work as for any other, and [bert_fit()] goes on from its head with `head = "keep"`. It has no history.
#'
#' Its task follows from `problem_type` and the number of labels in `config.json`: two labels are `"binary"` (the second
#' is the positive class), more `"multiclass"`, several that may hold together `"multilabel"`. Labels have the names
#' and the order of `id2label`; names such as `LABEL_0` are kept. A single output without `problem_type` is a
#' `"regression"` if its label is `LABEL_0`, unless sentence-transformers applies a sigmoid to it; else it is `"binary"`,
#' of `"not <label>"` and `"<label>"`. Where that is not what the model was trained for, `task` says so.
#'
#' Texts are given as a character vector, or as a data frame with a column `text` (and `pair` for second texts) or with
#' only one column of texts. Targets of an evaluation are labels; 0/1, `TRUE`/`FALSE` and shares count the second label
#' of two, and numbers are the ids of labels named `LABEL_0`, `LABEL_1`, ...
#'
#' @param x A name or a path.
#' @param ... Must be empty.
#' @param lower_case Whether texts are lower-cased and stripped of accents. `NULL`, the default, takes it from the
#'   checkpoint: its tokenizer settings, else its name ("cased", "uncased"), else its tokens.
#' @param max_len Keep only this many positions: the longest input in tokens. `NULL` keeps all (usually 512).
#' @param task What a finished classifier predicts, where its `config.json` says another task or leaves it open:
#'   `"binary"`, `"multiclass"`, `"multilabel"` or `"regression"`; `"none"` opens its encoder without the head. `NULL`,
#'   the default, follows `config.json`.
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
bert_load <- function(x, ..., lower_case = NULL, max_len = NULL, task = NULL, cache_dir = NULL, download = TRUE,
                      quiet = FALSE) {
  check_dots_empty0(...)
  check_given("x")
  check_string(x)
  check_flag(lower_case, null_ok = TRUE)
  max_len <- check_number(max_len, min = 1, whole = TRUE, null_ok = TRUE)
  check_string(cache_dir, null_ok = TRUE)
  check_flag(download)
  check_flag(quiet)
  check_string(task, null_ok = TRUE)
  open_model(x, lower_case, max_len, cache_dir, download, quiet, task = task)
}

# The model of a name or path: bert_load(), and every function whose `model` may be one.
open_model <- function(x, lower_case = NULL, max_len = NULL, cache_dir = NULL, download = TRUE, quiet = FALSE,
                       task = NULL, call = caller_env()) {
  cache_dir <- cache_dir %||% cache_folder()
  release_dropped()
  description <- bert_call(
    "load",
    x = if (is_path(x)) absolute(x) else x,
    cache_dir = cache_dir, lower_case = lower_case, max_len = max_len, task = task, download = download,
    progress = download_progress(quiet, cache_dir), proxies = proxies(), call = call
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

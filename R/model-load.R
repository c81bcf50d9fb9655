# Opening a model: by name, from a checkpoint folder, or from a bundle. Python tells them apart and checks every tensor.

#' Open a pretrained encoder or a saved model
#'
#' `bert_load()` opens, by what it finds:
#'   * a **name** from [bert_models()], fetched at first use;
#'   * the **id** of a model of the Hugging Face hub, `"owner/name"` or `"owner/name@revision"`, fetched at first use;
#'   * a **Google checkpoint** folder (`bert_config.json`, `bert_model.ckpt.*`, `vocab.txt`), read through keras-bert. A
#'     checkpoint of another name, such as `model.ckpt-1000`, is found; where there are several, give the path of one;
#'   * a **Hugging Face** folder (`config.json`, a tokenizer, and `model.safetensors` or `pytorch_model.bin`, whole
#'     or in
#'     shards; PyTorch's files are read without running anything in them) of the families bert, distilbert, electra,
#'     albert, roberta, camembert, xlm-roberta and mpnet. A finished classifier (`...ForSequenceClassification`) comes
#'     back as a fitted model, see below;
#'   * a **SavedModel of TF Hub** (`saved_model.pb`, `variables`, `assets`), which is read and not run: BERT, small
#'     BERT, experts, ELECTRA, ALBERT, and talking heads with gated GELU;
#'   * a zip or tar **archive** of one of these three kinds of folders, or a model's folder in the cache of
#'     huggingface_hub (`models--owner--name`);
#'   * a **bertfit bundle** that [bert_save()] wrote: a fitted model comes back ready to predict;
#'   * the folder of a **pretraining run** ([bert_pretrain()] with `out_dir`): its model `best`, else `last`. A message
#'     of class `bertfit_message_run` says which, and by what measure it is the best.
#'
#' A folder that exists takes precedence over a name and an id. Every tensor is compared with the configuration before a
#' model is built: one that is missing, damaged, unknown or of another shape is an error that names the file and the
#' tensor. What no part of the model takes, such as the head of another task, is named in a message of class
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
#' @section Finished classifiers:
#' A classifier of Hugging Face is a `bert_fit` that was trained elsewhere: [predict()][predict.bert_fit] gives the
#' probabilities that transformers gives, [bert_evaluate()], [bert_embed()], [bert_save()], [bert_export()] and
#' `saveRDS()` work as for any other, and [bert_fit()] goes on from its head with `head = "keep"`. It has no history.
#'
#' Its task follows from `problem_type` and the number of labels in `config.json`: two labels are `"binary"` (the second
#' is the positive class), more `"multiclass"`, several that may hold together `"multilabel"`. Labels have the names
#' and the order of `id2label`; names such as `LABEL_0` are kept. A single output without `problem_type` is a
#' `"regression"` if its label is `LABEL_0`, unless sentence-transformers applies a sigmoid to it; else it is
#' `"binary"`, of `"not <label>"` and `"<label>"`. Where that is not what the model was trained for, `task` says so.
#'
#' Texts are given as a character vector, or as a data frame with a column `text` (and `pair` for second texts) or with
#' only one column of texts. Targets of an evaluation are labels; 0/1, `TRUE`/`FALSE` and shares count the second label
#' of two, and numbers are the ids of labels named `LABEL_0`, `LABEL_1`, ...
#'
#' @param x A name, an id or a path.
#' @param ... Must be empty.
#' @param revision Of a model of the hub: a branch, a tag or a whole commit hash. `NULL`, the default, is the one in the
#'   id, else `"main"`.
#' @param lower_case Whether texts are lower-cased and stripped of accents. `NULL`, the default, takes it from the
#'   checkpoint: its tokenizer settings, else its name ("cased", "uncased"), else its tokens.
#' @param max_len Keep only this many positions: the longest input in tokens. `NULL` keeps all (usually 512).
#' @param task What a finished classifier predicts, where its `config.json` says another task or leaves it open:
#'   `"binary"`, `"multiclass"`, `"multilabel"` or `"regression"`; `"none"` opens its encoder without the head. `NULL`,
#'   the default, follows `config.json`.
#' @inheritParams bert_models
#' @param download Whether a model that is not in the cache may be fetched, and the hub asked.
#' @param quiet Show neither messages nor a progress bar.
#' @return A `bert_model`: a list that prints in five lines, with among others
#'   * `name`; `config`, the encoder's sizes as a list ([bert_config()]);
#'   * `vocab_file`, the path of its vocabulary (`NULL` for a bundle's that is held in memory); `vocab_size`, `cased`;
#'   * `max_len`, the longest input in tokens; `parameters`, the number of weights;
#'   * `kind`, `path` and `sha256`: where the weights came from and their digest; `repository` and `revision`: the id
#'     and the commit, for a model of the hub and what was trained from it.
#'
#'   A fitted model is a `bert_fit` as well, as [bert_fit()] returned it, a pretrained one a `bert_pretrained`.
#' @section Models of the hub: The Python package huggingface_hub fetches them and keeps them, in the cache that
#'   transformers uses, too. It heeds these environment variables, which may be set at any time, as in
#'   `Sys.setenv(HF_TOKEN = "hf_...")`:
#'   * `HF_TOKEN`: the token for gated and private models (`hf auth login` in a shell stores one for good);
#'   * `HF_ENDPOINT`: the address of a mirror;
#'   * `HF_HOME`: the folder of the cache;
#'   * `HF_HUB_OFFLINE`: with `1` nothing is asked for.
#'
#'   Only what is read is fetched: `config.json`, the tokenizer, and the weights as `model.safetensors`, else in shards,
#'   else `pytorch_model.bin`. A connection that breaks is resumed, and after Ctrl-C the files that were complete are
#'   kept. A commit that is in the cache is opened without a connection. For a branch or a tag the hub is asked which
#'   commit it is at; if the hub cannot be reached, what is in the cache is opened, and a message of class
#'   `bertfit_message_offline` says so. The commit is printed with the model and with its fits, and [bert_save()] keeps
#'   it.
#' @section Errors: `bertfit_error_checkpoint` and `bertfit_error_vocabulary` for files that do not fit together,
#'   `bertfit_error_bundle` for an altered bundle, `bertfit_error_download` when a model cannot be had: the hub
#'   has none of that id or revision, does not show it without a token, or cannot be reached,
#'   `bertfit_error_argument` for an unknown name.
#' @examplesIf interactive() && bert_available()
#' model <- bert_load("minilm-l6-uncased")
#' model
#' model$config$hidden_size
#' bert_load("google-bert/bert-base-uncased", revision = "main")
#' @export
bert_load <- function(x, ..., revision = NULL, lower_case = NULL, max_len = NULL, task = NULL, cache_dir = NULL,
                      download = TRUE, quiet = FALSE) {
  check_dots_empty0(...)
  check_given("x")
  check_string(x)
  check_string(revision, null_ok = TRUE)
  check_flag(lower_case, null_ok = TRUE)
  max_len <- check_number(max_len, min = 1, whole = TRUE, null_ok = TRUE)
  check_string(cache_dir, null_ok = TRUE)
  check_flag(download)
  check_flag(quiet)
  check_string(task, null_ok = TRUE)
  open_model(x, revision, lower_case, max_len, cache_dir, download, quiet, task = task)
}

# The model of a name, an id or a path: bert_load(), and every function whose `model` may be one.
open_model <- function(x, revision = NULL, lower_case = NULL, max_len = NULL, cache_dir = NULL, download = TRUE,
                       quiet = FALSE, task = NULL, call = caller_env()) {
  release_dropped()
  description <- withCallingHandlers(
    bert_call(
      "load",
      x = if (is_path(x)) absolute(x) else x,
      revision = revision, cache_dir = cache_dir, lower_case = lower_case, max_len = max_len, task = task,
      download = download, progress = download_progress(quiet), environment = python_variables(), call = call
    ),
    bertfit_message_unused = function(told) if (quiet) tryInvokeRestart("muffleMessage")
  )
  for (line in if (!quiet) description$said) inform(line, class = "bertfit_message_run")
  new_bert_model(description)
}

# A file or folder that exists, or what is written as the path of one. Python tells other paths from ids.
is_path <- function(x) file.exists(x) || grepl("^([.~/\\\\]|[A-Za-z]:)", x)

# R may be in another folder than the one that Python started in.
absolute <- function(path) {
  if (grepl("^(/|~|\\\\|[A-Za-z]:)", path)) path.expand(path) else file.path(getwd(), path)
}

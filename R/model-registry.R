# Models by name: listing and downloading them. The list itself is in the Python core.

#' Models that are known by name
#'
#' What [bert_load()] and [bert_download()] know by name: Google's BERT in its published sizes (the 24 small ones, base
#' and large; uncased, cased, multilingual, Chinese, whole-word masking) and all-MiniLM-L6-v2; the 33 encoders of TF
#' Hub's classification tutorial under the names that it gives them (`"small_bert/bert_en_uncased_L-2_H-128_A-2"`,
#' `"albert_en_base"`, `"experts_pubmed"`, ...); and models of the Hugging Face hub that are worth knowing: an
#' encoder of each family, and finished classifiers of toxicity and sentiment. The
#' hub has many more, and [bert_load()] takes their ids. Nothing is fetched to make the list.
#'
#' A classifier learns the biases of its raters: read the card before you use one.
#'
#' @param cache_dir The folder that downloads live in. `NULL`, the default, is the environment variable
#'   `BERTFIT_CACHE` or, without it, `tools::R_user_dir("bertfit", "cache")`; for models of the hub it is the cache of
#'   huggingface_hub (`HF_HOME`).
#' @return A [data.table::data.table] with one row per model. What is not known is `NA`.
#'   * `name`: what [bert_load()] takes. Other common names (`"bert-tiny-uncased"`) and the names of Google's archives
#'     (`"uncased_L-12_H-768_A-12"`) work too, and TF Hub's handles and addresses.
#'   * `layers`, `hidden`, `heads`: its size.
#'   * `parameters`: weights of the encoder, the pooler included.
#'   * `cased`: whether upper and lower case differ; `language`.
#'   * `size_mb`: size of these weights in megabytes (10^6 bytes).
#'   * `source`: `"google"` (a zip archive), `"package"` (a Python package that carries the files), `"tfhub"` (a tar
#'     archive; the environment variable `BERTFIT_TFHUB_MIRROR` replaces https://tfhub.dev) or `"hub"`.
#'   * `task`: `"toxicity"` or `"sentiment"` for a finished classifier; `labels`: the names of its labels or classes,
#'     separated by commas.
#'   * `licence`, and `card`: the address of the model's card.
#'   * `cached`: whether it is already on this machine.
#' @references Devlin et al. (2019), BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding.
#'   Turc et al. (2019), Well-Read Students Learn Better, for the small ones. Wang et al. (2020), MiniLM.
#' @examplesIf bert_available()
#' bert_models()
#' bert_models()[parameters < 30e6]
#' bert_models()[!is.na(task), .(name, task, labels, licence)]
#' @export
bert_models <- function(cache_dir = NULL) {
  check_string(cache_dir, null_ok = TRUE)
  columns <- bert_call("models", cache_dir = cache_dir, environment = python_variables())
  columns <- lapply(columns, function(column) {
    if (is.list(column)) column[lengths(column) == 0L] <- NA
    unlist(column, use.names = FALSE)
  })
  whole <- c("layers", "hidden", "heads")
  columns[whole] <- lapply(columns[whole], as.integer)
  data.table::as.data.table(columns)
}

#' Fetch a model
#'
#' Brings a model's files into the cache, unless they are there. [bert_load()] does so by itself; this function is
#' for doing it beforehand, or anew. An interrupted download is continued. What arrives is checked (against
#' its published checksum where there is one; every later load compares with what arrived first), and archives that
#' would write outside their folder are refused. Two R sessions that want the same encoder fetch it once. What holds for
#' models of the Hugging Face hub is said in [bert_load()].
#'
#' Behind a proxy, set the environment variables `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, before or during the
#' session (`Sys.setenv(HTTPS_PROXY = "http://proxy.example.org:8080")`); an error names the proxy that was asked.
#' Without a connection, unpack the archive that the error names on another machine, and give its folder to
#' [bert_load()].
#'
#' @param name A name from [bert_models()], or the id of a model of the hub, `"owner/name"` or `"owner/name@revision"`.
#' @inheritParams bert_models
#' @param force Fetch it again even if it is there.
#' @param quiet Show neither messages nor a progress bar.
#' @param revision Of a model of the hub: a branch, a tag or a whole commit hash. `NULL`, the default, is the one in the
#'   id, else `"main"`.
#' @return The folder with the files, invisibly.
#' @section Errors: `bertfit_error_argument` for an unknown name, with the nearest known ones; `bertfit_error_download`
#'   when the files cannot be had whole, are not the published ones, or have been changed since; and when the hub has no
#'   such model or revision, or does not show it without a token.
#' @examplesIf interactive() && bert_available()
#' bert_download("minilm-l6-uncased")
#' bert_download("unitary/toxic-bert", revision = "main")
#' @export
bert_download <- function(name, cache_dir = NULL, force = FALSE, quiet = FALSE, revision = NULL) {
  check_given("name")
  check_string(name)
  check_string(cache_dir, null_ok = TRUE)
  check_flag(force)
  check_flag(quiet)
  check_string(revision, null_ok = TRUE)
  path <- bert_call("download", name = name, revision = revision, cache_dir = cache_dir, force = force,
                    progress = download_progress(quiet), environment = python_variables())
  invisible(path)
}

# The environment variables that Python heeds at every call, as R has them now: Python's are a copy from its start.
python_variables <- function() {
  all <- Sys.getenv()
  as.list(all[grepl(
    paste0("^(BERTFIT_|HF_|HUGGINGFACE_|PIP_|UV_)|^(TRANSFORMERS_OFFLINE|R_USER_CACHE_DIR|XDG_CACHE_HOME)$|",
           "^(https?|all|no)_proxy$|^(SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE)$"),
    names(all), ignore.case = TRUE
  )])
}

# The callback of a download: one message when it begins, and a bar where a line can be redrawn.
download_progress <- function(quiet, dynamic = cli::is_dynamic_tty()) {
  if (quiet) {
    return(NULL)
  }
  begun <- FALSE
  bar <- if (dynamic) new_bar("{cli::pb_bar} {cli::pb_percent} of {extra$size} {cli::pb_eta_str}")
  answering_interrupts(function(event) {
    size <- if (!is.null(event$total_bytes)) paste(big(ceiling(event$total_bytes / 1e6)), "MB")
    if (!begun) {
      say(paste0("Downloading ", event$name, if (!is.null(size)) paste0(" (", size, ")"), " to ", event$folder))
      begun <<- TRUE
    }
    if (is.null(bar) || is.null(size)) {
      return(invisible())
    }
    bar$set(event$done_bytes, event$total_bytes, list(size = size))
    if (event$done_bytes >= event$total_bytes) bar$clear()
  })
}

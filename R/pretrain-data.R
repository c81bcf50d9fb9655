# Pretraining data from a text corpus. Python reads the files and writes the shards; R names and
# describes them.

#' Make pretraining data from a text corpus
#'
#' Turns text files into pretraining rows: pairs of sentences, of which half follow each other and half do not, with
#' masked tokens. The procedure and the file format are Google's (`create_pretraining_data.py`), so that files can be
#' exchanged; the pairs, masks and shares are drawn in the same way. Corpora are read as a stream, however large
#' they are.
#'
#' A corpus is one of
#'   * **text**: one sentence per line, a blank line between documents;
#'   * **JSON lines**: one document per line, as a string (split at its line feeds), a list of sentences, or an object
#'     with one of these under `"sentences"`, `"text"`, `"doc"`, `"document"`, `"content"`, `"contents"`,
#'     `"paragraphs"`, `"body"`, or under `field`.
#'
#' Both may be gzipped. There must be at least two documents, because the sentences that do not follow come from
#' another one.
#'
#' The second sentence of such a pair is drawn from a document nearby (within two million characters of the corpus),
#' which keeps memory bounded. A corpus sorted by subject is better shuffled, document by document, beforehand.
#'
#' @param corpus Paths of text files in UTF-8.
#' @param vocab A vocabulary from [bert_vocab_train()], the path of a vocabulary file, or a model whose vocabulary is
#'   used (or its name or folder). It must have `[MASK]`.
#' @param out_dir A new or empty folder.
#' @param max_len Tokens of a row, special ones included.
#' @param mask_prob Share of a row's tokens to hide; of these, 80% become `[MASK]`, 10% another token, 10% stay.
#' @param ... Must be empty.
#' @param max_predictions Most tokens to hide in a row. `NULL` is `max_len` times `mask_prob`, rounded up.
#' @param dup_factor Passes over each document, each with other pairs and masks.
#' @param short_seq_prob Share of passes through a document that make shorter rows, as texts to be classified are.
#' @param whole_word Hide all pieces of a word together?
#' @param seed A whole number; the same seed gives the same files, whatever `workers` is. `NULL` draws one from
#'   R's generator, so that [set.seed()] decides it; it is in `settings`.
#' @param workers Processes. `NULL` takes one per core where the corpus is large enough to be worth it.
#' @param shards Files that the rows are spread over, at most.
#' @param format `"auto"`, `"text"` or `"jsonl"`.
#' @param field The field of JSON objects that holds the text.
#' @param bad_lines What happens to a line that is not UTF-8, too long (over 1 MiB; JSON lines: 64 MiB) or no
#'   document: `"error"` or `"skip"`, which counts them.
#' @param lower_case When `vocab` is a path: whether text is lower-cased first. `NULL` tells by the tokens.
#' @param overwrite Whether pretraining data at `out_dir` are replaced.
#' @param quiet Show no progress.
#' @return A `bert_pretrain_data`, a list of
#'   * `path`: the folder, with `part-00000-of-00008.tfrecord` and so on, and `data.json`, which says all of this too;
#'   * `n`: rows; `max_len`; `settings`; `vocab`: the vocabulary's size, type and digest;
#'   * `counts`: documents, sentences and tokens of the corpus;
#'   * `statistics`: shares of `random_next` pairs (of rows), `predicted` tokens (of all), `became_mask`, `kept`,
#'     `became_random` (of predicted ones), `shortened` and `full_rows` (of rows), `mean_length`, `length_quartiles`;
#'   * `skipped`: lines left out, by reason, and the first of them;
#'   * `files`: a data.table of names, rows and bytes; `seconds`.
#' @section Errors: `bertfit_error_data` for a corpus that is empty, has one document or a line that cannot be used;
#'   `bertfit_error_disk` for a disk that is full; `bertfit_error_vocabulary` for a vocabulary without `[MASK]`;
#'   `bertfit_error_argument` for settings out of range and for a folder that is not empty. `out_dir` is then as it was.
#'   `bertfit_error_occupied` when something else appears there meanwhile: the data are then beside it.
#' @references Devlin et al. (2019), BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding,
#'   <https://github.com/google-research/bert>.
#' @examplesIf bertfit::bert_available()
#' corpus <- tempfile(fileext = ".txt")
#' # a comment is a document; its sentences go on lines of their own
#' writeLines(gsub("(?<=[.!?]) +", "\n", paste0(jigsaw_sample$comment_text, "\n"), perl = TRUE), corpus)
#' vocab <- bert_vocab_train(files = corpus, size = 300, quiet = TRUE)
#' bert_pretrain_data(corpus, vocab, tempfile(), max_len = 64, seed = 1, quiet = TRUE)
#' @export
bert_pretrain_data <- function(corpus, vocab, out_dir, max_len = 128, mask_prob = 0.15, ..., max_predictions = NULL,
                               dup_factor = 5, short_seq_prob = 0.1, whole_word = FALSE, seed = NULL, workers = NULL,
                               shards = 8, format = c("auto", "text", "jsonl"), field = NULL,
                               bad_lines = c("error", "skip"), lower_case = NULL, overwrite = FALSE, quiet = FALSE) {
  check_dots_empty0(...)
  check_given("corpus", "vocab", "out_dir")
  files <- corpus_files(corpus)
  check_string(out_dir)
  max_len <- check_number(max_len, min = 5, whole = TRUE)
  check_number(mask_prob, min = 0, max = 1)
  max_predictions <- check_number(max_predictions, min = 1, whole = TRUE, null_ok = TRUE)
  dup_factor <- check_number(dup_factor, min = 1, whole = TRUE)
  check_number(short_seq_prob, min = 0, max = 1)
  check_flag(whole_word)
  seed <- check_number(seed, min = 0, max = .Machine$integer.max, whole = TRUE, null_ok = TRUE)
  workers <- check_number(workers, min = 1, whole = TRUE, null_ok = TRUE)
  shards <- check_number(shards, min = 1, whole = TRUE)
  format <- check_choice(format, c("auto", "text", "jsonl"))
  check_string(field, null_ok = TRUE)
  bad_lines <- check_choice(bad_lines, c("error", "skip"))
  check_flag(lower_case, null_ok = TRUE)
  check_flag(overwrite)
  check_flag(quiet)
  vocab <- vocab_source(vocab)
  words <- vocab_arguments(vocab, lower_case, rlang::current_env())
  made <- do.call(bert_call, c(
    list("pretrain_data", corpus = as.list(files), out_dir = absolute(out_dir), max_len = max_len,
         mask_prob = mask_prob, max_predictions = max_predictions, dup_factor = dup_factor,
         short_seq_prob = short_seq_prob, whole_word = whole_word, seed = draw_seed(seed), workers = workers,
         shards = shards, form = format, field = field, bad_lines = bad_lines, overwrite = overwrite,
         progress = data_progress(quiet)),
    words, list(call = rlang::current_env())
  ))
  new_bert_pretrain_data(made)
}

corpus_files <- function(corpus, call = caller_env()) {
  if (!is.character(corpus) || length(corpus) == 0L || anyNA(corpus) || !all(nzchar(corpus))) {
    bert_abort("must be paths of text files.", call = call, argument = "corpus", received = corpus)
  }
  vapply(corpus, absolute, "", USE.NAMES = FALSE) # Python's error names those that cannot be read
}

new_bert_pretrain_data <- function(made) {
  facts <- function(name, as) vapply(made$files, function(file) as(file[[name]]), as(NA))
  structure(
    list(
      path = made$path, n = made$counts$instances, max_len = as.integer(made$settings$max_len),
      settings = made$settings,
      vocab = list(size = as.integer(made$vocabulary$size), type = made$vocabulary$kind,
                   sha256 = made$vocabulary$sha256),
      counts = made$counts[c("documents", "sentences", "corpus_tokens")],
      statistics = lapply(made$statistics, unlist),
      skipped = made$skipped,
      files = data.table::data.table(name = facts("name", as.character), rows = facts("instances", as.double),
                                     bytes = facts("bytes", as.double)),
      seconds = made$seconds
    ),
    class = "bert_pretrain_data"
  )
}

#' @export
print.bert_pretrain_data <- function(x, ...) {
  percent <- function(share) sprintf("%.1f%%", 100 * share)
  numbers <- x$statistics
  skipped <- sum(unlist(x$skipped[setdiff(names(x$skipped), "first")]))
  lines <- c(
    paste0("<bert_pretrain_data> ", count(x$n, "row"), " of up to ", count(x$max_len, "token"), " in ",
           count(nrow(x$files), "file")),
    paste0("  path     ", x$path),
    paste0("  corpus   ", count(x$counts$documents, "document"), ", ", count(x$counts$sentences, "sentence"), ", ",
           count(x$counts$corpus_tokens, "token"),
           if (skipped > 0) paste0("; ", count(skipped, "line"), " skipped")),
    paste0("  pairs    ", percent(1 - numbers$random_next), " real, ", percent(numbers$random_next), " random; ",
           sprintf("%.1f tokens on average", numbers$mean_length)),
    paste0("  hidden   ", percent(numbers$predicted), " of tokens: ", percent(numbers$became_mask), " [MASK], ",
           percent(numbers$became_random), " random, ", percent(numbers$kept), " kept"),
    paste0("  seed     ", format(x$settings$seed))
  )
  cat_folded(paste0(lines, "\n"))
  invisible(x)
}

data_progress <- function(quiet, dynamic = cli::is_dynamic_tty()) {
  if (quiet || !dynamic) {
    return(NULL)
  }
  bar <- new_bar("{cli::pb_bar} {cli::pb_percent} {extra$rows} {cli::pb_eta_str}")
  answering_interrupts(function(event) {
    bar$set(event$done_bytes, event$total_bytes, list(rows = count(event$instances, "row")))
    if (event$done_bytes >= event$total_bytes) bar$clear()
  })
}

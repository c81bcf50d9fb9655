# Vocabularies made from the user's own texts. Python reads, counts and writes; R keeps the bytes of the file, so that
# a vocabulary survives saveRDS() and does not need the file.

#' Make a vocabulary from texts
#'
#' Trains a vocabulary of word pieces on texts, for a model that is pretrained from scratch ([bert_init()]). There are
#' two types, both usable wherever bertfit uses a vocabulary:
#'   * **WordPiece**, Google's: texts are cleaned and split into words exactly as [bert_tokenize()] does it.
#'   * **SentencePiece** (unigram or BPE), which needs no words and keeps spaces as the character U+2581: usual for
#'     Korean, Japanese and other languages that mark words otherwise than English does.
#'
#' The same texts give the same file. Files are read as a stream, however large they are: WordPiece keeps the counts
#' of the different words, SentencePiece a random sample of two million lines at most.
#'
#' @param texts A character vector or factor without missing values, such as a column of a data frame. `NULL` when
#'   `files` are given.
#' @param size Pieces to find. The special tokens come on top: 5 with WordPiece (`[PAD]`, `[UNK]`, `[CLS]`, `[SEP]`,
#'   `[MASK]`), 7 with SentencePiece (`[BOS]` and `[EOS]` as well). So 8000 gives 8,005 or 8,007 entries.
#' @param type `"wordpiece"` or `"sentencepiece"`.
#' @param ... Must be empty.
#' @param files Paths of text files in UTF-8 with one text per line, also gzipped. Files of JSON lines need `field`,
#'   unless they are called .jsonl and the field `text`.
#' @param path File to write; by custom `vocab.txt` (WordPiece) or `vocab.model` (SentencePiece). `NULL` writes none:
#'   the object that is returned holds everything.
#' @param lower_case Lower-case texts first? With WordPiece this strips accents too, and takes Hangul syllables apart
#'   into letters, as Google's uncased models do: for Korean, `FALSE` or SentencePiece is the better choice.
#' @param field For files of JSON lines, the name of the field with the text.
#' @param min_frequency WordPiece: how often two pieces must stand side by side to be joined to a new one.
#' @param character_coverage Share of all characters in the texts that the alphabet covers. Rarer characters become
#'   `[UNK]`.
#' @param algorithm SentencePiece: `"unigram"` or `"bpe"`.
#' @param unused Spare entries `[unused0]`, `[unused1]`, ... to be given a meaning later.
#' @param overwrite Whether a file at `path` is replaced.
#' @param quiet Show no messages.
#' @return A `bert_vocab`, to be used as the `vocab` of [bert_init()] and as the `model` of [bert_tokenize()] and
#'   [bert_decode()]: a list of
#'   * `path`: the file, or `NULL`;
#'   * `size`: entries in all, the special tokens included, which is the `vocab_size` of [bert_config()];
#'   * `type`, `cased`;
#'   * `data`, the file's bytes, and `sha256`, their digest.
#' @section Errors: `bertfit_error_argument` when `size` is too small for the alphabet or too large for the texts: the
#'   message says what is possible. `bertfit_error_data` for missing values, for texts without a word, and for files
#'   that are not UTF-8 (with the line).
#' @references Wu et al. (2016), Google's Neural Machine Translation System, for WordPiece. Kudo and Richardson (2018)
#'   <doi:10.18653/v1/D18-2012> for SentencePiece.
#' @seealso [bert_config()] and [bert_init()] for a model on it.
#' @examplesIf bertfit::bert_available()
#' vocab <- bert_vocab_train(jigsaw_sample$comment_text, size = 300, quiet = TRUE)
#' vocab
#' bert_tokenize("You are a wonderful neighbour.", vocab, output = "tokens")
#' @export
bert_vocab_train <- function(texts = NULL, size, type = c("wordpiece", "sentencepiece"), ..., files = NULL,
                             path = NULL, lower_case = TRUE, field = NULL, min_frequency = 2,
                             character_coverage = 0.9995, algorithm = c("unigram", "bpe"), unused = 0,
                             overwrite = FALSE, quiet = FALSE) {
  check_dots_empty0(...)
  check_given("size")
  size <- check_number(size, min = 1, whole = TRUE)
  type <- check_choice(type, c("wordpiece", "sentencepiece"))
  algorithm <- check_choice(algorithm, c("unigram", "bpe"))
  check_string(path, null_ok = TRUE)
  check_string(field, null_ok = TRUE)
  check_flag(lower_case)
  check_flag(overwrite)
  check_flag(quiet)
  min_frequency <- check_number(min_frequency, min = 1, whole = TRUE)
  unused <- check_number(unused, min = 0, whole = TRUE)
  check_number(character_coverage, min = 0, max = 1)
  if (is.null(texts) == is.null(files)) {
    bert_abort("Either `texts` or `files` must be given.",
               paste("You gave", if (is.null(texts)) "neither." else "both."))
  }
  new_bert_vocab(bert_call(
    "vocab_train",
    size = size, type = type,
    rows = if (!is.null(texts)) new_rows(check_text(texts)),
    files = if (!is.null(files)) as.list(text_files(files)),
    out = if (!is.null(path)) absolute(path), overwrite = overwrite,
    lower_case = lower_case, field = field, min_frequency = min_frequency, unused = unused,
    character_coverage = character_coverage, algorithm = algorithm,
    progress = vocab_progress(quiet, size)
  ))
}

text_files <- function(files, call = caller_env()) {
  if (!is.character(files) || length(files) == 0L || anyNA(files)) {
    bert_abort("must be paths of text files.", call = call, argument = "files", received = files)
  }
  paths <- vapply(files, absolute, "", USE.NAMES = FALSE)
  absent <- !file.exists(paths) | dir.exists(paths)
  if (any(absent)) {
    bert_abort("must exist.", paste0("No file: ", some_of(files[absent]), "."), class = "data", call = call,
               argument = "files")
  }
  paths
}

vocab_progress <- function(quiet, size) {
  if (quiet) {
    return(NULL)
  }
  read <- 0
  answering_interrupts(function(event) {
    if (event$event == "texts") read <<- event$done
    if (event$event == "pieces") say(paste0("Looking for ", count(size, "piece"), " in ", count(read, "text")))
  })
}

new_bert_vocab <- function(facts) {
  structure(
    list(
      path = facts$path, size = as.integer(facts$size), type = facts$type, cased = isFALSE(facts$lower_case),
      sha256 = facts$sha256, data = facts$data,
      handle = empty_handle() # filled when first used, see model_handle()
    ),
    class = "bert_vocab"
  )
}

#' @export
print.bert_vocab <- function(x, ...) {
  cat_folded("<bert_vocab> ", vocabulary_text(x$size, x$type, x$cased), "\n")
  if (!is.null(x$path)) cat_folded("  file  ", x$path, "\n")
  invisible(x)
}

# "8,007 tokens, SentencePiece, uncased", "50,265 tokens, byte-level BPE, cased"
vocabulary_text <- function(size, type, cased) {
  kind <- if (!tolower(type %||% "wordpiece") %in% "wordpiece") sub("^sentencepiece$", "SentencePiece", type)
  paste(c(count(size, "token"), kind, if (cased) "cased" else "uncased"), collapse = ", ")
}

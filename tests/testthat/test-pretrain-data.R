# Pretraining data: what comes back, what is written, and what is refused. The rows themselves are tested in Python.

write_corpus <- function(path, documents = 12) {
  sentences <- c("the day is good", "a very fine day", "the awful film is not good at all", "is it", "not bad")
  text <- lapply(seq_len(documents), function(i) c(paste(sentences[(seq_len(4) + i) %% 5 + 1], i), ""))
  writeLines(unlist(text), path)
  path
}

corpus_vocab <- function(corpus, ...) {
  skip_if_no_python()
  bert_vocab_train(files = corpus, size = 60, quiet = TRUE, ...)
}

test_that("a corpus becomes files, and the result says what is in them", {
  folder <- withr::local_tempdir()
  withr::local_dir(folder)
  vocab <- corpus_vocab(write_corpus("corpus.txt"))
  data <- bert_pretrain_data("corpus.txt", vocab, "data", max_len = 32, dup_factor = 20, seed = 1, quiet = TRUE)
  expect_s3_class(data, "bert_pretrain_data")
  expect_identical(normalizePath(data$path), normalizePath("data"))
  expect_identical(sort(list.files("data")), sort(c("data.json", data$files$name)))
  expect_equal(sum(data$files$rows), data$n)
  expect_equal(data$files$bytes, file.size(file.path("data", data$files$name)))
  expect_identical(data$max_len, 32L)
  expect_identical(data$vocab, vocab[c("size", "type", "sha256")])
  expect_equal(data$counts[c("documents", "sentences")], list(documents = 12, sentences = 48))
  numbers <- data$statistics
  expect_equal(numbers$became_mask + numbers$kept + numbers$became_random, 1)
  expect_lt(abs(numbers$became_mask - 0.8), 0.06)
  expect_lt(abs(numbers$predicted - 0.15), 0.02)
  expect_length(numbers$length_quartiles, 3)
})

test_that("the same seed gives the same files, from R on any number of cores, and from every form of vocabulary", {
  folder <- withr::local_tempdir()
  withr::local_dir(folder)
  vocab <- corpus_vocab(write_corpus("corpus.txt"), path = "vocab.txt")
  make <- function(out, vocab, ...) {
    data <- bert_pretrain_data("corpus.txt", vocab, out, max_len = 32, seed = 3, quiet = TRUE, ...)
    tools::md5sum(file.path(out, data$files$name))
  }
  one <- unname(make("one", vocab))
  expect_identical(unname(make("path", "vocab.txt")), one)
  expect_identical(unname(make("workers", vocab, workers = 2)), one)
  config <- bert_config(vocab_size = vocab$size, hidden_size = 8, num_hidden_layers = 1, num_attention_heads = 2,
                        intermediate_size = 8)
  expect_identical(unname(make("model", bert_init(config, vocab, seed = 1))), one)
  expect_false(identical(unname(make("other", vocab, dup_factor = 4)), one))
})

test_that("JSON lines, SentencePiece and whole words go in as well", {
  skip_if_no_python()
  folder <- withr::local_tempdir()
  withr::local_dir(folder)
  write_corpus("corpus.txt")
  vocab <- bert_vocab_train(files = "corpus.txt", size = 30, type = "sentencepiece", quiet = TRUE)
  writeLines(c('{"text": "the day is good\\na fine day"}', '{"text": ["not bad", "is it"]}', "{}"), "corpus.jsonl")
  expect_error(bert_pretrain_data("corpus.jsonl", vocab, "out", quiet = TRUE), "line 3", class = "bertfit_error_data")
  data <- bert_pretrain_data("corpus.jsonl", vocab, "out", whole_word = TRUE, bad_lines = "skip", quiet = TRUE)
  expect_equal(data$counts$sentences, 4)
  expect_equal(data$skipped$not_a_document, 1)
  expect_identical(data$vocab$type, "sentencepiece")
  expect_match(capture.output(print(data))[3], "2 documents, 4 sentences, .*; 1 line skipped$")
})

test_that("the data print in a few lines", {
  skip_if_no_python()
  data <- structure(
    list(path = "/tmp/data", n = 12345, max_len = 128L, files = data.frame(name = c("a", "b")),
         settings = list(seed = 7L),
         counts = list(documents = 1535, sentences = 86045, corpus_tokens = 4098503), skipped = list(first = NULL),
         statistics = list(random_next = 0.52, mean_length = 119.34, predicted = 0.1486, became_mask = 0.8,
                           became_random = 0.1, kept = 0.1)),
    class = "bert_pretrain_data"
  )
  expect_identical(capture.output(print(data)), c(
    "<bert_pretrain_data> 12,345 rows of up to 128 tokens in 2 files",
    "  path     /tmp/data",
    "  corpus   1,535 documents, 86,045 sentences, 4,098,503 tokens",
    "  pairs    48.0% real, 52.0% random; 119.3 tokens on average",
    "  hidden   14.9% of tokens: 80.0% [MASK], 10.0% random, 10.0% kept",
    "  seed     7"
  ))
})

test_that("what cannot become data is refused, and nothing is left", {
  folder <- withr::local_tempdir()
  withr::local_dir(folder)
  vocab <- corpus_vocab(write_corpus("corpus.txt"))
  make <- function(corpus = "corpus.txt", words = vocab, ...) {
    bert_pretrain_data(corpus, words, "out", ..., quiet = TRUE)
  }
  writeLines(character(), "empty.txt")
  writeLines("one document", "single.txt")
  writeBin(as.raw(c(0x61, 0x0a, 0x0a, 0xff, 0x0a)), "invalid.txt")
  writeLines(c("[PAD]", "[UNK]", "[CLS]", "[SEP]", "day"), "no-mask.txt")
  expect_error(make("empty.txt"), "must have text", class = "bertfit_error_data")
  expect_error(make("single.txt"), "at least two documents", class = "bertfit_error_data")
  expect_error(make("invalid.txt"), "line 3", class = "bertfit_error_data")
  expect_error(make("absent.txt"), "No such file", class = "bertfit_error_data")
  expect_error(make(words = "no-mask.txt"), "\\[MASK\\]", class = "bertfit_error_vocabulary")
  expect_error(make(words = 3), "`vocab`", class = "bertfit_error_argument")
  expect_error(make(NA_character_), "`corpus`", class = "bertfit_error_argument")
  expect_error(make(max_len = 3), "`max_len`", class = "bertfit_error_argument")
  expect_error(make(mask_prob = 0), "`mask_prob`", class = "bertfit_error_argument")
  expect_error(make(maxlen = 3), "maxlen", class = "bertfit_error_argument")
  expect_false(file.exists("out"))
  make()
  expect_error(make(), "new or empty", class = "bertfit_error_argument")
  expect_s3_class(make(overwrite = TRUE), "bert_pretrain_data")
})

test_that("progress is drawn where a line can be redrawn, and removed at the end", {
  withr::local_options(cli.dynamic = TRUE, cli.progress_show_after = 0, cli.ansi = FALSE)
  expect_null(data_progress(quiet = TRUE, dynamic = TRUE))
  expect_null(data_progress(quiet = FALSE, dynamic = FALSE))
  draw <- data_progress(quiet = FALSE, dynamic = TRUE)
  event <- function(done) list(event = "data", done_bytes = done, total_bytes = 10, instances = 1234)
  shown <- cli::cli_fmt({
    draw(event(5))
    draw(event(10))
  })
  expect_match(paste(shown, collapse = ""), "50% 1,234 rows .*\r *\r$")
})

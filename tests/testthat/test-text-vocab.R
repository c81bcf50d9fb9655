# Vocabularies from the user's texts: what comes back, where it can be used, and what is refused.

corpus <- rep(c("the day is good", "a very fine day", "the awful film is not good at all", "Caf\u00e9 au lait"), 30)

toy_vocab <- function(type = "wordpiece", ...) {
  skip_if_no_python()
  bert_vocab_train(corpus, size = if (type == "wordpiece") 40 else 24, type = type, quiet = TRUE, ...)
}

test_that("a vocabulary has its size, type, casing and bytes, and prints them", {
  vocab <- toy_vocab()
  expect_s3_class(vocab, "bert_vocab")
  expect_identical(vocab$size, 45L)
  expect_identical(vocab$type, "wordpiece")
  expect_false(vocab$cased)
  expect_null(vocab$path)
  expect_identical(rawToChar(vocab$data[1:12]), "[PAD]\n[UNK]\n")
  expect_identical(capture.output(print(vocab)), "<bert_vocab> 45 tokens, uncased")
  pieces <- toy_vocab("sentencepiece", lower_case = FALSE)
  expect_identical(pieces$size, 31L)
  expect_identical(capture.output(print(pieces)), "<bert_vocab> 31 tokens, SentencePiece, cased")
})

test_that("texts and files give the same, under the path that was asked for", {
  skip_if_no_python()
  folder <- withr::local_tempdir()
  withr::local_dir(folder)
  writeLines(enc2utf8(corpus), "corpus.txt", useBytes = TRUE)
  packed <- gzfile("corpus.txt.gz", "wb")
  writeLines(enc2utf8(corpus), packed, useBytes = TRUE)
  close(packed)
  from_file <- bert_vocab_train(files = "corpus.txt", size = 40, path = "vocab.txt", quiet = TRUE)
  expect_identical(normalizePath(from_file$path), normalizePath("vocab.txt"))
  expect_identical(readBin("vocab.txt", "raw", 1e5), from_file$data)
  expect_match(capture.output(print(from_file))[2], "vocab.txt", fixed = TRUE)
  expect_identical(from_file$sha256, toy_vocab()$sha256)
  expect_identical(bert_vocab_train(files = "corpus.txt.gz", size = 40, quiet = TRUE)$sha256, from_file$sha256)
  expect_error(bert_vocab_train(corpus, 40, path = "vocab.txt", quiet = TRUE), "exists", class = "bertfit_error_argument")
  again <- bert_vocab_train(corpus, 41, path = "vocab.txt", overwrite = TRUE, quiet = TRUE)
  expect_identical(length(readLines("vocab.txt")), 46L)
})

test_that("a vocabulary tokenizes and decodes, also after saveRDS()", {
  for (type in c("wordpiece", "sentencepiece")) {
    vocab <- toy_vocab(type)
    path <- withr::local_tempfile(fileext = ".rds")
    saveRDS(vocab, path)
    for (words in list(vocab, readRDS(path))) {
      tokens <- bert_tokenize(c("The good day", "fine"), words, padding = "longest")
      expect_identical(bert_decode(tokens, words), c("the good day", "fine"))
    }
    table <- bert_tokenize("The  good day", vocab, output = "tokens")
    ordinary <- table[!is.na(table$start) & table$end >= table$start, ]
    expect_identical(paste(substring("The  good day", ordinary$start, ordinary$end), collapse = ""), "Thegoodday")
    expect_identical(ncol(bert_tokenize("a", vocab)$input_ids), 512L)
  }
  expect_error(bert_embed(vocab, "a"), "must be a model", class = "bertfit_error_argument")
})

test_that("wrong arguments and texts are refused, with the possible values", {
  skip_if_no_python()
  expect_error(bert_vocab_train(size = 10), "neither", class = "bertfit_error_argument")
  expect_error(bert_vocab_train("a", 10, files = "b"), "both", class = "bertfit_error_argument")
  expect_error(bert_vocab_train("a", 0), "`size` must be a whole number of at least 1", class = "bertfit_error_argument")
  expect_error(bert_vocab_train("a", 10, "words"), "`type` must be one of", class = "bertfit_error_argument")
  expect_error(bert_vocab_train(c("a", NA), 10), "Row 2 is NA", class = "bertfit_error_data")
  expect_error(bert_vocab_train(files = "/no/such.txt", size = 10), "/no/such.txt", class = "bertfit_error_data")
  expect_error(bert_vocab_train("a", 10, lower = TRUE), "`lower`", class = "bertfit_error_argument")
  bad <- withr::local_tempfile(lines = "fine")
  cat("caf\xe9\n", file = bad, append = TRUE)
  error <- expect_error(bert_vocab_train(files = bad, size = 10, quiet = TRUE), class = "bertfit_error_data")
  expect_match(conditionMessage(error), "line 2 is not", fixed = TRUE)
  expect_identical(as.character(error$call[[1]]), "bert_vocab_train")
  expect_error(bert_vocab_train(c("", " "), 10, quiet = TRUE), "There must be text", class = "bertfit_error_data")
  expect_error(bert_vocab_train(corpus, 5, quiet = TRUE), "at least [0-9]+", class = "bertfit_error_argument")
  expect_error(bert_vocab_train(corpus, 5000, quiet = TRUE), "at most [0-9]+", class = "bertfit_error_argument")
})

test_that("one message says what is being looked for", {
  skip_if_no_python()
  expect_message(bert_vocab_train(corpus, 40), "Looking for 40 pieces in 120 texts", class = "bertfit_message_progress")
  expect_silent(bert_vocab_train(corpus, 40, quiet = TRUE))
  # The libraries write to the process's own streams, which R cannot see.
  code <- 'x <- bertfit::bert_vocab_train(rep("the day is good", 50), 12, "sentencepiece", quiet = TRUE)
           cat("done\n")'
  expect_identical(as.character(run_r(code)), "done")
})

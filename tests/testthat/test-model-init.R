# Models with fresh weights: from every kind of vocabulary, kept without a folder, and able to learn.

init_vocab <- function(type = "sentencepiece") {
  skip_if_no_python()
  bert_vocab_train(toy_data()$text, size = if (type == "wordpiece") 40 else 26, type = type, quiet = TRUE)
}

init_config <- function(vocab) {
  bert_config(vocab_size = vocab$size, hidden_size = 16, num_hidden_layers = 2, num_attention_heads = 2,
              intermediate_size = 32, max_position_embeddings = 32)
}

test_that("a fresh model has the fields of a model and tokenizes with its vocabulary", {
  vocab <- init_vocab()
  model <- bert_init(init_config(vocab), vocab, seed = 3, name = "toy")
  expect_s3_class(model, "bert_model")
  expect_identical(model$kind, "fresh")
  expect_identical(model$vocab_size, vocab$size)
  expect_identical(model$vocab_type, "sentencepiece")
  lines <- capture.output(print(model))
  expect_match(lines[4], "33 tokens, SentencePiece, uncased", fixed = TRUE)
  expect_match(lines[5], "from +fresh weights$")
  expect_identical(bert_tokenize("the day", model, max_len = 8), bert_tokenize("the day", vocab, max_len = 8))
})

test_that("the seed decides the weights", {
  vocab <- init_vocab()
  config <- init_config(vocab)
  first <- bert_embed(bert_init(config, vocab, seed = 3), "the day")
  expect_identical(bert_embed(bert_init(config, vocab, seed = 3), "the day"), first)
  expect_false(isTRUE(all.equal(bert_embed(bert_init(config, vocab, seed = 4), "the day"), first)))
})

test_that("a fresh model survives saveRDS() and bert_save(), and its vocabulary can be used again", {
  vocab <- init_vocab()
  model <- bert_init(init_config(vocab), vocab, seed = 3)
  expected <- bert_embed(model, "the day")
  path <- withr::local_tempfile(fileext = ".rds")
  saveRDS(model, path)
  result <- withr::local_tempfile(fileext = ".rds")
  code <- sprintf('m <- readRDS("%s"); saveRDS(bertfit::bert_embed(m, "the day"), "%s")', path, result)
  output <- run_r(code)
  expect_true(file.exists(result), info = paste(output, collapse = "\n"))
  expect_equal(readRDS(result), expected, tolerance = 1e-6)
  folder <- bert_save(model, file.path(withr::local_tempdir(), "fresh"))
  expect_true(file.exists(file.path(folder, "vocab.model")))
  loaded <- bert_load(folder)
  expect_identical(bert_embed(loaded, "the day"), expected)
  expect_identical(basename(loaded$vocab_file), "vocab.model")
  again <- bert_init(init_config(vocab), loaded, seed = 3)
  expect_identical(bert_embed(again, "the day"), expected)
  from_file <- bert_init(init_config(vocab), loaded$vocab_file, seed = 3)
  expect_identical(bert_embed(from_file, "the day"), expected)
})

test_that("a fresh model learns from labels, with either type of vocabulary", {
  for (type in c("wordpiece", "sentencepiece")) {
    vocab <- init_vocab(type)
    model <- bert_init(init_config(vocab), vocab, seed = 3)
    fit <- bert_fit(toy_data(), text = "text", target = "target", model = model, control = toy_control(epochs = 15))
    suppressMessages(report <- bert_evaluate(fit, toy_data()), classes = "bertfit_message_truncated")
    expect_gt(report$metrics[["accuracy"]], 0.9)
  }
})

test_that("a preset takes the vocabulary's entries; a configuration must have them", {
  vocab <- init_vocab()
  model <- bert_init("kor-tiny", vocab, seed = 1)
  expect_equal(model$config$vocab_size, vocab$size)
  expect_identical(model$name, "kor-tiny")
  error <- expect_error(bert_init(bert_config("kor-tiny"), vocab), class = "bertfit_error_argument")
  expect_match(conditionMessage(error), "8,007")
  expect_match(conditionMessage(error), "vocab_size = 33")
  expect_identical(as.character(error$call[[1]]), "bert_init")
})

test_that("wrong arguments are named", {
  expect_error(bert_init(3, "vocab.txt"), "`config` must be", class = "bertfit_error_argument")
  expect_error(bert_init("kor-tiny", 3), "`vocab` must be", class = "bertfit_error_argument")
  expect_error(bert_init("kor-tiny", "v", seed = -1), "`seed` must be", class = "bertfit_error_argument")
  skip_if_no_python()
  expect_error(bert_init("kor-tiny", "/no/vocab.txt"), "/no/vocab.txt", class = "bertfit_error_vocabulary")
  expect_error(bert_init("kor-tiny", init_vocab(), lower_case = TRUE), "`lower_case`", class = "bertfit_error_argument")
})

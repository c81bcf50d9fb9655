# What the files hold is compared with stock keras-bert and transformers in tests/python; here, that they come from R.

test_that("both formats open again and answer the same", {
  toy <- toy_corpus()
  # an epsilon and an activation that Google's format can say
  config <- bert_config(vocab_size = toy$vocab$size, hidden_size = 16, num_hidden_layers = 2, num_attention_heads = 2,
                        intermediate_size = 32, max_position_embeddings = 32, hidden_act = "gelu_new")
  model <- bert_pretrain(bert_init(config, toy$vocab, seed = 1), toy$data, steps = 5, learning_rate = 0.01, seed = 1,
                         verbose = 0)
  files <- list(
    google = c("bert_config.json", "bert_model.ckpt.data-00000-of-00001", "bert_model.ckpt.index", "vocab.txt"),
    huggingface = c("config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt")
  )
  folder <- withr::local_tempdir()
  withr::local_dir(folder)
  for (format in names(files)) {
    expect_identical(bert_export(model, format, format), format)
    expect_identical(sort(list.files(format)), files[[format]])
    loaded <- bert_load(format, lower_case = TRUE)
    expect_identical(loaded$kind, format)
    expect_identical(loaded$pretraining, model$pretraining)
    expect_equal(bert_embed(loaded, "the day"), bert_embed(model, "the day"), tolerance = 1e-5)
    expect_equal(bert_fill_mask("the [MASK] is", loaded), bert_fill_mask("the [MASK] is", model), tolerance = 1e-4)
  }
  expect_error(bert_export(model, "google"), "`path`", class = "bertfit_error_argument")
})

test_that("a model that a format cannot hold is refused, with the reason", {
  toy <- toy_corpus()
  model <- bert_init("kor-tiny", toy$vocab, seed = 1)
  path <- file.path(withr::local_tempdir(), "out")
  error <- expect_error(bert_export(model, path, "huggingface"), class = "bertfit_error_argument")
  expect_match(conditionMessage(error), "Heads of size 16")
  expect_false(file.exists(path))
  expect_error(bert_export(model, path, "onnx"), "`format`", class = "bertfit_error_argument")
  expect_error(bert_export("no-such-model", path), "no model or folder", class = "bertfit_error_argument")
})

# Configurations: off a model, from a preset, from numbers.

test_that("presets have their published sizes", {
  skip_if_no_python()
  config <- bert_config("kor-tiny")
  expect_s3_class(config, "bert_config")
  expect_equal(config$attention_head_size, 16)
  # 1,240,832 without the pooler (128 * 128 + 128)
  expect_identical(attr(config, "parameters"), 1240832 + 128 * 129)
  expect_identical(attr(config, "heads"), list(mlm = "tied", nsp = "plain"))
  lines <- capture.output(print(config))
  expect_identical(lines[1], "<bert_config> kor-tiny")
  expect_true(any(grepl("^  vocab_size +8007$", lines)))
  expect_true(any(grepl("^  parameters +1,257,344$", lines)))
  expect_identical(attr(bert_config("bert-base-uncased"), "parameters"), 109482240)
})

test_that("sizes go before a preset's, and suffice without one", {
  skip_if_no_python()
  config <- bert_config("kor-tiny", vocab_size = 50, num_attention_heads = 2)
  expect_equal(c(config$vocab_size, config$attention_head_size), c(50, 64))
  config <- bert_config(vocab_size = 50, hidden_size = 16, num_attention_heads = 2, hidden_act = "relu")
  expect_equal(c(config$vocab_size, config$attention_head_size, config$num_hidden_layers), c(50, 8, 12))
  expect_identical(config$hidden_act, "relu")
  expect_null(attr(config, "preset"))
})

test_that("wrong presets and sizes are refused", {
  expect_error(bert_config(hidden_size = 16), "`vocab_size` must be given", class = "bertfit_error_argument")
  expect_error(bert_config("kor-tiny", 3), "must be named", class = "bertfit_error_argument")
  expect_error(bert_config("kor-tiny", vocab_size = 1:2), "`vocab_size` must be a single", class = "bertfit_error_argument")
  expect_error(bert_config(c("kor-tiny", "kor-half")), "must be a single string", class = "bertfit_error_argument")
  expect_error(bert_config(3), "`x` must be a model", class = "bertfit_error_argument")
  skip_if_no_python()
  expect_error(bert_config("kor-tinny"), "Did you mean kor-tiny", class = "bertfit_error_argument")
  expect_error(bert_config("kor-tiny", width = 3), "Unknown: width", class = "bertfit_error_argument")
  expect_error(bert_config(vocab_size = 50, hidden_size = 10), "multiple of", class = "bertfit_error_argument")
})

test_that("a model's sizes are listed and printed", {
  config <- bert_config(toy_model())
  expect_s3_class(config, "bert_config")
  expect_identical(as.integer(config$hidden_size), 16L)
  expect_identical(as.integer(config$attention_head_size), 8L)
  lines <- capture.output(print(config))
  expect_identical(lines[1], "<bert_config>")
  expect_true(any(grepl("^  hidden_size +16$", lines)))
  expect_true(any(grepl("^  layer_norm_eps +1e-12$", lines)))
})

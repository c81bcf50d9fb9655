# A toy checkpoint in both foreign formats, with the same weights; written once per test process.
toy_checkpoint <- function(kind) {
  folder <- file.path(tempdir(), paste0("toy-", kind, "-uncased"))
  if (!dir.exists(folder)) {
    python_api()
    reticulate::py_run_string(toy_checkpoint_code, local = TRUE, convert = TRUE)$write(folder, kind)
  }
  folder
}

toy_checkpoint_code <- "
def write(folder, kind):
    import json, os
    import numpy as np
    from safetensors.numpy import save_file
    from bertfit import _env
    from bertfit.config import BertConfig
    from bertfit.checkpoints import encoder_tensors
    sizes = dict(vocab_size=30, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
                 max_position_embeddings=20, type_vocab_size=2)
    random = np.random.default_rng(5)
    table = encoder_tensors(BertConfig(**sizes))
    values = [random.normal(0, 0.3, t.shape).astype(np.float32) for t in table]
    os.mkdir(folder)
    tokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', *'abcdefghijklmnopqrstuvwxyz']
    with open(os.path.join(folder, 'vocab.txt'), 'w') as file:
        file.write('\\n'.join([*tokens, '']))
    google = kind == 'google'
    with open(os.path.join(folder, 'bert_config.json' if google else 'config.json'), 'w') as file:
        json.dump({**sizes, 'hidden_act': 'gelu' if google else 'gelu_new', 'model_type': 'bert'}, file)
    if google:
        _env.tensorflow().raw_ops.SaveV2(prefix=os.path.join(folder, 'bert_model.ckpt'), tensors=values,
                                         tensor_names=[t.google for t in table], shape_and_slices=[''] * len(table))
    else:
        save_file({t.huggingface: np.ascontiguousarray(v.T if t.transposed else v) for t, v in zip(table, values)},
                  os.path.join(folder, 'model.safetensors'))
"

copy_of <- function(folder, env = parent.frame()) {
  target <- withr::local_tempdir(.local_envir = env)
  file.copy(list.files(folder, full.names = TRUE), target)
  target
}

# 16 * (30 + 20 + 2 + 2) + 2 layers * (4 * (16 * 16 + 16) + 16 * 32 + 32 + 32 * 16 + 16 + 4 * 16) + 16 * 16 + 16
toy_parameters <- 864 + 2 * 2224 + 272

test_that("a Google folder opens, with what the user reads off it", {
  skip_if_no_python()
  folder <- toy_checkpoint("google")
  model <- bert_load(folder)
  expect_s3_class(model, "bert_model")
  expect_identical(model$name, basename(folder))
  expect_identical(model$kind, "google")
  expect_identical(model$max_len, 20L)
  expect_identical(model$parameters, toy_parameters)
  expect_identical(model$vocab_size, 30L)
  expect_false(model$cased)
  expect_identical(normalizePath(model$vocab_file), normalizePath(file.path(folder, "vocab.txt")))
  expect_identical(model$config$hidden_act, "gelu_new")
  lines <- capture.output(print(model))
  expect_length(lines, 5)
  expect_match(lines[1], model$name, fixed = TRUE)
  expect_match(lines[2], "2 layers x 16 hidden x 2 heads", fixed = TRUE)
  expect_match(lines[3], "5,584", fixed = TRUE)
  expect_match(lines[4], "30 tokens, uncased", fixed = TRUE)
  expect_match(lines[5], "Google checkpoint", fixed = TRUE)
  expect_match(lines[5], folder, fixed = TRUE)
})

test_that("a Hugging Face folder with the same weights computes the same", {
  skip_if_no_python()
  google <- bert_load(toy_checkpoint("google"))
  face <- bert_load(toy_checkpoint("huggingface"))
  expect_identical(face$kind, "huggingface")
  expect_identical(face$parameters, google$parameters)
  texts <- c("a b c", "z")
  vectors <- bert_embed(google, texts)
  expect_identical(dim(vectors), c(2L, 16L))
  expect_equal(bert_embed(face, texts), vectors, tolerance = 1e-5)
})

test_that("relative paths are R's, not Python's", {
  skip_if_no_python()
  folder <- toy_checkpoint("google")
  withr::local_dir(dirname(folder))
  expect_identical(bert_load(basename(folder))$name, basename(folder))
  expect_identical(bert_load(file.path(".", basename(folder)))$kind, "google")
})

test_that("lower_case and max_len are taken over", {
  skip_if_no_python()
  model <- bert_load(toy_checkpoint("google"), lower_case = FALSE, max_len = 7)
  expect_true(model$cased)
  expect_identical(model$max_len, 7L)
  expect_identical(model$parameters, toy_parameters - 13 * 16)
})

test_that("a bundle opens", {
  skip_if_no_python()
  model <- bert_load(toy_folder())
  expect_identical(model$kind, "bundle")
  expect_identical(model$name, "toy")
})

test_that("damage is one error of its class that names file and tensor", {
  skip_if_no_python()
  google <- copy_of(toy_checkpoint("google"))
  data <- file.path(google, "bert_model.ckpt.data-00000-of-00001")
  bytes <- readBin(data, "raw", file.size(data))
  writeBin(bytes[1:1000], data)
  error <- expect_error(bert_load(google), class = "bertfit_error_checkpoint")
  expect_match(conditionMessage(error), "cut short")
  expect_match(conditionMessage(error), data, fixed = TRUE)
  expect_identical(as.character(error$call[[1]]), "bert_load")
  bytes[2001] <- xor(bytes[2001], as.raw(1))
  writeBin(bytes, data)
  expect_error(bert_load(google), "tensor bert/", class = "bertfit_error_checkpoint")

  face <- copy_of(toy_checkpoint("huggingface"))
  config <- file.path(face, "config.json")
  text <- readLines(config, warn = FALSE)
  writeLines(sub('"num_hidden_layers": 2', '"num_hidden_layers": 3', text, fixed = TRUE), config)
  expect_error(bert_load(face), "Missing: encoder.layer.2", class = "bertfit_error_checkpoint")
  writeLines("{", config)
  expect_error(bert_load(face), "config.json must be valid JSON", class = "bertfit_error_checkpoint")
  writeLines(text, config)
  cat("extra\n", file = file.path(face, "vocab.txt"), append = TRUE)
  expect_error(bert_load(face), "has 31 tokens", class = "bertfit_error_checkpoint")
})

test_that("wrong names and paths say what was looked for", {
  skip_if_no_python()
  expect_error(bert_load("/no/such/folder"), "/no/such/folder does not exist", class = "bertfit_error_checkpoint")
  expect_error(bert_load("minilm-l6"), "Did you mean .*minilm-l6-uncased", class = "bertfit_error_argument")
  cache <- withr::local_tempdir()
  expect_error(bert_load("bert-base-cased", cache_dir = cache, download = FALSE), "bert_download",
               class = "bertfit_error_download")
})

test_that("arguments are checked before Python starts", {
  expect_error(bert_load(), "`x` must be given", class = "bertfit_error_argument")
  expect_error(bert_load(NULL), "`x` must be a single string", class = "bertfit_error_argument")
  expect_error(bert_load("x", lower = TRUE), "`lower`", class = "bertfit_error_argument")
  expect_error(bert_load("x", lower_case = "yes"), "`lower_case` must be TRUE or FALSE", class = "bertfit_error_argument")
  expect_error(bert_load("x", max_len = 0), "`max_len` must be a whole number of at least 1", class = "bertfit_error_argument")
})

test_that("minilm-l6-uncased is the published encoder", {
  skip_if_no_python()
  cached <- bert_models()
  skip_if_not(cached$cached[cached$name == "minilm-l6-uncased"], "minilm-l6-uncased is not in the cache")
  model <- bert_load("all-MiniLM-L6-v2", max_len = 50)
  expect_identical(model$name, "minilm-l6-uncased")
  expect_identical(model$sha256, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db")
  expect_identical(model$parameters, 22713216 - (512 - 50) * 384)
  expect_identical(model$config$hidden_act, "gelu")
})

test_that("every function that takes a model takes its name or path", {
  toy <- toy_corpus()
  folder <- withr::local_tempdir()
  withr::local_dir(folder)
  model <- bert_init(toy$config, toy$vocab, seed = 1)
  bert_save(model, "fresh")
  pretrained <- toy_pretrained()
  bert_save(pretrained, "pretrained")
  fit <- toy_fit()
  bert_save(fit, "fit")
  data <- toy_data()
  settings <- quick_control()
  expect_identical(predict(bert_fit(data, "text", "target", "fresh", control = settings), data),
                   predict(bert_fit(data, "text", "target", model, control = settings), data))
  expect_s3_class(bert_fit(target ~ text, data, file.path(folder, "fresh"), control = settings), "bert_fit")
  expect_identical(bert_embed("fresh", "a day"), bert_embed(model, "a day"))
  expect_identical(bert_embed("fit", data[1:2, ]), bert_embed(fit, data[1:2, ]))
  expect_identical(bert_tokenize("a day", "fresh"), bert_tokenize("a day", model))
  expect_identical(bert_decode(list(bert_tokenize("a day", model)$input_ids[1, ]), "fresh"), "a day")
  expect_identical(bert_fill_mask("a [MASK]", "pretrained"), bert_fill_mask("a [MASK]", pretrained))
  expect_identical(bert_next_sentence("a", "b", "pretrained"), bert_next_sentence("a", "b", pretrained))
  expect_identical(bert_pretrain("fresh", toy$data, steps = 1, seed = 1, verbose = 0)$history$loss,
                   bert_pretrain(model, toy$data, steps = 1, seed = 1, verbose = 0)$history$loss)
  expect_equal(bert_keras("fresh")$count_params(), model$parameters)
  expect_identical(bert_evaluate("fit", data)$metrics, bert_evaluate(fit, data)$metrics)
  expect_identical(bert_load(bert_save("fresh", "again"))$config, model$config)
  expect_true(dir.exists(bert_export("fit", "exported", "huggingface")))
  expect_identical(bert_init(toy$config, "fresh", seed = 1)$vocab_size, model$vocab_size)
  expect_error(bert_fit(data, "text", "target", "no-such-model"), "no model or folder", class = "bertfit_error_argument")
  expect_error(bert_embed("no-such-model", "a"), "no model or folder", class = "bertfit_error_argument")
  expect_error(bert_evaluate("fresh", data), "has not been fitted", class = "bertfit_error_argument")
  expect_error(bert_embed(3, "a"), "`model` must be a model", class = "bertfit_error_argument")
})

test_that("wrong data are told before a model is fetched", {
  local_function("open_model", function(...) stop("opened"))
  expect_error(bert_fit(toy_data(), "txt", "target", "minilm-l6-uncased"), "txt", class = "bertfit_error")
  expect_error(bert_pretrain("minilm-l6-uncased", "nowhere"), "nowhere", class = "bertfit_error_data")
})

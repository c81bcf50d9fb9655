# What Python's tests show for every family (tests/python/frames/test_families.py) is shown here from R, with one of each
# kind of vocabulary: a model that transformers made is opened, kept, used, fitted and exported.

toy_family <- function(family, kind, ...) {
  python_api()
  code <- paste(c(
    "def make(folder, path, family, kind, changes):",
    "    import sys",
    "    sys.path.append(path)",
    "    try:",
    "        import torch, transformers",
    "    except ImportError:",
    "        return None",
    "    from pathlib import Path",
    "    from toys.families import Families",
    "    Path(folder).mkdir(parents=True, exist_ok=True)",
    "    return str(Families(Path(folder)).folder(family, kind, **changes))"
  ), collapse = "\n")
  make <- reticulate::py_run_string(code, local = TRUE, convert = TRUE)$make
  toys <- normalizePath(test_path("..", "python"), mustWork = FALSE)
  skip_if_not(dir.exists(file.path(toys, "toys")), "the Python tests are not here")
  folder <- make(tempfile("families"), toys, family, kind, reticulate::dict(...))
  skip_if(is.null(folder), "transformers is not installed")
  folder
}

for (family in c("distilbert", "roberta", "albert")) {
  test_that(paste(family, "opens, predicts, is kept and exported"), {
    skip_if_no_python()
    folder <- toy_family(family, "classifier", num_labels = 3L)
    fit <- bert_load(folder)
    expect_s3_class(fit, "bert_fit")
    expect_identical(fit$config$model_type, family)
    expect_match(capture.output(print(fit)), paste0(family, ", 2 layers x 32 hidden"), all = FALSE, fixed = TRUE)
    texts <- c("A good film", "the plot was dull and awful")
    before <- predict(fit, texts)
    expect_identical(dim(before), c(2L, 3L))
    rds <- withr::local_tempfile(fileext = ".rds")
    saveRDS(fit, rds)
    expect_equal(predict(readRDS(rds), texts), before)
    out <- bert_export(fit, file.path(withr::local_tempdir(), "out"), "huggingface")
    expect_equal(predict(bert_load(out), texts), before)
    error <- expect_error(bert_export(fit, tempfile(), "google"), class = "bertfit_error_argument")
    expect_match(conditionMessage(error), paste("of the family", family), fixed = TRUE)
  })
}

test_that("masked tokens are filled by the mask of the vocabulary", {
  skip_if_no_python()
  model <- bert_load(toy_family("roberta", "mlm"))
  found <- bert_fill_mask("a very <mask> film", model, top = 3)
  expect_identical(nrow(found), 3L)
  expect_equal(found, bert_fill_mask("a very [MASK] film", model, top = 3))
})

test_that("what is not used is told once, and a fresh pooler where it is used", {
  skip_if_no_python()
  folder <- toy_family("electra", "pretraining")
  told <- expect_message(bert_load(folder), "discriminator_predictions.dense.weight", class = "bertfit_message_unused")
  expect_s3_class(told, "bertfit_message")
  model <- expect_silent(bert_load(folder, quiet = TRUE))
  expect_silent(bert_embed(model, "a good film", pooling = "cls"))
  expect_message(bert_embed(model, "a good film", pooling = "nsp"), "random weights", class = "bertfit_message_pooler")
})

test_that("an unknown family is an error that names those that open", {
  skip_if_no_python()
  folder <- toy_family("bert", "encoder")
  file <- file.path(folder, "config.json")
  writeLines(sub('"model_type": "bert"', '"model_type": "modernbert"', readLines(file)), file)
  error <- expect_error(bert_load(folder), class = "bertfit_error_checkpoint")
  expect_match(conditionMessage(error), '"xlm-roberta", "mpnet"', fixed = TRUE)
  expect_match(conditionMessage(error), "modernbert", fixed = TRUE)
})

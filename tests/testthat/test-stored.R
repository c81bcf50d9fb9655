# What an object answered when it was made. Names of classes in it can be read in a UTF-8 locale only.
expected <- function(name) {
  skip_if_no_python()
  skip_if_not(l10n_info()[["UTF-8"]], "the expected answers are in UTF-8")
  eval(parse(test_path("stored", "expected.R"), encoding = "UTF-8"))[[name]]
}

# A folder is kept under its name where the object was made; here it lies elsewhere.
moved <- function(object) {
  object$path <- test_path("stored", "loaded")
  object
}

for (name in c("fit", "pairs", "vocab", "fresh", "pretrained")) {
  test_that(paste("a stored object answers as before:", name), {
    wanted <- expected(name)
    found <- stored_answers(stored(name))
    # The line of the seed came later.
    found$said$printed <- grep("^  seed ", found$said$printed, invert = TRUE, value = TRUE)
    expect_identical(found$said, wanted$said)
    expect_equal(found$computed, wanted$computed, tolerance = 1e-6)
  })
}

test_that("a stored model from a folder answers as before where the folder has the same weights", {
  wanted <- expected("loaded")
  model <- stored("loaded")
  expect_identical(printed_unfolded(model), wanted$said$printed)
  found <- stored_answers(moved(model))
  said <- setdiff(names(found$said), "printed") # it has the path
  expect_identical(found$said[said], wanted$said[said])
  expect_equal(found$computed, wanted$computed, tolerance = 1e-6)
})

test_that("a stored model whose folder is gone says so when it is used, and others are not taken for it", {
  skip_if_no_python()
  model <- stored("loaded")
  expect_false(dir.exists(model$path))
  expect_error(bert_embed(model, "a film"), "no model or folder", class = "bertfit_error_argument")
  model$path <- bert_save(stored("fit"), file.path(withr::local_tempdir(), "other"))
  expect_error(bert_embed(model, "a film"), "have changed since", class = "bertfit_error_checkpoint")
})

# Some of the texts are longer than the models take.
predict_stored <- function(fit) {
  suppressMessages(predict(fit, stored_texts, precision = "float32"), classes = "bertfit_message_truncated")
}

test_that("a stored fit is saved, loaded and kept again with the same predictions", {
  skip_if_no_python()
  fit <- stored("fit")
  wanted <- predict_stored(fit)
  again <- bert_load(bert_save(fit, file.path(withr::local_tempdir(), "fit")))
  expect_identical(predict_stored(again), wanted)
  path <- withr::local_tempfile(fileext = ".rds")
  saveRDS(fit, path)
  expect_identical(predict_stored(readRDS(path)), wanted)
})

test_that("a stored vocabulary and stored models are where training goes on", {
  skip_if_no_python()
  vocab <- stored("vocab")
  fresh <- bert_init(stored("fresh")$config, vocab, seed = 1)
  expect_equal(bert_embed(fresh, "good film", precision = "float32"),
               bert_embed(stored("fresh"), "good film", precision = "float32"), tolerance = 1e-6)
  data <- data.frame(text = rep(c("good film", "bad film"), 4), good = rep(1:0, 4))
  fit <- bert_fit(data, text = "text", target = "good", model = stored("pretrained"), epochs = 1, batch_size = 8,
                  validation = 0, precision = "float32", verbose = 0)
  expect_s3_class(fit, "bert_fit")
  expect_identical(fit$record$rows, 8L)
})

test_that("a changed byte of a stored model is noticed", {
  skip_if_no_python()
  fit <- stored("fit")
  middle <- length(fit$bundle) %/% 2
  fit$bundle[middle] <- xor(fit$bundle[middle], as.raw(1))
  expect_error(predict(fit, "a film"), "was altered", class = "bertfit_error_bundle")
})

test_that("settings in the dots join those of control", {
  joined <- control_with(bert_control(epochs = 5), list(batch_size = 4, clip_norm = NULL))
  expect_s3_class(joined, "bert_control")
  expect_identical(joined[c("epochs", "batch_size")], list(epochs = 5, batch_size = 4))
  expect_true("clip_norm" %in% names(joined))
  expect_null(joined$clip_norm)
  expect_identical(names(joined), names(bert_control()))
})

test_that("settings in the dots that do not fit are refused by name", {
  expect_snapshot(error = TRUE, {
    control_with(bert_control(), list(epoch = 2))
    control_with(bert_control(epochs = 2), list(epochs = 2))
    control_with(bert_control(), list(2))
    control_with(list(epochs = 2), list())
  })
  expect_error(control_with(bert_control(), list(epoch = 2)), class = "bertfit_error_argument")
})

test_that("set.seed() decides every seed that is not given, and the seed is kept and printed", {
  toy <- toy_corpus()
  corpus <- withr::local_tempfile(lines = rep(c("the day is good .", "a fine day .", "it is bad .", ""), 4))
  draw <- function() {
    model <- bert_init(toy$config, toy$vocab)
    pretrained <- bert_pretrain(model, toy$data, steps = 2, verbose = 0)
    fit <- bert_fit(toy_data(), "text", "target", model, epochs = 1, max_len = 16, batch_size = 16,
                    freeze = "encoder", verbose = 0)
    data <- bert_pretrain_data(corpus, toy$vocab, withr::local_tempdir(), max_len = 24, overwrite = TRUE, quiet = TRUE)
    list(objects = list(model, pretrained, fit, data),
         seeds = c(model$seed, pretrained$seed, fit$seed, data$settings$seed),
         answers = list(bert_embed(model, "a day"), bert_embed(pretrained, "a day"), predict(fit, toy_data()),
                        unname(tools::md5sum(file.path(data$path, data$files$name)))))
  }
  withr::with_seed(42, first <- draw())
  withr::with_seed(42, {
    expected <- sample.int(.Machine$integer.max, 1L)
  })
  withr::with_seed(42, second <- draw())
  other <- draw()
  expect_identical(first$seeds[1], expected)
  expect_identical(anyDuplicated(first$seeds), 0L)
  expect_identical(second[c("seeds", "answers")], first[c("seeds", "answers")])
  for (i in 1:4) {
    expect_false(identical(other$answers[[i]], first$answers[[i]]))
    expect_match(paste(capture.output(print(first$objects[[i]])), collapse = "\n"), paste0("seed +", first$seeds[i]))
  }
})

test_that("a seed that is given leaves R's generator alone, and a resumed run has the seed of its start", {
  toy <- toy_corpus()
  model <- bert_init(toy$config, toy$vocab, seed = 1)
  withr::local_seed(7)
  before <- .Random.seed
  bert_init(toy$config, toy$vocab, seed = 2)
  expect_identical(.Random.seed, before)
  out_dir <- withr::local_tempdir()
  first <- bert_pretrain(model, toy$data, steps = 2, verbose = 0, out_dir = out_dir)
  again <- bert_pretrain(model, toy$data, steps = 2, verbose = 0, out_dir = out_dir, resume = TRUE)
  expect_identical(again$seed, first$seed)
})

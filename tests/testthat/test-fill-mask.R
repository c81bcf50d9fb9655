test_that("the likeliest tokens come mask by mask, in order", {
  model <- toy_pretrained()
  found <- bert_fill_mask(c("the day is [MASK] .", "a [MASK] [MASK] day ."), model, top = 3)
  expect_s3_class(found, "data.table")
  expect_identical(names(found), c("row", "mask", "rank", "token", "probability"))
  expect_identical(found$row, rep(1:2, c(3, 6)))
  expect_identical(found$mask, rep(c(1L, 1L, 2L), each = 3))
  expect_identical(found$rank, rep(1:3, 3))
  expect_true(all(tapply(found$probability, paste(found$row, found$mask), function(p) all(diff(p) <= 0))))
  alone <- bert_fill_mask("a [MASK] [MASK] day .", model, top = 3)
  expect_identical(found$token[found$row == 2], alone$token)
  expect_equal(found$probability[found$row == 2], alone$probability, tolerance = 1e-5)
})

test_that("all probabilities of a mask add up to 1", {
  model <- toy_pretrained()
  all_tokens <- bert_fill_mask(factor("the day is [MASK] ."), model, top = model$vocab_size)
  expect_equal(sum(all_tokens$probability), 1, tolerance = 1e-5)
  expect_identical(anyDuplicated(all_tokens$token), 0L)
})

test_that("a pretrained model fills in words of its corpus", {
  found <- bert_fill_mask(c("the day is [MASK] .", "a very fine [MASK] .", "it [MASK] very good ."), toy_pretrained(),
                          top = 2)
  expect_setequal(found$token[found$row == 1], c("good", "bad"))
  expect_setequal(found$token[found$row == 2], c("day", "night"))
  expect_identical(found$token[found$row == 3][1], "is")
  expect_true(all(tapply(found$probability, found$row, sum) > 0.7))
})

test_that("a text must have a mask, a model its head", {
  expect_error(bert_fill_mask("a", 3), "`model` must be", class = "bertfit_error_argument")
  model <- toy_pretrained()
  expect_error(bert_fill_mask(c("[MASK]", "none"), model), "Row 2 is without one", fixed = TRUE,
               class = "bertfit_error_data")
  expect_error(bert_fill_mask(NA_character_, model), "missing", class = "bertfit_error_data")
  expect_error(bert_fill_mask(3, model), "`text` must be", class = "bertfit_error_argument")
  expect_error(bert_fill_mask("[MASK]", model, top = 0), "`top`", class = "bertfit_error_argument")
  expect_error(bert_fill_mask("[MASK]", model, top = 1e4), "`top`", class = "bertfit_error_argument")
  expect_error(bert_fill_mask("[MASK]", toy_model()), "MLM and NSP heads", class = "bertfit_error_argument")
})

test_that("next sentences get a probability each", {
  model <- toy_pretrained()
  a <- c("the day is good .", "the day is good .")
  b <- c("a very fine day .", "a very awful night .")
  p <- bert_next_sentence(a, b, model)
  expect_length(p, 2)
  # the head by hand: softmax of two logits of the pooled vector, of which the first means "follows"
  folder <- bert_export(model, file.path(withr::local_tempdir(), "export"), "huggingface")
  weights <- reticulate::import("safetensors.numpy")$load_file(file.path(folder, "model.safetensors"))
  logits <- bert_embed(model, a, pair = b, pooling = "nsp") %*% t(weights[["cls.seq_relationship.weight"]])
  logits <- sweep(logits, 2, weights[["cls.seq_relationship.bias"]], "+")
  expect_equal(p, exp(logits[, 1]) / rowSums(exp(logits)), tolerance = 1e-5)
  expect_equal(bert_next_sentence(a[2], b[2], model), p[2], tolerance = 1e-5)
  expect_identical(bert_next_sentence(character(), character(), model), numeric())
  expect_error(bert_next_sentence("a", c("b", "c"), model), "as long as", class = "bertfit_error_argument")
  expect_error(bert_next_sentence("a", NA_character_, model), "missing", class = "bertfit_error_data")
  expect_error(bert_next_sentence("a", "b", toy_model()), "MLM and NSP heads", class = "bertfit_error_argument")
})

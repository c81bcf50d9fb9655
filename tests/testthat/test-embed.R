test_that("one row per text, whatever comes", {
  model <- toy_model()
  texts <- c("the day is good", "bad", "the day is good")
  vectors <- bert_embed(model, texts)
  expect_identical(dim(vectors), c(3L, 16L))
  expect_type(vectors, "double")
  expect_identical(vectors[1, ], vectors[3, ])
  expect_equal(bert_embed(model, "bad"), vectors[2, , drop = FALSE], tolerance = 1e-5)
  expect_identical(dim(bert_embed(model, character())), c(0L, 16L))
})

test_that("layers stand side by side", {
  model <- toy_model()
  first <- bert_embed(model, c("good", "bad"), layers = 1)
  last <- bert_embed(model, c("good", "bad"))
  expect_equal(bert_embed(model, c("good", "bad"), layers = c(1, -1)), cbind(first, last), tolerance = 1e-6)
  expect_equal(bert_embed(model, "good", layers = 2), bert_embed(model, "good", layers = -1))
})

test_that("poolings differ as they should", {
  model <- toy_model()
  largest <- bert_embed(model, "the day is good", pooling = "max")
  expect_true(all(largest >= bert_embed(model, "the day is good", pooling = "mean")))
  expect_true(all(abs(bert_embed(model, "good", pooling = "nsp")) < 1)) # a tanh
})

test_that("pairs and data frames", {
  data <- toy_data(3)
  model <- toy_model()
  expect_false(isTRUE(all.equal(bert_embed(model, data$text, pair = data$other), bert_embed(model, data$text))))
  expect_identical(bert_embed(toy_fit(), data), bert_embed(toy_fit(), data$text))
})

test_that("what cannot be embedded is refused", {
  model <- toy_model()
  expect_snapshot(error = TRUE, {
    bert_embed(model, c("a", NA))
    bert_embed(model, 1)
    bert_embed(model, "a", layers = 3)
    bert_embed(model, "a", layers = "last")
    bert_embed(model, "a", pooling = "median")
    bert_embed(model, "a", pair = c("b", "c"))
    bert_embed(model, data.frame(text = "a"))
  })
})

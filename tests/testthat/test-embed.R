test_that("there is one row per text, for repeated texts, one text and none", {
  model <- toy_model()
  texts <- c("the day is good", "bad", "the day is good")
  vectors <- bert_embed(model, texts)
  expect_identical(dim(vectors), c(3L, 16L))
  expect_type(vectors, "double")
  expect_identical(vectors[1, ], vectors[3, ])
  expect_equal(bert_embed(model, "bad"), vectors[2, , drop = FALSE], tolerance = 1e-5)
  expect_identical(dim(bert_embed(model, character())), c(0L, 16L))
})

# The tokens' vectors after layer 2, from the Keras graph, which shares the weights and not the code.
keras_vectors <- function(model, text) {
  network <- bert_keras(model)
  keras <- reticulate::import("tf_keras")
  last <- keras$models$Model(network$inputs, network$get_layer("Encoder-2-FeedForward-Norm")$output)
  tokens <- bert_tokenize(text, model, padding = "longest")
  last$predict(list(tokens$input_ids, tokens$segment_ids), verbose = 0L)[1, , ]
}

test_that("poolings are the mean, the largest and the first of the tokens' vectors, and the tanh of NSP-Dense", {
  model <- toy_model()
  text <- "the day is good"
  vectors <- keras_vectors(model, text)
  expect_identical(dim(vectors), c(6L, 16L))
  pooled <- function(pooling) as.vector(bert_embed(model, text, pooling = pooling))
  expect_equal(pooled("mean"), colMeans(vectors), tolerance = 1e-5)
  expect_equal(pooled("max"), apply(vectors, 2, max), tolerance = 1e-5)
  expect_equal(pooled("cls"), vectors[1, ], tolerance = 1e-5)
  dense <- bert_keras(model)$get_layer("NSP-Dense")$get_weights()
  expect_equal(pooled("nsp"), as.vector(tanh(vectors[1, ] %*% dense[[1]] + as.vector(dense[[2]]))), tolerance = 1e-5)
  expect_equal(unname(bert_embed(model, c("bad", text))[2, ]), colMeans(vectors), tolerance = 1e-5) # padding is left out
})

test_that("layers stand side by side", {
  model <- toy_model()
  first <- bert_embed(model, c("good", "bad"), layers = 1)
  last <- bert_embed(model, c("good", "bad"))
  expect_identical(dim(first), c(2L, 16L))
  expect_gt(max(abs(first - last)), 0.1)
  both <- bert_embed(model, c("good", "bad"), layers = c(1, -1))
  expect_equal(unname(both), unname(cbind(first, last)), tolerance = 1e-6)
  expect_identical(colnames(both)[c(1, 16, 17, 32)],
                   c("layer_1_dim_1", "layer_1_dim_16", "layer_2_dim_1", "layer_2_dim_16"))
  expect_equal(bert_embed(model, "good", layers = 2), bert_embed(model, "good", layers = -1))
})

test_that("a pair changes the vectors, and a data frame is read by the column of the fit", {
  data <- toy_data(3)
  model <- toy_model()
  expect_false(isTRUE(all.equal(bert_embed(model, data$text, pair = data$other), bert_embed(model, data$text))))
  expect_identical(bert_embed(toy_fit(), data), bert_embed(toy_fit(), data$text))
})

test_that("wrong texts, layers and poolings are refused", {
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

test_that("rows have the names of the texts, and columns those of dimensions", {
  model <- toy_model()
  expect_identical(dimnames(bert_embed(model, c(a = "good", b = "bad"))), list(c("a", "b"), paste0("dim_", 1:16)))
  expect_identical(dimnames(bert_embed(model, "good")), list(NULL, paste0("dim_", 1:16)))
  expect_identical(dim(bert_embed(model, character())), c(0L, 16L))
  data <- toy_data(2)
  expect_null(rownames(bert_embed(toy_fit(), data)))
  rownames(data) <- c("x", "y")
  expect_identical(rownames(bert_embed(toy_fit(), data)), c("x", "y"))
})

test_that("normalized vectors have length one and their old direction", {
  model <- toy_model()
  plain <- bert_embed(model, c("good", "the day is bad"))
  unit <- bert_embed(model, c("good", "the day is bad"), normalize = TRUE)
  expect_equal(unit, plain / sqrt(rowSums(plain^2)), tolerance = 1e-6)
  expect_error(bert_embed(model, "good", normalize = "l2"), "`normalize`", class = "bertfit_error_argument")
})

# Named after what it shows rather than after a file of R/: the exported functions are enough for a user's own Keras
# model. Reference D, line by line: a dense output on NSP-Dense, built and trained with Keras by the user.
reference_d <- function(model, texts, target, max_len, batch_size) {
  keras <- reticulate::import("tf_keras")
  tokens <- bert_tokenize(texts, model, max_len = max_len, padding = "max_len")
  steps <- bert_train_steps(length(texts), batch_size = batch_size, epochs = 1)

  bert <- bert_keras(model)
  input_1 <- bert$get_layer("Input-Token")$input
  input_2 <- bert$get_layer("Input-Segment")$input
  dense <- bert$get_layer("NSP-Dense")$output
  outputs <- keras$layers$Dense(
    units = 1L, activation = "sigmoid", kernel_initializer = keras$initializers$TruncatedNormal(stddev = 0.02),
    name = "output"
  )(dense)
  network <- keras$models$Model(inputs = list(input_1, input_2), outputs = outputs)
  network$compile(
    bert_adam_warmup(steps[["decay_steps"]], steps[["warmup_steps"]], learning_rate = 1e-4),
    loss = "binary_crossentropy", metrics = list("accuracy")
  )
  history <- network$fit(
    list(tokens$input_ids, tokens$segment_ids), as.array(target), epochs = 1L, batch_size = as.integer(batch_size),
    validation_split = 0.2, verbose = 0L
  )
  list(network = network, history = history$history)
}

test_that("reference D runs on a toy", {
  model <- toy_model()
  data <- toy_data(40)
  result <- reference_d(model, data$text, data$target, max_len = 16, batch_size = 8)
  expect_named(result$history, c("loss", "accuracy", "val_loss", "val_accuracy"))
  expect_equal(result$network$count_params(), model$parameters + 16 + 1)
  expect_identical(result$network$get_layer("output")$output_shape[[2]], 1L)
  expect_length(unlist(result$history), 4)
  expect_true(all(is.finite(unlist(result$history))))
  # training reached the encoder under the dense output
  kernel <- function(network) network$get_layer("NSP-Dense")$get_weights()[[1]]
  expect_gt(max(abs(kernel(result$network) - kernel(bert_keras(model)))), 0)
})

test_that("reference D runs on MiniLM with the bundled comments", {
  skip_if_no_python()
  known <- bert_models()
  skip_if_not(known$cached[known$name == "minilm-l6-uncased"], "minilm-l6-uncased is not in the cache")
  model <- bert_load("minilm-l6-uncased", max_len = 50)
  comments <- head(jigsaw_sample, 40)
  result <- reference_d(model, comments$comment_text, comments$target, max_len = 50, batch_size = 10)
  expect_equal(result$network$count_params(), model$parameters + 384 + 1)
  expect_length(unlist(result$history), 4)
  expect_true(all(is.finite(unlist(result$history))))
})

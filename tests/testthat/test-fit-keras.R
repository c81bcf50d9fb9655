test_that("steps are counted as keras-bert counts them", {
  skip_if_no_python()
  # 2,000 rows in batches of 70: 28 full ones and one of 40. A tenth of 29, rounded down, warms up.
  expect_identical(bert_train_steps(2000, batch_size = 70, epochs = 1), c(decay_steps = 29L, warmup_steps = 2L))
  expect_identical(bert_train_steps(1024, 32, 10, warmup = 0.25), c(decay_steps = 320L, warmup_steps = 80L))
  expect_error(bert_train_steps(10, 0, 1), class = "bertfit_error_argument")
  expect_error(bert_train_steps(10.5, 1, 1), class = "bertfit_error_argument")
})

test_that("AdamWarmup takes steps of the sizes that its schedule gives", {
  skip_if_no_python()
  optimizer <- bert_adam_warmup(decay_steps = 10, warmup_steps = 4, learning_rate = 0.1)
  expect_s3_class(optimizer, "bertfit.training.optimizer.AdamWarmup")
  tf <- reticulate::import("tensorflow")
  variable <- tf$Variable(5)
  # With a constant gradient Adam moves by the learning rate itself. That rises over four steps; from then on it lies
  # on the line from 0.1 at step 0 to 0 at step 10, and stays there.
  rates <- c(0.1 * 1:4 / 4, 0.1 * (1 - 5:10 / 10), 0, 0)
  values <- vapply(seq_along(rates), function(step) {
    optimizer$apply_gradients(list(reticulate::tuple(tf$constant(2), variable)))
    as.numeric(variable$numpy())
  }, 0)
  expect_equal(values, 5 - cumsum(rates), tolerance = 1e-5)
})

test_that("arguments of the optimizer are checked", {
  skip_if_no_python()
  expect_snapshot(error = TRUE, {
    bert_adam_warmup(10, "2")
    bert_adam_warmup(0, 2)
    bert_adam_warmup(10, 2, beta = 0.9)
  })
})

test_that("the Keras model is a copy with keras-bert's layer names", {
  model <- toy_model()
  keras_model <- bert_keras(model)
  expect_s3_class(keras_model, "tf_keras.src.engine.training.Model")
  expect_equal(keras_model$count_params(), model$parameters)
  weights <- keras_model$get_layer("NSP-Dense")$get_weights()
  expect_identical(dim(weights[[1]]), c(16L, 16L))
  before <- bert_embed(model, "good", pooling = "nsp")
  keras_model$get_layer("NSP-Dense")$set_weights(list(weights[[1]] * 0, weights[[2]]))
  expect_identical(bert_embed(model, "good", pooling = "nsp"), before)
  expect_equal(bert_keras(model, max_len = 8)$count_params(), model$parameters - (32 - 8) * 16)
})

test_that("a Keras model is saved by Keras and opened again in its three formats", {
  tf_keras <- reticulate::import("tf_keras")
  keras_model <- bert_keras(toy_model())
  # Keras' remarks about names and about HDF5
  logging <- reticulate::import("absl.logging")
  verbosity <- logging$get_verbosity()
  logging$set_verbosity(logging$ERROR)
  withr::defer(logging$set_verbosity(verbosity))
  reticulate::import("warnings")$filterwarnings("ignore", "You are saving your model as an HDF5 file")
  ids <- matrix(c(2L, 5L, 7L, 3L), 1)
  answers <- function(model) lapply(model(list(ids, ids * 0L)), function(output) output$numpy())
  for (file in file.path(withr::local_tempdir(), c("model.h5", "model.keras", "folder"))) {
    keras_model$save(file)
    opened <- tf_keras$models$load_model(file, custom_objects = bert_custom_objects())
    expect_identical(answers(opened), answers(keras_model))
    expect_s3_class(opened$get_layer("NSP-Dense"), "bertfit.network.layers.Dense")
  }
})

test_that("defaults are those of the Python core, under the same names", {
  python <- python_defaults("HeadConfig")
  ours <- unclass(bert_head())
  expect_setequal(names(ours), names(python))
  expect_equal(ours$layers, python$layers)
  expect_length(python$hidden, 0)
  for (name in setdiff(names(python), c("layers", "hidden"))) expect_equal(ours[[name]], python[[name]], label = name)
})

test_that("widths and layers cross as lists", {
  expect_identical(head_arguments(bert_head(hidden = 8, layers = -1))[c("hidden", "layers")],
                   list(hidden = list(8), layers = list(-1)))
  expect_identical(head_arguments(bert_head())$hidden, list())
})

test_that("head settings of the wrong type are refused by name", {
  expect_snapshot(error = TRUE, {
    bert_head(hidden = "8")
    bert_head(layers = NA)
    head_arguments(list())
  })
})

test_that("a head prints, with a star where it differs from the default", {
  expect_snapshot({
    bert_head(hidden = c(512, 64), pooling = "mean")
    bert_head()
  })
})

test_that("a saved head is a head again", {
  printed <- function(x) capture.output(print(x))
  saved <- list(hidden = list(), activation = "relu", dropout = 0.1, pooling = "nsp", layers = list(-1L),
                initializer = "truncated_normal")
  expect_identical(printed(as_bert_head(saved)), printed(bert_head()))
})

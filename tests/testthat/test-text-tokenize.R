minilm <- function() {
  skip_if_no_python()
  cached <- bert_call("models")
  skip_if_not(isTRUE(cached$cached[cached$name == "minilm-l6-uncased"]), "minilm-l6-uncased is not in the cache")
  new_bert_model(bert_call("load", x = "minilm-l6-uncased"))
}

test_that("the tutorial's sentence has its published ids", {
  model <- minilm()
  tokens <- bert_tokenize("this is such an amazing movie!", model, max_len = 10)
  expect_identical(tokens$input_ids, matrix(c(101L, 2023L, 2003L, 2107L, 2019L, 6429L, 3185L, 999L, 102L, 0L), 1))
  expect_identical(tokens$segment_ids, matrix(0L, 1, 10))
  expect_identical(tokens$attention_mask, matrix(rep(1:0, c(9, 1)), 1))
  expect_identical(bert_decode(tokens, model), "this is such an amazing movie !")
})

test_that("rows are padded to max_len, to the longest, or not at all", {
  model <- toy_model() # [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, good 5, bad 6, day 9
  x <- c("Good day", "bad", "")
  expected <- rbind(c(2L, 5L, 9L, 3L), c(2L, 6L, 3L, 0L), c(2L, 3L, 0L, 0L))
  longest <- bert_tokenize(x, model, padding = "longest")
  expect_identical(longest$input_ids, expected)
  expect_identical(longest$attention_mask, (expected != 0L) + 0L)
  expect_named(longest, c("input_ids", "segment_ids", "attention_mask"))
  expect_identical(bert_tokenize(x, model, max_len = 6)$input_ids, cbind(expected, 0L, 0L))
  expect_identical(dim(bert_tokenize(x, model)$input_ids), c(3L, 32L))
  ragged <- bert_tokenize(x, model, padding = "none")
  expect_identical(ragged$input_ids, list(c(2L, 5L, 9L, 3L), c(2L, 6L, 3L), c(2L, 3L)))
  expect_identical(ragged$attention_mask, list(rep(1L, 4), rep(1L, 3), rep(1L, 2)))
})

test_that("one row, no rows and factors keep their shape", {
  model <- toy_model()
  expect_identical(bert_tokenize("day", model, max_len = 4)$input_ids, matrix(c(2L, 9L, 3L, 0L), 1))
  none <- bert_tokenize(character(), model, max_len = 4)
  expect_identical(none$input_ids, matrix(0L, 0, 4))
  expect_identical(none$attention_mask, matrix(0L, 0, 4))
  expect_identical(attr(none, "truncated"), logical())
  expect_identical(bert_tokenize(character(), model, padding = "none")$input_ids, list())
  expect_identical(nrow(bert_tokenize(character(), model, output = "tokens")), 0L)
  x <- factor(c("day", "bad", "day"), levels = c("day", "bad"))
  expect_identical(bert_tokenize(x, model), bert_tokenize(as.character(x), model))
})

test_that("pairs have segments and lose tokens from the longer text", {
  model <- toy_model()
  tokens <- bert_tokenize(c("day", "good day"), model, pair = c("bad day is bad", "bad"), max_len = 6)
  expect_identical(tokens$input_ids, rbind(c(2L, 9L, 3L, 6L, 9L, 3L), c(2L, 5L, 9L, 3L, 6L, 3L)))
  expect_identical(tokens$segment_ids, rbind(c(0L, 0L, 0L, 1L, 1L, 1L), c(0L, 0L, 0L, 0L, 1L, 1L)))
  expect_identical(attr(tokens, "truncated"), c(TRUE, FALSE))
})

test_that("columns of a data frame are read by name", {
  model <- toy_model()
  data <- data.frame(comment = c("good", "bad"), reply = c("day", "is"))
  expect_identical(bert_tokenize(data, model, text = "comment"), bert_tokenize(data$comment, model))
  expect_identical(
    bert_tokenize(data.table::as.data.table(data), model, pair = "reply", text = "comment"),
    bert_tokenize(data$comment, model, pair = data$reply)
  )
  expect_error(bert_tokenize(data, model), "`text` must name the text column", class = "bertfit_error_argument")
  expect_error(bert_tokenize(data, model, text = "coment"), "column `coment`", class = "bertfit_error_argument")
})

test_that("substr() at a token's place gives what it came from", {
  model <- toy_model()
  x <- c("Bad, caf\u00e9\u0301\U1F600 z", "\u00a0good  day")
  tokens <- bert_tokenize(x, model, output = "tokens")
  expect_s3_class(tokens, "data.table")
  expect_named(tokens, c("row", "token", "start", "end", "segment"))
  expect_identical(tokens$row, rep(1:2, c(6L, 4L)))
  expect_identical(tokens$token, c("[CLS]", "bad", ",", "[UNK]", "z", "[SEP]", "[CLS]", "good", "day", "[SEP]"))
  expect_identical(
    substr(x[tokens$row], tokens$start, tokens$end),
    c(NA, "Bad", ",", "caf\u00e9\u0301\U1F600", "z", NA, NA, "good", "day", NA)
  )
})

test_that("text in other encodings is the same text", {
  model <- toy_model()
  utf8 <- "caf\u00e9"
  latin1 <- iconv(utf8, "UTF-8", "latin1")
  expect_identical(Encoding(latin1), "latin1")
  expect_identical(bert_tokenize(latin1, model), bert_tokenize(utf8, model))
})

test_that("decoding takes matrices, lists and vectors", {
  model <- toy_model()
  expect_identical(bert_decode(rbind(c(2, 5, 9, 3), c(2, 6, 3, 0)), model), c("good day", "bad"))
  expect_identical(bert_decode(list(c(2L, 5L, 3L), 9L, integer()), model), c("good", "day", ""))
  expect_identical(bert_decode(c(2, 5, 3), model, skip_special = FALSE), "[CLS] good [SEP]")
  expect_identical(bert_decode(list(), model), character())
  expect_identical(bert_decode(matrix(0L, 0, 4), model), character())
  expect_identical(bert_decode(bert_tokenize("good, day", model, padding = "none"), model), "good , day")
  expect_error(bert_decode(c(1, NA), model), "missing", class = "bertfit_error_data")
  expect_error(bert_decode(c(1, 1.5), model), "You gave 1.5", class = "bertfit_error_data")
  expect_error(bert_decode(c(5, 4000), model), "4000", class = "bertfit_error_data")
  expect_error(bert_decode("day", model), "whole numbers", class = "bertfit_error_argument")
})

test_that("wrong texts and arguments are refused, naming rows and arguments", {
  model <- toy_model()
  expect_error(bert_tokenize(c("a", NA, "b", NA), model), "Rows 2, 4", class = "bertfit_error_data")
  expect_error(bert_tokenize("a", model, pair = NA_character_), "`pair`", class = "bertfit_error_data")
  expect_error(bert_tokenize(c("a", "b\xff"), model), "Row 2", class = "bertfit_error_data")
  expect_error(bert_tokenize(NULL, model), "`x` must be a character vector", class = "bertfit_error_argument")
  expect_error(bert_tokenize(1:3, model), "`x` must be a character vector", class = "bertfit_error_argument")
  expect_error(bert_tokenize(c("a", "b"), model, pair = "a"), "as long as", class = "bertfit_error_argument")
  expect_error(bert_tokenize("a", model, max_len = 2), "`max_len`", class = "bertfit_error_argument")
  expect_error(bert_tokenize("a", model, max_len = 33), "between 3 and 32", class = "bertfit_error_argument")
  expect_error(bert_tokenize("a", model, padding = "both"), "`padding`", class = "bertfit_error_argument")
  expect_error(bert_tokenize("a", model, text = "a"), "`text`", class = "bertfit_error_argument")
  expect_error(bert_tokenize("a", model, maxlen = 8), "maxlen", class = "bertfit_error_argument")
  expect_error(bert_tokenize("a", list()), "`model`", class = "bertfit_error_argument")
})

test_that("tokens print in a few lines", {
  model <- toy_model()
  expect_identical(
    capture.output(print(bert_tokenize(c("good day is bad", "day", "bad", "fine"), model, max_len = 4))),
    c("<bert_tokens> 4 rows of 4 tokens, 1 truncated", "  2 5 9 3", "  2 9 3 0", "  2 6 3 0", "  ...")
  )
  expect_identical(
    capture.output(print(bert_tokenize(c("day", "good day"), model, padding = "none"))),
    c("<bert_tokens> 2 rows of 3 to 4 tokens", "  2 9 3", "  2 5 9 3")
  )
})

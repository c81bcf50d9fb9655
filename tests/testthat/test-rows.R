test_that("rows keep what they were made of, and take numbers for their target", {
  rows <- new_rows(c("a", "b"), c("c", "d"), list(y = factor(c("no", "yes"))))
  expect_s3_class(rows, "bert_rows")
  expect_identical(n_rows(rows), 2L)
  both <- with_targets(rows, c(0, 1), c(1, 2))
  expect_identical(unclass(both)[c("texts", "pairs", "targets", "weights")],
                   list(texts = c("a", "b"), pairs = c("c", "d"), targets = c(0, 1), weights = c(1, 2)))
  expect_null(with_targets(rows, c(0, 1))$weights)
})

test_that("rows cross as lists of strings and arrays, whatever their number", {
  local_api(c(
    "def shapes(rows, validation=None):",
    "    facts = {name: [type(value).__name__, list(getattr(value, 'shape', [len(value)]))]",
    "             for name, value in rows.items()}",
    "    facts['classes'] = sorted({type(text).__name__ for text in rows['texts'] + rows.get('pairs', [])})",
    "    return facts",
    "def texts(rows): return [text.encode().hex() for text in rows['texts']]"
  ))
  shapes <- function(rows) lapply(bert_call("shapes", rows = rows), function(x) as.list(as.character(unlist(x))))
  one <- shapes(with_targets(new_rows("a", "b"), 1, 2))
  expect_identical(one$texts, list("list", "1"))
  expect_identical(one[c("pairs", "targets", "weights")],
                   list(pairs = list("list", "1"), targets = list("ndarray", "1"), weights = list("ndarray", "1")))
  three <- shapes(with_targets(new_rows(letters[1:3]), unname(cbind(1:3, 4:6))))
  expect_named(three, c("texts", "targets", "classes"))
  expect_identical(three[c("texts", "targets")], list(texts = list("list", "3"), targets = list("ndarray", "3", "2")))
  expect_identical(three$classes, list("str"))
  expect_identical(shapes(new_rows(character()))$texts, list("list", "0"))
  # The bytes of Python's strings are those of UTF-8, also of text that R holds in another encoding.
  latin <- iconv("caf\u00e9", "UTF-8", "latin1")
  sent <- bert_call("texts", rows = new_rows(check_text(c(latin, "\uc601\ud654", ""))))
  expect_identical(unlist(sent), c("636166c3a9", "ec9881ed9994", ""))
})

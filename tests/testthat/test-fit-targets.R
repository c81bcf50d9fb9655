kind_of <- function(target, task = "auto") {
  read <- read_task(list(y = target), task)
  read[c("kind", "labels", "values")]
}

test_that("the task follows from the target's type and values", {
  expect_identical(kind_of(c(TRUE, FALSE)), list(kind = "binary", labels = c("FALSE", "TRUE"), values = c(1, 0)))
  expect_identical(kind_of(c(0L, 1L, 1L)), list(kind = "binary", labels = c("0", "1"), values = c(0, 1, 1)))
  expect_identical(kind_of(c(0, 0.25, 0.7)), list(kind = "binary", labels = c("0", "1"), values = c(0, 0.25, 0.7)))
  expect_identical(kind_of(c("spam", "ham", "spam")),
                   list(kind = "binary", labels = c("ham", "spam"), values = c(1, 0, 1)))
  expect_identical(kind_of(factor(c("spam", "ham"), levels = c("spam", "ham"))),
                   list(kind = "binary", labels = c("spam", "ham"), values = c(0, 1)))
  expect_identical(kind_of(c("b", "a", "c", "a")),
                   list(kind = "multiclass", labels = c("a", "b", "c"), values = c(1, 0, 2, 0)))
  expect_identical(kind_of(c(1, 2, 3.5)), list(kind = "regression", labels = "y", values = c(1, 2, 3.5)))
  expect_identical(kind_of(c(0L, 1L, 2L))$kind, "regression")
  expect_identical(kind_of(c(-0.1, 0.5))$kind, "regression")
})

test_that("several columns are a multilabel target", {
  read <- read_task(list(a = c(0, 1, 0.5), b = c(TRUE, FALSE, TRUE)), "auto")
  expect_identical(read$kind, "multilabel")
  expect_identical(read$labels, c("a", "b"))
  expect_identical(unname(read$values), cbind(c(0, 1, 0.5), c(1, 0, 1)))
  one <- read_task(list(a = c(0, 1)), "multilabel")
  expect_identical(dim(one$values), c(2L, 1L))
})

test_that("character labels are sorted the same way in every locale", {
  expect_identical(kind_of(c("b", "A", "a", "B"))$labels, c("A", "B", "a", "b"))
})

test_that("`task` overrides what the target looks like", {
  expect_identical(kind_of(c(3, 1, 3, 20), "multiclass"),
                   list(kind = "multiclass", labels = c("1", "3", "20"), values = c(1, 0, 1, 2)))
  expect_identical(kind_of(c(0, 1), "regression")$kind, "regression")
  expect_identical(kind_of(c(1, 2, 2), "binary"), list(kind = "binary", labels = c("1", "2"), values = c(0, 1, 1)))
  expect_identical(kind_of(c(1e5, 2e5, 3e5), "multiclass")$labels, c("100000", "200000", "300000"))
  expect_identical(kind_of(c(TRUE, FALSE), "multiclass")$labels, c("FALSE", "TRUE"))
})

test_that("levels without rows are kept, and said so", {
  target <- factor(c("a", "b", "a"), levels = c("a", "b", "c"))
  expect_warning(read <- kind_of(target), class = "bertfit_warning_levels")
  expect_identical(read$labels, c("a", "b", "c"))
  expect_snapshot(invisible(kind_of(target)))
})

test_that("targets that fit no task are refused, with the rows", {
  integer64 <- structure(c(1, 2), class = "integer64")
  expect_snapshot(error = TRUE, {
    kind_of(c(1, NA, 0, NA))
    kind_of(c("a", NA))
    kind_of(c(1, Inf))
    kind_of(integer64)
    kind_of(as.Date("2024-01-01") + 0:1)
    kind_of(list("a", "b"))
    kind_of(matrix(1:4, 2))
    kind_of(numeric())
    kind_of(c(1, 1, 1))
    kind_of(c("a", "a"))
    kind_of(factor(c("a", "a"), levels = c("a", "b")))
    kind_of(c(1.5, 2.5), "multiclass")
    kind_of(c("a", "b"), "regression")
    kind_of(c("a", "b", "c"), "binary")
    kind_of(c(1, 2, 3), "binary")
    kind_of(c(1, 0), "ordinal")
    read_task(list(a = c(0, 1), b = c("x", "y"), c = c(0, 2)), "auto")
    read_task(list(a = c(0, 0), b = c(1, 1)), "auto")
    read_task(list(a = c(0, 1), b = c(1, 0)), "regression")
  })
  expect_error(kind_of(c(1, NA)), class = "bertfit_error_data")
  expect_error(kind_of(c(1, 0), "ordinal"), class = "bertfit_error_argument")
})

test_that("other rows are coded by the labels of the fit", {
  expect_identical(code_target(list(y = c("spam", "ham")), "binary", c("ham", "spam")), c(1, 0))
  expect_identical(code_target(list(y = factor("c", levels = c("c", "a"))), "multiclass", c("a", "b", "c")), 2)
  expect_identical(code_target(list(y = c(TRUE, FALSE)), "binary", c("FALSE", "TRUE")), c(1, 0))
  expect_identical(code_target(list(y = c(20, 3)), "multiclass", c("1", "3", "20")), c(2, 1))
  expect_identical(code_target(list(y = c(0.2, 1)), "binary", c("0", "1")), c(0.2, 1))
  expect_identical(code_target(list(y = 5L), "regression", "y"), 5)
  expect_snapshot(error = TRUE, {
    code_target(list(y = c("spam", "eggs")), "binary", c("ham", "spam"))
    code_target(list(y = c(0, 2)), "binary", c("0", "1"))
  })
})

test_that("classes are kept as the column had them", {
  own_of <- function(...) read_task(list(y = c(...)), "auto")$classes
  expect_identical(own_of(0, 1), list(values = list(0L, 1L), category = NULL))
  expect_identical(own_of(0.5, 1)$values, list(0L, 1L))
  expect_identical(own_of(TRUE, FALSE), list(values = list(FALSE, TRUE), category = NULL))
  expect_identical(own_of("b", "a"), list(values = list("a", "b"), category = NULL))
  factors <- read_task(list(y = factor(c("b", "a"), levels = c("b", "a"))), "auto")$classes
  expect_identical(factors, list(values = list("b", "a"), category = "unordered"))
  expect_identical(read_task(list(y = ordered(c("b", "a"))), "auto")$classes$category, "ordered")
  expect_identical(read_task(list(y = c(1.5, 2, 2)), "binary")$classes$values, list(1.5, 2))
  expect_identical(read_task(list(y = c(3, 1, 3)), "multiclass")$classes$values, list(1L, 3L))
  expect_null(own_of(1, 2, 7))
  both <- list(a = c(TRUE, FALSE), b = c(FALSE, TRUE))
  expect_identical(read_task(both, "auto")$classes$values, list(FALSE, TRUE))
  expect_identical(read_task(lapply(both, as.integer), "auto")$classes$values, list(0L, 1L))
})

test_that("a fit names its task first, and says how to get another", {
  opening <- function(y, task = "auto") opening_lines(read_task(list(y = y), task), "y")
  expect_identical(opening(c("ham", "spam")), "Binary classification of `y`: ham, spam")
  expect_identical(opening(letters[1:8]), "Multiclass classification of `y`: a, b, c, d, e, f and 2 more")
  expect_identical(opening(c(1.5, 2, 7)), "Regression of `y`")
  expect_identical(opening(rep(1:4, 5), "regression"), "Regression of `y`")
  expect_identical(opening(rep(1:30, 5)), "Regression of `y`")
  expect_identical(
    opening(rep(1:4, 5)),
    c("Regression of `y`",
      paste0("`y` has 4 different values, all whole numbers (1, 2, 3, 4). For classes: ",
             "`task = \"multiclass\"`, or make it a factor."))
  )
  expect_match(opening(rep(c(0, 2), 5))[2], "For classes: `task = \"binary\"`", fixed = TRUE)
  expect_identical(opening(101:150)[2], "`y` has another whole number in every row. Is it an identifier?")
  both <- list(a = c(0, 1), b = c(1, 0))
  expect_identical(opening_lines(read_task(both, "auto"), names(both)), "Multilabel classification of `a`, `b`")
})

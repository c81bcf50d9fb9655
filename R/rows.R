# The rows of a table: texts, second texts, target, weights. They are checked where they are read, by check_text() and
# the functions of fit-targets.R, and go to Python unopened: bert_call() knows the class (`as_py_argument()`).

# `target_columns` are the target's columns as they were read, a named list; with_targets() adds the numbers that Python
# takes.
new_rows <- function(texts, pairs = NULL, target_columns = NULL) {
  structure(list(texts = texts, pairs = pairs, target_columns = target_columns), class = "bert_rows")
}

# The rows that have a text (and a second one, where there are pairs), and in `present` the numbers of these.
present_rows <- function(rows) {
  present <- which(!is.na(rows$texts) & !(if (is.null(rows$pairs)) FALSE else is.na(rows$pairs)))
  rows$present <- present
  rows$n <- length(rows$texts)
  rows$texts <- rows$texts[present]
  rows$pairs <- rows$pairs[present]
  rows
}

n_rows <- function(rows) length(rows$texts)

# The rows with the numbers of the target (a vector, or a matrix with a column per label) and weights, or none.
with_targets <- function(rows, targets, weights = NULL) {
  rows[c("targets", "weights")] <- list(targets, weights)
  rows
}

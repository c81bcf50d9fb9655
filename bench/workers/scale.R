# The R side of bench/scale.py: predicts as many short rows as each line says, and answers how many.
arguments <- commandArgs(TRUE)
source("bench/workers/serve.R")
library(bertfit)
model <- bert_load(arguments[1])
words <- c("good", "bad", "page", "edit", "user", "talk", "please", "never", "thank", "you", "this", "is", "not", "why")
# Seven digits whatever the size, so that rows of all sizes have as many tokens.
rows <- function(n) {
  set.seed(1)
  pick <- function() words[sample.int(length(words), n, TRUE)]
  data.table::data.table(text = paste(pick(), pick(), pick(), pick(), 999999L + sample.int(9000000L, n)))
}
serve(function(line) {
  data <- rows(as.integer(line))
  function() {
    found <- predict(model, data)
    stopifnot(nrow(found) == nrow(data), !anyNA(found[[1]]))
    nrow(found)
  }
})

# The R side of bench/predict_r.py: a fitted model's folder, a file of texts, and of how many texts one is answered.
arguments <- commandArgs(TRUE)
source("bench/workers/serve.R")
library(bertfit)
model <- bert_load(arguments[1])
texts <- readLines(arguments[2], encoding = "UTF-8")
places <- seq(1L, length(texts), by = as.integer(arguments[3]))
serve(\(line) {
  function() {
    found <- predict(model, texts)
    stopifnot(nrow(found) == length(texts))
    found[[ncol(found)]][places]
  }
})

# The R side of bench/r_over_python.py: the file of comments and the number of rows.
arguments <- commandArgs(TRUE)
source("bench/workers/serve.R")
library(bertfit)
model <- bert_load("minilm-l6-uncased")
data <- head(data.table::fread(arguments[1], encoding = "UTF-8"), as.integer(arguments[2]))
control <- bert_control(epochs = 2, batch_size = 32, max_len = 128, validation = 0, seed = 1, verbose = 0)
serve(\(line) {
  \() bert_fit(data, "comment_text", "target", model, task = "binary", control = control)$history$loss
})

# The R contenders of bench/tokenization.py, by the names that come in.
arguments <- commandArgs(TRUE)
source("bench/workers/serve.R")
library(bertfit)
repeats <- as.integer(arguments[3])
max_len <- as.integer(arguments[4])
comments <- data.table::fread(arguments[1], encoding = "UTF-8")$comment_text
x <- rep(comments, repeats)
model <- bert_load("minilm-l6-uncased")

# Reference D's way: one call per row gives token and segment ids, which become matrices at the end.
keras_bert <- reticulate::import("keras_bert")
vocabulary <- keras_bert$load_vocabulary(arguments[2])
tokenizer <- keras_bert$Tokenizer(vocabulary)
some <- comments[seq_len(as.integer(arguments[5]))]
loop <- function() {
  ids <- segments <- vector("list", length(some))
  for (i in seq_along(some)) {
    encoded <- tokenizer$encode(some[[i]], max_len = max_len)
    ids[[i]] <- as.integer(encoded[[1]])
    segments[[i]] <- as.integer(encoded[[2]])
  }
  list(do.call(rbind, ids), do.call(rbind, segments))
}

contenders <- list(bertfit = \() bert_tokenize(x, model, max_len = max_len), loop = loop)
serve(function(line) {
  function() {
    result <- contenders[[line]]()
    stopifnot(ncol(result[[1]]) == max_len)
    nrow(result[[1]])
  }
})

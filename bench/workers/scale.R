# The R side of bench/scale.py: predicts as many short rows as each line says, and answers its own peak memory in MB.
arguments <- commandArgs(TRUE)
library(bertfit)
model <- bert_load(arguments[1])
words <- c("good", "bad", "page", "edit", "user", "talk", "please", "never", "thank", "you", "this", "is", "not", "why")
rows <- function(n) {
  set.seed(1)
  pick <- function() words[sample.int(length(words), n, TRUE)]
  data.table::data.table(text = paste(pick(), pick(), pick(), pick(), seq_len(n)))
}
peak <- function() {
  line <- grep("^VmHWM", readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}
input <- file("stdin", "r")
while (length(line <- readLines(input, 1L)) > 0L) {
  data <- rows(as.integer(line))
  seconds <- system.time(found <- predict(model, data))[["elapsed"]]
  stopifnot(nrow(found) == nrow(data), !anyNA(found[[1]]))
  cat(sprintf("{\"seconds\": %f, \"answer\": %f, \"peak\": %f}\n", seconds, nrow(found), peak()))
  flush(stdout())
}

# An R contender's main loop: a line comes in, the contender runs, its seconds and its answer go out as JSON.
serve <- function(run) {
  input <- file("stdin", "r")
  while (length(readLines(input, 1L)) > 0L) {
    seconds <- system.time(answer <- run())[["elapsed"]]
    cat(sprintf("{\"seconds\": %f, \"answer\": [%s]}\n", seconds, paste(format(answer, digits = 9), collapse = ", ")))
    flush(stdout())
  }
}

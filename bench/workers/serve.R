# An R contender's main loop: a line comes in, the contender that `prepare` makes of it runs, and its seconds, its
# answer and the process's peak of memory in MB go out as JSON. `prepare` itself is not timed.
serve <- function(prepare) {
  input <- file("stdin", "r")
  while (length(line <- readLines(input, 1L)) > 0L) {
    run <- prepare(line)
    seconds <- system.time(answer <- run())[["elapsed"]]
    cat(sprintf("{\"seconds\": %f, \"answer\": [%s], \"peak\": %f}\n", seconds,
                paste(format(answer, digits = 9), collapse = ", "), peak()))
    flush(stdout())
  }
}

peak <- function() {
  line <- grep("^VmHWM", readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}

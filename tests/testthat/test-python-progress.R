begin <- list(event = "begin", epochs = 2, steps = 4, rows = 3600, validation_rows = 400, max_len = 128, truncated = 12,
              precision = "float32", device = "CPU", parameters = 22713601, trainable = 770)
step <- list(event = "step", epoch = 1, step = 2, steps = 4, loss = 0.5, metric_name = "accuracy", metric = 0.75,
             seconds_left = 75)
epoch <- list(event = "epoch", epoch = 1, epochs = 2, loss = 0.34211, accuracy = 0.8812, auc = 0.9, val_loss = 0.3,
              val_accuracy = 0.9, learning_rate = 1e-5, seconds = 131, best = TRUE)
end <- list(event = "end", best_epoch = 1, interrupted = FALSE)

lines_of <- function(verbose, events, dynamic = FALSE) {
  lines <- character()
  listen <- fit_progress(verbose, dynamic = dynamic)
  withCallingHandlers(
    for (event in events) listen(event),
    bertfit_message_progress = function(m) {
      lines <<- c(lines, conditionMessage(m))
      tryInvokeRestart("muffleMessage")
    }
  )
  lines
}

test_that("logs get one line per epoch, without carriage returns", {
  lines <- lines_of(2, list(begin, step, epoch, end))
  expect_snapshot(writeLines(lines))
  expect_false(any(grepl("\r", lines)))
  expect_identical(lines_of(1, list(begin, step, epoch, end)), lines)
})

test_that("the memory of a large batch is told before the first step", {
  line <- function(...) begin_line(utils::modifyList(begin, list(...)))
  expect_identical(line(bytes = 2^30 - 1, parts = 1), line())
  expect_match(line(bytes = 5.04 * 2^30, parts = 1), "on CPU, about 5.0 GB of memory per batch", fixed = TRUE)
  expect_match(line(bytes = 3 * 2^30, parts = 4), "about 3.0 GB of memory for each of 4 parts of a batch", fixed = TRUE)
})

test_that("windows are counted beside the rows they are of", {
  expect_match(begin_line(c(begin, windows = 3412L)), paste0(count(begin$rows, "row"), " in 3,412 windows, "),
               fixed = TRUE)
})

test_that("no time left is shown while it is not known", {
  unknown <- step
  unknown["seconds_left"] <- list(NULL)
  expect_match(step_text(step), "1 min 15 s left|1:15|75", perl = TRUE)
  expect_no_match(step_text(unknown), "left")
})

test_that("verbose 0 is silent, but an interrupt is always told", {
  expect_identical(lines_of(0, list(begin, step, epoch, end)), character())
  end$interrupted <- TRUE
  expect_identical(lines_of(0, list(end)), "Interrupted: the model is returned as it stands.")
})

test_that("a terminal gets a bar with loss, metric and time left", {
  local_options <- options(cli.dynamic = TRUE, cli.progress_show_after = 0, cli.progress_clear = TRUE)
  on.exit(options(local_options))
  shown <- capture.output(lines <- lines_of(2, list(begin, step, step, epoch, end), dynamic = TRUE), type = "message")
  shown <- paste(shown, collapse = "\n")
  expect_length(lines, 2)
  expect_match(shown, "Epoch 1 ======       2/4, loss 0.5000, accuracy 0.7500, 1 min 15 s left", fixed = TRUE)
})

test_that("the bar leaves columns for the ^C of a terminal, which would make a full line wrap", {
  long <- replace(step, c("epoch", "step", "steps", "metric_name", "seconds_left"),
                  list(10, 123456, 1000000, "mlm_accuracy", 7500))
  for (width in c(40, 60, 80, 100)) {
    parts <- step_parts(long, width - 4)
    expect_lte(nchar(paste(parts$epoch, parts$bar, parts$state)), width - 4)
  }
  expect_match(step_parts(long, 76)$state, "^123456/1000000, loss 0.5000, .* left$")
  expect_match(step_parts(long, 96)$state, "mlm_accuracy 0.7500, .* left$")
  withr::local_options(cli.dynamic = TRUE, cli.progress_show_after = 0, cli.width = 80)
  shown <- capture.output(invisible(lines_of(2, list(begin, long, long), dynamic = TRUE)), type = "message")
  drawn <- cli::ansi_strip(grep("Epoch 10", unlist(strsplit(shown, "\r")), value = TRUE))
  expect_true(length(drawn) > 0 && all(nchar(drawn) <= 76))
})

test_that("a knitted document gets lines, also when it is knitted from a terminal", {
  skip_if_not_installed("knitr")
  withr::local_options(cli.dynamic = TRUE)
  withr::local_dir(withr::local_tempdir())
  events <- list(begin, step, epoch, end)
  listen <- fit_progress # knitr's own environment sees only what is handed over
  writeLines(c("```{r}", "tell <- listen(2)", "for (event in events) tell(event)", "```"), "log.Rmd")
  handed <- list2env(list(listen = listen, events = events), parent = globalenv())
  knitr::knit("log.Rmd", "log.md", quiet = TRUE, envir = handed)
  text <- paste(readLines("log.md"), collapse = "\n")
  expect_match(text, "## Epoch 1/2: loss 0.3421, accuracy 0.8812;", fixed = TRUE)
  expect_false(grepl("2/4, loss", text, fixed = TRUE))
})

test_that("an interrupt while drawing is answered, not raised", {
  listen <- answering_interrupts(function(event) rlang::interrupt())
  expect_identical(listen(list()), "interrupt")
  expect_null(answering_interrupts(function(event) 1)(list()))
})

# In processes of their own: after a SIGINT that R has answered, reticulate 1.28 takes the next Python exception for it.
test_that("an interrupt that waited for a listener is its answer", {
  skip_on_os("windows")
  expect_identical(run_r(c(
    "listen <- bertfit:::answering_interrupts(function(event) NULL)",
    "suspendInterrupts({",
    "  tools::pskill(Sys.getpid(), tools::SIGINT)",
    "  cat(listen(list()), is.null(listen(list())))",
    "})"
  )), "interrupt TRUE")
})

test_that("what an interrupt may not cost is done whole, and one from within still comes", {
  skip_on_os("windows")
  expect_identical(run_r(c(
    "uninterrupted <- bertfit:::uninterrupted",
    "cat(uninterrupted({",
    "  tools::pskill(Sys.getpid(), tools::SIGINT)",
    "  for (i in 1:1e5) sqrt(i)",
    "  'whole'",
    "}), '')",
    "cat(tryCatch(uninterrupted(allowInterrupts(rlang::interrupt())), interrupt = function(condition) 'raised'))"
  )), "whole raised")
  expect_error(uninterrupted(stop("a fault")), "a fault")
})

# reticulate's own answer to SIGINT fails about once in twenty times: one fit would show nothing.
test_that("Ctrl-C ends a fit at the next batch and the model is returned; other work it stops", {
  skip_if_no_python()
  skip_on_os("windows")
  log <- tempfile()
  code <- c(
    "library(bertfit)", "library(testthat)", "e <- new.env(parent = asNamespace('bertfit'))",
    sprintf("for (f in c('helper.R', 'helper-toy.R')) sys.source(file.path('%s', f), e)", normalizePath(test_path())),
    sprintf("log <- file('%s', 'wt'); sink(log, type = 'message'); sink(log)", log),
    "data <- e$toy_data(400)",
    "for (i in 1:5) {",
    "  cat('fit', i, '\\n')",
    "  fit <- bert_fit(data, 'text', 'target', e$toy_model(), control = e$toy_control(epochs = 5000, verbose = 1))",
    "  cat('interrupted', i, fit$interrupted, 'epochs', nrow(fit$history) < 5000, 'predicts',",
    "      ncol(predict(fit, 'the day is good')), 'pid\\n')",
    "}",
    "many <- paste('the day is', seq_len(300000))",
    "long <- paste(strrep('the day is good ', 60), seq_len(60000))",
    "corpus <- tempfile(fileext = '.txt'); writeLines(rbind(long, ''), corpus)",
    "work <- list(",
    "  predict = function() predict(fit, many),",
    "  evaluate = function() bert_evaluate(fit, data.frame(text = many, target = 0:1)),",
    "  embed = function() bert_embed(fit, many),",
    "  tokenize = function() bert_tokenize(rep(long, 3), fit, max_len = NULL, padding = 'none'),",
    "  vocab_train = function() bert_vocab_train(long, 100),",
    "  pretrain_data = function() bert_pretrain_data(corpus, fit, tempfile(), max_len = 32, workers = 1, quiet = TRUE)",
    ")",
    "for (name in names(work)) {",
    "  cat('working', name, '\\n')",
    "  cat(name, tryCatch({work[[name]](); 'completed'}, interrupt = function(condition) 'stopped'), '\\n')",
    "}"
  )
  script <- tempfile(fileext = ".R")
  writeLines(code, script)
  libraries <- paste(c(dirname(system.file(package = "bertfit")), .libPaths()), collapse = ":")
  withr::local_envvar(R_LIBS = libraries, NOT_CRAN = "true", R_TESTS = "")
  pid_file <- tempfile()
  rscript <- file.path(R.home("bin"), "Rscript")
  system(sprintf("'%s' --vanilla '%s' > /dev/null 2>&1 & echo $! > '%s'", rscript, script, pid_file))
  pid <- as.integer(readLines(pid_file))
  withr::defer(tools::pskill(pid, tools::SIGKILL))
  lines_since <- function(mark) {
    lines <- if (file.exists(log)) readLines(log, warn = FALSE) else character()
    lines[cumsum(startsWith(lines, mark)) > 0]
  }
  seen <- function(pattern, seconds, since = "") {
    until <- Sys.time() + seconds
    while (Sys.time() < until && tools::pskill(pid, 0)) {
      if (any(grepl(pattern, lines_since(since)))) return(TRUE)
      Sys.sleep(0.1)
    }
    any(grepl(pattern, lines_since(since)))
  }
  for (i in 1:5) {
    expect_true(seen("^Epoch 3/", 120, since = paste("fit", i)))
    tools::pskill(pid, tools::SIGINT)
    expect_true(seen(paste("^interrupted", i, "TRUE epochs TRUE predicts 2 pid$"), 30))
  }
  for (name in c("predict", "evaluate", "embed", "tokenize", "vocab_train", "pretrain_data")) {
    expect_true(seen(paste("^working", name), 60))
    Sys.sleep(1)
    tools::pskill(pid, tools::SIGINT)
    expect_true(seen(paste0("^", name, " (stopped|completed)"), 30))
    expect_match(lines_since(paste("working", name))[2], paste(name, "stopped "))
  }
})

test_that("a log has the four measures and says where a run goes on", {
  begin <- list(event = "begin", epochs = 2, steps = 4, rows = 1356, validation_rows = 0, max_len = 48, truncated = 0,
                precision = "float32", device = "CPU", parameters = 100352, trainable = 105239, step = 2)
  expect_identical(
    begin_line(begin),
    "Going on after step 2, on 1,356 rows, up to 48 tokens, 105.2k parameters, float32 on CPU"
  )
  epoch <- list(event = "epoch", epoch = 1, epochs = 2, loss = 6, mlm_loss = 5.25, mlm_accuracy = 0.125,
                nsp_loss = 0.75, nsp_accuracy = 0.5, val_loss = 7, val_mlm_loss = 6, val_mlm_accuracy = 0.25,
                val_nsp_loss = 1, val_nsp_accuracy = 0.5, learning_rate = 1e-4, seconds = 2, best = FALSE)
  expect_identical(epoch_line(epoch), paste0(
    "Epoch 1/2: mlm_loss 5.250, mlm_accuracy 0.1250, nsp_loss 0.7500, nsp_accuracy 0.5000; ",
    "validation: mlm_loss 6.000, mlm_accuracy 0.2500, nsp_loss 1.000, nsp_accuracy 0.5000 (2.0 s)"
  ))
})

# Progress while Python works: a bar in a terminal that can redraw a line, plain lines elsewhere; and Ctrl-C during
# that time.
#
# Python calls the callbacks from R's main thread, one event at a time. Where there are signals, Ctrl-C goes to Python
# alone while R waits. On Windows, and in IDEs that only set a flag, R receives it. A callback must not raise it then,
# because it would unwind through Python's stack: it returns "interrupt", and Python stops as for its own Ctrl-C.

# Not while knitting: a document has no line to redraw, even if it is knitted from a terminal.
can_redraw <- function() {
  cli::is_dynamic_tty() && !isTRUE(getOption("knitr.in.progress"))
}

# The callback of `bert_fit()` and `bert_pretrain()`, with `verbose` as in bert_control(); `opening` are lines to say
# first.
fit_progress <- function(verbose, dynamic = can_redraw(), opening = NULL) {
  bar <- if (verbose >= 2 && dynamic) new_bar("{extra$epoch} {extra$bar} {extra$state}")
  show <- function(event) {
    if (event$event == "step") {
      if (!is.null(bar)) {
        bar$set(event$step, event$steps,
                step_parts(event))
      }
      return(invisible())
    }
    if (!is.null(bar)) bar$clear()
    if (event$event == "begin" && verbose >= 1) lapply(opening, say)
    line <- switch(event$event, begin = begin_line(event), epoch = epoch_line(event), end = end_line(event))
    if (!is.null(line) && (verbose >= 1 || event$event == "end")) say(line)
  }
  answering_interrupts(show)
}

# The callback of predict(), bert_evaluate() and bert_embed(): a bar, or NULL.
rows_progress <- function(progress, dynamic = can_redraw()) {
  if (!progress || !dynamic) {
    return(NULL)
  }
  bar <- new_bar("Rows {cli::pb_bar} {cli::pb_percent} {cli::pb_eta_str}")
  answering_interrupts(function(event) {
    bar$set(event$done, event$total)
    if (event$done >= event$total) bar$clear()
  })
}

# `show` as a callback that returns "interrupt" if an interrupt comes while it draws, or was pending; else the string
# that `show` returns, or NULL.
answering_interrupts <- function(show) {
  function(event) {
    tryCatch(
      allowInterrupts({
        answer <- show(event)
        heed_interrupts()
        if (is_string(answer)) answer
      }),
      interrupt = function(condition) "interrupt"
    )
  }
}

# The value of `expr`, a fit, with interrupts suspended. Ctrl-C ends the training within Python; one that comes later,
# while the model is made or packed for saveRDS(), is dropped, so that the model is not lost.
uninterrupted <- function(expr) {
  done <- FALSE
  tryCatch(
    {
      suspendInterrupts({
        value <- expr
        done <- TRUE
      })
      heed_interrupts()
    },
    interrupt = function(condition) if (!done) rlang::interrupt()
  )
  value
}

# Lets R process a pending interrupt now.
heed_interrupts <- function() Sys.sleep(0)

# -- Lines --------------------------------------------------------------------------------------------

# A message rather than output: knitr shows it, logs keep it, suppressMessages() drops it.
say <- function(line) {
  inform(paste(folded(line), collapse = "\n"), class = "bertfit_message_progress")
}

begin_line <- function(event) {
  parts <- c(
    paste(c(count(event$rows, "row"), if (!is.null(event[["windows"]])) count(event[["windows"]], "window")),
          collapse = " in "),
    if (event$validation_rows > 0) paste(big(event$validation_rows), "for validation"),
    paste0("up to ", count(event$max_len, "token"),
           if (event$truncated > 0) paste0(" (", big(event$truncated), " cut)")),
    if (event$trainable > event$parameters) { # pretraining: the encoder and its two heads
      paste(short_count(event$trainable), "parameters")
    } else {
      paste0(short_count(event$trainable), " of ", short_count(event$parameters), " parameters")
    },
    paste(event$precision, "on", event$device),
    memory_text(event[["bytes"]] %||% 0, event[["parts"]] %||% 1)
  )
  done <- event[["step"]] %||% 0 # of the run that is resumed
  begin <- if (done > 0) paste0("Going on after step ", big(done), ", on ") else "Training on "
  paste0(begin, paste(parts, collapse = ", "))
}

# "about 4.9 GB of memory per batch", or "... for each of 3 parts of a batch"; nothing for less than 1 GB.
memory_text <- function(bytes, parts) {
  if (bytes >= 2^30) {
    per <- if (parts > 1) paste("for each of", parts, "parts of a batch") else "per batch"
    paste("about", sprintf("%.1f", bytes / 2^30), "GB of memory", per)
  }
}

# "Epoch 1/3: loss 0.3421, accuracy 0.8812; validation: loss 0.3012, accuracy 0.9020, auc 0.9511 (12 s) *"
epoch_line <- function(event) {
  measures <- unlist(event[setdiff(names(event), c("event", "epochs", "best", not_measures))])
  measures <- measures[is.finite(measures)]
  pretraining <- "mlm_loss" %in% names(measures)
  if (pretraining) measures <- measures[!names(measures) %in% c("loss", "val_loss")] # the sum of two others
  is_validation <- startsWith(names(measures), "val_")
  train <- measures[names(measures) %in% c("loss", "accuracy", "rmse", pretrain_curves)]
  validation <- measures[is_validation]
  names(validation) <- sub("^val_", "", names(validation))
  paste0(
    "Epoch ", event$epoch, "/", event$epochs, ": ", measures_text(train),
    if (any(is_validation)) paste0("; validation: ", measures_text(validation)),
    " (", seconds_text(event$seconds), ")", if (isTRUE(event$best)) " *"
  )
}

end_line <- function(event) {
  if (isTRUE(event$interrupted)) "Interrupted: the model is returned as it stands."
}

# A bar of 12 columns. cli's own takes 30, and the line would be truncated in a terminal of 80.
small_bar <- function(share, width = 12) {
  done <- round(share * width)
  paste0(strrep("=", done), strrep(" ", width - done))
}

# The parts of the line of the bar. Ctrl-C writes "^C" behind it: a line that then wraps would not be cleared as a
# whole, so it leaves columns free, and a narrow terminal gets no metric.
step_parts <- function(event, width = cli::console_width() - 4) {
  epoch <- paste("Epoch", event$epoch)
  bar <- small_bar(event$step / event$steps)
  room <- max(width - nchar(epoch) - nchar(bar) - 2, 0)
  state <- step_text(event)
  if (nchar(state) > room) state <- step_text(event, metric = FALSE)
  list(epoch = epoch, bar = bar, state = strtrim(state, room))
}

step_text <- function(event, metric = TRUE) {
  left <- if (is.null(event$seconds_left)) "" else paste0(", ", seconds_text(event$seconds_left), " left")
  steps <- format(c(event$step, event$steps), scientific = FALSE, trim = TRUE) # 100000 would be 1e+05
  paste0(steps[1], "/", steps[2], ", loss ", number_text(event$loss),
         if (metric) paste0(", ", event$metric_name, " ", number_text(event$metric)), left)
}

# -- The bar ------------------------------------------------------------------------------------------

# One cli bar that can be removed and drawn again, so that lines are printed above it.
new_bar <- function(format) {
  here <- current_env()
  id <- NULL
  extra <- list()
  set <- function(done, total, values = list()) {
    extra <<- values
    if (is.null(id)) {
      id <<- cli::cli_progress_bar(format = format, total = total, .auto_close = FALSE, .envir = here)
    }
    cli::cli_progress_update(set = done, total = total, id = id, force = TRUE, .envir = here)
  }
  clear <- function() {
    if (!is.null(id)) cli::cli_progress_done(id = id, .envir = here)
    id <<- NULL
  }
  list(set = set, clear = clear)
}

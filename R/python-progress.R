# What the user sees while Python works: a bar in a terminal that can redraw a line, plain lines elsewhere; and what
# Ctrl-C does meanwhile.
#
# Python calls the listeners from R's main thread with one event at a time (api.py). Where there are signals, Ctrl-C
# goes to Python alone while R waits (interrupts.py). On Windows, and where an IDE only notes it, R notices it, and
# in a listener must not raise it: it would unwind through Python's stack. The listener answers "interrupt" instead,
# and Python stops as for its own Ctrl-C.

# A document that is knitted from a terminal is no terminal.
can_redraw <- function() {
  cli::is_dynamic_tty() && !isTRUE(getOption("knitr.in.progress"))
}

# The listener of `bert_fit()` and `bert_pretrain()`, with `verbose` as in bert_control().
fit_progress <- function(verbose, dynamic = can_redraw()) {
  bar <- if (verbose >= 2 && dynamic) new_bar("{extra$epoch} {extra$bar} {extra$state}")
  show <- function(event) {
    if (event$event == "step") {
      if (!is.null(bar)) {
        bar$set(event$step, event$steps,
                list(epoch = paste("Epoch", event$epoch), bar = small_bar(event$step / event$steps),
                     state = step_text(event)))
      }
      return(invisible())
    }
    if (!is.null(bar)) bar$clear()
    line <- switch(event$event, begin = begin_line(event), epoch = epoch_line(event), end = end_line(event))
    if (!is.null(line) && (verbose >= 1 || event$event == "end")) say(line)
  }
  answering_interrupts(show)
}

# The listener of predict(), bert_evaluate() and bert_embed(): a bar for long waits, or nothing.
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

# An interrupt that comes while `show` draws, or that waited for it, is the listener's answer.
answering_interrupts <- function(show) {
  function(event) {
    tryCatch(
      allowInterrupts({
        show(event)
        heed_interrupts()
        NULL
      }),
      interrupt = function(condition) "interrupt"
    )
  }
}

# A fit's value, whatever comes once Python has begun: Ctrl-C ends the training and must not cost the model that it
# leaves, while that is turned into R's or packed for saveRDS(). One that comes then has nothing left to stop.
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

# R looks for interrupts now and then; sleeping, at once.
heed_interrupts <- function() Sys.sleep(0)

# -- Lines --------------------------------------------------------------------------------------------

# A message rather than output: knitr shows it, logs keep it, suppressMessages() drops it.
say <- function(line) {
  inform(line, class = "bertfit_message_progress")
}

begin_line <- function(event) {
  parts <- c(
    count(event$rows, "row"),
    if (event$validation_rows > 0) paste(big(event$validation_rows), "for validation"),
    paste0("up to ", count(event$max_len, "token"),
           if (event$truncated > 0) paste0(" (", big(event$truncated), " cut)")),
    if (event$trainable > event$parameters) { # pretraining: the encoder's and its two heads'
      paste(short_count(event$trainable), "parameters")
    } else {
      paste0(short_count(event$trainable), " of ", short_count(event$parameters), " parameters")
    },
    paste(event$precision, "on", event$device)
  )
  done <- event[["step"]] %||% 0 # of an earlier run that is gone on with
  begin <- if (done > 0) paste0("Going on after step ", big(done), ", on ") else "Training on "
  paste0(begin, paste(parts, collapse = ", "))
}

# "Epoch 1/3: loss 0.3421, accuracy 0.8812; validation: loss 0.3012, accuracy 0.9020, auc 0.9511 (12 s) *"
epoch_line <- function(event) {
  measures <- unlist(event[setdiff(names(event), c("event", "epochs", "best", not_measures))])
  measures <- measures[is.finite(measures)]
  pretraining <- all(pretrain_curves %in% names(measures))
  if (pretraining) measures <- measures[!names(measures) %in% c("loss", "val_loss")] # the sum of two that are there
  held <- startsWith(names(measures), "val_")
  train <- measures[names(measures) %in% c("loss", "accuracy", "rmse", pretrain_curves)]
  validation <- measures[held]
  names(validation) <- sub("^val_", "", names(validation))
  paste0(
    "Epoch ", event$epoch, "/", event$epochs, ": ", measures_text(train),
    if (any(held)) paste0("; validation: ", measures_text(validation)),
    " (", seconds_text(event$seconds), ")", if (isTRUE(event$best)) " *"
  )
}

end_line <- function(event) {
  if (isTRUE(event$interrupted)) "Interrupted: the model is returned as it stands."
}

# cli's own bar takes 30 columns, and the line would lose its end in a terminal of 80.
small_bar <- function(share, width = 12) {
  done <- round(share * width)
  paste0(strrep("=", done), strrep(" ", width - done))
}

step_text <- function(event) {
  left <- if (is.null(event$seconds_left)) "" else paste0(", ", seconds_text(event$seconds_left), " left")
  paste0(event$step, "/", event$steps, ", loss ", number_text(event$loss), ", ", event$metric_name, " ",
         number_text(event$metric), left)
}

# -- The bar ------------------------------------------------------------------------------------------

# One cli bar that can be taken away and drawn again, so that lines stand above it.
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

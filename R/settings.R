# Settings as plain lists, shared by bert_control(), bert_head() and bert_pretrain_control(): checked by a table of
# types, joined with settings given in `...`, and printed.

check_types <- function(settings, types, call) {
  for (name in types$number) check_number(settings[[name]], arg = name, call = call)
  for (name in types$number_or_null) check_number(settings[[name]], null_ok = TRUE, arg = name, call = call)
  for (name in types$string) check_string(settings[[name]], arg = name, call = call)
  for (name in types$flag) check_flag(settings[[name]], arg = name, call = call)
  for (name in types$number_or_string) {
    if (is.character(settings[[name]])) {
      check_string(settings[[name]], arg = name, call = call)
    } else {
      check_number(settings[[name]], arg = name, call = call)
    }
  }
  invisible(settings)
}

# `bert_fit(..., epochs = 2)`: settings given in the dots join those of `control`. `maker` is the function that
# `control` comes from, whose name is its class; `new` checks the values.
control_with <- function(control, settings, call = caller_env(), maker = "bert_control", new = new_control) {
  from <- paste0("`", maker, "()`")
  if (!inherits(control, maker)) {
    bert_abort(paste0("must come from ", from, "."), call = call, argument = "control", received = control)
  }
  if (!length(settings)) {
    return(control)
  }
  own <- names(formals(sys.function(sys.parent()))) # of the function that was called
  known <- setting_names(maker)
  if (!is_named(settings)) {
    bert_abort("Settings in `...` must be named.", c(i = paste0("They are the arguments of ", from, ".")),
               call = call)
  }
  unknown <- setdiff(names(settings), known)
  if (length(unknown)) {
    bert_abort(
      paste0("Settings in `...` must be arguments of ", from, "."),
      c(x = paste0("Unknown: ", quoted(unknown), "."),
        i = did_you_mean(unknown, c(known, own))),
      call = call
    )
  }
  twice <- c(intersect(names(settings), attr(control, "given")), names(settings)[duplicated(names(settings))])
  if (length(twice)) {
    bert_abort("A setting must be given once, in `...` or in `control`.",
               c(x = paste0("Given twice: ", quoted(twice), ".")), call = call)
  }
  given <- c(attr(control, "given"), names(settings))
  values <- unclass(control)
  values[names(settings)] <- settings # a NULL in `settings` must stay: `[<-` with a list keeps it
  new(values[known], given, call = call)
}

# Names of the settings that `maker`, such as "bert_control", takes.
setting_names <- function(maker) {
  setdiff(names(formals(maker, envir = environment(setting_names))), "...")
}

# The seed of a run: the one given, else one from R's own generator, so that set.seed() decides it.
draw_seed <- function(seed) {
  seed %||% sample.int(.Machine$integer.max, 1L)
}

# The settings without what R alone knows of them.
plain_settings <- function(control) {
  settings <- unclass(control)
  attr(settings, "given") <- NULL
  settings
}

# A line per setting, marked with a star where it differs from the default.
print_settings <- function(x, title, defaults) {
  defaults <- defaults[names(defaults) != "..."]
  changed <- !mapply(same_setting, unclass(x)[names(defaults)], lapply(defaults, eval))
  values <- vapply(unclass(x)[names(defaults)], setting_text, character(1))
  cat_folded("<", title, ">\n")
  cat_folded(paste0(" ", ifelse(changed, "*", " "), " ", format(names(values)), "  ", values, "\n"))
  if (any(changed)) cat_folded("* not the default\n")
  invisible(x)
}

# Whether two values are the same setting; 3L is 3, because Python returns whole numbers as integers.
same_setting <- function(value, default) {
  if (is.numeric(value) && is.numeric(default)) {
    value <- as.double(value)
    default <- as.double(default)
  }
  identical(value, default)
}

setting_text <- function(value) {
  if (is.null(value)) {
    return("NULL")
  }
  if (is.data.frame(value)) {
    return(if (nrow(value)) paste0("a data frame of ", count(nrow(value), "row")) else "a data frame (rows not kept)")
  }
  if (length(value) > 6 && is.null(names(value))) {
    return(paste0("numbers for ", count(length(value), "row")))
  }
  text <- if (is.character(value)) encodeString(value, quote = '"') else format(unlist(value), trim = TRUE)
  if (!is.null(names(value))) text <- paste(names(value), "=", text)
  paste(text, collapse = ", ")
}

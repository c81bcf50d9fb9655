# Argument checks. Each returns its argument invisibly in the form the rest of the package uses, or
# stops with a `bertfit_error_argument` (a `bertfit_error_data` for rows) that names the user's argument
# and call: the rule first, then what was received.

#' One string, or NULL where allowed
#' @noRd
check_string <- function(x, null_ok = FALSE, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (is.null(x) && null_ok) {
    return(invisible(NULL))
  }
  if (!rlang::is_string(x) || is.na(x) || !nzchar(x)) {
    bert_abort(paste0("must be a single string", or_null(null_ok), "."), call = call, argument = arg, received = x)
  }
  invisible(enc2utf8(x))
}

#' One number within a closed range, optionally whole
#' @noRd
check_number <- function(x, min = -Inf, max = Inf, whole = FALSE, null_ok = FALSE,
                         arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (is.null(x) && null_ok) {
    return(invisible(NULL))
  }
  fits <- is.numeric(x) && !is.object(x) && length(x) == 1L && is.finite(x) && x >= min && x <= max
  if (!fits || (whole && x != round(x))) {
    range <- if (is.finite(min) && is.finite(max)) {
      paste0(" between ", format(min), " and ", format(max))
    } else if (is.finite(min)) {
      paste0(" of at least ", format(min))
    } else if (is.finite(max)) {
      paste0(" of at most ", format(max))
    }
    rule <- paste0("must be a ", if (whole) "whole number" else "number", range, or_null(null_ok), ".")
    bert_abort(rule, call = call, argument = arg, received = x)
  }
  invisible(if (whole && abs(x) <= .Machine$integer.max) as.integer(x) else as.double(x))
}

check_numbers <- function(x, arg, call) {
  if (!is.null(x) && (!is.numeric(x) || anyNA(x))) {
    bert_abort("must be numbers without missing values.", call = call, argument = arg, received = x)
  }
}

#' TRUE or FALSE
#' @noRd
check_flag <- function(x, null_ok = FALSE, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (is.null(x) && null_ok) {
    return(invisible(NULL))
  }
  if (!rlang::is_bool(x)) {
    bert_abort(paste0("must be TRUE or FALSE", or_null(null_ok), "."), call = call, argument = arg, received = x)
  }
  invisible(x)
}

#' One of a few strings; the whole vector of choices, a function's default, means the first
#' @noRd
check_choice <- function(x, choices, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (identical(x, choices)) {
    return(invisible(choices[[1L]]))
  }
  if (!rlang::is_string(x) || !x %in% choices) {
    allowed <- paste0('"', choices, '"', collapse = ", ")
    bert_abort(paste0("must be one of ", allowed, "."), call = call, argument = arg, received = x)
  }
  invisible(x)
}

#' Texts: a character vector or a factor, without missing values (unless `gaps`), in valid UTF-8
#'
#' @return The texts as a character vector in UTF-8, without names.
#' @noRd
check_text <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env(), gaps = FALSE) {
  if (is.factor(x) || (gaps && is.logical(x) && all(is.na(x)))) x <- as.character(x)
  if (!is.character(x)) {
    bert_abort("must be a character vector or a factor.", call = call, argument = arg, received = x)
  }
  missing_rows <- if (!gaps) which(is.na(x))
  if (length(missing_rows) > 0) {
    bert_abort(
      "must have no missing values.",
      paste(rows_are(missing_rows), "NA."),
      class = "data", call = call, argument = arg
    )
  }
  x <- utf8_text(x)
  invalid_rows <- which(!validUTF8(x) & !is.na(x))
  if (length(invalid_rows) > 0) {
    bert_abort(
      "must be valid UTF-8 text.",
      c(paste(rows_are(invalid_rows), "not valid UTF-8."), "iconv() converts text whose encoding you know."),
      class = "data", call = call, argument = arg
    )
  }
  invisible(x)
}

#' Text in UTF-8, whatever the locale
#'
#' enc2utf8() alone is wrong in two ways: it writes bytes that it cannot read as "<ff>", which is then
#' valid text; and under LANG=C, usual in containers, it does so with UTF-8 read from a file. So bytes of
#' unknown encoding are taken as UTF-8, unless the session's own encoding is another one that reads them.
#' Bytes that are invalid stay so, for [check_text()] to find.
#' @noRd
utf8_text <- function(x) {
  x <- as.vector(as.character(x))
  locale <- l10n_info()
  own_encoding <- !locale[["UTF-8"]] && (locale[["MBCS"]] || locale[["Latin-1"]] || .Platform$OS.type == "windows")
  as_utf8 <- Encoding(x) == "bytes" | (Encoding(x) == "unknown" & (!own_encoding | validUTF8(x)))
  if (any(as_utf8)) Encoding(x)[as_utf8] <- "UTF-8"
  enc2utf8(x)
}

#' A data frame that has the named columns
#' @noRd
check_columns <- function(data, cols, arg = rlang::caller_arg(data), call = rlang::caller_env()) {
  if (!is.data.frame(data)) {
    bert_abort("must be a data frame.", call = call, argument = arg, received = data)
  }
  absent <- setdiff(cols, names(data))
  if (length(absent) > 0) {
    bert_abort(
      paste0("must have ", if (length(absent) == 1L) "a column " else "columns ",
             paste0("`", absent, "`", collapse = ", "), "."),
      paste0("Its columns are ", some_of(paste0("`", names(data), "`"), 12L), "."),
      call = call, argument = arg
    )
  }
  check_once(names(data)[names(data) %in% cols], "must have one column of each name.", arg, call)
  invisible(data)
}

# Names that stand twice, of which R would take the first without a word, and Python the last.
check_once <- function(names, rule, arg, call) {
  twice <- unique(names[duplicated(names) & nzchar(names)])
  if (length(twice)) {
    bert_abort(rule, paste0("More than once: ", quoted(twice), "."), call = call, argument = arg)
  }
}

#' Arguments without a default, by name, must be given
#'
#' R's own error comes only where the argument is first used, deep inside, and has no class.
#' @noRd
check_given <- function(..., call = rlang::caller_env()) {
  for (name in c(...)) {
    if (eval(bquote(missing(.(as.name(name)))), call)) {
      bert_abort("must be given.", call = call, argument = name)
    }
  }
}

#' The rows given as `newdata`, or under tidymodels' name `new_data`
#'
#' @param call The frame of the function that has both arguments.
#' @noRd
given_newdata <- function(call = rlang::caller_env()) {
  given <- vapply(c("newdata", "new_data"), function(name) !eval(bquote(missing(.(as.name(name)))), call), NA)
  if (all(given)) {
    bert_abort("must be left out where `newdata` is given: both name the same rows.", call = call,
               argument = "new_data")
  }
  if (!any(given)) bert_abort("must be given.", call = call, argument = "newdata")
  get(names(which(given)), call)
}

#' `...` must be empty, so that a misspelt argument is an error
#' @noRd
check_dots_empty0 <- function(..., call = rlang::caller_env()) {
  if (...length() == 0L) {
    return(invisible(NULL))
  }
  known <- names(formals(sys.function(sys.parent())))
  names <- rlang::names2(rlang::enquos(...))
  given <- ifelse(nzchar(names), paste0("`", names, "`"), paste("unnamed argument", seq_along(names)))
  bert_abort(
    "must be empty.",
    c(x = paste0("Not an argument of this function: ", some_of(given), "."), i = did_you_mean(names, known)),
    call = call, argument = "..."
  )
}

#' "Did you mean `learning_rate`?" for names that are not known; NULL where none is near
#' @noRd
did_you_mean <- function(unknown, known) {
  near <- unique(unlist(lapply(unknown[nzchar(unknown)], near_names, known = setdiff(known, "..."))))
  if (length(near)) paste0("Did you mean ", quoted(near), "?")
}

near_names <- function(name, known) {
  meant <- other_names[[tolower(name)]]
  if (!is.null(meant) && meant %in% known) {
    return(meant)
  }
  if (nchar(name) >= 3 && any(startsWith(known, name))) {
    return(known[startsWith(known, name)])
  }
  distance <- utils::adist(name, known, ignore.case = TRUE)[1, ]
  known[distance == min(distance, Inf) & distance <= max(1, min(3, round(0.4 * nchar(name))))]
}

# What other packages call the arguments of this one. `bertfit.settings.OTHER_NAMES` in Python is the same table.
other_names <- list(
  lr = "learning_rate", epoch = "epochs", n_epochs = "epochs", num_epochs = "epochs", num_train_epochs = "epochs",
  batch = "batch_size", validation_split = "validation", validation_data = "validation", valid = "validation",
  max_length = "max_len", max_seq_length = "max_len", maxlen = "max_len", n_seq = "max_len",
  class_weight = "class_weights", sample_weight = "sample_weights", weights = "sample_weights",
  patience = "early_stopping", decay = "weight_decay", clipnorm = "clip_norm", max_grad_norm = "clip_norm",
  warmup_ratio = "warmup", warmup_proportion = "warmup", gradient_accumulation_steps = "accumulation",
  random_state = "seed", callback = "callbacks", label = "target", labels = "target", y = "target",
  text_pair = "pair", newdata = "new_data", doc_stride = "stride", new_data = "newdata", output_dir = "out_dir",
  max_steps = "steps"
)

or_null <- function(null_ok) if (null_ok) " or NULL" else ""

rows_are <- function(rows) {
  if (length(rows) == 1L) paste("Row", rows, "is") else paste("Rows", some_of(rows), "are")
}

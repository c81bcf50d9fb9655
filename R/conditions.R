# Errors of this package. Every one has class `bertfit_error` and, first, `bertfit_error_<code>`, where
# the code says what is wrong: "argument", "data", "checkpoint", "vocabulary", "download",
# "bundle", "setup", or "internal" (a fault of
# bertfit). The codes are those of the Python core.

#' Signal a bertfit error
#'
#' @param message The rule that was broken, one sentence.
#' @param bullets What was received and what to do: strings; names as in [rlang::abort()], "i" by default.
#' @param class The error's code, such as `"argument"`.
#' @param call The call that the user made.
#' @param parent The condition that caused this one.
#' @return Never returns.
#' @noRd
bert_abort <- function(message, bullets = NULL, class = "argument", call = rlang::caller_env(), parent = NULL) {
  bullets <- unlist(bullets)
  if (length(bullets) > 0 && is.null(names(bullets))) names(bullets) <- rep("i", length(bullets))
  rlang::abort(
    c(message, bullets),
    class = c(paste0("bertfit_error_", class), "bertfit_error"),
    call = call,
    parent = parent
  )
}

#' Turn a failed answer of `bertfit.r.call` into an R error
#'
#' The Python traceback is kept in the `traceback` field of the error's parent. It is printed for internal
#' errors only; the message of any other error is enough to correct the call.
#' @noRd
abort_python <- function(answer, call) {
  code <- answer$code %||% "internal"
  internal <- identical(code, "internal")
  traceback <- paste(answer$traceback, collapse = "")
  parent <- rlang::error_cnd(
    "bertfit_python_error",
    message = if (internal) traceback else "",
    python_type = answer$python_type,
    traceback = traceback
  )
  bullets <- in_r_words(as.character(unlist(answer$details)))
  if (internal) {
    bullets <- c(bullets, "This is a fault of bertfit: please report it with the lines below.")
  }
  bert_abort(in_r_words(answer$message), bullets, class = code, call = call, parent = parent)
}

#' Python's spelling of a rule and of what it received, as R spells them
#'
#' Only rules ("must be ...") and "You gave ..." are touched: other lines hold paths, names and texts.
#' @noRd
in_r_words <- function(text) {
  rule <- grepl("^`[^`]+` must be", text)
  gave <- grepl("^You gave ", text)
  quote <- grepl("'", text, fixed = TRUE)
  text[gave] <- gsub("'([^']*)'", "\"\\1\"", text[gave])
  text[gave] <- sub("^You gave \\((.*?),?\\)\\.$", "You gave \\1.", text[gave], perl = TRUE)
  mapping <- gave & grepl("^You gave \\{.*\\}\\.$", text)
  text[mapping] <- gsub("\": ", "\" = ", gsub("[{}]", "", text[mapping]), fixed = TRUE)
  plain <- rule | (gave & !quote)
  words <- c(None = "NULL", True = "TRUE", False = "FALSE")
  for (word in names(words)) text[plain] <- gsub(paste0("\\b", word, "\\b"), words[[word]], text[plain])
  numbers <- mapping | (gave & !quote)
  text[numbers] <- gsub("(\\d)\\.0\\b", "\\1", text[numbers])
  sub("^You gave \\.$", "You gave none.", text)
}

#' A few values for an error message: "1, 2, 3 and 7 more"
#' @noRd
some_of <- function(x, n = 5L) {
  shown <- paste(utils::head(x, n), collapse = ", ")
  if (length(x) > n) paste0(shown, " and ", length(x) - n, " more") else shown
}

#' What a value is, for an error message: "You gave a character vector of length 2."
#' @noRd
you_gave <- function(x) {
  if (is.null(x)) {
    return("You gave NULL.")
  }
  if (rlang::is_function(x)) {
    return("You gave a function.")
  }
  if (is.atomic(x) && length(x) == 1L && is.null(attributes(x))) {
    return(paste0("You gave ", if (is.character(x) && !is.na(x)) encodeString(x, quote = '"') else format(x), "."))
  }
  if (is.factor(x)) {
    return(paste0("You gave a factor of length ", length(x), "."))
  }
  if (is.object(x)) {
    return(paste0("You gave an object of class ", paste0("<", class(x), ">", collapse = " "), "."))
  }
  kind <- switch(typeof(x), double = "numeric", closure = "function", typeof(x))
  kind <- if (is.list(x)) "list" else paste(kind, if (is.matrix(x)) "matrix" else "vector")
  article <- if (grepl("^[aeiou]", kind)) "an" else "a"
  paste0("You gave ", article, " ", kind, " of length ", length(x), ".")
}

# Errors of this package. Every one has class `bertfit_error` and, first, `bertfit_error_<code>`, where the code says
# what is wrong: "argument", "data", "checkpoint", "vocabulary", "download", "bundle", "disk", "occupied", "setup",
# "training", "callback" (a user's function failed), or "internal" (a fault of bertfit). The codes are those of the
# Python core.

#' Signal a bertfit error
#'
#' The condition has fields `argument`, `rule` and `received` for programs that handle it.
#'
#' @param rule The rule that was broken: "must be ..." where `argument` is given, else a whole sentence.
#' @param bullets Details and what to do: strings; names as in [rlang::abort()], "i" by default.
#' @param class The error's code, such as `"argument"`.
#' @param call The call that the user made.
#' @param parent The condition that caused this one.
#' @param argument The name of the argument that breaks the rule.
#' @param received What was given for it.
#' @param gave The sentence that says so.
#' @return Never returns.
#' @noRd
bert_abort <- function(rule, bullets = NULL, class = "argument", call = rlang::caller_env(), parent = NULL,
                       argument = NULL, received = NULL, gave = if (!missing(received)) you_gave(received)) {
  bullets <- unlist(bullets)
  if (length(bullets) > 0 && is.null(names(bullets))) names(bullets) <- rep("i", length(bullets))
  rlang::abort(
    c(if (is.null(argument)) rule else paste0("`", argument, "` ", rule), c(i = gave), bullets),
    class = c(paste0("bertfit_error_", class), "bertfit_error"),
    call = call,
    parent = parent,
    argument = argument,
    rule = rule,
    received = received
  )
}

#' Turn a failed answer of `bertfit.r.call` into an R error
#'
#' The Python traceback is kept in the `traceback` field of the error's parent. It is printed only for
#' failures that are not the user's, since a user's mistake is explained by its message.
#' @noRd
abort_python <- function(answer, call) {
  code <- answer$code %||% "internal"
  internal <- identical(code, "internal")
  traceback <- paste(answer$traceback, collapse = "")
  parent <- rlang::error_cnd(
    "bertfit_python_error",
    message = if (internal) traceback else "",
    python_type = answer$python_type,
    python_message = answer$message,
    traceback = traceback
  )
  bullets <- vapply(answer$details, r_sentence, "")
  if (internal) {
    bullets <- c(bullets, "This is a fault of bertfit: please report it with the lines below.")
  }
  received <- answer[["received"]]
  bert_abort(
    r_sentence(answer$rule), bullets, class = code, call = call, parent = parent, argument = answer$argument,
    received = received[["value"]] %||% received[["text"]],
    gave = if (!is.null(received)) paste0("You gave ", r_piece(received), ".")
  )
}

#' What Python tells about a result: messages of class `bertfit_message_<code>`, which suppressMessages() can silence
#' @noRd
tell_notices <- function(notices) {
  for (notice in notices) tell(r_sentence(notice$sentence), notice$code, n = notice$n, of = notice$of)
}

# A message with its own class, and fields for programs that handle it.
tell <- function(text, code, ...) {
  inform(paste(folded(text), collapse = "\n"), class = c(paste0("bertfit_message_", code), "bertfit_message"), ...)
}

#' A sentence of Python in R's words: its pieces are text, arguments, values, and functions
#' @noRd
r_sentence <- function(pieces) paste(vapply(pieces, r_piece, ""), collapse = "")

r_piece <- function(piece) {
  switch(names(piece),
    text = piece$text,
    argument = paste0("`", piece$argument, "`"),
    value = r_value(piece$value),
    setting = paste(piece$setting$name, "=", r_piece(piece$setting$value)),
    variable = paste0("Sys.setenv(", piece$variable$name, " = ", r_value(piece$variable$value), ")"),
    "function" = r_function(piece[["function"]])
  )
}

# A call of a function: `bert_download("x", force = TRUE)`. Python's `name` is bert_<name>() in R, with two exceptions.
r_function <- function(part) {
  name <- c(train_vocabulary = "vocab_train", make_pretraining_data = "pretrain_data")[part$name]
  arguments <- vapply(part$arguments, r_piece, "")
  paste0("bert_", if (is.na(name)) part$name else name, "(", paste(arguments, collapse = ", "), ")")
}

#' A value as R users write it: `NULL`, `TRUE`, `"text"`, `5, 7`, `"ham" = 1`
#' @noRd
r_value <- function(x) {
  if (is.null(x)) {
    return("NULL")
  }
  if (length(x) == 0L) {
    return("none")
  }
  words <- vapply(x, function(one) {
    if (is.list(one) || length(one) != 1L) {
      if (is.null(one)) "NULL" else paste0("(", r_value(one), ")")
    } else if (is.character(one)) {
      encodeString(one, quote = '"')
    } else {
      format(one, digits = 15L, scientific = if (is.numeric(one)) isTRUE(one != 0 && abs(one) < 1e-4) else FALSE)
    }
  }, "")
  if (!is.null(names(x))) words <- paste0(encodeString(names(x), quote = '"'), " = ", words)
  text <- paste(words, collapse = ", ")
  if (nchar(text) <= 80L || length(x) == 1L) text else sub("^You gave (.*)\\.$", "\\1", you_gave(x))
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

# Finished classifiers of Hugging Face: fitted models that bertfit did not train, and so without a record of columns.

# Whether bertfit trained a fitted model; a finished classifier of Hugging Face has no record of its training.
trained_here <- function(x) !is.null(x$record$settings)

print_classifier <- function(x) {
  labels <- if (x$task != "regression") {
    paste0("  labels      ", length(x$labels), " (", paste(utils::head(x$labels, 6), collapse = ", "),
           if (length(x$labels) > 6) ", ...", ")\n")
  }
  cat_folded(
    "<bert_fit> ", x$name, "\n",
    "  task        ", x$task, "\n",
    labels,
    encoder_line(x$config),
    from_line(x),
    hub_line(x),
    "  trained     elsewhere: there is no history\n"
  )
  invisible(x)
}

# The columns that a model reads of `data`: those of its fit. One that was trained elsewhere reads `text`, with `pair`
# if that is there too, or else the only column of texts. `target` is none of these.
columns_in <- function(object, data, target = NULL, arg = "newdata", call = caller_env()) {
  if (!is.null(object$columns$text) || trained_here(object)) {
    return(object$columns)
  }
  texts <- setdiff(names(data)[vapply(data, function(x) is.character(x) || is.factor(x), NA)], target)
  if ("text" %in% texts) {
    return(list(text = "text", pair = if ("pair" %in% texts) "pair"))
  }
  if (length(texts) != 1) {
    bert_abort("must have a column `text`, or only one column of texts.",
               c(x = paste0("Its columns of texts: ", if (length(texts)) quoted(texts) else "none", "."),
                 i = "Or give the texts themselves, a character vector."), call = call, argument = arg)
  }
  list(text = texts)
}

# Whether a column has the ids of labels, or of two labels shares of the second.
are_ids <- function(column, kind, labels) {
  if (!is.logical(column) && !is.numeric(column)) {
    return(FALSE)
  }
  if (kind == "binary") {
    return(all(column >= 0 & column <= 1) && !any(grepl("^([-+.0-9]+|TRUE|FALSE)$", labels)))
  }
  ids <- seq_along(labels) - 1
  kind == "multiclass" && all(column %in% ids[labels == paste0("LABEL_", ids)])
}

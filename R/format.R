# Small pieces of text that errors and print methods share.

# The class of a user's table, which tables about it have as well.
table_kind <- function(data) {
  if (inherits(data, "data.table")) "data.table" else if (inherits(data, "tbl_df")) "tbl_df" else "data.frame"
}

# A data frame as a table of that kind; NULL is a data frame.
like_table <- function(frame, kind) {
  switch(kind %||% "data.frame",
    data.table = data.table::as.data.table(frame),
    tbl_df = structure(frame, row.names = .set_row_names(nrow(frame)), class = c("tbl_df", "tbl", "data.frame")),
    frame
  )
}

# "1 row", "1,492 rows"
count <- function(n, noun, plural = paste0(noun, "s")) {
  paste(big(n), if (n == 1) noun else plural)
}

# 22713216 -> "22,713,216"
big <- function(n) {
  formatC(round(n), format = "f", digits = 0, big.mark = ",") # format "d" has no number beyond 2^31
}

# c("a", "b") -> "`a`, `b`"
quoted <- function(x, mark = "`", most = 8) {
  text <- paste0(mark, x, mark)
  if (length(text) > most) text <- c(text[seq_len(most)], paste("and", length(text) - most, "more"))
  paste(text, collapse = ", ")
}

# 7.31 -> "7.3 s", 131 -> "2 min 11 s"
seconds_text <- function(seconds) {
  if (seconds < 60) {
    return(sprintf(if (seconds < 10) "%.1f s" else "%.0f s", seconds))
  }
  whole <- round(seconds)
  if (whole < 3600) {
    return(sprintf("%d min %02d s", whole %/% 60, whole %% 60))
  }
  sprintf("%d h %02d min", whole %/% 3600, (whole %% 3600) %/% 60)
}

# 22713216 -> "22.7M"
short_count <- function(n) {
  if (n >= 1e9) {
    sprintf("%.1fB", n / 1e9)
  } else if (n >= 1e6) {
    sprintf("%.1fM", n / 1e6)
  } else if (n >= 1e4) {
    sprintf("%.1fk", n / 1e3)
  } else {
    big(n)
  }
}

# 0.34211 -> "0.3421"
number_text <- function(x) {
  formatC(x, format = "fg", digits = 4, flag = "#")
}

# c(loss = 0.5, auc = 0.9) -> "loss 0.5000, auc 0.9000"
measures_text <- function(measures) {
  paste(names(measures), number_text(measures), collapse = ", ")
}

# Like cat() without blanks between, in lines that the console does not break: see folded().
cat_folded <- function(...) {
  writeLines(folded(strsplit(paste(c(...), collapse = ""), "\n", fixed = TRUE)[[1]]))
}

# Lines no wider than the console, broken at blanks. What follows a break begins below the text of its line: behind the
# name of a field, or the mark of an item.
folded <- function(lines, width = getOption("width")) {
  unlist(lapply(lines, function(line) {
    if (nchar(line, "width") <= width) {
      return(line)
    }
    hang <- attr(regexpr("^ *([^ ]+( [^ ]+)? {2,}|[*-] )| *", line), "match.length")
    if (hang > width / 2) hang <- 4
    first <- if (grepl("^ *([^ ]+( [^ ]+)? {2,}|[*-] )", line)) substr(line, 1, hang) else strrep(" ", hang)
    if (!nzchar(first)) hang <- 2
    words <- unlist(lapply(strsplit(substring(line, nchar(first) + 1), " ", fixed = TRUE)[[1]], pieces,
                           width = width - hang))
    shown <- character()
    for (word in words) {
      last <- length(shown)
      if (last && nchar(shown[last], "width") + 1 + nchar(word, "width") <= width - hang) {
        shown[last] <- paste(shown[last], word)
      } else {
        shown <- c(shown, word)
      }
    }
    paste0(c(first, rep(strrep(" ", hang), length(shown) - 1)), shown)
  }))
}

# A word in pieces of at most `width` columns; a path is broken behind a slash.
pieces <- function(word, width) {
  found <- character()
  while (nchar(word, "width") > width) {
    start <- substr(word, 1, max(1, sum(cumsum(nchar(strsplit(word, "")[[1]], "width")) <= width)))
    slash <- max(gregexpr("/", start, fixed = TRUE)[[1]])
    if (slash > 1) start <- substr(start, 1, slash)
    found <- c(found, start)
    word <- substring(word, nchar(start) + 1)
  }
  c(found, word)
}

# A label for a table: its first `most` characters and "..." if it has more.
shortened <- function(x, most = 30) ifelse(nchar(x) > most, paste0(substr(x, 1, most - 3), "..."), x)

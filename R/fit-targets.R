# What a target column means: which task it is, what its labels are called, and the numbers Python trains on.

# The target of a fit, as list(kind, labels, values, type, classes, hint): values are 0-based codes (multiclass),
# numbers in [0, 1] (binary, multilabel; a matrix there) or numbers (regression). `type` remembers the column's own
# type, `classes` its labels before they became text, and `hint` says how to get another task.
#
# `target` is a list of columns, named. `task` is "auto" or one of the four tasks.
read_task <- function(target, task, call = caller_env()) {
  check_choice(task, c("auto", "binary", "multiclass", "multilabel", "regression"), arg = "task", call = call)
  for (name in names(target)) check_target_column(target[[name]], name, call)
  if (length(target) > 1 || task == "multilabel") {
    return(read_multilabel(target, task, call))
  }
  column <- target[[1]]
  if (is.character(column)) column <- factor(column, levels = sort(unique(column), method = "radix"))
  kind <- if (task == "auto") infer_task(column) else task
  read <- switch(kind, binary = read_binary, multiclass = read_multiclass, regression = read_regression)
  read <- read(column, names(target), call)
  read$classes <- if (kind != "regression") own_classes(target[[1]], read$labels)
  read$hint <- if (kind == "regression" && task == "auto") regression_hint(column, names(target))
  read
}

# The labels as the column had them: logicals, numbers (whole ones as integers) or text, and whether it was a factor.
# The model keeps them, so that predictions in Python are of the column's type. See python/bertfit/frames/classes.py.
own_classes <- function(column, labels) {
  values <- if (is.logical(column)) {
    c(FALSE, TRUE)
  } else if (is.numeric(column)) {
    utils::type.convert(labels, as.is = TRUE)
  } else {
    labels
  }
  list(values = as.list(values), category = if (is.factor(column)) if (is.ordered(column)) "ordered" else "unordered")
}

# What to do if a regression's numbers stand for something else: classes, or rows. Python has the same rule
# (frames/targets.py).
regression_hint <- function(column, name, many = 20) {
  values <- sort(unique(column))
  n <- length(values)
  if (any(values != trunc(values))) {
    return(NULL)
  }
  if (n == length(column) && n >= many) {
    return(paste0("`", name, "` has another whole number in every row. Is it an identifier?"))
  }
  if (n <= min(many, length(column) / 2)) {
    paste0("`", name, "` has ", n, " different values, all whole numbers (", some_of(number_label(values), 5),
           "). For classes: `task = \"", if (n == 2) "binary" else "multiclass", "\"`, or make it a factor.")
  }
}

# The first lines of a fit: the task by name, and the hint. `target` is what read_task() returns.
opening_lines <- function(target, names) {
  task <- if (target$kind == "regression") "Regression" else paste(target$kind, "classification")
  classes <- if (target$kind %in% c("binary", "multiclass")) paste0(": ", some_of(target$labels, 6))
  line <- paste0(toupper(substr(task, 1, 1)), substring(task, 2), " of ", quoted(names), classes)
  c(line, target$hint)
}

infer_task <- function(column) {
  if (is.logical(column)) {
    return("binary")
  }
  if (is.factor(column)) {
    return(if (nlevels(column) <= 2) "binary" else "multiclass")
  }
  if (all(column >= 0 & column <= 1)) "binary" else "regression"
}

# What every target column must be, whatever the task.
check_target_column <- function(x, name, call) {
  arg <- paste0("target `", name, "`")
  plain <- is.logical(x) || is.factor(x) || is.character(x) || (is.numeric(x) && !is.object(x))
  if (!plain || !is.null(dim(x))) {
    bert_abort(
      paste0("The ", arg, " must be a factor, or a character, logical or numeric column."),
      c(x = you_gave(x), i = target_hint(x)), class = "data", call = call
    )
  }
  if (!length(x)) {
    bert_abort("The data must have at least one row.", class = "data", call = call)
  }
  missing <- which(is.na(x))
  if (length(missing)) {
    bert_abort(paste0("The ", arg, " must have no missing values."),
               c(i = paste(rows_are(missing), "NA."), i = "Leave these rows out, or give them a value."),
               class = "data", call = call)
  }
  infinite <- if (is.numeric(x)) which(!is.finite(x))
  if (length(infinite)) {
    bert_abort(paste0("The ", arg, " must be finite."), paste(rows_are(infinite), "infinite."),
               class = "data", call = call)
  }
}

target_hint <- function(x) {
  if (inherits(x, "integer64")) {
    "as.numeric() or factor() of the column says what it means."
  } else if (inherits(x, c("Date", "POSIXt", "difftime"))) {
    "as.numeric() of the column gives numbers to predict."
  } else if (is.list(x)) {
    "One value per row is needed; several labels go into several 0/1 columns."
  }
}

read_binary <- function(column, name, call) {
  if (is.logical(column)) {
    values <- as.numeric(column)
    labels <- c("FALSE", "TRUE")
  } else if (is.factor(column)) {
    if (nlevels(column) > 2) {
      bert_abort("A binary target must have two levels.", some_levels(levels(column)), class = "data", call = call)
    }
    check_two_classes(column, name, call)
    values <- as.numeric(column) - 1
    labels <- levels(column)
  } else if (all(column >= 0 & column <= 1)) {
    values <- as.numeric(column)
    labels <- c("0", "1")
  } else {
    codes <- sort(unique(column))
    if (length(codes) != 2) {
      bert_abort("A binary target must have two values, or numbers between 0 and 1.",
                 paste0("It has ", length(codes), " different values, from ", format(codes[1]), " to ",
                        format(codes[length(codes)]), "."), class = "data", call = call)
    }
    values <- as.numeric(column == codes[2])
    labels <- number_label(codes)
  }
  check_two_classes(column, name, call)
  list(kind = "binary", labels = labels, values = values, type = class(column)[1])
}

check_two_classes <- function(column, name, call) {
  if (length(unique(column)) < 2) {
    bert_abort(paste0("The target `", name, "` must have rows of at least two classes."),
               paste0("Every row is ", encodeString(format(column[1]), quote = '"'), "."), class = "data", call = call)
  }
}

read_multiclass <- function(column, name, call) {
  if (is.numeric(column)) {
    broken <- which(column != trunc(column))
    if (length(broken)) {
      bert_abort("A multiclass target must be a factor, text, or whole numbers.",
                 paste(rows_are(broken), "not whole."), class = "data", call = call)
    }
    codes <- sort(unique(column))
    column <- factor(column, levels = codes, labels = number_label(codes))
  } else if (is.logical(column)) {
    column <- factor(column, levels = c(FALSE, TRUE))
  }
  check_two_classes(column, name, call)
  unused <- setdiff(levels(column), as.character(unique(column)))
  if (length(unused)) {
    warn(
      c(
        paste0("The target `", name, "` has ", count(length(unused), "level"), " without rows: ",
               some_of(encodeString(unused, quote = '"')), "."),
        i = "The model keeps a probability for each, and cannot learn it. droplevels() leaves them out."
      ),
      class = "bertfit_warning_levels", call = call
    )
  }
  list(kind = "multiclass", labels = levels(column), values = as.numeric(column) - 1, type = class(column)[1])
}

read_regression <- function(column, name, call) {
  if (!is.numeric(column)) {
    bert_abort("A regression target must be numeric.", c(x = you_gave(column)), class = "data", call = call)
  }
  list(kind = "regression", labels = name, values = as.numeric(column), type = class(column)[1])
}

read_multilabel <- function(target, task, call) {
  if (!task %in% c("auto", "multilabel")) {
    bert_abort(paste0("A ", task, " target must be one column."), paste0("You gave ", length(target), "."),
               call = call)
  }
  values <- share_matrix(target, call)
  constant <- apply(values, 2, function(column) all(column == column[1]))
  if (all(constant)) {
    bert_abort("A multilabel target must have a column with rows of both kinds.",
               "Every column has one value only.", class = "data", call = call)
  }
  own <- if (all(vapply(target, is.logical, logical(1)))) list(FALSE, TRUE) else list(0L, 1L)
  list(kind = "multilabel", labels = names(target), values = values, type = "numeric",
       classes = list(values = own, category = NULL))
}

# Columns of 0/1, TRUE/FALSE or fractions as a matrix [n, K].
share_matrix <- function(target, call) {
  values <- vapply(target, as_share, numeric(length(target[[1]])))
  values <- matrix(values, ncol = length(target), dimnames = list(NULL, names(target)))
  odd <- colSums(is.na(values)) > 0
  if (any(odd)) {
    bert_abort("Multilabel targets must be logical, or numbers between 0 and 1.",
               paste0("Not so: ", quoted(names(target)[odd]), "."), class = "data", call = call)
  }
  values
}

# 0/1, TRUE/FALSE or a fraction as a number; NA where it is none of these.
as_share <- function(column) {
  if (is.logical(column)) {
    return(as.numeric(column))
  }
  if (!is.numeric(column)) {
    return(rep(NA_real_, length(column)))
  }
  ifelse(column >= 0 & column <= 1, as.numeric(column), NA_real_)
}

# A number as a label: 100000 is "100000", not "1e+05".
number_label <- function(x) {
  values <- unique(x)
  text <- vapply(values, format, character(1), digits = 15, scientific = FALSE, trim = TRUE)
  text[match(x, values)]
}

some_levels <- function(levels) {
  paste0("Its levels are ", some_of(encodeString(levels, quote = '"'), 8), ".")
}

# The same target in other rows (validation, evaluation), coded as the fit coded it.
# Columns of a multilabel target are taken in the order of the labels where they have their names. `by_id`: numbers may
# be the ids of labels that are no numbers, as in the data that a classifier of Hugging Face was trained on.
code_target <- function(target, kind, labels, call = caller_env(), by_id = FALSE) {
  for (name in names(target)) check_target_column(target[[name]], name, call)
  column <- target[[1]]
  if (kind == "multilabel") {
    return(share_matrix(if (setequal(names(target), labels)) target[labels] else target, call))
  }
  if (kind == "regression") {
    return(read_regression(column, names(target), call)$values)
  }
  if (by_id && are_ids(column, kind, labels)) {
    return(as.numeric(column))
  }
  fraction <- kind == "binary" && is.numeric(column) && identical(labels, c("0", "1"))
  if (fraction && all(column >= 0 & column <= 1)) {
    return(as.numeric(column))
  }
  text <- if (is.numeric(column)) number_label(column) else as.character(column)
  codes <- match(text, labels)
  unknown <- which(is.na(codes))
  if (length(unknown)) {
    bert_abort(
      paste0("The target `", names(target), "` must have only labels that the model knows."),
      c(i = paste0("Unknown: ", some_of(encodeString(unique(text[unknown]), quote = '"')), "."),
        i = paste0("Known: ", some_of(encodeString(labels, quote = '"'), 8), ".")),
      class = "data", call = call
    )
  }
  codes - 1
}

# Which columns of a data frame are a model's texts and targets: by name, and through a recipe if one was used.

new_source <- function(columns, recipe = NULL) {
  list(columns = columns, recipe = recipe)
}

check_name <- function(x, null_ok = FALSE, arg = caller_arg(x), call = caller_env()) {
  check_string(x, null_ok = null_ok, arg = arg, call = call)
  x
}

check_names <- function(x, arg = caller_arg(x), call = caller_env()) {
  if (!is.character(x) || !length(x) || anyNA(x)) {
    bert_abort("must be the name of a column, or of several.", call = call, argument = arg, received = x)
  }
  x
}

check_distinct <- function(columns, call) {
  names <- unlist(columns, use.names = FALSE)
  twice <- unique(names[duplicated(names)])
  if (length(twice)) {
    bert_abort("`text`, `target` and `pair` must be different columns.", paste0("Given twice: ", quoted(twice), "."),
               call = call)
  }
}

# target ~ text, target ~ text + pair, cbind(a, b) ~ text, target ~ . : names only. What the target is must be
# a column of the data, since validation and evaluation rows are read the same way.
formula_columns <- function(formula, known, call) {
  if (length(formula) != 3) {
    bert_abort("must have a target on its left side.", c(i = "For example `target ~ comment_text`."), call = call,
               argument = "formula")
  }
  target <- side_names(formula[[2]], c("cbind", "+"), "left", call)
  text <- side_names(formula[[3]], "+", "right", call)
  if (identical(text, ".")) text <- setdiff(known, target)
  if (length(text) > 2) {
    bert_abort("must have one text column on its right side, or two for pairs.", paste0("It has ", quoted(text), "."),
               call = call, argument = "formula")
  }
  list(text = text[1], target = target, pair = if (length(text) == 2) text[2])
}

side_names <- function(side, joining, name, call) {
  if (is.symbol(side)) {
    return(as.character(side))
  }
  if (is.call(side) && is.symbol(side[[1]]) && as.character(side[[1]]) %in% joining) {
    return(unlist(lapply(as.list(side)[-1], side_names, joining = joining, name = name, call = call)))
  }
  bert_abort(
    paste0("must have names of columns on its ", name, " side",
           if (name == "left") ", or cbind() of names", "."),
    c(x = paste0("You gave `", paste(deparse(side), collapse = " "), "`."),
      i = "Make a new column of the data first."),
    call = call, argument = "formula"
  )
}

# A recipe is prepared on the training data with its texts left as they are: hardhat's blueprint would make
# factors of them, in which every new text is a missing value.
recipe_source <- function(recipe, data, call) {
  prepared <- recipes::prep(recipe, training = data, fresh = TRUE, strings_as_factors = FALSE)
  roles <- prepared$term_info$role
  if ("case_weights" %in% roles) {
    bert_abort("A recipe must have no case weights.", c(i = "Give them as `sample_weights`."), class = "argument",
               call = call)
  }
  text <- prepared$term_info$variable[roles %in% "predictor"]
  target <- prepared$term_info$variable[roles %in% "outcome"]
  if (!length(target)) {
    bert_abort("A recipe must have an outcome.", call = call)
  }
  if (!length(text) %in% 1:2) {
    bert_abort("A recipe must have one text predictor, or two for pairs.",
               paste0("It has ", length(text), if (length(text)) paste0(": ", quoted(text)), "."),
               call = call)
  }
  prepared$template <- NULL # the training rows, which the model does not need
  new_source(list(text = text[1], target = target, pair = if (length(text) == 2) text[2]), prepared)
}

# The rows of a data frame; the target's columns are read only when `outcome` is TRUE.
read_rows <- function(source, data, outcome = TRUE, arg = "data", call = caller_env(), gaps = FALSE) {
  columns <- source$columns
  if (!is.null(source$recipe)) {
    check_installed("recipes")
    check_columns(data, recipe_needs(source$recipe, outcome), arg = arg, call = call)
    data <- if (outcome) {
      recipes::bake(source$recipe, data)
    } else {
      recipes::bake(source$recipe, data, recipes::all_predictors())
    }
  }
  check_columns(data, c(columns$text, columns$pair, if (outcome) columns$target), arg = arg, call = call)
  if (outcome && nrow(data) == 0) {
    bert_abort("must have at least one row.", class = "data", call = call, argument = arg)
  }
  new_rows(
    texts = check_text(data[[columns$text]], arg = columns$text, call = call, gaps = gaps),
    pairs = if (!is.null(columns$pair)) check_text(data[[columns$pair]], arg = columns$pair, call = call, gaps = gaps),
    target_columns = if (outcome) {
      `names<-`(lapply(columns$target, function(name) data[[name]]), columns$target)
    }
  )
}

recipe_needs <- function(recipe, outcome) {
  roles <- recipe$var_info$role
  recipe$var_info$variable[roles %in% c("predictor", if (outcome) "outcome")]
}

# The rows of `newdata`: a character vector, or a data frame with the columns of the fit. With `gaps`, missing texts stay.
read_newdata <- function(object, newdata, call, arg = "newdata", gaps = FALSE) {
  columns <- object$columns
  if (gaps && is.logical(newdata) && all(is.na(newdata))) newdata <- as.character(newdata) # NA alone is logical
  if (is.character(newdata) || is.factor(newdata)) {
    if (!is.null(columns$pair)) {
      bert_abort("must be a data frame for a model of text pairs.",
                 paste0("It needs the columns ", quoted(c(columns$text, columns$pair)), "."), call = call,
                 argument = arg)
    }
    return(new_rows(check_text(newdata, arg = arg, call = call, gaps = gaps)))
  }
  if (!is.data.frame(newdata)) {
    bert_abort("must be a data frame or a character vector.", call = call, argument = arg, received = newdata)
  }
  if (is.null(columns$text) && is.null(object$recipe)) {
    bert_abort("must be a character vector for this model.",
               c(x = "It was fitted in Python on texts without a column name."), call = call, argument = arg)
  }
  read_rows(new_source(columns, object$recipe), newdata, outcome = FALSE, arg = arg, call = call, gaps = gaps)
}

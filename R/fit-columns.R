# Which columns of a data frame are a model's texts and targets: by name, and through a recipe if one was used.

# `response` has the targets that are computed from columns, see formula_response().
new_source <- function(columns, recipe = NULL, response = NULL) {
  list(columns = columns, recipe = recipe, response = response)
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

# target ~ text, target ~ text + pair, cbind(a, b) ~ text, target ~ ., log1p(target) ~ text: texts are names of columns;
# a target that is an expression is called by it.
formula_columns <- function(formula, known, call) {
  if (length(formula) != 3) {
    bert_abort("must have a target on its left side.", c(i = "For example `target ~ comment_text`."), call = call,
               argument = "formula")
  }
  target <- names(response_terms(formula, call))
  text <- text_names(formula[[3]], call)
  if (identical(text, ".")) text <- setdiff(known, c(target, all.vars(formula[[2]])))
  if (length(text) > 2) {
    bert_abort("must have one text column on its right side, or two for pairs.", paste0("It has ", quoted(text), "."),
               call = call, argument = "formula")
  }
  list(text = text[1], target = target, pair = if (length(text) == 2) text[2])
}

# The targets of the left side, as expressions by name.
response_terms <- function(formula, call) {
  left <- formula[[2]]
  joined <- function(side) {
    if (is.call(side) && is.symbol(side[[1]]) && as.character(side[[1]]) %in% c("cbind", "+") && length(side) > 2) {
      return(unlist(lapply(as.list(side)[-1], joined)))
    }
    list(side)
  }
  terms <- joined(left)
  if (!all(vapply(terms, function(term) is.symbol(term) || is.call(term), NA))) {
    bert_abort("must have columns, or expressions of columns, on its left side.",
               c(x = paste0("You gave `", deparse_one(left), "`.")), call = call, argument = "formula")
  }
  names(terms) <- vapply(terms, function(term) if (is.symbol(term)) as.character(term) else deparse_one(term), "")
  terms
}

text_names <- function(side, call) {
  if (is.symbol(side)) {
    return(as.character(side))
  }
  if (is.call(side) && identical(side[[1]], as.name("+"))) {
    return(unlist(lapply(as.list(side)[-1], text_names, call = call)))
  }
  bert_abort(
    "must have names of columns on its right side.",
    c(x = paste0("You gave `", deparse_one(side), "`."), i = "Make a new column of the data first."),
    call = call, argument = "formula"
  )
}

deparse_one <- function(expr) paste(deparse(expr, width.cutoff = 500L), collapse = " ")

# The targets that are computed, such as log1p(y): `terms`, expressions by name, and `env`, where what is no column is
# found; NULL where every target is a column. `env` has what the expressions need and no more, so that saveRDS() does
# not keep everything that stood beside the formula.
formula_response <- function(formula, known, call) {
  terms <- Filter(is.call, response_terms(formula, call))
  if (!length(terms)) {
    return(NULL)
  }
  env <- new.env(parent = globalenv())
  for (name in setdiff(unlist(lapply(terms, all.names)), known)) {
    where <- environment(formula)
    while (!identical(where, globalenv()) && !isBaseNamespace(where) && !identical(where, emptyenv())) {
      if (exists(name, where, inherits = FALSE)) {
        assign(name, get(name, where, inherits = FALSE), env)
        break
      }
      where <- parent.env(where)
    }
  }
  list(terms = terms, env = env)
}

# The target columns of `data` by name: columns, or what their expressions give. I() only protects.
target_values <- function(source, data, arg, call) {
  values <- lapply(source$columns$target, function(name) {
    term <- source$response$terms[[name]]
    value <- if (is.null(term)) data[[name]] else computed_target(term, name, source$response$env, data, arg, call)
    if (inherits(value, "AsIs")) class(value) <- setdiff(class(value), "AsIs")
    value
  })
  `names<-`(values, source$columns$target)
}

computed_target <- function(term, name, env, data, arg, call) {
  value <- tryCatch(eval(term, as.list(data), env), error = function(error) {
    bert_abort(paste0("The target `", name, "` must be computable from `", arg, "`."),
               paste0("Its columns are ", some_of(paste0("`", names(data), "`"), 12L), "."), call = call,
               parent = error)
  })
  if (length(value) != nrow(data)) {
    bert_abort(paste0("The target `", name, "` must have one value per row."),
               paste0("It has ", big(length(value)), ", `", arg, "` has ", count(nrow(data), "row"), "."),
               class = "data", call = call)
  }
  value
}

# A formula that says which columns are what. `env` is that of a computed target.
columns_formula <- function(columns, terms = list(), env = globalenv()) {
  if (is.null(columns$target) || is.null(columns$text)) {
    return(NULL)
  }
  left <- lapply(columns$target, function(name) terms[[name]] %||% as.name(name))
  left <- if (length(left) == 1) left[[1]] else as.call(c(as.name("cbind"), left))
  right <- Reduce(function(a, b) call("+", a, b), lapply(c(columns$text, columns$pair), as.name))
  stats::as.formula(call("~", left, right), env = env)
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
  stored <- setdiff(columns$target, names(source$response$terms))
  check_columns(data, c(columns$text, columns$pair, if (outcome) stored), arg = arg, call = call)
  if (outcome && nrow(data) == 0) {
    bert_abort("must have at least one row.", class = "data", call = call, argument = arg)
  }
  new_rows(
    texts = check_text(data[[columns$text]], arg = columns$text, call = call, gaps = gaps),
    pairs = if (!is.null(columns$pair)) check_text(data[[columns$pair]], arg = columns$pair, call = call, gaps = gaps),
    target_columns = if (outcome) target_values(source, data, arg, call)
  )
}

recipe_needs <- function(recipe, outcome) {
  roles <- recipe$var_info$role
  recipe$var_info$variable[roles %in% c("predictor", if (outcome) "outcome")]
}

# The rows of `newdata`: a character vector, or a data frame with the columns of the fit. With `gaps`, missing texts
# stay.
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
  columns <- columns_in(object, newdata, arg = arg, call = call)
  if (is.null(columns$text) && is.null(object$recipe)) {
    bert_abort("must be a character vector for this model.",
               c(x = "It was fitted in Python on texts without a column name."), call = call, argument = arg)
  }
  read_rows(new_source(columns, object$recipe), newdata, outcome = FALSE, arg = arg, call = call, gaps = gaps)
}

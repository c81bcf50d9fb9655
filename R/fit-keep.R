# A fit that goes on with the head of a fitted model: its target is read in the terms of that model.

# What read_task() returns, with `by_id` for code_target(). `model` is any model.
keep_task <- function(target, task, model, call = caller_env()) {
  if (!inherits(model, "bert_fit")) {
    bert_abort("must be fitted where `head = \"keep\"`.", paste0(model$name, " is an encoder without a head."),
               call = call, argument = "model")
  }
  check_choice(task, c("auto", "binary", "multiclass", "multilabel", "regression"), arg = "task", call = call)
  if (!task %in% c("auto", model$task)) {
    bert_abort("must be the model's task where its head is kept.", paste0("The model's is \"", model$task, "\"."),
               call = call, argument = "task", received = task)
  }
  check_kept_columns(target, model, call)
  classes <- model$record$classes
  values <- code_target(target, model$task, model$labels, call = call, by_id = is.null(classes))
  if (model$task %in% c("binary", "multiclass")) check_two_classes(target[[1]], names(target), call)
  kept <- if (!is.null(classes)) list(values = as.list(unlist(classes$values)), category = classes$category)
  list(kind = model$task, labels = model$labels, values = values, type = class(target[[1]])[1], classes = kept,
       by_id = is.null(classes))
}

check_kept_columns <- function(target, model, call) {
  if (model$task != "multilabel") {
    if (length(target) > 1) {
      bert_abort(paste0("A ", model$task, " target must be one column."), paste0("You gave ", length(target), "."),
                 call = call)
    }
  } else if (max(length(target), length(model$labels)) > 1 && !setequal(names(target), model$labels)) {
    bert_abort("The target must have the labels of the model, whose head is kept.",
               c(i = paste0("The model has ", quoted(model$labels), "."),
                 i = paste0("The target has ", quoted(names(target)), ".")), class = "data", call = call)
  }
}

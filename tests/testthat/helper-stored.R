# Objects that an earlier version kept with saveRDS(), and what they are asked; stored/make.R made them.

stored_texts <- c("The film is good!", "a very dull plot, and not new", "bad", "",
                  "it was a good day and a bad night and it was a very old film")
stored_pairs <- c("it is very new.", "a day", "the film", "not bad!", "the plot was dull")
stored_masked <- c("the [MASK] film", "[MASK]", "bad [MASK] .")

stored <- function(name) readRDS(test_path("stored", paste0(name, ".rds")))

# What print() shows, in lines of any length.
printed_unfolded <- function(object) withr::with_options(list(width = 1000), utils::capture.output(print(object)))

# What an object says and computes: `said` must be the same, `computed` nearly.
stored_answers <- function(object) suppressMessages(answers_of(object), classes = "bertfit_message_truncated")

answers_of <- function(object) {
  said <- list(class = class(object), printed = printed_unfolded(object))
  if (inherits(object, "bert_vocab")) {
    said <- c(said, object[c("size", "type", "cased", "sha256")], bytes = length(object$data))
    tokens <- bert_tokenize(stored_texts, object, output = "tokens")
    return(list(said = c(said, list(tokens = as.list(as.data.frame(tokens)))), computed = list()))
  }
  said <- c(said, object[c("name", "max_len", "parameters", "cased", "vocab_size", "kind", "sha256")],
            list(config = unclass(object$config)))
  pair <- if ("pair" %in% names(object$columns)) stored_pairs
  embed <- function(...) unname(bert_embed(object, stored_texts, ..., pair = pair, precision = "float32"))
  computed <- list(mean = embed(), nsp = embed(pooling = "nsp"))
  if (inherits(object, "bert_fit")) {
    fields <- c("task", "labels", "columns", "metrics", "best_epoch", "interrupted", "seed", "precision")
    said <- c(said, object[fields], list(history = lapply(object$history, as.vector),
                                         glance = as.list(generics::glance(object))))
    rows <- stats::setNames(data.frame(stored_texts, stored_pairs), c("text", "other"))
    computed$predict <- as.list(predict(object, rows, precision = "float32"))
    if (object$task != "regression") {
      said$classes <- as.character(predict(object, rows, type = "class", precision = "float32")$.pred_class)
    }
  }
  if (inherits(object, "bert_pretrained")) {
    filled <- bert_fill_mask(stored_masked, object, top = 2)
    said <- c(said, object[c("steps", "best_epoch", "interrupted", "seed")],
              list(history = lapply(object$history, as.vector), tokens = filled$token))
    computed <- c(computed, list(probability = filled$probability,
                                 next_sentence = bert_next_sentence(stored_texts, stored_pairs, object)))
  }
  list(said = said, computed = computed)
}

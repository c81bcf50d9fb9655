# The main job from beginning to end: made-up comments in, a fine-tuned BERT and its scores out.
#
#   make demo                                                     (from the repository: does the set-up too)
#   Rscript -e 'source(system.file("examples/jigsaw.R", package = "bertfit"))'      (with the package installed)
#
# Pictures, test scores and the model go to the folder named in BERTFIT_DEMO (default: build/demo).
# Nearly all of the time is training; the last line says how long the run took.

library(bertfit)

started <- proc.time()[["elapsed"]]
folder <- Sys.getenv("BERTFIT_DEMO", file.path("build", "demo"))
dir.create(folder, recursive = TRUE, showWarnings = FALSE)

step <- function(...) cat("\n", cli::style_bold(paste0(...)), "\n", sep = "")

# A table of counts with a bar for each, which is what a terminal can show of a bar plot.
bars <- function(counts, width = 40) {
  block <- if (cli::is_utf8_output()) "\u2588" else "#"
  cat(sprintf(
    "  %s %6d  %s\n", format(names(counts)), as.integer(counts), strrep(block, round(width * counts / max(counts)))
  ), sep = "")
}

picture <- function(name, draw, width = 7, height = 4.5) {
  file <- file.path(folder, name)
  grDevices::png(file, width = width, height = height, units = "in", res = 120, bg = "white")
  on.exit(grDevices::dev.off())
  graphics::par(mar = c(4.2, 5.2, 2.6, 1), mgp = c(3.2, 0.8, 0), las = 1, bty = "n")
  draw()
  invisible(file)
}

# ---- The data ----------------------------------------------------------------------------------------------

data(jigsaw_sample)
step("The data: ", format(nrow(jigsaw_sample), big.mark = ","), " made-up comments, ", ncol(jigsaw_sample), " columns")

label <- factor(jigsaw_sample$target >= 0.5, c(FALSE, TRUE), c("civil", "toxic"))
bars(table(label))
picture("labels.png", function() {
  counts <- table(label)
  at <- graphics::barplot(
    counts, col = c("#7F8C8D", "#C0392B"), border = NA, ylim = c(0, max(counts) * 1.12), ylab = "Comments",
    main = "Toxic: at least half of the raters said so"
  )
  graphics::text(at, counts, sprintf("%s (%.0f%%)", format(counts, big.mark = ",", trim = TRUE), 100 * prop.table(counts)),
    pos = 3)
})

# ---- The model ---------------------------------------------------------------------------------------------

step("The model")
model <- bert_load("minilm-l6-uncased")
print(model)

lengths <- lengths(bert_tokenize(jigsaw_sample$comment_text, model, padding = "none")$input_ids)
max_len <- 128L
step(sprintf("Lengths in tokens (%d%% of the comments fit in %d)", round(100 * mean(lengths <= max_len)), max_len))
cuts <- c(0, 16, 32, 64, 128, 256, Inf)
bars(table(cut(lengths, cuts, labels = c("1-16", "17-32", "33-64", "65-128", "129-256", "257 and more"))))
picture("lengths.png", function() {
  graphics::hist(lengths,
    breaks = seq(0, max(lengths) + 8, by = 8), col = "#2E86AB", border = "white", main = "Length of the comments",
    xlab = sprintf("Tokens, [CLS] and [SEP] included (%d is the model's limit)", model$max_len), ylab = "Comments"
  )
  graphics::abline(v = max_len, lty = 2)
  graphics::text(max_len, graphics::par("usr")[4] * 0.9, sprintf("max_len = %d", max_len), pos = 4)
})

# ---- Training ----------------------------------------------------------------------------------------------

# Repeated comments stay on one side, so that no test comment was seen in training.
set.seed(42)
texts <- unique(jigsaw_sample$comment_text)
in_test <- jigsaw_sample$comment_text %in% sample(texts, round(0.2 * length(texts)))
train <- jigsaw_sample[!in_test, ]
test <- jigsaw_sample[in_test, ]

step("Training on ", format(nrow(train), big.mark = ","), " comments; ", nrow(test), " kept for the test")
fit <- bert_fit(
  train, text = "comment_text", target = "target", model = model,
  epochs = 3, batch_size = 32, max_len = max_len, seed = 42
)
print(fit)

# ---- Results -----------------------------------------------------------------------------------------------

step("Scores on the ", nrow(test), " test comments")
scores <- bert_evaluate(fit, test)
print(scores)
picture("history.png", width = 8, height = 5.5, function() {
  graphics::par(mgp = c(2.6, 0.7, 0))
  plot(fit)
})

step("Comments the model has not seen, and how toxic it finds them")
comments <- c(
  "Thank you, this was a helpful article.",
  "What a clueless clown you are.",
  "That is not a clueless idea at all.",
  "It is unfair to say that the mayor is a clown.",
  "I would explain it to you, but I ran out of crayons.",
  "The ferry is late again and the ticket machine is useless.",
  "As a Muslim woman, I would like a safer bus stop."
)
toxic <- predict(fit, comments)
for (i in seq_along(comments)) cat(sprintf("  %.2f  %s\n", toxic[[ncol(toxic)]][i], comments[i]))

# ---- Saving ------------------------------------------------------------------------------------------------

saved <- bert_save(fit, file.path(folder, "model"), overwrite = TRUE)
again <- bert_load(saved)
stopifnot(identical(predict(again, comments), toxic))
predictions <- cbind(test[c("id", "target", "comment_text")], predict(fit, test))
utils::write.csv(predictions, file.path(folder, "predictions.csv"), row.names = FALSE, fileEncoding = "UTF-8")

step("Saved in ", normalizePath(folder))
cat("  labels.png, lengths.png, history.png   the plots\n")
cat("  predictions.csv                        the test comments with their probabilities\n")
cat("  model/                                 the fitted model: bert_load(\"", file.path(folder, "model"), "\")\n", sep = "")
cat(sprintf("\nThe whole run took %.0f seconds.\n", proc.time()[["elapsed"]] - started))

# Made the files of this folder, once, by the code of commit 5f12a21. Not to be run by newer code: see README.md in
# tests/python/stored, whose bundle "loaded" lies here too. From the package's root, with bertfit installed:
#   TMPDIR=/tmp/bertfit-toy Rscript tests/testthat/stored/make.R

library(bertfit)
here <- file.path("tests", "testthat", "stored")
source(file.path("tests", "testthat", "helper-stored.R"))

# A neutral place: objects that were loaded from a folder keep its path.
work <- "/tmp/bertfit-toy"
dir.create(work, showWarnings = FALSE)
file.copy(file.path("tests", "python", "stored", "bundles", "loaded"), work, recursive = TRUE)
file.copy(file.path(work, "loaded"), here, recursive = TRUE)

loaded <- bert_load(file.path(work, "loaded"))
keys <- rep(c("good", "bad", "night"), 24)
data <- data.frame(
  text = paste(keys, rep(c("a film", "the plot", "it is"), each = 24), keys),
  other = rev(keys),
  kind = factor(c(good = "sch\u00f6n", bad = "a, \"b\"", night = "\u65e5\u672c")[keys]),
  score = 100 + 20 * (keys == "good") - 30 * (keys == "bad") + seq_along(keys) / 10
)
control <- bert_control(epochs = 3, batch_size = 4, learning_rate = 0.02, max_len = 12, validation = 0.25,
                        precision = "float32", seed = 1, verbose = 0)
words <- rep(c("good film", "bad plot", "good plot", "bad film", "the good", "the bad"), 6)
vocab <- bert_vocab_train(words, size = 30, quiet = TRUE)
config <- bert_config(vocab_size = vocab$size, hidden_size = 8, num_hidden_layers = 2, num_attention_heads = 2,
                      intermediate_size = 12, max_position_embeddings = 16, initializer_range = 0.3)
fresh <- bert_init(config, vocab, seed = 1, name = "fresh")
corpus <- file.path(work, "corpus.txt")
writeLines(rep(c("good film", "the good plot", "", "bad plot", "the bad film", ""), 6), corpus)
rows <- bert_pretrain_data(corpus, vocab, file.path(work, "data"), max_len = 16, seed = 1, quiet = TRUE)

objects <- list(
  loaded = loaded,
  fit = bert_fit(data, text = "text", target = "kind", model = loaded, control = control),
  pairs = bert_fit(score ~ text + other, data, model = loaded, control = control,
                   head = bert_head(pooling = "mean", hidden = 4)),
  vocab = vocab,
  fresh = fresh,
  pretrained = bert_pretrain(fresh, rows, steps = 6, steps_per_epoch = 3, batch_size = 8, learning_rate = 2e-4,
                             precision = "float32", seed = 1, verbose = 0)
)
for (name in names(objects)) {
  saveRDS(objects[[name]], file.path(here, paste0(name, ".rds")), version = 3, compress = "xz")
}
dput(lapply(objects, stored_answers), file.path(here, "expected.R"),
     control = c("keepNA", "keepInteger", "niceNames", "showAttributes", "digits17"))
unlink(work, recursive = TRUE)

# A corpus of two dozen documents, its vocabulary, pretraining data and sizes of a toy; made once per test process.

toy_pretraining <- new.env()

toy_corpus <- function() {
  skip_if_no_python()
  if (is.null(toy_pretraining$corpus)) {
    folder <- tempfile("toy-pretraining")
    dir.create(folder)
    corpus <- file.path(folder, "corpus.txt")
    good <- c("the day is good .", "a very fine day .", "it is very good .", "the fine day is not bad .")
    bad <- c("the night is bad .", "a very awful night .", "it is very bad .", "the awful night is not good .")
    order <- list(1:4, c(2, 4, 1, 3), 4:1)
    documents <- lapply(1:24, function(i) c((if (i %% 2) good else bad)[order[[i %% 3 + 1]]], ""))
    writeLines(unlist(documents), corpus)
    vocab <- bert_vocab_train(files = corpus, size = 62, quiet = TRUE)
    make <- function(name, seed, dup_factor) {
      bert_pretrain_data(corpus, vocab, file.path(folder, name), max_len = 24, dup_factor = dup_factor, seed = seed,
                         quiet = TRUE)
    }
    toy_pretraining$corpus <- list(
      vocab = vocab, data = make("data", 1, 20), held = make("held", 2, 1),
      config = bert_config(vocab_size = vocab$size, hidden_size = 32, num_hidden_layers = 2, num_attention_heads = 2,
                           intermediate_size = 64, max_position_embeddings = 32, initializer_range = 0.1,
                           hidden_dropout_prob = 0, attention_probs_dropout_prob = 0)
    )
  }
  toy_pretraining$corpus
}

# Most tests only look at it.
toy_pretrained <- function() {
  toy <- toy_corpus()
  if (is.null(toy_pretraining$model)) {
    toy_pretraining$model <- bert_pretrain(
      bert_init(toy$config, toy$vocab, seed = 1), toy$data, validation = toy$held, steps = 300, steps_per_epoch = 100,
      learning_rate = 0.01, precision = "float32", seed = 1, verbose = 0
    )
  }
  toy_pretraining$model
}

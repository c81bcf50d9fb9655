# A toy BERT (2 layers, width 16, a vocabulary of words and letters) and data that it can learn in a second.

# A bundle with fresh weights, written once per test process.
toy_folder <- function() {
  folder <- file.path(tempdir(), "toy-bert")
  if (!dir.exists(folder)) {
    python_api()
    write <- reticulate::py_run_string(toy_code, local = TRUE, convert = TRUE)$write
    write(folder)
  }
  folder
}

toy_code <- "
def write(folder):
    from bertfit.config import BertConfig
    from bertfit.model import Model, persist
    from bertfit.network import Encoder
    from bertfit.text import Vocabulary
    import string
    import numpy as np
    words = ['good', 'bad', 'fine', 'awful', 'day', 'the', 'is', 'very', 'not']
    letters = list(string.ascii_lowercase) + ['##' + c for c in string.ascii_lowercase] + list('.,!?0123456789')
    tokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', *words, *letters]
    vocabulary = Vocabulary.from_bytes('\\n'.join([*tokens, '']).encode(), True)
    config = BertConfig(vocab_size=len(tokens), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                        intermediate_size=32, max_position_embeddings=32)
    encoder = Encoder(config)
    random = np.random.default_rng(1)
    for layer in encoder.layers:
        if 'Norm' not in layer.name:
            layer.set_weights([random.normal(0, 0.1, w.shape) for w in layer.get_weights()])
    model = Model('toy', config, vocabulary, encoder, {'kind': 'bundle', 'path': folder, 'sha256': None})
    persist.save(model, folder)
"

toy_model <- function() {
  skip_if_no_python()
  new_bert_model(bert_call("load", x = toy_folder()))
}

# Texts whose class shows in one word.
toy_data <- function(n = 48) {
  good <- rep(c(TRUE, FALSE), length.out = n)
  data.frame(
    text = paste(ifelse(good, c("the day is good", "a very fine day"), c("the day is bad", "a very awful day")),
                 seq_len(n) %% 7),
    other = rep(c("is it", "a day", "not"), length.out = n),
    target = as.numeric(good),
    kind = factor(ifelse(good, "good", ifelse(seq_len(n) %% 4 == 0, "bad", "awful"))),
    score = ifelse(good, 10, -10) + seq_len(n) / n,
    weight = rep(1:2, length.out = n)
  )
}

# Few, fast, silent epochs at a rate that a toy needs.
toy_control <- function(..., epochs = 2, seed = 1, verbose = 0) {
  bert_control(epochs = epochs, batch_size = 8, learning_rate = 0.01, max_len = 16, validation = 0.25,
               precision = "float32", seed = seed, verbose = verbose, ...)
}

# Only the head is trained, which takes a fraction of a second.
quick_control <- function(..., epochs = 1) toy_control(..., epochs = epochs, freeze = "encoder")

# One fit per kind of task and test process: most tests only look at it.
toy_fits <- new.env()

toy_fit <- function(kind = "binary") {
  model <- toy_model()
  if (is.null(toy_fits[[kind]])) {
    data <- toy_data()
    data$a <- data$target
    data$b <- rep(c(0, 0, 1, 1), length.out = nrow(data))
    target <- list(binary = "target", multiclass = "kind", multilabel = c("a", "b"), regression = "score")[[kind]]
    toy_fits[[kind]] <- bert_fit(data, text = "text", target = target, model = model, control = toy_control(epochs = 12))
  }
  toy_fits[[kind]]
}

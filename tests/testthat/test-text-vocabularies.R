# Models whose tokenizer is byte-level BPE, in a tokenizer.json.

roberta_folder <- function() {
  folder <- file.path(tempdir(), "toy-roberta")
  if (!dir.exists(folder)) {
    python_api()
    reticulate::py_run_string(roberta_code, local = TRUE, convert = TRUE)$write(folder)
  }
  folder
}

roberta_code <- "
def write(folder):
    import json
    from bertfit.config import PretrainHeads
    from bertfit.model import fresh_model
    from bertfit.model.persist import save
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ['<s>', '<pad>', '</s>', '<unk>', AddedToken('<mask>', lstrip=True)]
    made.train_from_iterator(['the day is good', 'a very fine day'] * 5, trainers.BpeTrainer(
        vocab_size=290, special_tokens=special, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    made.post_processor = processors.RobertaProcessing(('</s>', 2), ('<s>', 0), True, False)
    sizes = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
                 max_position_embeddings=24)
    model = fresh_model(sizes, made.to_str().encode(), seed=1, name='toy-roberta', heads=PretrainHeads())
    save(model, folder)
"

roberta_model <- function() {
  skip_if_no_python()
  bert_load(roberta_folder())
}

test_that("rows and pairs have the model's special tokens", {
  model <- roberta_model()
  ids <- bert_tokenize(c("day", ""), model, pair = c("", "day"), padding = "longest")
  expect_identical(ids$input_ids[, 1], c(0L, 0L))
  expect_identical(rowSums(ids$input_ids == 2L), c(3, 3))
  expect_identical(ids$input_ids[2, 2:3], c(2L, 2L))
  tokens <- bert_tokenize("the d\u00e9j\u00e0 day <s>", model, output = "tokens")
  expect_identical(tokens$token[c(1, nrow(tokens))], c("<s>", "</s>"))
  expect_false("<s>" %in% tokens$token[-1])
  day <- as.data.frame(tokens)[tokens$token == "\u0120day", ]
  expect_identical(substr("the d\u00e9j\u00e0 day <s>", day$start, day$end), "day")
})

test_that("ids become the text again", {
  model <- roberta_model()
  texts <- c("the day is good", "\ud55c\uad6d\uc5b4 d\u00e9j\u00e0  vu", " a")
  expect_identical(bert_decode(bert_tokenize(texts, model, padding = "none"), model), texts)
})

test_that("a mask is spelled as the model does, or as [MASK]", {
  model <- roberta_model()
  found <- bert_fill_mask("the <mask> is good", model, top = 2)
  expect_identical(nrow(found), 2L)
  expect_identical(bert_fill_mask("the [MASK] is good", model, top = 2), found)
  expect_error(bert_fill_mask("no mask", model), class = "bertfit_error_data")
})

test_that("such a model prints its kind of tokens and survives saveRDS()", {
  model <- roberta_model()
  expect_output(print(model), "tokens, byte-level BPE, cased")
  file <- withr::local_tempfile(fileext = ".rds")
  saved <- bert_load(bert_save(model, withr::local_tempfile()))
  ids <- bert_tokenize("the day", saved)
  expect_identical(ids, bert_tokenize("the day", model))
  saveRDS(bert_init(list(hidden_size = 8, num_hidden_layers = 1, num_attention_heads = 2, intermediate_size = 8,
                         max_position_embeddings = 24), file.path(roberta_folder(), "tokenizer.json")), file)
  code <- paste0("m <- readRDS('", file, "'); cat(bertfit::bert_decode(bertfit::bert_tokenize('the day', m), m))")
  expect_match(paste(run_r(code), collapse = "\n"), "the day", fixed = TRUE)
})

#' Export a model for other programs
#'
#' Writes a folder in the format of Google's BERT, which keras-bert and Google's own code read, or of Hugging Face's
#' transformers. To come back to bertfit itself, [bert_save()] keeps more.
#'
#' @details
#' | format | files |
#' | --- | --- |
#' | `"google"` | bert_config.json, bert_model.ckpt.index, bert_model.ckpt.data-00000-of-00001, vocab.txt |
#' | `"huggingface"` | config.json, model.safetensors, tokenizer_config.json, and vocab.txt or tokenizer.json |
#'
#' A Hugging Face folder is of the model's own family (`bert`, `roberta`, ...; `model$config$model_type`), Google's
#' format holds BERT only. MLM and NSP heads go along where they have the format's form. A fitted model goes along as a
#' sequence
#' classifier whose binary task has two logits, the first of them 0; [bert_load()] opens it as the same fitted model.
#'
#' Only what a format can say is written. A model whose answers would change is refused: one with a head size of its
#' own, with the plain heads of the `kor-` presets, with a classifier of another form than its family's (see below), or,
#' for Google, with the exact form of gelu. For a `bert`, neither format has a place for a SentencePiece model:
#' vocab.txt then lists its pieces.
#'
#' | family | the form of its classifier in [bert_head()] |
#' | --- | --- |
#' | bert, albert | `pooling = "nsp"`, no hidden layer |
#' | distilbert | `pooling = "cls"`, `hidden =` the encoder's width, `activation = "relu"` |
#' | electra | the same with `"gelu"` |
#' | roberta, camembert, xlm-roberta, mpnet | the same with `"tanh"` |
#'
#' @param model A model from [bert_pretrain()], [bert_fit()], [bert_load()] or [bert_init()], or a name or path as
#'   [bert_load()] takes.
#' @param path Folder to write; it must not exist, or be empty. It appears in one step, when everything in it is
#'   complete.
#' @param format `"google"` or `"huggingface"`.
#' @return `path`, invisibly.
#' @section Errors: `bertfit_error_argument` when the format cannot hold the model, with the reasons, or `path` is not
#'   free; `bertfit_error_disk` when the disk is full; `bertfit_error_bundle` when it cannot be written.
#' @seealso [bert_save()]; <https://github.com/CyberZHG/keras-bert>, <https://huggingface.co/docs/transformers>.
#' @examplesIf bertfit::bert_available()
#' vocab <- bert_vocab_train(jigsaw_sample$comment_text, size = 300, quiet = TRUE)
#' model <- bert_init("bert-uncased-l2-h128", vocab, seed = 1)
#' path <- bert_export(model, tempfile("bert"), "huggingface")
#' list.files(path)
#' bert_load(path)
#' @export
bert_export <- function(model, path, format = c("google", "huggingface")) {
  check_given("model", "path")
  check_string(path)
  format <- check_choice(format, c("google", "huggingface"))
  model <- check_model(model)
  bert_call("export", model = model_handle(model), path = absolute(path), format = format)
  invisible(path)
}

#' bertfit: load, fine-tune and use BERT text models
#'
#' Load a BERT checkpoint with [bert_load()], fine-tune it on a text column with [bert_fit()], and get
#' probabilities back as columns with `predict()`. The numerics run in Python (TensorFlow and keras-bert),
#' which starts at first use; [bert_install()] makes the environment and [bert_sitrep()] says what is there.
#'
#' @keywords internal
#' @importFrom rlang %||%
"_PACKAGE"

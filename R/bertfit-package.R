#' bertfit: load, fine-tune and use BERT text models
#'
#' Load a BERT checkpoint with [bert_load()], fine-tune it on a text column with [bert_fit()], and get
#' probabilities back as columns with `predict()`. The numerics run in Python (TensorFlow and keras-bert),
#' which starts at first use; [bert_install()] makes the environment and [bert_sitrep()] says what is there.
#'
#' @keywords internal
#' @importFrom rlang %||%
"_PACKAGE"

#' @importFrom rlang abort warn inform caller_arg caller_env current_env check_installed
#' @importFrom rlang is_interactive is_named is_string list2
#' @importFrom stats predict
NULL

#' @importFrom generics tidy
#' @export
generics::tidy

#' @importFrom generics glance
#' @export
generics::glance

#' @importFrom generics augment
#' @export
generics::augment

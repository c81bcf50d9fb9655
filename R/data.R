#' Made-up comments in the shape of Jigsaw's toxicity data
#'
#' 4,000 comments on local news with the 45 columns of `train.csv` from Jigsaw's "Unintended Bias in Toxicity
#' Classification", in the same order and with the same types, so that a script written for one runs on the other.
#' The rows are invented: sentences come from templates and the raters are simulated. No real comment, person or
#' newspaper is in it, and insults stay mild.
#'
#' @details
#' What was put in on purpose:
#'
#' * About one comment in four is toxic (`target >= 0.5`); in Jigsaw's own data it is about one in twelve.
#' * `target` is votes / raters, so it is fractional, and comments that divide readers ("this plan is silly") lie in
#'   between.
#' * Words alone do not decide. "That is not a silly idea at all", a quoted insult or a cursed printer is harmless;
#'   "I would explain it to you, but I have no crayons with me" is not.
#' * Identity terms turn up more often in attacks, and unevenly over the groups. A model trained on these rows learns
#'   some of that, as it would from real rows: never use one to judge people.
#' * Repeated comments whose raters disagree, line breaks, emoji, names outside ASCII, lost capitals, typing errors,
#'   and some comments longer than 300 words.
#'
#' It is for examples, tests and teaching. A figure measured on it says that the tools work, and nothing about how well
#' a model would do on real comments.
#'
#' @format A data frame with 4,000 rows and 45 columns. It is a plain data frame because a data.table
#'   loses its internal pointer in a file; call `data.table::as.data.table()` for one.
#' \describe{
#'   \item{`id`}{Integer, increasing with time.}
#'   \item{`target`}{Share of the raters who found the comment toxic, between 0 and 1.}
#'   \item{`comment_text`}{The comment, UTF-8.}
#'   \item{`severe_toxicity`, `obscene`, `identity_attack`, `insult`, `threat`, `sexual_explicit`}{Shares of the same
#'     raters who gave the finer label.}
#'   \item{`asian`, `atheist`, `bisexual`, `black`, `buddhist`, `christian`, `female`, `heterosexual`, `hindu`,
#'     `homosexual_gay_or_lesbian`, `intellectual_or_learning_disability`, `jewish`, `latino`, `male`, `muslim`,
#'     `other_disability`, `other_gender`, `other_race_or_ethnicity`, `other_religion`, `other_sexual_orientation`,
#'     `physical_disability`, `psychiatric_or_mental_illness`, `transgender`, `white`}{Shares of the identity raters who
#'     saw the group mentioned; `NA` where nobody was asked (about four rows in five).}
#'   \item{`created_date`}{Text such as `"2016-05-01 07:15:00.012345+00"`.}
#'   \item{`publication_id`, `article_id`}{Integers.}
#'   \item{`parent_id`}{The `id` of the comment it answers, or `NA`. Double, as pandas reads it.}
#'   \item{`rating`}{`"approved"` or `"rejected"` by the site.}
#'   \item{`funny`, `wow`, `sad`, `likes`, `disagree`}{Counts of readers' reactions, integers.}
#'   \item{`identity_annotator_count`, `toxicity_annotator_count`}{Numbers of raters, integers.}
#' }
#' @source Written by `data-raw/jigsaw_sample.R` in the package's repository, MIT licence. The columns follow Borkan,
#'   Dixon, Sorensen, Thain and Vasserman (2019), "Nuanced Metrics for Measuring Unintended Bias with Real Data for
#'   Text Classification".
#' @examples
#' data(jigsaw_sample)
#' table(toxic = jigsaw_sample$target >= 0.5)
#' jigsaw_sample$comment_text[1:3]
#' @name jigsaw_sample
#' @docType data
#' @usage jigsaw_sample
#' @keywords datasets
NULL

# Writes data/jigsaw_sample.rda: about 4,000 made-up comments in the shape of Jigsaw's train.csv.
#
#   Rscript data-raw/jigsaw_sample.R        (from the top of the repository; base R only)
#
# It does not contain, imitate or sample any real comment: sentences come from templates.R and words.R, and the
# raters are simulated. Each comment gets a chance of looking toxic, from the sentences in it; between 4 and 10 raters
# (a few comments have many more) then vote, and `target` is votes / raters, as in the original.
# The generator is seeded and every random choice goes through it: two runs give equal bytes with one version of R.

# Rscript names the file it runs; the tests set this variable and source the file instead, which then saves nothing.
folder <- Sys.getenv("BERTFIT_DATA_RAW")
testing <- nzchar(folder)
if (!testing) folder <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1L]))
source(file.path(folder, "words.R"), local = TRUE)
source(file.path(folder, "templates.R"), local = TRUE)

# ---- text --------------------------------------------------------------------------------------------------

pick <- function(x, prob = NULL) x[[sample.int(length(x), 1L, prob = prob)]]
chance <- function(p) stats::runif(1L) < p

# "a" before a consonant, "an" before a vowel; "u" counts as a vowel in "unfair" but not in "useless".
with_article <- function(word) {
  vowel <- grepl("^[aeioAEIO]|^un[^i]|^honest", word) && !grepl("^one\\b", word)
  paste(if (vowel) "an" else "a", word)
}

# Fills the slots of one template. `fixed` holds the slots that keep their value through a comment (its plan,
# its politician, its town), so that a comment stays on its subject.
fill <- function(template, fixed) {
  repeat {
    hit <- regexpr("\\{(a )?[a-z]+\\}", template)
    if (hit < 0L) break
    slot <- substr(template, hit, hit + attr(hit, "match.length") - 1L)
    article <- startsWith(slot, "{a ")
    key <- sub("^\\{(a )?", "", sub("\\}$", "", slot))
    word <- if (!is.null(fixed[[key]])) fixed[[key]] else pick(words[[key]])
    if (article) word <- with_article(word)
    template <- paste0(
      substr(template, 1L, hit - 1L), word, substr(template, hit + attr(hit, "match.length"), nchar(template))
    )
  }
  paste0(toupper(substr(template, 1L, 1L)), substring(template, 2L))
}

new_subject <- function() {
  fixed <- list(plan = pick(words$plan), pol = pick(words$pol), town = pick(words$town))
  fixed$plan <- sub("{street}", pick(words$street), fixed$plan, fixed = TRUE)
  fixed$pol <- sub("{surname}", pick(words$surname), fixed$pol, fixed = TRUE)
  fixed
}

add_group <- function(fixed, row) {
  fixed$many <- pick(strsplit(groups$many[row], "|", fixed = TRUE)[[1L]])
  fixed$one <- groups$one[row]
  fixed
}

# How a rater sees one sentence of each kind: the chance of a toxic vote and, among those votes, the share that
# also ticks each finer label.
kinds <- data.frame(
  kind = c("benign", "trap", "split", "insult", "sneer", "threat", "crude", "group_benign", "group_toxic"),
  toxic = c(0.004, 0.09, 0.42, 0.88, 0.66, 0.86, 0.76, 0.06, 0.84),
  severe_toxicity = c(0, 0, 0, 0.03, 0, 0.12, 0.04, 0, 0.05),
  obscene = c(0, 0.05, 0.05, 0.03, 0, 0.02, 0.7, 0, 0.01),
  identity_attack = c(0, 0, 0, 0.01, 0, 0, 0, 0.2, 0.85),
  insult = c(0.1, 0.4, 0.6, 0.93, 0.8, 0.25, 0.5, 0.2, 0.7),
  threat = c(0, 0, 0, 0.01, 0.02, 0.9, 0.01, 0, 0.02),
  sexual_explicit = c(0, 0, 0, 0.002, 0, 0, 0.03, 0, 0.004),
  row.names = "kind"
)
finer <- setdiff(names(kinds), "toxic")
banks <- list(
  benign = benign, trap = c(trap, rep(trap_frames, 3L)), split = split, insult = c(insult, rep(toxic_frames, 3L)),
  sneer = sneer, threat = threat, crude = crude,
  group_benign = group_benign, group_toxic = group_toxic
)

# Small scars of real typing. Only ASCII letters are changed, so no locale can matter.
roughen <- function(text) {
  if (chance(0.08)) text <- chartr(paste(LETTERS, collapse = ""), paste(letters, collapse = ""), text)
  if (chance(0.10)) text <- sub("[.!?]$", pick(c("", "!!", "...", " !", "??")), text)
  if (chance(0.05)) {
    at <- sample.int(max(nchar(text) - 1L, 1L), 1L)
    pair <- substr(text, at, at + 1L)
    if (grepl("^[a-z][a-z]$", pair)) {
      swapped <- paste0(substr(pair, 2L, 2L), substr(pair, 1L, 1L))
      text <- paste0(substr(text, 1L, at - 1L), swapped, substring(text, at + 2L))
    }
  }
  text
}

# One comment: list(text, toxic, finer labels, group row or NA).
new_comment <- function() {
  if (chance(0.03)) {
    at <- sample.int(nrow(repeats), 1L)
    toxic <- repeats$toxic[at]
    shares <- if (toxic > 0.5) kinds["insult", finer] else kinds["benign", finer]
    return(list(text = repeats$text[at], toxic = toxic, shares = unlist(shares), group = NA_integer_))
  }
  fixed <- new_subject()
  sort_of <- pick(c("benign", "trap", "split", "attack"), c(0.55, 0.19, 0.05, 0.21))
  # Identity terms turn up in attacks more often than elsewhere, and more for some groups than for others.
  toxic_talk <- sort_of == "attack"
  group <- NA_integer_
  if (chance(if (toxic_talk) 0.36 else 0.13)) {
    group <- sample.int(nrow(groups), 1L, prob = groups$weight * if (toxic_talk) groups$heat else 1 / groups$heat)
    fixed <- add_group(fixed, group)
  }
  size <- pick(list(1L, 2L, 3L, 4L, 5:8, 9:24, 20:40), c(0.24, 0.29, 0.19, 0.11, 0.115, 0.033, 0.022))
  size <- size[sample.int(length(size), 1L)]

  key <- switch(sort_of,
    attack = if (!is.na(group) && chance(0.75)) "group_toxic" else
      pick(c("insult", "sneer", "threat", "crude"), c(0.58, 0.27, 0.06, 0.09)),
    sort_of
  )
  used <- key
  # A mention of a group without an attack on it; a second attack now and then; civil words around all of it.
  if (!is.na(group) && key != "group_toxic") used <- c(used, "group_benign")
  if (toxic_talk && size > 2L && chance(0.35)) used <- c(used, pick(c("insult", "sneer", "crude"), c(0.6, 0.3, 0.1)))
  if (!toxic_talk && sort_of != "trap" && size > 4L && chance(0.2)) used <- c(used, "trap")
  used <- c(used, rep("benign", max(0L, size - length(used))))
  used <- used[sample.int(length(used))]

  sentences <- character(length(used))
  for (kind in unique(used)) {
    rows <- which(used == kind)
    sentences[rows] <- banks[[kind]][sample.int(length(banks[[kind]]), length(rows))]
  }
  sentences <- vapply(sentences, fill, "", fixed = fixed, USE.NAMES = FALSE)
  toxic <- 1 - prod(1 - kinds[used, "toxic"])

  text <- sentences[1L]
  for (next_one in sentences[-1L]) {
    text <- paste0(text, if (chance(0.09)) pick(c("\n\n", "\n", "\r\n\r\n")) else " ", next_one)
  }
  text <- roughen(text)
  if (chance(0.05)) text <- paste(text, pick(if (toxic_talk) words$angry else words$happy))
  shares <- vapply(finer, function(label) max(kinds[used, label]), 0)
  list(text = text, toxic = toxic, shares = shares, group = group)
}

# ---- the table ----------------------------------------------------------------------------------------------

build <- function(n = 4000L, seed = 20190329L) {
  suppressWarnings(RNGkind("Mersenne-Twister", "Inversion", "Rejection"))
  set.seed(seed)
  comments <- lapply(seq_len(n), function(i) new_comment())
  toxic <- vapply(comments, `[[`, 0, "toxic")
  group <- vapply(comments, `[[`, 0L, "group")

  # Raters differ from comment to comment, so the chance is moved a little on the logit scale before they vote.
  toxic <- stats::plogis(stats::qlogis(pmin(pmax(toxic, 0.005), 0.98)) + stats::rnorm(n, 0, 0.5))
  raters <- sample(c(4:10, 30:80), n, replace = TRUE, prob = c(34, 6, 10, 4, 4, 4, 35, rep(3 / 51, 51)))
  votes <- stats::rbinom(n, raters, toxic)
  fractions <- vapply(finer, function(label) {
    share <- vapply(comments, function(comment) comment$shares[[label]], 0)
    stats::rbinom(n, votes, share) / raters
  }, numeric(n))

  # Who looks at identities: about 22% of the rows, mostly those that mention one.
  seen <- stats::runif(n) < ifelse(is.na(group), 0.09, 0.72)
  lookers <- ifelse(seen, sample(4:10, n, replace = TRUE, prob = c(60, 5, 5, 5, 5, 5, 15)), 0L)
  identity <- vapply(groups$column, function(column) {
    said <- ifelse(!is.na(group) & groups$column[group] == column, 0.93, 0.004)
    ifelse(seen, stats::rbinom(n, lookers, said) / pmax(lookers, 1L), NA_real_)
  }, numeric(n))

  # Articles open over two years; comments come in the order of their ids, as in the original.
  articles <- n %/% 12L
  opened <- sort(stats::runif(articles, 0, 720 * 86400))
  article <- sample.int(articles, n, replace = TRUE)
  seconds <- opened[article] + stats::rexp(n, 1 / 86400)
  order_of <- order(seconds, method = "radix")
  id <- 240000L + cumsum(sample.int(400L, n, replace = TRUE))
  row_of_rank <- function(x) if (is.null(dim(x))) x[order_of] else x[order_of, , drop = FALSE]
  article <- row_of_rank(article)
  seconds <- row_of_rank(seconds)
  parent <- rep(NA_real_, n)
  for (i in seq_len(n)) {
    before <- which(article[seq_len(i - 1L)] == article[i])
    if (length(before) && chance(0.5)) parent[i] <- id[before[sample.int(length(before), 1L)]]
  }
  publication <- c(2L, 6L, 13L, 21L, 22L, 54L, 55L, 102L)[sample.int(8L, articles, replace = TRUE)]
  when <- as.POSIXct("2015-09-29", tz = "UTC") + floor(seconds)
  target <- row_of_rank(votes / raters)
  liked <- function(mean) stats::rpois(n, mean * stats::rgamma(n, 0.6, 0.6))

  fractions <- row_of_rank(fractions)
  identity <- row_of_rank(identity)
  data <- data.frame(
    id = id,
    target = target,
    comment_text = enc2utf8(vapply(comments, `[[`, "", "text")[order_of]),
    fractions[, c("severe_toxicity", "obscene", "identity_attack", "insult", "threat")],
    identity[, order(colnames(identity), method = "radix")],
    created_date = sprintf(
      "%s.%06d+00", format(when, "%Y-%m-%d %H:%M:%S", tz = "UTC"), as.integer((seconds %% 1) * 1e6)
    ),
    publication_id = publication[article],
    parent_id = parent,
    article_id = 4000L + 7L * article,
    rating = ifelse(stats::runif(n) < 0.02 + 0.25 * target, "rejected", "approved"),
    funny = liked(0.25),
    wow = liked(0.04),
    sad = liked(0.1),
    likes = liked(2.4),
    disagree = liked(0.3 + target),
    sexual_explicit = fractions[, "sexual_explicit"],
    identity_annotator_count = row_of_rank(as.integer(lookers)),
    toxicity_annotator_count = row_of_rank(as.integer(raters)),
    stringsAsFactors = FALSE
  )
  row.names(data) <- NULL
  data
}

jigsaw_sample <- build()
if (!testing) {
  # Version 2 of the format: R 3.5 and later read it, and no locale is written into it.
  save(jigsaw_sample, file = file.path(folder, "..", "data", "jigsaw_sample.rda"), compress = "xz", version = 2L)
}

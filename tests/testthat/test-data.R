# jigsaw_sample must be a stand-in for Jigsaw's train.csv (names, order, types) and must hold the oddities that
# jigsaw_sample's documentation promises. The header below was written from the published description of the data
# (the order of its features), not read from our own file.

jigsaw_header <- strsplit(paste0(
  "id,target,comment_text,severe_toxicity,obscene,identity_attack,insult,threat,asian,atheist,bisexual,black,buddhist,",
  "christian,female,heterosexual,hindu,homosexual_gay_or_lesbian,intellectual_or_learning_disability,jewish,latino,male,",
  "muslim,other_disability,other_gender,other_race_or_ethnicity,other_religion,other_sexual_orientation,",
  "physical_disability,psychiatric_or_mental_illness,transgender,white,created_date,publication_id,parent_id,article_id,",
  "rating,funny,wow,sad,likes,disagree,sexual_explicit,identity_annotator_count,toxicity_annotator_count"
), ",")[[1]]
identities <- jigsaw_header[9:32]

test_that("the columns are train.csv's, in its order and types", {
  expect_length(jigsaw_header, 45)
  expect_identical(names(jigsaw_sample), jigsaw_header)
  expect_identical(class(jigsaw_sample), "data.frame")
  types <- vapply(jigsaw_sample, typeof, "")
  text <- c("comment_text", "created_date", "rating")
  whole <- c(
    "id", "publication_id", "article_id", "funny", "wow", "sad", "likes", "disagree", "identity_annotator_count",
    "toxicity_annotator_count"
  )
  expect_setequal(names(types)[types == "character"], text)
  expect_setequal(names(types)[types == "integer"], whole)
  expect_setequal(names(types)[types == "double"], setdiff(jigsaw_header, c(text, whole)))
})

test_that("every share is a number of votes out of the raters", {
  labels <- c("target", jigsaw_header[4:8], "sexual_explicit")
  for (label in labels) {
    votes <- jigsaw_sample[[label]] * jigsaw_sample$toxicity_annotator_count
    expect_equal(votes, round(votes), tolerance = 1e-9, label = label)
    expect_true(all(jigsaw_sample[[label]] <= jigsaw_sample$target), label = label)
  }
  expect_gt(mean(jigsaw_sample$target > 0 & jigsaw_sample$target < 1), 0.2)
  for (group in identities) {
    votes <- jigsaw_sample[[group]] * jigsaw_sample$identity_annotator_count
    expect_equal(votes, round(votes), tolerance = 1e-9, label = group)
  }
})

test_that("identities are known for about 22% of the rows, all or none in a row", {
  known <- !is.na(jigsaw_sample[identities])
  expect_true(all(rowSums(known) %in% c(0, 24)))
  expect_identical(unname(rowSums(known) > 0), jigsaw_sample$identity_annotator_count > 0L)
  expect_gt(mean(known[, 1]), 0.17)
  expect_lt(mean(known[, 1]), 0.27)
})

test_that("ids, parents, dates and ratings hang together", {
  expect_false(is.unsorted(jigsaw_sample$id, strictly = TRUE))
  expect_false(is.unsorted(jigsaw_sample$created_date))
  expect_match(jigsaw_sample$created_date, "^20\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6}\\+00$")
  expect_setequal(jigsaw_sample$rating, c("approved", "rejected"))
  row_of_parent <- match(jigsaw_sample$parent_id, jigsaw_sample$id)
  answers <- which(!is.na(jigsaw_sample$parent_id))
  expect_gt(length(answers), 1000)
  expect_false(anyNA(row_of_parent[answers]))
  expect_true(all(row_of_parent[answers] < answers))
  expect_identical(jigsaw_sample$article_id[row_of_parent[answers]], jigsaw_sample$article_id[answers])
})

test_that("the texts are valid, varied and odd in the ways promised", {
  text <- jigsaw_sample$comment_text
  words <- lengths(strsplit(text, "[[:space:]]+"))
  expect_true(all(validUTF8(text)) && !anyNA(text) && all(nzchar(text)))
  expect_gte(length(text), 3800)
  expect_gt(sum(words >= 300), 40)
  expect_gt(sum(words <= 10), 100)
  expect_gt(sum(grepl("\n", text, fixed = TRUE)), 200)
  expect_gt(sum(grepl("\r\n", text, fixed = TRUE)), 20)
  points <- lapply(text, utf8ToInt)
  expect_gt(sum(vapply(points, function(p) any(p >= 0x1F000), NA)), 80)
  expect_gt(sum(vapply(points, function(p) any(p >= 0xC0 & p <= 0x24F), NA)), 300)
  expect_gt(sum(duplicated(text)), 60)
  expect_lt(mean(duplicated(text)), 0.08)
})

test_that("toxic is a minority, and the insult words alone do not give it away", {
  toxic <- jigsaw_sample$target >= 0.5
  expect_gt(mean(toxic), 0.15)
  expect_lt(mean(toxic), 0.35)
  rude <- grepl("silly|clueless|pathetic|foolish|ridiculous|stupid|fool|clown|idiot|troll|liar", jigsaw_sample$comment_text)
  expect_gt(mean(toxic[rude]), mean(toxic[!rude]) + 0.1)
  expect_gt(mean(!toxic[rude]), 0.2)
  expect_gt(mean(!rude[toxic]), 0.2)
})

test_that("identity terms are commoner in toxic comments, as an audit should find", {
  asked <- jigsaw_sample[!is.na(jigsaw_sample$muslim), ]
  toxic <- asked$target >= 0.5
  expect_gt(mean(toxic[asked$muslim >= 0.5]), mean(toxic) + 0.05)
  expect_gt(sum(asked$muslim >= 0.5), 25)
  expect_gt(sum(asked$female >= 0.5), 50)
})

test_that("data-raw writes exactly this table", {
  folder <- test_path("..", "..", "data-raw")
  skip_if_not(file.exists(file.path(folder, "jigsaw_sample.R")), "data-raw/ is not in a built package")
  skip_if_not_installed("withr")
  made <- new.env()
  withr::with_envvar(c(BERTFIT_DATA_RAW = folder), withr::with_preserve_seed({
    sys.source(file.path(folder, "jigsaw_sample.R"), envir = made)
  }))
  expect_identical(made$jigsaw_sample, jigsaw_sample)
})

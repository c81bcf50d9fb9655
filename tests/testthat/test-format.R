test_that("durations and counts are written with units and separators", {
  expect_identical(seconds_text(0.04), "0.0 s")
  expect_identical(vapply(c(7.31, 59.4, 60, 131, 3725), seconds_text, ""),
                   c("7.3 s", "59 s", "1 min 00 s", "2 min 11 s", "1 h 02 min"))
  expect_identical(vapply(c(770, 12345, 22713216, 1.5e9), short_count, ""), c("770", "12.3k", "22.7M", "1.5B"))
  expect_identical(count(1, "row"), "1 row")
  expect_identical(count(1492, "row"), "1,492 rows")
  expect_identical(big(4e12), "4,000,000,000,000")
})

test_that("names are quoted, and long lists of them shortened", {
  expect_identical(quoted(c("a", "b")), "`a`, `b`")
  expect_identical(quoted(letters[1:4], mark = "'", most = 2), "'a', 'b', and 2 more")
})

test_that("measures are written with four significant digits", {
  expect_identical(number_text(c(0.34211, 12.5, 0.9)), c("0.3421", "12.50", "0.9000"))
  expect_identical(measures_text(c(loss = 0.5, auc = 0.98765)), "loss 0.5000, auc 0.9877")
})

test_that("lines are folded at blanks, behind the name of their field", {
  expect_identical(folded("short", 20), "short")
  expect_identical(folded("  labels    one two three four five", 30),
                   c("  labels    one two three four", "            five"))
  expect_identical(folded("* a note that is long", 12), c("* a note", "  that is", "  long"))
  expect_identical(folded("Epoch 1/3: loss 0.5", 12), c("Epoch 1/3:", "  loss 0.5"))
  expect_identical(folded("  path  /one/two/three/four", 16), c("  path  /one/", "        two/", "        three/", "        four"))
  expect_identical(folded("", 20), "")
})

test_that("nothing that a print method shows is wider than the console", {
  withr::local_options(width = 80)
  long <- function(n) paste(rep("a long label of a class", n), collapse = " and ")
  path <- paste0("/", paste(rep("folder-with-a-long-name", 8), collapse = "/"))
  fit <- toy_fit("multiclass")
  fit$labels <- paste(long(1), 1:9)
  fit$columns <- list(text = long(2), target = paste(long(1), 1:4))
  fit$history$val_loss <- fit$history$val_auc <- fit$history$val_rmse <- fit$history$val_f1 <- 1.2345
  model <- toy_model()
  model$path <- path
  report <- bert_evaluate(toy_fit("multiclass"), toy_data())
  report$per_class$label <- paste(1:3, long(3))
  dimnames(report$confusion) <- list(truth = report$per_class$label, predicted = report$per_class$label)
  report$notes <- paste0('No row is truly "', long(4), '": its recall is undefined.')
  report$task <- long(4)
  data <- structure(list(
    n = 1e9, max_len = 512, files = data.frame(x = 1:9), path = path, skipped = list(lines = 1e9, first = "x"),
    counts = list(documents = 1e9, sentences = 1e9, corpus_tokens = 4e9),
    statistics = list(random_next = 0.5, mean_length = 400, predicted = 0.15, became_mask = 0.1, became_random = 0.1,
                      kept = 0.1)
  ), class = "bert_pretrain_data")
  capture.output(sitrep <- bert_sitrep())
  sitrep$problems <- data.frame(problem = long(6), fix = paste("Write", path))
  sitrep$cache <- path
  vocab <- new_bert_vocab(list(path = path, size = 30000, type = "sentencepiece", lower_case = TRUE, sha256 = "", data = ""))
  weights <- stats::setNames(runif(9) * 1e-3, paste("label", 1:9))
  objects <- list(
    bert_config = bert_config("kor-half", vocab_size = 8007), bert_control = bert_control(class_weights = weights),
    bert_evaluation = report, bert_fit = fit, bert_head = bert_head(hidden = c(1000, 1000)), bert_model = model,
    bert_pretrain_control = bert_pretrain_control(), bert_pretrain_data = data, bert_pretrained = toy_pretrained(),
    bert_sitrep = sitrep, bert_tokens = structure(list(input_ids = matrix(123456789L, 5, 20)), class = "bert_tokens"),
    bert_vocab = vocab, summary.bert_model = summary(toy_model())
  )
  printed <- sub("^print\\.", "", grep("^print\\.", ls(asNamespace("bertfit"), all.names = TRUE), value = TRUE))
  expect_setequal(names(objects), printed) # every method is tried
  for (kind in names(objects)) {
    lines <- capture.output(print(objects[[kind]]))
    expect_lte(max(nchar(lines, "width")), 80, label = paste(kind, "prints lines of"))
  }
})

test_that("no message of a fit is wider than the console", {
  withr::local_options(width = 80)
  told <- character()
  withCallingHandlers(
    bert_fit(toy_data(), "text", "target", toy_model(), control = toy_control(verbose = 1)),
    message = function(m) {
      told <<- c(told, strsplit(conditionMessage(m), "\n")[[1]])
      invokeRestart("muffleMessage")
    }
  )
  expect_gt(length(told), 2)
  expect_lte(max(nchar(told, "width")), 80)
})

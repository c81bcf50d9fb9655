imdb <- function(env = parent.frame()) {
  folder <- withr::local_tempdir(.local_envir = env)
  for (name in c("pos", "neg", "unsup")) dir.create(file.path(folder, name))
  writeBin(charToRaw("ein sch\u00f6ner Film"), file.path(folder, "pos", "1.txt"))
  writeBin(charToRaw("schlecht"), file.path(folder, "neg", "1.txt"))
  writeBin(charToRaw("so so"), file.path(folder, "unsup", "1.txt"))
  writeLines("http://", file.path(folder, "urls.txt"))
  folder
}

test_that("folders of texts are a data.table, and what is left out is told", {
  skip_if_no_python()
  folder <- imdb()
  expect_message(
    got <- bert_read_folders(folder),
    "The folder unsup was left out: its 1 text has no label.\nLeft out: 1 file beside the folders: urls.txt.",
    class = "bertfit_message_folders"
  )
  expect_identical(got, data.table::data.table(text = c("schlecht", "ein sch\u00f6ner Film"), label = c("neg", "pos"),
                                               file = c("neg/1.txt", "pos/1.txt")))
  unlink(file.path(folder, c("unsup", "urls.txt")), recursive = TRUE)
  suppressMessages(one <- bert_read_folders(folder, labels = "pos"))
  expect_identical(one$label, "pos")
  expect_silent(bert_read_folders(folder))
})

test_that("files of another encoding are an error with their names, or skipped", {
  skip_if_no_python()
  folder <- imdb()
  writeBin(as.raw(c(0x66, 0xfc, 0x72)), file.path(folder, "pos", "2.txt"))
  error <- expect_error(bert_read_folders(folder), "1 file of 3 is not: pos/2.txt", class = "bertfit_error_data")
  expect_match(conditionMessage(error), "set `bad_files` to \"skip\"", fixed = TRUE)
  expect_message(skipped <- bert_read_folders(folder, bad_files = "skip"), "1 file not UTF-8: pos/2.txt")
  expect_identical(nrow(skipped), 2L)
  latin <- suppressMessages(bert_read_folders(folder, encoding = "latin-1", labels = "pos"))
  expect_identical(latin$text[2], "f\u00fcr")
  expect_error(bert_read_folders(file.path(folder, "none")), "must be readable", class = "bertfit_error_data")
  expect_error(bert_read_folders(folder, encoding = "utf-99"), class = "bertfit_error_argument")
  expect_error(bert_read_folders(), "must be given", class = "bertfit_error_argument")
})

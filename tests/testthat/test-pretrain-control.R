test_that("settings print, and those that differ from the default are marked", {
  shown <- capture.output(print(bert_pretrain_control(steps = 20)))
  expect_identical(shown[1], "<bert_pretrain_control>")
  expect_match(shown[3], "^ \\* steps +20$")
  expect_match(shown[2], "^   epochs +10$")
  expect_error(bert_pretrain_control(epochs = "ten"), "`epochs`", class = "bertfit_error_argument")
})

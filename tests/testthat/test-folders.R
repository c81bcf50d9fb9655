# A user's folders with umlauts, Korean letters and spaces: the R library, the environment of Python, the cache, data and
# models.

test_that("everything works in folders of such names", {
  skip_if_no_python()
  skip_on_os("windows") # links
  home <- file.path(tempfile("users"), "J\u00fcrgen \uae40 of home")
  dir.create(file.path(home, "library"), recursive = TRUE)
  dir.create(file.path(home, "cache \u00df"))
  file.symlink(system.file(package = "bertfit"), file.path(home, "library", "bertfit"))
  # A virtual environment of the same packages.
  venv <- dirname(dirname(find_python()$python))
  skip_if_not(file.exists(file.path(venv, "pyvenv.cfg")), "Python is not in a virtual environment")
  dir.create(file.path(home, "umgebung \u00e4", "bin"), recursive = TRUE)
  file.symlink(normalizePath(find_python()$python), file.path(home, "umgebung \u00e4", "bin", "python"))
  file.symlink(file.path(venv, "lib"), file.path(home, "umgebung \u00e4", "lib"))
  file.copy(file.path(venv, "pyvenv.cfg"), file.path(home, "umgebung \u00e4"))
  file.copy(toy_folder(), home, recursive = TRUE)
  file.rename(file.path(home, basename(toy_folder())), file.path(home, "modell \u00f6 \ubaa8\ub378"))
  data.table::fwrite(toy_data(24), file.path(home, "zeilen \u00fc.csv"))
  writeLines(rep(c("the day is good", "a bad day", ""), 12), file.path(home, "w\u00f6rter.txt"))

  code <- c(
    "library(bertfit, lib.loc = 'library'); home <- getwd()",
    "model <- bert_load(file.path(home, 'modell \u00f6 \ubaa8\ub378'))",
    "data <- data.table::fread('zeilen \u00fc.csv')",
    "control <- bert_control(epochs = 1, max_len = 8, validation = 0, seed = 1, verbose = 0)",
    "fit <- bert_fit(data, 'text', 'target', model, task = 'binary', control = control)",
    "expected <- predict(fit, data)",
    "bert_save(fit, 'gespeichert \u00e9'); saveRDS(fit, 'objekt \u00e9.rds')",
    "cat('> saved', identical(predict(bert_load('gespeichert \u00e9'), data), expected), '\\n')",
    "cat('> rds', identical(predict(readRDS('objekt \u00e9.rds'), data), expected), '\\n')",
    "out <- bert_export(fit, 'ausfuhr \u00e8', 'huggingface')",
    "cat('> exported', file.exists(file.path('ausfuhr \u00e8', 'model.safetensors')), '\\n')",
    "vocab <- bert_vocab_train(files = 'w\u00f6rter.txt', size = 25)",
    "rows <- bert_pretrain_data('w\u00f6rter.txt', vocab, 'daten \u00fc', max_len = 16)",
    "cat('> data', dir.exists('daten \u00fc'), '\\n')",
    "cat('> cache', sum(bert_models()$cached), bertfit:::cache_folder() == file.path(home, 'cache \u00df'), '\\n')",
    "cat('> python', basename(dirname(dirname(reticulate::py_config()$python))), '\\n')"
  )
  lines <- run_r(code, wd = home, env = c(
    LC_ALL = "C.UTF-8", HOME = home, BERTFIT_CACHE = file.path(home, "cache \u00df"),
    RETICULATE_PYTHON = file.path(home, "umgebung \u00e4", "bin", "python")
  ))
  expect_identical(attr(lines, "status"), NULL, info = paste(lines, collapse = "\n"))
  expect_identical(
    trimws(sub("^> ", "", grep("^> ", lines, value = TRUE))),
    c("saved TRUE", "rds TRUE", "exported TRUE", "data TRUE", "cache 0 TRUE", "python umgebung \u00e4")
  )
})

# Models of the hub, from a server of the Python tests (tests/python/toys/hub.py), which is a process of its own.

# Starts the server for one test, with one tiny BERT; the environment variables are set when Python has long started.
local_hub <- function(env = parent.frame()) {
  skip_if_no_python()
  python_tests <- normalizePath(test_path("..", "python"), mustWork = FALSE)
  skip_if_not(file.exists(file.path(python_tests, "toys", "hub.py")), "the Python tests are not here")
  python_api()
  folder <- withr::local_tempdir(.local_envir = env)
  code <- paste(
    "def start(tests, folder, python):",
    "    import subprocess, sys",
    "    sys.path.insert(0, tests)",
    "    from toys.checkpoints import write_huggingface",
    "    sys.path.remove(tests)",
    "    write_huggingface(folder + '/toys/bert-uncased')",
    "    child = subprocess.Popen([python, tests + '/toys/hub.py', folder], stdin=subprocess.PIPE,",
    "                             stdout=subprocess.PIPE, text=True)",
    "    def tell(line):",
    "        child.stdin.write(line + '\\n'); child.stdin.flush()",
    "        return child.stdout.readline().strip() if line else child.wait()",
    "    return child.stdout.readline().strip(), tell",
    sep = "\n"
  )
  started <- reticulate::py_run_string(code, local = TRUE, convert = TRUE)$start(
    python_tests, folder, reticulate::py_config()$python
  )
  tell <- started[[2]]
  open <- TRUE
  stop <- function() if (open) {
    open <<- FALSE
    tell("")
  }
  withr::defer(stop(), envir = env)
  home <- withr::local_tempdir(.local_envir = env)
  withr::local_envvar(
    HF_ENDPOINT = started[[1]], HF_HOME = home, no_proxy = "127.0.0.1,localhost", HF_HUB_OFFLINE = NA, HF_TOKEN = NA,
    HF_HUB_CACHE = NA, .local_envir = env
  )
  list(address = started[[1]], home = home, stop = stop, gate = function(name) tell(paste("gate", name)),
       pause = function(seconds) tell(paste("pause", seconds)))
}

toy_id <- "toys/bert-uncased"

test_that("a model of the hub opens by its id, and its commit is kept and printed", {
  hub <- local_hub()
  expect_message(model <- bert_load(toy_id), paste0("Downloading toys/bert-uncased \\(1 MB\\) to ", hub$home))
  expect_s3_class(model, "bert_model")
  expect_identical(model$name, toy_id)
  expect_identical(model$repository, toy_id)
  expect_match(model$revision, "^[0-9a-f]{40}$")
  expect_match(model$path, paste0("models--toys--bert-uncased/snapshots/", model$revision), fixed = TRUE)
  expect_match(printed_unfolded(model), paste0("hub         toys/bert-uncased@", model$revision), fixed = TRUE, all = FALSE)
  expect_silent(again <- bert_load(toy_id))
  expect_identical(again$sha256, model$sha256)
  expect_silent(bert_load(paste0(toy_id, "@", model$revision)))
  expect_silent(bert_load(toy_id, revision = "main"))

  control <- bert_control(epochs = 1, freeze = "encoder", max_len = 12, verbose = 0)
  fit <- bert_fit(toy_data(), "text", "target", toy_id, control = control)
  expect_match(printed_unfolded(fit), paste0("toys/bert-uncased@", model$revision), fixed = TRUE, all = FALSE)
  path <- bert_save(fit, file.path(withr::local_tempdir(), "fit"))
  saved <- bert_load(path)
  expect_identical(saved[c("repository", "revision")], model[c("repository", "revision")])
})

test_that("a model is opened again from its folder, and without it from its id and commit", {
  hub <- local_hub()
  model <- bert_load(toy_id, quiet = TRUE)
  expected <- bert_embed(model, "a b c")
  model$handle <- empty_handle()
  expect_identical(bert_embed(model, "a b c"), expected)
  unlink(file.path(hub$home, "hub"), recursive = TRUE)
  model$handle <- empty_handle()
  expect_identical(bert_embed(model, "a b c"), expected)
})

test_that("bert_download() fetches into the cache, by its own rules or where it is told", {
  hub <- local_hub()
  path <- bert_download(toy_id, quiet = TRUE)
  expect_identical(basename(dirname(dirname(path))), "models--toys--bert-uncased")
  expect_true(startsWith(path, hub$home))
  own <- withr::local_tempdir()
  expect_true(startsWith(bert_download(toy_id, own, quiet = TRUE, revision = "main"), own))
  expect_setequal(list.files(path), c("config.json", "model.safetensors", "vocab.txt"))
  expect_error(bert_download("minilm-l6-uncased", revision = "main"), "`revision` must be left out",
               class = "bertfit_error_argument")
})

test_that("what the hub refuses is a classed error that says what to do, in R's words", {
  hub <- local_hub()
  withr::local_dir(withr::local_tempdir())
  error <- expect_error(bert_load("toys/bert-uncase"), class = "bertfit_error_download")
  expect_match(conditionMessage(error), paste0("There is no folder ", getwd(), "/toys/bert-uncase."), fixed = TRUE)
  expect_match(conditionMessage(error), paste0("The hub (", hub$address, ") has no model toys/bert-uncase"), fixed = TRUE)
  expect_match(conditionMessage(error), 'Sys.setenv(HF_TOKEN = "hf_...")', fixed = TRUE)
  expect_identical(as.character(error$call[[1]]), "bert_load")
  error <- expect_error(bert_load(toy_id, revision = "v9"), "`revision` must be a branch, a tag or a commit",
                        class = "bertfit_error_download")
  expect_identical(error$received, "v9")
  expect_error(bert_load(paste0(toy_id, "@v1"), revision = "v9"), class = "bertfit_error_argument")
  expect_error(bert_load(toy_id, revision = 1), "`revision` must be a single string", class = "bertfit_error_argument")
  expect_error(bert_load(toy_id, download = FALSE), 'bert_download("toys/bert-uncased")', fixed = TRUE,
               class = "bertfit_error_download")
  expect_error(bert_load("distilbert-base-uncased"), "Did you mean distilbert/distilbert-base-uncased",
               class = "bertfit_error_argument")
})

test_that("environment variables count as R has them at the call", {
  hub <- local_hub()
  hub$gate(toy_id)
  expect_error(bert_load(toy_id), "No token was sent", class = "bertfit_error_download")
  withr::local_envvar(HF_TOKEN = "hf_wrong")
  expect_error(bert_load(toy_id), "token that was sent has no access", class = "bertfit_error_download")
  Sys.setenv(HF_TOKEN = "hf_secret")
  model <- bert_load(toy_id, quiet = TRUE)
  Sys.unsetenv("HF_TOKEN")
  other <- withr::local_tempdir()
  withr::with_envvar(c(HF_HOME = other), {
    expect_error(bert_load(toy_id), "No token was sent", class = "bertfit_error_download")
    withr::local_envvar(HF_HUB_OFFLINE = "1")
    expect_error(bert_load(toy_id), "HF_HUB_OFFLINE is set", class = "bertfit_error_download")
  })
  withr::with_envvar(c(HF_HUB_OFFLINE = "1", HF_ENDPOINT = "http://127.0.0.1:9"), {
    expect_silent(offline <- bert_load(toy_id))
  })
  expect_identical(offline$revision, model$revision)
  # The sibling: a mirror of Google's archives.
  withr::with_envvar(c(BERTFIT_MIRROR = "http://127.0.0.1:9/there"), {
    expect_error(bert_download("bert-tiny-uncased", withr::local_tempdir(), quiet = TRUE), "http://127.0.0.1:9/there",
                 fixed = TRUE, class = "bertfit_error_download")
  })
})

test_that("without the hub, what is in the cache is opened and a message says so", {
  hub <- local_hub()
  model <- bert_load(toy_id, quiet = TRUE)
  hub$stop()
  expect_message(again <- bert_load(toy_id), "could not be reached", class = "bertfit_message_offline")
  expect_identical(again$revision, model$revision)
  expect_silent(bert_load(toy_id, revision = model$revision))
  expect_error(bert_load("toys/other"), "must be reachable", class = "bertfit_error_download")
})

test_that("a folder that is called like an id is opened, and nothing is asked for", {
  hub <- local_hub()
  path <- bert_download(toy_id, quiet = TRUE)
  hub$stop()
  folder <- withr::local_tempdir()
  dir.create(file.path(folder, toy_id), recursive = TRUE)
  file.copy(list.files(path, full.names = TRUE), file.path(folder, toy_id))
  withr::local_dir(folder)
  expect_silent(model <- bert_load(toy_id))
  expect_null(model$repository)
  expect_identical(normalizePath(model$path), normalizePath(file.path(folder, toy_id)))
})

test_that("Ctrl-C ends a download, and the next call completes it", {
  skip_on_os("windows")
  hub <- local_hub()
  hub$pause(0.2)
  log <- withr::local_tempfile()
  script <- withr::local_tempfile(fileext = ".R")
  writeLines(c(
    paste0("say <- function(...) cat(..., '\\n', file = ", deparse(log), ", append = TRUE)"),
    "library(bertfit)",
    "told <- tryCatch(bert_download('toys/bert-uncased'), interrupt = function(condition) 'interrupted')",
    "say(told)",
    "Sys.sleep(1)",
    "say(basename(dirname(dirname(bert_download('toys/bert-uncased')))))"
  ), script)
  libraries <- paste(c(dirname(system.file(package = "bertfit")), .libPaths()), collapse = ":")
  withr::local_envvar(R_LIBS = libraries, R_TESTS = "")
  pid_file <- withr::local_tempfile()
  rscript <- file.path(R.home("bin"), "Rscript")
  system(sprintf("'%s' --vanilla '%s' > /dev/null 2>&1 & echo $! > '%s'", rscript, script, pid_file))
  pid <- as.integer(readLines(pid_file))
  withr::defer(tools::pskill(pid, tools::SIGKILL))
  until <- function(done) for (i in 1:600) if (done()) break else Sys.sleep(0.1)
  until(function() length(list.files(hub$home, "incomplete$", recursive = TRUE)) > 0)
  Sys.sleep(0.5)
  tools::pskill(pid, tools::SIGINT)
  until(function() file.exists(log))
  expect_identical(trimws(readLines(log)[1]), "interrupted")
  hub$pause(0)
  until(function() length(readLines(log)) > 1)
  expect_identical(trimws(readLines(log)[2]), "models--toys--bert-uncased")
})

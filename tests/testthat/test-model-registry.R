test_that("bert_models() is a data.table of what can be loaded", {
  skip_if_no_python()
  models <- bert_models()
  expect_s3_class(models, "data.table")
  expect_named(models, c("name", "layers", "hidden", "heads", "parameters", "cased", "language", "size_mb", "source",
                         "task", "labels", "licence", "card", "cached"))
  types <- vapply(models, typeof, "")
  expect_identical(unname(types), c("character", "integer", "integer", "integer", "double", "logical", "character",
                                    "double", rep("character", 5), "logical"))
  expect_identical(as.integer(table(models$source)[c("google", "package", "tfhub")]), c(33L, 1L, 33L))
  handle <- "https://tfhub.dev/tensorflow/small_bert/bert_en_uncased_L-2_H-128_A-2/1"
  expect_identical(models$card[models$name == "small_bert/bert_en_uncased_L-2_H-128_A-2"], handle)
  small <- models[models$source == "google" & grepl("^bert-uncased-l", models$name), ]
  expect_identical(nrow(small), 24L)
  expect_setequal(unique(small$hidden), c(128L, 256L, 512L, 768L))
  expect_true(all(small$heads == small$hidden / 64))
  large <- models[models$name == "bert-large-uncased", ]
  expect_identical(large$parameters, 335141888)
  expect_identical(models$cased[models$name == "bert-base-multilingual-cased"], TRUE)
})

test_that("bert_models() recommends classifiers of the hub, and leaves out what is not known", {
  skip_if_no_python()
  withr::local_envvar(HF_ENDPOINT = "https://hub.example.org/")
  models <- bert_models()
  found <- models[!is.na(models$task), ]
  expect_true(all(found$source == "hub"))
  expect_setequal(unique(found$task), c("toxicity", "sentiment"))
  toxic <- found[found$name == "unitary/toxic-bert", ]
  expect_identical(toxic$labels, "toxic, severe_toxic, obscene, threat, insult, identity_hate")
  expect_identical(toxic$licence, "apache-2.0")
  expect_identical(toxic$card, "https://hub.example.org/unitary/toxic-bert")
  expect_identical(toxic$parameters, 109482240)
  unsure <- found[found$name == "martin-ha/toxic-comment-model", ]
  expect_identical(unsure$labels, "non-toxic, toxic")
  expect_true(is.na(unsure$parameters) && is.na(unsure$size_mb) && is.na(unsure$cased) && is.na(unsure$licence))
})

test_that("bert_models() looks into the cache it is given", {
  skip_if_no_python()
  cache <- withr::local_tempdir()
  expect_false(any(bert_models(cache)$cached))
  folder <- file.path(cache, "models", "bert-base-cased")
  dir.create(folder, recursive = TRUE)
  writeLines('{"files": {}}', file.path(folder, "bertfit-files.json"))
  models <- bert_models(cache)
  expect_identical(models$name[models$cached], "bert-base-cased")
  # BERTFIT_CACHE counts at the time of the call, although Python has long started.
  withr::local_envvar(BERTFIT_CACHE = cache)
  expect_identical(sum(bert_models()$cached), 1L)
})

test_that("bert_download() gives the folder of what is there, and says nothing", {
  skip_if_no_python()
  cache <- withr::local_tempdir()
  folder <- file.path(cache, "models", "bert-base-cased")
  dir.create(folder, recursive = TRUE)
  writeLines('{"files": {}}', file.path(folder, "bertfit-files.json"))
  expect_silent(path <- bert_download("BERT-base-cased", cache_dir = cache))
  expect_identical(path, folder)
  expect_invisible(bert_download("bert-base-cased", cache_dir = cache))
})

# A server within Python that has one archive, under Google's name for the smallest model.
toy_server <- "
def start():
    import http.server, io, os, threading, zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w') as opened:
        for name in ('bert_config.json', 'vocab.txt', 'bert_model.ckpt.index', 'bert_model.ckpt.data-00000-of-00001'):
            opened.writestr(name, 'x')
        opened.writestr('padding', bytes(3_000_000))

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            found = self.path == '/2020_02_20/uncased_L-2_H-128_A-2.zip'
            body = buffer.getvalue() if found else b''
            self.send_response(200 if found else 404)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    os.environ['BERTFIT_MIRROR'] = f'http://127.0.0.1:{server.server_port}'
    os.environ['no_proxy'] = '127.0.0.1'

    def stop():
        server.shutdown()
        server.server_close()
        del os.environ['BERTFIT_MIRROR']

    return stop
"

test_that("bert_download() fetches, tells of it, and fetches again when forced", {
  skip_if_no_python()
  python_api()
  stop_server <- reticulate::py_run_string(toy_server, local = TRUE, convert = TRUE)$start()
  withr::defer(stop_server())
  cache <- withr::local_tempdir()
  expect_message(path <- bert_download("bert-tiny-uncased", cache), "Downloading bert-uncased-l2-h128 (4 MB) to ",
                 fixed = TRUE)
  expect_identical(path, file.path(cache, "models", "bert-uncased-l2-h128"))
  expect_identical(readLines(file.path(path, "vocab.txt"), warn = FALSE), "x")
  expect_silent(bert_download("bert-tiny-uncased", cache))
  expect_message(bert_download("bert-tiny-uncased", cache, force = TRUE), "Downloading")
  expect_silent(bert_download("bert-tiny-uncased", cache, force = TRUE, quiet = TRUE))
  error <- expect_error(bert_download("bert-base-cased", cache, quiet = TRUE), class = "bertfit_error_download")
  expect_match(conditionMessage(error), "404")
})

test_that("what bert_download() cannot do is a classed error", {
  skip_if_no_python()
  error <- expect_error(bert_download("bert-base-uncase"), class = "bertfit_error_argument")
  expect_match(conditionMessage(error), "Did you mean bert-base-uncased")
  expect_identical(as.character(error$call[[1]]), "bert_download")
  cache <- withr::local_tempdir()
  folder <- file.path(cache, "models", "bert-base-cased")
  dir.create(folder, recursive = TRUE)
  writeLines('{"files": {"vocab.txt": {"size": 1, "sha256": "0"}}}', file.path(folder, "bertfit-files.json"))
  error <- expect_error(bert_download("bert-base-cased", cache), class = "bertfit_error_download")
  expect_match(conditionMessage(error), "vocab.txt is missing", fixed = TRUE)
  expect_match(conditionMessage(error), "force = TRUE", fixed = TRUE)
})

test_that("arguments are checked before Python starts", {
  expect_error(bert_download(1), "`name` must be a single string", class = "bertfit_error_argument")
  expect_error(bert_download("a", force = NA), "`force` must be TRUE or FALSE", class = "bertfit_error_argument")
  expect_error(bert_download("a", quiet = "no"), "`quiet` must be TRUE or FALSE", class = "bertfit_error_argument")
  expect_error(bert_models(3), "`cache_dir` must be a single string or NULL", class = "bertfit_error_argument")
})

event <- function(done, total = 2e6) {
  list(event = "download", name = "toy", folder = "/cache", done_bytes = done, total_bytes = total)
}

test_that("a download is announced once where lines cannot be redrawn", {
  show <- download_progress(FALSE, dynamic = FALSE)
  expect_message(show(event(0)), "Downloading toy (2 MB) to /cache", fixed = TRUE)
  expect_silent(show(event(1e6)))
  expect_silent(show(event(2e6)))
  expect_null(download_progress(TRUE))
})

test_that("a download of unknown size is announced without one", {
  show <- download_progress(FALSE, dynamic = TRUE)
  expect_message(show(event(0, NULL)), "Downloading toy to /cache", fixed = TRUE)
  expect_silent(show(event(1e6, NULL)))
})

test_that("a download's bar shows its share and size, and is removed at the end", {
  withr::local_options(cli.dynamic = TRUE, cli.progress_show_after = 0, cli.ansi = FALSE)
  show <- download_progress(FALSE, dynamic = TRUE)
  lines <- cli::cli_fmt({
    suppressMessages(show(event(0)))
    show(event(1e6))
    show(event(2e6))
  })
  expect_match(paste(lines, collapse = " "), "50% of 2 MB .*\r *\r$")
})

# A Python in which every connection fails, as without a network; each attempt is noted in `asked`.
without_network <- c(
  "import socket",
  "def refuse(*about, **more):",
  "    open(ASKED, 'a').write(f'{about}\\n')",
  "    raise OSError(101, 'Network is unreachable')",
  "socket.socket.connect = socket.getaddrinfo = refuse"
)

test_that("without a network, what is in the cache works and nothing is asked for; bert_download() says what to do", {
  skip_if_no_python()
  cache <- Sys.getenv("BERTFIT_CACHE", cache_folder())
  skip_if_not(dir.exists(file.path(cache, "models", "minilm-l6-uncased")), "minilm-l6-uncased is not in the cache")
  folder <- withr::local_tempdir()
  asked <- file.path(folder, "asked")
  writeLines(sub("ASKED", deparse(asked), without_network, fixed = TRUE), file.path(folder, "sitecustomize.py"))
  lines <- run_r(
    c(
      "library(bertfit)",
      "model <- bert_load('minilm-l6-uncased')",
      "data <- data.frame(text = rep(c('good day', 'bad day'), 10), y = rep(1:0, 10))",
      "fit <- bert_fit(data, 'text', 'y', model, control = bert_control(epochs = 1, freeze = 'encoder', verbose = 0))",
      "path <- bert_save(fit, file.path(tempdir(), 'saved'))",
      "cat(identical(predict(fit, 'good'), predict(bert_load(path), 'good')), file.exists('asked'), '\\n')",
      "Sys.setenv(HTTPS_PROXY = 'http://proxy.invalid:3128')",
      report_error("bert_download('bert-tiny-uncased', file.path(tempdir(), 'cache'))")
    ),
    env = c(PYTHONPATH = paste(folder, Sys.getenv("PYTHONPATH"), sep = ":"), BERTFIT_CACHE = cache,
            http_proxy = NA, https_proxy = NA, no_proxy = NA, HTTP_PROXY = NA, NO_PROXY = NA, BERTFIT_MIRROR = ""),
    wd = folder
  )
  expect_identical(lines[1:2], c("TRUE FALSE ", "bertfit_error_download"))
  expect_match(lines, "Network is unreachable", fixed = TRUE, all = FALSE)
  expect_match(lines, "The proxy http://proxy.invalid:3128 was asked", fixed = TRUE, all = FALSE)
  expect_match(lines, "fetch that address elsewhere", fixed = TRUE, all = FALSE)
  expect_match(readLines(asked), "proxy.invalid", fixed = TRUE)
})

"""The two languages share one Python, and R's garbage collector does not bring it down."""

import sys


def test_r_joins_this_python(r):
    assert r("reticulate::py_config()$python")[0] == sys.executable
    assert r('as.character(reticulate::import("os")$getpid())')[0] == str(__import__("os").getpid())


def test_r_uses_the_modules_that_python_has_imported(r):
    import bertfit

    bertfit.seen_from_python = "yes"
    assert r('reticulate::import("bertfit")$seen_from_python')[0] == "yes"


def test_r_may_collect_python_objects(r):
    r("""for (i in 1:200) { x <- reticulate::import("builtins", convert = FALSE)$list(as.list(1:50)); rm(x) }
         invisible(gc())""")
    assert r("1 + 1")[0] == 2

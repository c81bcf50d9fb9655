"""One process with both languages: Python starts R (rpy2), and R's reticulate joins the same Python.

`r` is R with bertfit attached. What an exported R function gives can so be compared with what the Python
core gives, on the same modules and the same models.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "python"))  # the toys

# R and TensorFlow read these when they start.
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["RETICULATE_PYTHON"] = sys.executable
os.environ.setdefault("R_LIBS", str(ROOT / ".Rlib"))
os.environ.setdefault("BERTFIT_CACHE", str(ROOT / ".cache"))
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

_STATUS = pytest.StashKey[int]()
_r_folders = []
_kept_alive = []


def _lock_finalizer(robjects) -> None:
    """Make R's gc() safe for Python objects under reticulate before 1.31.

    Its finalizer calls Py_DecRef without Python's lock, which aborts the process when Python is the host.
    The pointer that it calls through is exported, so it is replaced by a callback that takes the lock.
    """
    library = ctypes.CDLL(robjects.r('getLoadedDLLs()[["reticulate"]][["path"]]')[0])
    pointer = ctypes.c_void_p.in_dll(library, "_ZN10reticulate9libpython9Py_DecRefE")
    release = ctypes.pythonapi.Py_DecRef
    release.argtypes, release.restype = [ctypes.c_void_p], None

    @ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    def locked(address):
        if address:
            release(address)

    _kept_alive.append(locked)
    pointer.value = ctypes.cast(locked, ctypes.c_void_p).value


def pytest_sessionfinish(session, exitstatus):
    session.config.stash[_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """Leave without Python's and R's own endings, once the report is out.

    reticulate's event loop and rpy2's exit handler call into a Python that is half gone: about one run in
    four ended in a segmentation fault, after the last test had passed.
    """
    if _r_folders and _STATUS in config.stash:
        shutil.rmtree(_r_folders[0], ignore_errors=True)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[_STATUS])


@pytest.fixture(scope="session")
def r():
    """R with bertfit attached and its Python bound to this process: `r("1 + 1")[0]`."""
    from bertfit import _env

    _env.tensorflow()  # before R, whose numeric libraries may bring another OpenMP
    robjects = pytest.importorskip("rpy2.robjects")
    if not robjects.r('isTRUE(requireNamespace("bertfit", quietly = TRUE))')[0]:
        pytest.skip("the R package is not installed in .Rlib")
    robjects.r("suppressMessages(library(bertfit)); invisible(bertfit:::python_api())")
    if robjects.r('packageVersion("reticulate") < "1.31"')[0]:
        _lock_finalizer(robjects)
    _r_folders.append(robjects.r("tempdir()")[0])
    return robjects.r


@pytest.fixture
def assign(r):
    """`assign(name, value)`: strings, numbers and lists of them as R vectors in R's global environment."""
    from rpy2 import robjects

    kinds = {str: robjects.StrVector, bool: robjects.BoolVector, int: robjects.IntVector, float: robjects.FloatVector}

    def put(name, value):
        values = value if isinstance(value, list) else [value]
        robjects.globalenv[name] = kinds[type(values[0])](values)

    return put


@pytest.fixture(scope="session")
def checkpoint_folder(tmp_path_factory) -> Path:
    """A toy checkpoint as transformers saves one, that both sides open."""
    from toys import checkpoints as toy_checkpoints

    return toy_checkpoints.write_huggingface(tmp_path_factory.mktemp("checkpoint") / "toy")


@pytest.fixture(scope="session")
def models(r, checkpoint_folder):
    """The toy opened twice: `model` in R's global environment, and the Python object that is returned."""
    import bertfit

    r(f'model <- bert_load("{checkpoint_folder}")')
    return bertfit.load(checkpoint_folder)

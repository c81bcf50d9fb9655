"""Start-up time: `library(bertfit)`, and the first `bert_load()` of MiniLM relative to `import tensorflow`.

Each figure is measured in a fresh process: library() inside R; bert_load() inside R, with the package loaded and Python
not yet started; `import tensorflow` inside Python. bert_load() of an encoder starts Python, and reads and checks every
file, but TensorFlow is started by the first call that computes. The time of both together is measured and shown too.

Run: bench/startup.py [repeats]
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from harness import ENVIRONMENT, ROOT, Row, compare, main

LIBRARY = "cat(system.time(library(bertfit))[['elapsed']])"
LOAD = "library(bertfit); cat(system.time(model <- bert_load('minilm-l6-uncased'))[['elapsed']])"
USE = ("library(bertfit); cat(system.time({model <- bert_load('minilm-l6-uncased'); bert_embed(model, 'a text')})"
       "[['elapsed']])")
TENSORFLOW = "import time; t = time.perf_counter(); import tensorflow; print(time.perf_counter() - t)"


def seconds(*command: str) -> Callable[[], float]:
    """A contender that runs a command and reads from its output the seconds it took."""

    def run() -> float:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT,
                              env={**os.environ, **ENVIRONMENT})
        return float(done.stdout.split()[-1])

    return run


def measure(repeats: int = 5) -> list[Row]:
    """Both rows of the table."""
    r = {name: seconds("Rscript", "-e", code) for name, code in (("library", LIBRARY), ("load", LOAD), ("use", USE))}
    median = compare({**r, "tensorflow": seconds(sys.executable, "-c", TENSORFLOW)}, repeats)
    return [
        Row("library(bertfit)", "", 0.5, median["library"], at_most=True, unit="s"),
        Row("first bert_load() of MiniLM", "import tensorflow alone", 1.3, median["load"] / median["tensorflow"],
            at_most=True, detail=f"{median['load']:.2f} and {median['tensorflow']:.2f} s; bert_load() and bert_embed() "
            f"of one text, with which TensorFlow starts, {median['use']:.2f} s"),
    ]


if __name__ == "__main__":
    main(measure)

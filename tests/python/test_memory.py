"""What is done again and again in one process takes no more memory."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent

#: Prints, after every time, the resident memory in MB, the graphs that exist and the gradients that are registered.
REPEAT = """
import gc, os, sys, tempfile
import numpy as np
from bertfit.config import HeadConfig, PretrainConfig, Task, TrainConfig
from bertfit.inference import embed, predict
from bertfit.model import persist
from bertfit.rows import Rows
from bertfit.training import fit_model, pretrain
from toys.models import has_word, toy_model, toy_texts

TEXTS = toy_texts(60)
ROWS, TASK = Rows.of(TEXTS, targets=has_word(TEXTS, "good")), Task("binary", ("no", "yes"))
toy, folder = toy_model(num_hidden_layers=1), tempfile.mkdtemp()

def fit(number, head=None, **settings):
    settings = {"epochs": 1, "batch_size": 16, "learning_rate": 1e-3 / (1 + number), "seed": number,
                "warmup": 0.1 + 0.01 * (number % 5), "validation": 0.2, "precision": "float32", **settings}
    return fit_model(toy, ROWS.take(np.arange(60 - number % 7)), task=TASK, head=head, config=TrainConfig(**settings))

def repeat(times, *actions):
    from tensorflow.python.framework import ops
    for number in range(times):
        for action in actions:
            action(number)
        gc.collect()
        with open("/proc/self/statm") as file:
            resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
        graphs = sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())
        print(resident, graphs, len(ops.gradient_registry.list()))
"""


def repeated(code: str) -> list[list[float]]:
    """The lines that `code` prints after REPEAT in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parents[1] / "python"), str(HERE)])}
    done = subprocess.run([sys.executable, "-c", REPEAT + textwrap.dedent(code)], env=environment, text=True,
                          capture_output=True, timeout=3000)
    assert done.returncode == 0, done.stderr
    return [[float(value) for value in line.split()] for line in done.stdout.splitlines()]


def assert_flat(lines: list[list[float]]) -> None:
    """Within 5% of the memory after the tenth time, with the graphs and gradients there were then."""
    tenth, last = lines[9], lines[-1]
    assert last[0] < 1.05 * tenth[0], [line[0] for line in lines]
    assert last[1:] == tenth[1:], lines


pytestmark = [pytest.mark.slow,
              pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")]


def test_thirty_fits_take_the_memory_of_ten():
    assert_flat(repeated("repeat(30, fit)"))


def test_what_is_done_with_models_takes_no_more_memory_the_more_often_it_is_done():
    assert_flat(repeated("""
        from toys import corpora
        from bertfit.corpus import open_pretraining_data
        from bertfit.model.fresh import fresh_model
        from pathlib import Path

        corpora.make_toy(Path(folder))
        data = open_pretraining_data(Path(folder) / "data")
        fitted = fit(0)
        persist.save(fitted, Path(folder) / "fit")
        sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32,
                 "max_position_embeddings": 32}

        def open_and_predict(number):
            model = persist.load(Path(folder) / "fit")
            predict(model, Rows(TEXTS))
            embed(model, Rows(TEXTS[:20]))
            model.layer_table()

        def pretrain_again(number):
            start = fresh_model(sizes, corpora.toy_vocabulary(), seed=number)
            pretrain(start, data, config=PretrainConfig(steps=2, batch_size=8, seed=number))

        repeat(20, lambda number: fit(number, freeze="encoder"), open_and_predict, pretrain_again)
    """))

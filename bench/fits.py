"""Many small fits in one process: memory after the last, against memory after the tenth.

Each fits a small fresh model to other rows, with another learning rate, seed and number of rows, as cross-validation
and tuning do. The detail has the seconds of the first fit, which traces and optimizes the training step, and the median
of the others, which share it.

Run: bench/fits.py
"""

from __future__ import annotations

import os
import statistics

from harness import Row, Side, main

FITS = 200


def fits():
    """One fit per call; returns the resident memory in MB."""
    from bertfit.config.task import Task
    from bertfit.config.training import TrainConfig
    from bertfit.model.fresh import fresh_model
    from bertfit.rows import Rows
    from bertfit.training import fit_model

    words = [f"word{i}" for i in range(100)]
    vocabulary = "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, ""]).encode()
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    model = fresh_model(sizes, vocabulary, seed=1, lower_case=True)
    done = [0]

    def fit() -> float:
        done[0] += 1
        number, n = done[0], 60 - done[0] % 7
        rows = Rows.of([" ".join(words[(i * number + j * 7) % 100] for j in range(9)) for i in range(n)],
                       targets=[i % 2 for i in range(n)])
        config = TrainConfig(epochs=1, batch_size=16, learning_rate=1e-3 / number, seed=number, precision="float32")
        fit_model(model, rows, task=Task("binary", ("no", "yes")), config=config)
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    return fit


def measure(repeats: int = 1) -> list[Row]:
    """The row of the table; it is measured once, whatever `repeats` is."""
    seconds, memory = [], []
    with Side(__file__, "fits") as side:
        for _ in range(FITS):
            seconds.append(side.run())
            memory.append(side.answer)
    return [Row(f"memory after {FITS} small fits", "after the tenth", 1.05, memory[-1] / memory[9], at_most=True,
                detail=f"{memory[-1]:,.0f} and {memory[9]:,.0f} MB; first fit {seconds[0]:.1f} s, "
                       f"then {statistics.median(seconds[1:]):.2f} s")]


if __name__ == "__main__":
    main(measure)

"""Predicting 10,000 to 2,000,000 short rows of a data.table in R: rows per second, and peak memory.

Rows have nine to twelve tokens and are all different; the model has two layers of width 128, so that the overhead of
the package per row dominates. Each size runs in its own R process; its peak includes R, Python and TensorFlow.

Run: bench/scale.py
"""

from __future__ import annotations

import statistics

from harness import SCRATCH, Row, RSide, Side, main, sized

SIZES = (10_000, 100_000, 1_000_000, 2_000_000)
SHARE = sized(1, 1000)  # of each size, one in so many rows
TRIED = {"cost of a row at 2,000,000 rows": (
    "in a profile of a quiet run, at 100,000 rows as at 2,000,000, 93 to 95% are the network itself and 2.5% "
    "tokenizing; the rest finds equal texts and makes R's vectors. Sizes are measured minutes apart: other work shows"
    " as growth.")}


def make_small(folder: str):
    """A fitted model of two layers of width 128."""
    from bertfit.checkpoints import registry
    from bertfit.config.head import HeadConfig
    from bertfit.config.task import Task
    from bertfit.model import persist
    from bertfit.model.fresh import fresh_model

    vocabulary = registry.folder(registry.find("minilm-l6-uncased")) / "vocab.txt"

    def make() -> None:
        model = fresh_model("bert-tiny-uncased", str(vocabulary), seed=0)
        model.add_head(Task("binary", ("no", "yes")), HeadConfig(), 0)
        model.record = {"max_len": 128, "columns": {"text": ["text"], "target": ["y"]}}
        persist.save(model, folder, overwrite=True)

    return make


def measure(repeats: int = 5) -> list[Row]:
    """The two rows of the table. Each size is measured once, except the smallest, which is measured `repeats` times."""
    folder = SCRATCH / "small"
    with Side(__file__, "make_small", str(folder)) as side:
        side.run()
    rate, peak = {}, {}
    for size in SIZES:
        with RSide("scale.R", str(folder)) as side:
            side.run("2000")
            rows = size // SHARE
            rate[size] = rows / statistics.median(side.run(str(rows)) for _ in range(repeats if size < 10**5 else 1))
            peak[size] = side.peak
    rates = ", ".join(f"{size:,}: {rate[size]:,.0f}" for size in SIZES)
    peaks = ", ".join(f"{size:,}: {peak[size]:,.0f}" for size in SIZES)
    return [
        Row("cost of a row at 2,000,000 rows", "at 100,000 rows", 1.1, rate[100_000] / rate[2_000_000], at_most=True,
            detail=f"rows/s at {rates}"),
        Row("peak memory of predicting 2,000,000 rows from R", "", 3.0, peak[2_000_000] / 1024, at_most=True, unit="GB",
            detail=f"MB at {peaks}"),
    ]


if __name__ == "__main__":
    main(measure)

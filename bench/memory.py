"""Peak memory of fine-tuning BERT-base, batch 16, length 128, in bfloat16: bertfit against PyTorch.

The sides are those of train_step.py, each in a fresh process that takes four steps. Measured is the peak resident size
of the process, as the median over several processes, which alternate between the sides.

Run: bench/memory.py [repeats]
"""

from __future__ import annotations

import statistics

import train_step
from harness import Row, Side, main
from models import base


def measure(repeats: int = 5) -> list[Row]:
    """The row of the table."""
    base()  # made once, before the sides start
    peaks: dict[str, list[float]] = {"bertfit": [], "pytorch": []}
    for _ in range(repeats):
        for name, values in peaks.items():
            with Side(train_step.__file__, name, "bfloat16") as side:
                side.run()
                side.run()
                values.append(side.peak)
    ours, theirs = (statistics.median(values) for values in peaks.values())
    return [Row("peak memory of fine-tuning, bfloat16, 16 x 128", "PyTorch bfloat16", 1.0, ours / theirs, at_most=True,
                detail=f"{ours:,.0f} and {theirs:,.0f} MB")]


if __name__ == "__main__":
    main(measure)

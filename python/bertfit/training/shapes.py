"""To which lengths a training run pads its batches, and whether kernels are compiled for them.

A compiled kernel (see `kernels`) serves one shape of batch and costs time when it first meets one. With few lengths
a run compiles little and pads much, with many the other way round; a short run had better not compile at all.
`plan_shapes` estimates each and takes the cheapest. Prediction never compiles: what lies between the products without
gradients is too little to pay for it. Works on lengths alone (NumPy; no TensorFlow).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from bertfit.config import BertConfig
from bertfit.network import STEP, padded_length

#: Seconds that all kernels of one shape take to compile.
COMPILE_SECONDS = 1.5

#: Seconds per token, layer and unit of width that operations between matrix products take, plain and compiled.
#: Measured on training steps of MiniLM and BERT-base on two cores, like the other two.
PLAIN_SECONDS, COMPILED_SECONDS = 8e-8, 2e-8

#: Multiplications and additions per second of matrix products.
PRODUCT_RATE = 3.5e11


@dataclasses.dataclass(frozen=True)
class Shapes:
    """Padded lengths of a run's batches.

    Args:
        lengths: The lengths in tokens, ascending; None for any multiple of `bucket.STEP`.
        limit: Longest length that there may be.
        compiled: Whether kernels are compiled. Batches of one length then have one number of rows too.
    """

    lengths: tuple[int, ...] | None
    limit: int
    compiled: bool = False

    def padded(self, longest: int) -> int:
        """The length to which a batch is padded whose longest row has `longest` tokens."""
        if self.lengths is None:
            return padded_length(np.array([longest]), self.limit)
        return next(length for length in self.lengths if length >= longest)


def plan_shapes(longest: np.ndarray, rows: int, limit: int, config: BertConfig,
                possible: Callable[[], bool] = lambda: True) -> Shapes:
    """The lengths that make a run take the least time, by estimate.

    Args:
        longest: Tokens of the longest row of every batch that the run will see, [n].
        rows: Rows per batch.
        limit: Longest length that there may be.
        config: Sizes of the encoder.
        possible: Says whether kernels can be compiled at all; asked only where it would pay.

    >>> config = BertConfig(30522)
    >>> plan_shapes(np.full(500, 61), 32, 512, config)
    Shapes(lengths=(64,), limit=512, compiled=True)
    >>> plan_shapes(np.full(1, 61), 32, 512, config).compiled
    False
    """
    plain = Shapes(None, limit)
    if len(longest) == 0:
        return plain
    own = np.array([plain.padded(int(value)) for value in longest])
    lengths, which = np.unique(own, return_inverse=True)
    count = rows * np.bincount(which)  # rows per length
    before, after = (_seconds_per_token(config, between) for between in (PLAIN_SECONDS, COMPILED_SECONDS))
    cost, chosen = _cheapest(lengths, count, after, COMPILE_SECONDS)
    if cost >= float(lengths @ count) * before or not possible():
        return plain
    return Shapes(tuple(int(length) for length in lengths[chosen]), limit, True)


def plan_fixed(length: int, batches: int, rows: int, config: BertConfig,
               possible: Callable[[], bool] = lambda: True) -> Shapes:
    """As `plan_shapes`, for training on rows that nearly all have `length` tokens."""
    plan = plan_shapes(np.full(batches, length), rows, length, config, possible)
    if not plan.compiled:
        return plan
    quarters = {min(-(-length * part // (4 * STEP)) * STEP, length) for part in (1, 2, 3, 4)}
    return dataclasses.replace(plan, lengths=tuple(sorted(quarters)))


def _seconds_per_token(config: BertConfig, between: float) -> float:
    width, layers = config.hidden_size, config.num_hidden_layers
    weights = layers * (4 * width * config.num_attention_heads * config.attention_head_size
                        + 2 * width * config.intermediate_size)
    return 6 * weights / PRODUCT_RATE + between * layers * width


def _cheapest(lengths: np.ndarray, count: np.ndarray, token: float, shape: float) -> tuple[float, list[int]]:
    """Which of the ascending lengths to keep, others being padded to the next that is kept (dynamic programming).

    Returns:
        The seconds that it takes, and the places of the lengths kept.
    """
    before = np.concatenate([[0.0], np.cumsum(count)])
    best = [(0.0, [])]  # for the first k lengths
    for end in range(1, len(lengths) + 1):
        options = [
            best[start][0] + (before[end] - before[start]) * int(lengths[end - 1]) * token + shape
            for start in range(end)
        ]
        start = int(np.argmin(options))
        best.append((options[start], [*best[start][1], end - 1]))
    return float(best[-1][0]), best[-1][1]

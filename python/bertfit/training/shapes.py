"""The lengths to which a training run pads its batches, and whether kernels are compiled for them.

A compiled kernel (see `network.kernels`) works for one batch shape and takes time to compile. With few lengths a run
compiles little and pads much, with many the reverse; for a short run compiling does not pay. `plan_shapes` estimates
the time of every choice and takes the fastest. Prediction never compiles: without gradients, operations between matrix
products take too little time for it to pay. Uses NumPy, not TensorFlow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from bertfit.config import BertConfig
from bertfit.network import STEP, padded_length

#: Seconds to compile all kernels for one shape.
COMPILE_SECONDS = 1.5

#: Seconds per token, layer and unit of width of the operations between matrix products, plain and compiled.
#: Measured, as the other two, on training steps of MiniLM and BERT-base on two cores.
PLAIN_SECONDS, COMPILED_SECONDS = 8e-8, 2e-8

#: Multiplications and additions per second of matrix products.
PRODUCT_RATE = 3.5e11

#: Most bytes of a batch in a training step. A larger batch is computed in parts, whose gradients are summed.
MOST_BYTES = 6 * 2**30


@dataclasses.dataclass(frozen=True)
class Shapes:
    """Padded lengths of a run's batches.

    Args:
        lengths: The lengths in tokens, ascending; None for any multiple of `network.STEP`.
        limit: Maximum length in tokens.
        compiled: Whether kernels are compiled. All batches then have the same number of rows, too.
    """

    lengths: tuple[int, ...] | None
    limit: int
    compiled: bool = False

    def padded(self, longest: int) -> int:
        """The padded length of a batch whose longest row has `longest` tokens."""
        if self.lengths is None:
            return padded_length(np.array([longest]), self.limit)
        return next(length for length in self.lengths if length >= longest)


def plan_shapes(longest: np.ndarray, rows: int, limit: int, config: BertConfig,
                possible: Callable[[], bool] = lambda: True) -> Shapes:
    """The lengths for which the estimated time of a run is least.

    Args:
        longest: Tokens of the longest row of every batch of the run, [n].
        rows: Rows per batch.
        limit: Maximum length in tokens.
        config: Sizes of the encoder.
        possible: Returns whether kernels can be compiled; called only if compiling would pay.

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
    """`plan_shapes` for rows that nearly all have `length` tokens; shorter batches are padded to quarters of it."""
    plan = plan_shapes(np.full(batches, length), rows, length, config, possible)
    if not plan.compiled:
        return plan
    quarters = {min(-(-length * part // (4 * STEP)) * STEP, length) for part in (1, 2, 3, 4)}
    return dataclasses.replace(plan, lengths=tuple(sorted(quarters)))


def batch_bytes(rows: int, length: int, config: BertConfig) -> int:
    """The memory that a training step takes for a batch, beside the weights: what the gradients need of every layer.

    Measured in float32 without compiled kernels, which is the most; with them in bfloat16 it is about half.
    """
    wide = (9 if config.gated_feed_forward else 6) * config.intermediate_size
    scores = (13 if config.talking_heads else 5) * config.num_attention_heads * length  # mixed ones are kept, too
    per_token = 4 * (9 * config.hidden_size + wide) + scores
    return rows * length * config.num_hidden_layers * per_token


def rows_in_memory(rows: int, length: int, config: BertConfig) -> int:
    """The rows of each part of a batch of `rows` that are padded to `length`: all, if they take at most `MOST_BYTES`.

    >>> base = BertConfig(30522)
    >>> rows_in_memory(32, 128, base), rows_in_memory(32, 512, base), rows_in_memory(1000, 128, base)
    (32, 7, 38)
    """
    parts = min(rows, -(-batch_bytes(rows, length, config) // MOST_BYTES))
    return -(-rows // parts)


def _seconds_per_token(config: BertConfig, between: float) -> float:
    """Estimated seconds per token of a training step; `between` is `PLAIN_SECONDS` or `COMPILED_SECONDS`."""
    width, layers = config.hidden_size, config.num_hidden_layers
    weights = layers * (4 * width * config.num_attention_heads * config.attention_head_size
                        + (3 if config.gated_feed_forward else 2) * width * config.intermediate_size)
    return 6 * weights / PRODUCT_RATE + between * layers * width


def _cheapest(lengths: np.ndarray, count: np.ndarray, token: float, shape: float) -> tuple[float, list[int]]:
    """Which of the ascending lengths to keep; others are padded to the next one kept (dynamic programming).

    Args:
        lengths: Padded lengths in tokens, [n].
        count: Rows of each length, [n].
        token: Seconds per token.
        shape: Seconds per length that is kept.

    Returns:
        The estimated seconds, and the indices of the lengths kept.
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

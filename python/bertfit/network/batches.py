"""Assigns rows to batches of similar length, so that little padding is needed.

The input is lengths only (NumPy; no TensorFlow). A batch is padded to a multiple of `STEP` tokens, which keeps the
number of different shapes small.
"""

from __future__ import annotations

import numpy as np

#: Batches are padded to multiples of this many tokens.
STEP = 8

#: Number of batches whose rows are sorted by length together; larger means less padding, but less random batches.
POOL = 50


def padded_length(lengths: np.ndarray, limit: int) -> int:
    """The length [tokens] to which a batch with these row lengths is padded, at most `limit`.

    >>> padded_length(np.array([5, 9]), 512), padded_length(np.array([5, 9]), 12)
    (16, 12)
    """
    longest = int(np.max(lengths, initial=1))
    return min(-(-longest // STEP) * STEP, limit)


def training_batches(lengths: np.ndarray, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """The batches of one epoch, in random order: each row once, `batch_size` rows per batch (one may be smaller).

    Rows are shuffled, taken `POOL` batches at a time, sorted by length within such a pool and split into
    batches. The order of all batches is then shuffled, so that lengths do not rise or fall over the epoch.

    Args:
        lengths: Tokens per row, [n].
        batch_size: Rows per batch.
        rng: Random generator that determines the order.

    Returns:
        ceil(n / batch_size) arrays of row numbers.

    >>> batches = training_batches(np.array([5, 9, 3, 7, 5]), 2, np.random.default_rng(0))
    >>> sorted(np.concatenate(batches).tolist()), sorted(map(len, batches))
    ([0, 1, 2, 3, 4], [1, 2, 2])
    """
    order = rng.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), batch_size * POOL):
        pool = order[start : start + batch_size * POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def inference_batches(lengths: np.ndarray, token_budget: int, limit: int) -> list[np.ndarray]:
    """Batches of rows sorted by length, each of at most `token_budget` tokens, padding included.

    Args:
        lengths: Tokens per row, [n].
        token_budget: Tokens per batch; a single row may be longer.
        limit: Longest length in tokens to which a batch is padded.

    Returns:
        Arrays of row numbers, longest rows first: if memory is too small, the first batch fails, not the last.

    >>> [batch.tolist() for batch in inference_batches(np.array([3, 20, 4, 8]), 24, 512)]
    [[1], [3, 2, 0]]
    """
    order = np.argsort(-np.asarray(lengths), kind="stable")
    batches, start = [], 0
    while start < len(order):
        rows = max(1, token_budget // padded_length(lengths[order[start]], limit))
        batches.append(order[start : start + rows])
        start += rows
    return batches


def filled(array: np.ndarray, rows: int) -> np.ndarray:
    """`array` padded with rows of zeros to `rows` rows; unchanged if it has as many.

    >>> filled(np.array([[1, 2]]), 2).tolist()
    [[1, 2], [0, 0]]
    """
    missing = rows - len(array)
    return np.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1)) if missing > 0 else array

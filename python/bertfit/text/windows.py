"""Texts longer than a model's input, as rows that it can read: their head and tail, or windows over all of them.

Both take the tokens of whole texts, an `Encoding` without a limit, and choose slices of them by index arithmetic,
without a loop over rows. What a model computes for each window is pooled by `pooled`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertfit.config import LongText
from bertfit.text.encoding import Encoding, check_max_len, truncated_pair_lengths
from bertfit.text.wordpiece import positions

#: Of 510 tokens Sun et al. (2019) keep the first 128 and the last 382.
_HEAD, _HEAD_AND_TAIL = 128, 510

Slices = Sequence[tuple[np.ndarray, np.ndarray]]


def shortened(encoding: Encoding, max_len: int, long: LongText) -> Encoding:
    """Whole texts (or pairs) as rows of at most `max_len` tokens, special tokens included.

    With "head_tail", a longer text keeps its first 128/510 of the tokens that there is room for (rounded to the nearest
    whole number, halves up) and as many of its last as the rest; of a pair, each text keeps as many tokens as
    truncation leaves it.

    With "windows", a text becomes one row or several: windows that all begin with [CLS] and end with [SEP]. The first
    begins with the text, each next one `stride` tokens before the end of the last, and the last ends with the text, and
    so may be shorter: the rows that transformers' tokenizers return as overflowing tokens. Of a pair, the longer text
    is cut into windows, and the other is in every one of them; it keeps at most half of the room, and two windows share
    at most half of theirs.

    Args:
        encoding: Tokens of whole texts: from `Tokenizer.encode` without `max_len`.
        max_len: Most tokens of a row.
        long: How longer texts are read; `Encoding.truncated_to` is for those that are truncated.

    Returns:
        The rows. `truncated` says of each text whether tokens of it are in no row. If a text has several rows, `owners`
        is set.

    Raises:
        ArgumentError: `max_len` is not a whole number of at least 3, or has no room for a pair's special tokens, or
            `stride` is too large for it.
    """
    form = encoding.pair_form
    max_len = check_max_len(max_len, 2 + form.separators if encoding.segments.any() else 3)
    overlap = long.overlap(max_len) if long.long_text == "windows" else 0
    if int(encoding.lengths.max(initial=0)) <= max_len:
        return encoding
    starts, lengths = encoding.splits[:-1], encoding.lengths
    of_pair = np.diff(np.concatenate([[0], np.cumsum(encoding.segments)])[encoding.splits])  # 0, or pair and its [SEP]
    between = np.where(of_pair > 0, form.separators, 0)
    second = np.maximum(of_pair - 1, 0)
    first = lengths - 2 - between - second
    room = max_len - 2 - between
    at_first, at_second = starts + 1, starts + 1 + first + between
    if long.long_text == "windows":
        owners, truncated, of_first, of_second = _windows(first, second, room, overlap, of_pair > 0)
    else:
        kept = truncated_pair_lengths(first, second, room, form.odd_to_longer)
        owners, truncated = np.arange(len(first)), sum(kept) < first + second
        of_first, of_second = _ends(first, kept[0]), _ends(second, kept[1])

    def placed(slices: Slices, at: np.ndarray) -> Slices:
        return [(at[owners] + begin, length) for begin, length in slices]

    ones = np.ones(len(owners), np.int64)
    slices = [(starts[owners], ones), *placed(of_first, at_first), ((at_first + first)[owners], between[owners]),
              *placed(of_second, at_second), ((starts + lengths - 1)[owners], ones)]
    begins, sizes = (np.stack(column, axis=1) for column in zip(*slices, strict=True))  # [rows, slices]
    source = positions(begins.reshape(-1), sizes.reshape(-1))
    splits = np.concatenate([[0], np.cumsum(sizes.sum(axis=1))])
    several = owners if len(owners) > len(encoding) else None
    truncated = encoding.truncated | truncated
    return Encoding(encoding.ids[source], encoding.segments[source], splits, truncated, form, several)


def _ends(full: np.ndarray, kept: np.ndarray) -> Slices:
    """Head and tail of texts of `full` tokens, of which `kept` stay, [n] each."""
    head = np.where(kept < full, (2 * _HEAD * kept + _HEAD_AND_TAIL) // (2 * _HEAD_AND_TAIL), kept)
    tail = kept - head
    return [(np.zeros_like(head), head), (full - tail, tail)]


def _windows(first: np.ndarray, second: np.ndarray, room: np.ndarray, overlap: int, paired: np.ndarray):
    """Windows of rows that have `first` and `second` tokens and `room` for both, [n] each.

    Returns:
        The row of each window, [windows]; whether a row loses tokens, [n]; and the slices of each text in the windows.
    """
    cut_second = second > first
    full, other = np.maximum(first, second), np.minimum(first, second)
    kept = np.minimum(other, room // 2)
    size = room - kept  # tokens of the longer text in a window
    step = np.maximum(size - np.where(paired, np.minimum(overlap, size // 2), overlap), 1)
    several = (full > size) & (size > 0)
    count = np.where(several, 1 - (size - full) // step, 1)  # 1 and as many steps, rounded up, as pass what is left
    owners = np.repeat(np.arange(len(first)), count)
    begin = positions(np.zeros_like(count), count) * step[owners]
    length = np.minimum(size[owners], full[owners] - begin)
    window, whole = (begin, length), (np.zeros_like(begin), kept[owners])
    by_row = cut_second[owners]
    of_first, of_second = ([tuple(np.where(by_row, b, a) for a, b in zip(*order, strict=True))]
                           for order in ((window, whole), (whole, window)))
    return owners, (kept < other) | ((size == 0) & (full > 0)), of_first, of_second


def window_counts(encoding: Encoding) -> np.ndarray | None:
    """The number of rows of every text, int64 [texts]; None if each has one."""
    return None if encoding.owners is None else np.bincount(encoding.owners, minlength=len(encoding.truncated))


def pooled(values: np.ndarray, encoding: Encoding, pooling: str) -> np.ndarray:
    """The "mean" or "max" of each text's rows.

    Args:
        values: [rows, K], in the order of the rows of `encoding`.
        encoding: The rows, of which a text may have several.
        pooling: "mean" or "max".

    Returns:
        [texts, K]; `values` itself if each text has one row.

    >>> rows = Encoding(np.arange(3), np.zeros(3), np.arange(4), np.array([False, False]), owners=np.array([0, 0, 1]))
    >>> pooled(np.array([[1.0], [3.0], [5.0]]), rows, "mean").tolist()
    [[2.0], [5.0]]
    """
    counts = window_counts(encoding)
    if counts is None:
        return values
    starts = np.cumsum(counts) - counts
    if pooling == "max":
        return np.maximum.reduceat(values, starts, axis=0)
    return (np.add.reduceat(values, starts, axis=0, dtype=np.float64) / counts[:, None]).astype(values.dtype)

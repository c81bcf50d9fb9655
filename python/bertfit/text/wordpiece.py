"""Texts to vocabulary ids, without special tokens: the exact way.

`Exact` normalises with `bertfit.normalize` and cuts each word into pieces itself. It takes any text and
needs no TensorFlow; `bertfit.fast_text` is the quick way for the texts it can prove alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertfit.text.normalize import words
from bertfit.text.vocabulary import Vocabulary

LONGEST_WORD = 200  # characters; Google calls longer words unknown
CHARS_PER_TOKEN = 6  # first guess of how much text gives enough tokens; on too few, twice as much is read
_MEMO_WORDS = 200_000  # words remembered by an `Exact`: some 30 MB


class Exact:
    """Google's FullTokenizer: greedy longest-match-first pieces, one [UNK] for a word that cannot be cut.

    Args:
        vocabulary: The tokens.
    """

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary
        self._longest = max(map(len, vocabulary.ids))
        self._memo: dict[str, tuple[int, ...]] = {}

    def cut(self, word: str) -> list[tuple[int, int, int]]:
        """The pieces of a normalised word as (id, start, end), places in the word's characters."""
        ids, length = self.vocabulary.ids, len(word)
        pieces, start = [], 0
        if length > LONGEST_WORD:
            return [(self.vocabulary.unk_id, 0, length)]
        while start < length:
            prefix = "##" if start else ""
            end = min(length, start + self._longest)
            while end > start and prefix + word[start:end] not in ids:
                end -= 1
            if end == start:
                return [(self.vocabulary.unk_id, 0, length)]
            pieces.append((ids[prefix + word[start:end]], start, end))
            start = end
        return pieces

    def _word_ids(self, word: str) -> tuple[int, ...]:
        found = self._memo.get(word)
        if found is None:
            if len(self._memo) >= _MEMO_WORDS:
                self._memo.clear()
            self._memo[word] = found = tuple(piece[0] for piece in self.cut(word))
        return found

    def __call__(self, texts: Sequence[str], enough: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Ids of all rows one behind the other, and how many each has: int32 [sum], int64 [n].

        Args:
            texts: The texts.
            enough: Ids a row needs at most: a row has all its ids, or at least its first `enough` ones.
        """
        lower_case, word_ids = self.vocabulary.lower_case, self._word_ids
        flat: list[int] = []
        ends = np.zeros(len(texts) + 1, np.int64)
        for row, text in enumerate(texts, start=1):
            size = len(text) if enough is None else max(32, enough * CHARS_PER_TOKEN)
            begun = len(flat)
            while True:
                start = beginning(text, size)
                for word in words(start, lower_case):
                    flat += word_ids(word)
                if len(start) == len(text) or len(flat) - begun >= enough:
                    break
                del flat[begun:]
                size *= 2
            ends[row] = len(flat)
        return np.array(flat, np.int32), np.diff(ends)


def beginning(text: str, size: int) -> str:
    """The text up to its last space within `size` characters, or the whole text if it has none there.

    A space ends a word whatever follows, so a beginning's tokens are the text's first tokens.
    """
    return text if len(text) <= size else text[: text.rfind(" ", 0, size) + 1] or text


def positions(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Where the elements of slices lie: starts[0], starts[0] + 1, ... (lengths[0] of them), then slice 1, ...

    Args:
        starts, lengths: int64 [n].

    Returns:
        int64 [sum of lengths].
    """
    before = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)


def gather(parts: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids and counts of rows 0 to n - 1 from parts (row numbers, ids, counts) that together have each row once."""
    counts = np.zeros(n, np.int64)
    for rows, _, part_counts in parts:
        counts[rows] = part_counts
    starts = np.cumsum(counts) - counts
    ids = np.empty(int(counts.sum()), np.int32)
    for rows, part_ids, part_counts in parts:
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows):  # rows that follow each other (parts are in order)
            ids[starts[rows[0]] : starts[rows[0]] + len(part_ids)] = part_ids
        else:
            ids[positions(starts[rows], part_counts)] = part_ids
    return ids, counts

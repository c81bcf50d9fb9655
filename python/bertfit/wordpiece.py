"""Texts to vocabulary ids, without special tokens: the exact way.

`Exact` normalises with `bertfit.normalize` and cuts each word into pieces itself. It takes any text and
needs no TensorFlow; `bertfit.fast_text` is the quick way for the texts it can prove alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertfit.normalize import words
from bertfit.vocab import Vocabulary

LONGEST_WORD = 200  # characters; Google calls longer words unknown
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

    def __call__(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Ids of all rows one behind the other, and how many each row has: int32 [sum], int64 [n]."""
        lower_case, word_ids = self.vocabulary.lower_case, self._word_ids
        flat: list[int] = []
        ends = np.zeros(len(texts) + 1, np.int64)
        for row, text in enumerate(texts, start=1):
            for word in words(text, lower_case):
                flat += word_ids(word)
            ends[row] = len(flat)
        return np.array(flat, np.int32), np.diff(ends)

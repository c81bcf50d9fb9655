"""WordPiece ids of texts, without special tokens, exactly as Google's tokenizer gives them.

`Exact` takes words from `text.normalize` and splits each into pieces. It handles any text and needs no TensorFlow;
`text.fast_wordpiece` is faster, for the texts where it provably gives the same ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bertfit.system import interrupts
from bertfit.text.normalize import words
from bertfit.text.vocabulary import Vocabulary

LONGEST_WORD = 200  # characters; Google maps longer words to [UNK]
CHARS_PER_TOKEN = 6  # characters read at first per token needed; twice as many if they give too few tokens
_MEMO_WORDS = 200_000  # words that an `Exact` caches: about 30 MB


class Exact:
    """Google's FullTokenizer: greedy longest-match-first pieces, and one [UNK] for a word that has none.

    Args:
        vocabulary: The tokens.
    """

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary
        self._longest = max(map(len, vocabulary.ids))
        self._memo: dict[str, tuple[int, ...]] = {}

    def cut(self, word: str) -> list[tuple[int, int, int]]:
        """Split a normalised word into pieces (id, start, end), which are the characters word[start:end]."""
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
        """Token ids of all texts, concatenated, and the number of ids of each: int32 [sum], int64 [n].

        Args:
            texts: The texts.
            enough: Ids needed per text: a text gives all its ids, or at least its first `enough`. None for all.
        """
        lower_case, word_ids = self.vocabulary.lower_case, self._word_ids
        flat: list[int] = []
        ends = np.zeros(len(texts) + 1, np.int64)
        for row, text in enumerate(texts, start=1):
            interrupts.check()
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

    A space ends a word whatever follows, so the tokens of the beginning are the first tokens of the text.

    >>> beginning("one two three", 9)
    'one two '
    """
    return text if len(text) <= size else text[: text.rfind(" ", 0, size) + 1] or text


def positions(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Indices of the elements of slices: starts[0], starts[0] + 1, ... (lengths[0] of them), then those of slice 1, ...

    Args:
        starts, lengths: int64 [n].

    Returns:
        int64 [sum of lengths].

    >>> positions(np.array([5, 0]), np.array([2, 1])).tolist()
    [5, 6, 0]
    """
    before = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)


def gather(parts: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Merge parts (row numbers, ids, counts), which together have each of n rows once, into ids and counts by row."""
    counts = np.zeros(n, np.int64)
    for rows, _, part_counts in parts:
        counts[rows] = part_counts
    starts = np.cumsum(counts) - counts
    ids = np.empty(int(counts.sum()), np.int32)
    for rows, part_ids, part_counts in parts:
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows):  # consecutive rows (those of a part are in order)
            ids[starts[rows[0]] : starts[rows[0]] + len(part_ids)] = part_ids
        else:
            ids[positions(starts[rows], part_counts)] = part_ids
    return ids, counts


def from_beginnings(encode: Callable, shorten: Callable[[str, int], str], texts: Sequence[str],
                    enough: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Token ids of texts of which only beginnings are tokenized: longer ones, until they give enough ids.

    Args:
        encode: From texts to their ids, concatenated, and the number of ids of each.
        shorten: From a text and a number of characters to a beginning whose ids are the first of the text.
        texts: The texts.
        enough: Ids needed per text: a text gives all its ids, or at least its first `enough`. None for all.

    Returns:
        As `encode`, int32 [sum] and int64 [n].
    """
    if enough is None:
        return encode(list(texts))
    rows, parts, size = np.arange(len(texts)), [], max(32, enough * CHARS_PER_TOKEN)
    while len(rows):
        block = [texts[row] for row in rows]
        cut = [shorten(text, size) for text in block]
        ids, counts = encode(cut)
        whole = np.fromiter((len(a) == len(b) for a, b in zip(cut, block, strict=True)), bool, len(rows))
        done = whole | (counts >= enough)
        starts = np.cumsum(counts) - counts
        parts.append((rows[done], ids[positions(starts[done], counts[done])], counts[done]))
        rows, size = rows[~done], size * 2
    return gather(parts, len(texts))

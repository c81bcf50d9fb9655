"""Sentence pairs for BERT's next sentence prediction: does B follow A, or does it come from another document?

Google's recipe (create_pretraining_data.py): the sentences of a document are collected until they fill a row.
The first of them, a random number, are A. B is the rest or, half of the time, sentences of another document, and then
the rest is used for the next row. A row that is too long loses tokens of its longer side, one at a time from the
front or the back. A shorter target length is drawn for some passes through a document.

Everything is index arithmetic on one flat array of token ids: each step makes one row of every document, so there is
no loop over sentences or rows. Does not read texts or mask tokens.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from bertfit.text import truncated_pair_lengths


@dataclasses.dataclass(frozen=True, eq=False)
class Documents:
    """Tokenized documents. No sentence and no document is empty.

    Args:
        tokens: int32 [T]; ids without special tokens.
        sentences: int64 [S + 1]; sentence s is tokens[sentences[s]:sentences[s + 1]].
        documents: int64 [D + 1]; document d is the sentences documents[d] to documents[d + 1] - 1.
    """

    tokens: np.ndarray
    sentences: np.ndarray
    documents: np.ndarray

    @classmethod
    def without_empty(cls, tokens: np.ndarray, token_counts: np.ndarray, sentence_counts: np.ndarray) -> Documents:
        """Make it from the tokens per sentence and sentences per document, leaving out empty ones."""
        full = token_counts > 0
        kept = np.add.reduceat(np.append(full, False), np.cumsum(sentence_counts) - sentence_counts, dtype=np.int64)
        kept = kept[: len(sentence_counts)] * (sentence_counts > 0)
        return cls(tokens, _splits(token_counts[full]), _splits(kept[kept > 0]))

    def __len__(self) -> int:
        return len(self.documents) - 1


def _splits(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


@dataclasses.dataclass(frozen=True, eq=False)
class Pairs:
    """Which tokens make up each row.

    Args:
        first, first_len: int64 [n]; A is `Documents.tokens[first:first + first_len]`.
        second, second_len: int64 [n]; B likewise.
        random_next: bool [n]; whether B comes from another document.
        shortened: Number of truncated rows.
    """

    first: np.ndarray
    first_len: np.ndarray
    second: np.ndarray
    second_len: np.ndarray
    random_next: np.ndarray
    shortened: int

    def __len__(self) -> int:
        return len(self.first)


def draw_pairs(data: Documents, max_len: int, short_seq_prob: float, passes: int, rng: np.random.Generator,
               walked: int | None = None, separators: int = 1) -> Pairs:
    """The rows of a block of documents, in random order.

    Args:
        data: At least two documents.
        max_len: Tokens of a row, special ones included; at least 4 and the `separators`.
        short_seq_prob: Probability that a pass through a document has a random target length, 2 to max_len - 3,
            rather than the longest.
        passes: Passes through each document.
        rng: Random generator.
        walked: Only the first `walked` documents give rows, the others only provide random B; None for all.
        separators: [SEP] between A and B.
    """
    n = (len(data) if walked is None else walked) * passes
    room = max_len - 2 - separators  # [CLS], the [SEP] between and the last one
    sentences, documents = data.sentences, data.documents
    own = np.tile(np.arange(n // passes), passes)  # document of each walk
    target = np.where(rng.random(n) < short_seq_prob, rng.integers(2, room + 1, n), room)
    at, end = documents[own], documents[own + 1]
    found: list[np.ndarray] = []
    while len(at):
        # The chunk is sentences at .. stop - 1: as many as reach the target length, or all that are left.
        stop = np.searchsorted(sentences, sentences[at] + target)
        stop = np.minimum(stop, end)
        size = stop - at
        middle = at + 1 + (rng.random(len(at)) * (size - 1)).astype(np.int64)  # where B begins; at + 1 when size is 1
        random_next = (size == 1) | (rng.random(len(at)) < 0.5)
        other = (rng.random(len(at)) * (len(data) - 1)).astype(np.int64)
        other += other >= own
        there = documents[other]
        there = there + (rng.random(len(at)) * (documents[other + 1] - there)).astype(np.int64)
        wanted = np.maximum(target - (sentences[middle] - sentences[at]), 1)
        behind = np.minimum(np.searchsorted(sentences, sentences[there] + wanted), documents[other + 1])
        begin_b = np.where(random_next, there, middle)
        end_b = np.where(random_next, behind, stop)
        found.append(np.stack([sentences[at], sentences[middle], sentences[begin_b], sentences[end_b], random_next]))
        at = np.where(random_next, middle, stop)  # sentences that a random B replaced are used next
        going = at < end
        at, end, own, target = at[going], end[going], own[going], target[going]
    rows = np.concatenate(found, axis=1)[:, :]
    rows = rows[:, rng.permutation(rows.shape[1])]
    return _shortened(rows, room, rng)


def _shortened(rows: np.ndarray, room: int, rng: np.random.Generator) -> Pairs:
    a, a_end, b, b_end, random_next = rows
    full_a, full_b = a_end - a, b_end - b
    keep_a, keep_b = truncated_pair_lengths(full_a, full_b, room)
    # Each token is removed from the front or the back with equal chance: the front's number is binomial.
    first = a + rng.binomial(full_a - keep_a, 0.5)
    second = b + rng.binomial(full_b - keep_b, 0.5)
    lost = int(np.count_nonzero(full_a + full_b > room))
    return Pairs(first, keep_a, second, keep_b, random_next.astype(bool), lost)


def fill_rows(data: Documents, pairs: Pairs, rows: slice, max_len: int,
              special: tuple[int, int, int], separators: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows "[CLS] A [SEP] B [SEP]" as matrices, with as many [SEP] in the middle as `separators`.

    Args:
        data, pairs: Argument and result of `draw_pairs`.
        rows: The rows of `pairs` to make, n.
        max_len: Columns, L.
        special: Ids of [PAD], [CLS] and [SEP].
        separators: [SEP] between A and B.

    Returns:
        ids int32 [n, L]; segments bool [n, L], true for B and the [SEP] after it; lengths int64 [n].
    """
    pad, cls, sep = special
    a, b = pairs.first[rows, None], pairs.second[rows, None]
    a_len, b_len = pairs.first_len[rows, None], pairs.second_len[rows, None]
    column = np.arange(max_len)
    middle, last = a_len + separators, a_len + b_len + 1 + separators  # the columns of the [SEP] before and after B
    behind = column > middle
    source = column + np.where(behind, b - middle - 1, a - 1)
    # mode="clip": indices under special tokens and padding may be out of range; the values are overwritten below
    ids = data.tokens.take(source, mode="clip")
    row = np.arange(len(ids))
    ids[:, 0] = cls
    for before in range(separators):
        ids[row, middle[:, 0] - before] = sep
    ids[column >= last] = pad
    ids[row, last[:, 0]] = sep
    return ids, behind & (column <= last), last[:, 0] + 1

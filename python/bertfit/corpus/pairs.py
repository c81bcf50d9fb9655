"""Sentence pairs for BERT's second task: does B follow A, or does it come from elsewhere?

Google's recipe (create_pretraining_data.py): a document's sentences are collected until they fill a row;
a random number of them is A; B is the rest or, half the time, sentences of another document, and then the
rest is used for the next row. A row that is too long loses tokens of its longer side, one by one from the
front or the back. A short target length is drawn for some passes through a document.

Everything is index arithmetic on one flat array of token ids: documents are walked in step, one row of each
at a time, so that no loop goes over sentences or rows. No text and no masks here.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from bertfit.text import truncated_pair_lengths

_SPECIALS = 3  # [CLS], [SEP], [SEP]


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
        """From tokens per sentence and sentences per document, leaving out what is empty."""
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
        first, first_len: int64 [n]; A is tokens[first:first + first_len].
        second, second_len: int64 [n]; B likewise.
        random_next: bool [n]; whether B comes from another document.
        shortened: Rows that lost tokens.
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
               walked: int | None = None) -> Pairs:
    """The rows of a block of documents, in random order.

    Args:
        data: At least two documents.
        max_len: Tokens of a row, special ones included; at least 5.
        short_seq_prob: Share of passes through a document with a short target length, 2 to max_len - 3.
        passes: How often each document is gone through.
        rng: Source of chance.
        walked: Only the first `walked` documents give rows; the others only lend their sentences as B.
    """
    n = (len(data) if walked is None else walked) * passes
    room = max_len - _SPECIALS
    sentences, documents = data.sentences, data.documents
    own = np.tile(np.arange(n // passes), passes)  # document of each walk
    target = np.where(rng.random(n) < short_seq_prob, rng.integers(2, room + 1, n), room)
    at, end = documents[own], documents[own + 1]
    found: list[np.ndarray] = []
    while len(at):
        # The chunk: sentences at .. stop - 1, the first that reach the target, or all that are left.
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
        at = np.where(random_next, middle, stop)  # what a foreign B displaced is not lost
        going = at < end
        at, end, own, target = at[going], end[going], own[going], target[going]
    rows = np.concatenate(found, axis=1)[:, :]
    rows = rows[:, rng.permutation(rows.shape[1])]
    return _shortened(rows, room, rng)


def _shortened(rows: np.ndarray, room: int, rng: np.random.Generator) -> Pairs:
    a, a_end, b, b_end, random_next = rows
    full_a, full_b = a_end - a, b_end - b
    keep_a, keep_b = truncated_pair_lengths(full_a, full_b, room)
    # One by one from the front or the back with equal chance: the front's share is binomial.
    first = a + rng.binomial(full_a - keep_a, 0.5)
    second = b + rng.binomial(full_b - keep_b, 0.5)
    lost = int(np.count_nonzero(full_a + full_b > room))
    return Pairs(first, keep_a, second, keep_b, random_next.astype(bool), lost)


def fill_rows(data: Documents, pairs: Pairs, rows: slice, max_len: int,
              special: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows "[CLS] A [SEP] B [SEP]" as matrices.

    Args:
        data, pairs: Of `draw_pairs`.
        rows: Which rows.
        max_len: Columns, L.
        special: Ids of [PAD], [CLS] and [SEP].

    Returns:
        ids int32 [n, L]; segments bool [n, L], true on B and the [SEP] behind it; lengths int64 [n].
    """
    pad, cls, sep = special
    a, b = pairs.first[rows, None], pairs.second[rows, None]
    a_len, b_len = pairs.first_len[rows, None], pairs.second_len[rows, None]
    column = np.arange(max_len)
    middle, last = a_len + 1, a_len + b_len + 2  # the columns of the two [SEP]
    behind = column > middle
    source = column + np.where(behind, b - a_len - 2, a - 1)
    # mode="clip": special tokens and padding point anywhere and are written over
    ids = data.tokens.take(source, mode="clip")
    row = np.arange(len(ids))
    ids[:, 0] = cls
    ids[row, middle[:, 0]] = sep
    ids[column >= last] = pad
    ids[row, last[:, 0]] = sep
    return ids, behind & (column <= last), last[:, 0] + 1

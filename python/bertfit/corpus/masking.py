"""Choose the tokens of a batch to mask, and what replaces them: BERT's masked language model task.

The rules are Google's (create_pretraining_data.py): of a row of `len` tokens, special ones included,
``min(max_predictions, max(1, round(len * mask_prob)))`` are to be predicted, never [CLS], [SEP] or [PAD].
Of these 80% become [MASK], 10% are left as they are and 10% become a random token of the vocabulary (Google's
code may draw [PAD] too, which attention leaves out; ours does not). Whole batches are masked at once, so the same
function serves files (`corpus.blocks`) and new masks for every batch of a training run (`corpus.data`). Does not
read texts or files.
"""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np

from bertfit.errors import ArgumentError, VocabularyError
from bertfit.text import Vocabulary

_SHARE_MASK, _SHARE_KEPT = 0.8, 0.1  # the rest become random tokens


class Masked(NamedTuple):
    """A batch with masked tokens, and their original ids.

    Args:
        ids: int32 [n, L]; the rows as the encoder reads them.
        positions: int32 [n, P]; columns of the tokens to predict, increasing; 0 where `weights` is 0.
        labels: int32 [n, P]; their original ids; 0 where `weights` is 0.
        weights: float32 [n, P]; 1 for a token to predict, 0 for filling.
    """

    ids: np.ndarray
    positions: np.ndarray
    labels: np.ndarray
    weights: np.ndarray


def default_predictions(max_len: int, mask_prob: float) -> int:
    """Google's recommended `max_predictions` for rows of `max_len` tokens: max_len * mask_prob, rounded up.

    >>> default_predictions(128, 0.15)
    20
    """
    return max(1, math.ceil(max_len * mask_prob - 1e-9))


@dataclasses.dataclass(frozen=True, eq=False)
class MaskRule:
    """How rows of one vocabulary are masked. Make one with `of`.

    Args:
        mask_prob: Share of a row's tokens to predict.
        max_predictions: Most tokens to predict in a row, P.
        mask_id: Id of [MASK].
        vocab_size: Random replacements are drawn from the ids below this, without [PAD].
        never: Ids that are never masked: [PAD], [CLS], [SEP].
        inside: bool [vocab_size]; whether a piece continues the word before it. None masks single pieces.
    """

    mask_prob: float
    max_predictions: int
    mask_id: int
    vocab_size: int
    never: tuple[int, int, int]
    inside: np.ndarray | None = None

    @classmethod
    def of(cls, vocabulary: Vocabulary, mask_prob: float = 0.15, max_predictions: int = 20,
           whole_word: bool = False) -> MaskRule:
        """The rule for a vocabulary.

        Args:
            vocabulary: Of any type, with [MASK] or another mask token.
            mask_prob, max_predictions: See the class.
            whole_word: Mask all pieces of a word or none. Words are drawn in random order, and one that would
                exceed the number of tokens to predict is skipped. Each piece gets its own replacement. Both as in
                Google's code.

        Raises:
            ArgumentError: `mask_prob` is not in (0, 1], or `max_predictions` is below 1.
            VocabularyError: The vocabulary has no [MASK].
        """
        if not 0 < mask_prob <= 1:
            raise ArgumentError("must be above 0 and at most 1.", argument="mask_prob", received=mask_prob)
        if max_predictions < 1:
            raise ArgumentError("must be at least 1.", argument="max_predictions", received=max_predictions)
        if vocabulary.mask_id is None:
            raise VocabularyError("A vocabulary for pretraining must have the token [MASK].",
                                  [f"{vocabulary.name} has {len(vocabulary):,} tokens and no [MASK]."])
        never = (vocabulary.pad_id, vocabulary.cls_id, vocabulary.sep_id)
        inside = continuing_pieces(vocabulary) if whole_word else None
        return cls(mask_prob, max_predictions, vocabulary.mask_id, len(vocabulary), never, inside)


def continuing_pieces(vocabulary: Vocabulary) -> np.ndarray:
    """Which pieces continue the word before them: bool [vocabulary size].

    "##..." in a WordPiece vocabulary; in a SentencePiece or unigram vocabulary every piece without "▁" in front, in a
    byte-level one every piece without "Ġ", which stands for a space there.
    """
    mark = vocabulary.word_mark
    return np.array([token.startswith(mark) == (mark == "##") for token in vocabulary.tokens], bool)


def mask_tokens(ids: np.ndarray, rule: MaskRule, rng: np.random.Generator) -> Masked:
    """Mask tokens of every row.

    Args:
        ids: int32 [n, L]; rows with special tokens, padded with [PAD]. Not changed.
        rule: How many tokens to mask, and which never.
        rng: Random generator; the same state gives the same masks.

    >>> rule = MaskRule(0.15, 2, mask_id=4, vocab_size=10, never=(0, 2, 3))
    >>> masked = mask_tokens(np.array([[2, 5, 6, 7, 3, 0]]), rule, np.random.default_rng(1))
    >>> masked.weights.tolist(), masked.positions[0, 0] in (1, 2, 3), masked.labels[0, 0] in (5, 6, 7)
    ([[1.0, 0.0]], True, True)
    """
    ids = np.ascontiguousarray(ids, np.int32)
    n, length = ids.shape
    pad, cls, sep = rule.never
    real = ids != pad
    open_ = real & (ids != cls) & (ids != sep)  # [n, L]
    # np.rint rounds halves to even, as Python's round() does.
    wanted = np.rint(np.count_nonzero(real, axis=1) * rule.mask_prob)
    open_counts = np.count_nonzero(open_, axis=1)
    wanted = np.minimum(np.clip(wanted, 1, rule.max_predictions), open_counts).astype(np.int32)
    places = np.flatnonzero(open_)  # in the flat batch, row by row
    before = np.cumsum(open_counts) - open_counts
    if rule.inside is None:
        chosen = _draw_tokens(open_counts, wanted, rule.max_predictions, length, rng)  # [n, P]
    else:
        chosen = _draw_words(ids.ravel()[places], places, before, open_counts, wanted, rule, length, rng)
    used = chosen < length
    rows = np.arange(n)[:, None]
    flat = places[np.where(used, chosen + before[:, None], 0)] if len(places) else np.zeros(chosen.shape, np.int64)
    labels = np.where(used, ids.ravel()[flat], 0).astype(np.int32)
    positions = np.where(used, flat - rows * length, 0).astype(np.int32)
    dice = rng.random(chosen.shape, np.float32)
    drawn = rng.integers(0, rule.vocab_size - 1, chosen.shape, np.int32)
    drawn += drawn >= pad
    new = np.where(dice < _SHARE_MASK, np.int32(rule.mask_id),
                   np.where(dice < _SHARE_MASK + _SHARE_KEPT, labels, drawn))
    masked = ids.copy()
    masked.ravel()[flat[used]] = new[used]
    return Masked(masked, positions, labels, used.astype(np.float32))


def ids_of(masked: Masked) -> np.ndarray:
    """The rows before they were masked, int32 [n, L], so that they can be masked anew.

    >>> rule = MaskRule(0.5, 3, mask_id=4, vocab_size=10, never=(0, 2, 3))
    >>> rows = np.array([[2, 5, 6, 7, 3, 0], [2, 8, 9, 3, 0, 0]])
    >>> bool((ids_of(mask_tokens(rows, rule, np.random.default_rng(1))) == rows).all())
    True
    """
    ids = np.array(masked.ids, np.int32)
    rows, columns = np.nonzero(masked.weights)
    ids[rows, masked.positions[rows, columns]] = masked.labels[rows, columns]
    return ids


def _draw_tokens(counts, wanted, most, none, rng) -> np.ndarray:
    """For every row, `wanted[i]` different numbers below `counts[i]`, increasing, then `none`: [n, most]."""
    # Floyd's sampling, all rows at once: the j-th draw is from 0..r with r = count - wanted + j; a number
    # drawn before is replaced by r, which was not. Every subset is equally likely, and only the few numbers
    # drawn are sorted.
    kind = np.int16 if none < 2**15 - 1 else np.int32
    drawn = np.full((most, len(counts)), none, kind)
    top = (counts - wanted).astype(kind)
    for j in range(int(wanted.max(initial=0))):
        new = (rng.random(len(counts)) * (top + 1)).astype(kind)
        if j:
            new = np.where((drawn[:j] == new).any(axis=0), top, new)
        drawn[j] = np.where(j < wanted, new, none)
        top += 1
    return np.sort(np.ascontiguousarray(drawn.T), axis=1)


def _draw_words(open_ids, places, before, counts, wanted, rule, none, rng) -> np.ndarray:
    """Like `_draw_tokens`, but for whole words, in random order; a word that does not fit is skipped."""
    n, row = len(counts), np.repeat(np.arange(len(counts)), counts)
    begins = ~rule.inside[open_ids]
    # A piece after a special token begins a word, even if it continues one that was truncated.
    begins[1:] |= np.diff(places) != 1
    begins[before[counts > 0]] = True
    starts = np.flatnonzero(begins)  # where words begin, among the positions that may be masked
    sizes = np.diff(starts, append=len(open_ids))
    words = np.bincount(row[starts], minlength=n)
    first = np.cumsum(words) - words
    widest = int(words.max(initial=0))
    # A random order of every row's words: 48 random bits above the word's number, sorted. Rows are then
    # visited rank by rank, all rows at once.
    exists = np.arange(widest) < words[:, None]  # [n, widest]
    keys = rng.integers(0, 2**48, exists.shape, np.uint64) << np.uint64(16) | np.arange(widest, dtype=np.uint64)
    keys[~exists] = np.iinfo(np.uint64).max
    order = (np.sort(keys, axis=1) & np.uint64(0xFFFF)).astype(np.int64).T  # [widest, n]
    taken = np.zeros(len(starts), bool)
    total = np.zeros(n, np.int64)
    active = np.arange(n)
    for rank in range(widest):
        active = active[(words[active] > rank) & (total[active] < wanted[active])]
        if not len(active):
            break
        word = first[active] + order[rank, active]
        fits = total[active] + sizes[word] <= wanted[active]
        taken[word[fits]] = True
        total[active[fits]] += sizes[word[fits]]
    hidden = np.flatnonzero(np.repeat(taken, sizes))
    chosen = np.full((n, rule.max_predictions), none, np.int64)
    chosen[np.arange(rule.max_predictions) < total[:, None]] = hidden - before[row[hidden]]
    return chosen

"""Masking: Google's counts, positions and shares of replacements, for every row of a batch."""

from __future__ import annotations

import random

import numpy as np
import pytest

from bertfit.corpus.masking import MaskRule, continuing_pieces, default_predictions, ids_of, mask_tokens
from bertfit.errors import ArgumentError, VocabularyError
from bertfit.text.vocabulary import Vocabulary
from toys import google as google_reference

PAD, CLS, SEP, MASK = 0, 2, 3, 4
V = 2000


def rows(n=400, length=64, seed=0):
    """Rows "[CLS] a [SEP] b [SEP]" of random lengths and ids."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(5, V, (n, length)).astype(np.int32)
    lengths = rng.integers(5, length + 1, n)
    ids[:, 0] = CLS
    ids[np.arange(n), 1 + rng.integers(1, lengths - 3)] = SEP
    ids[np.arange(n), lengths - 1] = SEP
    ids[np.arange(length) >= lengths[:, None]] = PAD
    return ids, lengths


def rule(mask_prob=0.15, max_predictions=10, inside=None):
    return MaskRule(mask_prob, max_predictions, MASK, V, (PAD, CLS, SEP), inside)


@pytest.mark.parametrize(("mask_prob", "most"), [(0.15, 10), (0.15, 4), (0.5, 40), (1.0, 64), (0.001, 3)])
def test_as_many_are_hidden_as_google_hides(mask_prob, most):
    ids, lengths = rows()
    masked = mask_tokens(ids, rule(mask_prob, most), np.random.default_rng(1))
    wanted = [min(most, max(1, round(int(length) * mask_prob)), int(length) - 3) for length in lengths]
    assert masked.weights.sum(axis=1).tolist() == wanted
    assert masked.ids.shape == ids.shape
    assert masked.positions.shape == masked.labels.shape == masked.weights.shape == (len(ids), most)


def test_hidden_tokens_are_named_with_their_places_and_nothing_else_changes():
    ids, _ = rows()
    before = ids.copy()
    masked = mask_tokens(ids, rule(), np.random.default_rng(1))
    assert np.array_equal(ids, before)
    for i in range(len(ids)):
        count = int(masked.weights[i].sum())
        assert masked.weights[i].tolist() == [1.0] * count + [0.0] * (10 - count)
        places = masked.positions[i, :count]
        assert np.all(np.diff(places) > 0)
        assert ids[i, places].tolist() == masked.labels[i, :count].tolist()
        assert not set(ids[i, places].tolist()) & {PAD, CLS, SEP}
        assert not masked.positions[i, count:].any() and not masked.labels[i, count:].any()
        changed = np.flatnonzero(masked.ids[i] != ids[i])
        assert set(changed) <= set(places)
    assert np.array_equal(ids_of(masked), ids)


def test_eighty_ten_ten():
    ids, _ = rows(n=6000)
    masked = mask_tokens(ids, rule(0.5, 40), np.random.default_rng(2))
    used = masked.weights > 0
    new = np.take_along_axis(masked.ids, masked.positions, axis=1)[used]
    n = used.sum()
    error = 4 * np.sqrt(0.25 / n)  # 4 standard errors, at most
    assert n > 90_000
    assert abs((new == MASK).mean() - 0.8 - 0.1 / V) < error
    assert abs((new == masked.labels[used]).mean() - 0.1 - 0.1 / V) < error
    drawn = new[(new != MASK) & (new != masked.labels[used])]
    counts = np.bincount(drawn * 10 // V, minlength=10)  # tenths of the vocabulary, special tokens included
    chi_square = ((counts - len(drawn) / 10) ** 2 / (len(drawn) / 10)).sum()
    assert chi_square < 33.7  # 9 degrees of freedom, 1 in 10,000


@pytest.mark.parametrize("whole_word", [False, True])
def test_every_token_is_hidden_equally_often(whole_word):
    ids = np.tile(np.array([CLS, 5, 6, 7, 8, SEP, 9, 10, 11, SEP, PAD], np.int32), (20_000, 1))
    inside = np.zeros(V, bool) if whole_word else None
    masked = mask_tokens(ids, rule(0.3, 3, inside), np.random.default_rng(3))  # 3 of 7
    hidden = np.bincount(masked.positions[masked.weights > 0], minlength=11)
    assert hidden[[0, 5, 9, 10]].tolist() == [0, 0, 0, 0]
    assert np.all(np.abs(hidden[[1, 2, 3, 4, 6, 7, 8]] / 20_000 - 3 / 7) < 0.015)
    pairs = np.zeros((11, 11))  # and so is every pair: a sampler can be uniform over positions but not over pairs
    for i, j in ((0, 1), (0, 2), (1, 2)):
        np.add.at(pairs, (masked.positions[:, i], masked.positions[:, j]), 1)
    seen = pairs[pairs > 0] / 20_000
    assert len(seen) == 21 and np.all(np.abs(seen - 3 / 21) < 0.012)


def test_the_same_state_gives_the_same_masks_and_another_does_not():
    ids, _ = rows()
    one, two, other = (mask_tokens(ids, rule(), np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(one.positions, other.positions)


def test_words_are_hidden_whole():
    ids, lengths = rows(n=600)
    inside = np.random.default_rng(1).random(V) < 0.4
    masked = mask_tokens(ids, rule(0.15, 10, inside), np.random.default_rng(4))
    short = 0
    for i, row in enumerate(ids):
        words, before = [], None
        for j, id_ in enumerate(row):
            if id_ in (PAD, CLS, SEP):
                before = None
            elif inside[id_] and before is not None:
                before.append(j)
            else:
                before = [j]
                words.append(before)
        hidden = set(masked.positions[i][masked.weights[i] > 0].tolist())
        for word in words:
            assert hidden >= set(word) or not hidden & set(word)
        wanted = min(10, max(1, round(int(lengths[i]) * 0.15)))
        assert len(hidden) <= wanted
        left = [word for word in words if not set(word) <= hidden]
        if len(hidden) < wanted:
            short += 1
            assert all(len(word) > wanted - len(hidden) for word in left)  # no word that was left out would have fitted
    assert 0 < short < 300


def test_rows_without_anything_to_hide():
    ids = np.array([[CLS, SEP, SEP, PAD], [PAD] * 4], np.int32)
    for inside in (None, np.zeros(V, bool)):
        masked = mask_tokens(ids, rule(inside=inside), np.random.default_rng(0))
        assert np.array_equal(masked.ids, ids) and not masked.weights.any()
        assert mask_tokens(ids[:0], rule(inside=inside), np.random.default_rng(0)).positions.shape == (0, 10)


def test_long_rows():
    ids = np.full((2, 40_000), 7, np.int32)
    masked = mask_tokens(ids, rule(0.15, 6000), np.random.default_rng(0))
    assert masked.weights.sum() == 12_000 and masked.positions.max() > 32_768
    assert np.array_equal(np.unique(masked.positions[0]), masked.positions[0])


def test_pieces_that_continue_a_word(tmp_path):
    vocabulary = Vocabulary.from_bytes(b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##like\n#\n##\n")
    assert continuing_pieces(vocabulary).tolist() == [False] * 6 + [True, False, True]
    assert MaskRule.of(vocabulary, whole_word=True).inside.tolist() == [False] * 6 + [True, False, True]
    assert MaskRule.of(vocabulary).inside is None


def test_what_cannot_mask_is_refused():
    vocabulary = Vocabulary.from_bytes(b"[PAD]\n[UNK]\n[CLS]\n[SEP]\nx\n")
    with pytest.raises(VocabularyError, match=r"must have the token \[MASK\]"):
        MaskRule.of(vocabulary)
    for settings in ({"mask_prob": 0}, {"mask_prob": 1.5}, {"mask_prob": float("nan")}, {"max_predictions": 0}):
        with pytest.raises(ArgumentError, match=next(iter(settings))):
            MaskRule.of(vocabulary, **settings)


def test_the_default_number_is_googles():
    assert [default_predictions(*case) for case in ((128, 0.15), (512, 0.15), (100, 0.2), (5, 0.01))] == [20, 77, 20, 1]


def test_google_hides_the_same_number_in_the_same_shares():
    google = google_reference.google_pretraining()
    ids, lengths = rows(n=1500, seed=3)
    words = [f"t{i}" for i in range(V)]
    words[CLS], words[SEP], words[MASK] = "[CLS]", "[SEP]", "[MASK]"
    masked = mask_tokens(ids, rule(), np.random.default_rng(7))
    chance = random.Random(7)
    fates = {"[MASK]": 0, "kept": 0, "random": 0}
    for i, length in enumerate(lengths):
        tokens = [words[id_] for id_ in ids[i, :length]]
        out, places, labels = google.create_masked_lm_predictions(tokens, 0.15, 10, words, chance)
        assert len(places) == masked.weights[i].sum()
        for place, label in zip(places, labels, strict=True):
            fates["[MASK]" if out[place] == "[MASK]" else "kept" if out[place] == label else "random"] += 1
    used = masked.weights > 0
    new = np.take_along_axis(masked.ids, masked.positions, axis=1)[used]
    n = sum(fates.values())
    assert n == used.sum()
    assert abs(fates["[MASK]"] / n - (new == MASK).mean()) < 0.03
    assert abs(fates["kept"] / n - (new == masked.labels[used]).mean()) < 0.03

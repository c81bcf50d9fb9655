"""Splitting words, reading only as much text as needed, and merging parts in row order."""

import numpy as np
import pytest

from bertfit.text.vocabulary import Vocabulary
from bertfit.text.wordpiece import Exact, beginning, gather, positions

TOKENS = "[PAD] [UNK] [CLS] [SEP] un ##aff ##able ##ab a ##a ! ##le"
VOCABULARY = Vocabulary.from_bytes(TOKENS.replace(" ", "\n").encode(), True)


def cut(word):
    return [(VOCABULARY.tokens[id_], start, end) for id_, start, end in Exact(VOCABULARY).cut(word)]


def test_the_longest_piece_is_taken_first():
    assert cut("unaffable") == [("un", 0, 2), ("##aff", 2, 5), ("##able", 5, 9)]
    assert cut("aab") == [("a", 0, 1), ("##ab", 1, 3)]


def test_a_word_that_cannot_be_cut_is_unknown_as_a_whole():
    # "un" and "##aff" are found, but no piece for the "x" that is left.
    assert cut("unaffx") == [("[UNK]", 0, 6)]
    assert cut("xun") == [("[UNK]", 0, 3)]


@pytest.mark.parametrize(("length", "pieces"), [(199, 199), (200, 200), (201, 1)])
def test_words_of_more_than_200_characters_are_unknown(length, pieces):
    ids, counts = Exact(VOCABULARY)(["a" * length])
    assert counts.tolist() == [pieces]
    assert (ids[0] == VOCABULARY.unk_id) == (pieces == 1)


def test_rows_are_counted():
    ids, counts = Exact(VOCABULARY)(["a!", "", "unable a"])
    assert counts.tolist() == [2, 0, 3]
    assert [VOCABULARY.tokens[i] for i in ids] == ["a", "!", "un", "##able", "a"]


@pytest.mark.parametrize("enough", [1, 3, 10, 100])
@pytest.mark.parametrize("text", ["a " * 500, "a" * 150 + " un" * 99, "unable" * 40 + " a", " " * 700 + "a a", ""])
def test_enough_gives_the_first_tokens_of_the_whole(text, enough):
    exact = Exact(VOCABULARY)
    whole, _ = exact([text])
    part, counts = exact([text], enough)
    assert counts[0] >= min(enough, len(whole))
    assert part.tolist() == whole[: len(part)].tolist()
    assert len(part) == len(whole) or len(part) >= enough


def test_a_beginning_ends_at_a_space():
    assert beginning("one two three", 8) == "one two "
    assert beginning("one two three", 13) == "one two three"
    assert beginning("onetwothree", 5) == "onetwothree"
    assert beginning("one\u00a0two three", 6) == "one\u00a0two three"


def test_positions_are_the_slices():
    starts, lengths = np.array([4, 0, 9]), np.array([2, 0, 3])
    assert positions(starts, lengths).tolist() == [4, 5, 9, 10, 11]
    assert positions(starts[:0], lengths[:0]).tolist() == []


def test_gather_restores_the_order():
    rng = np.random.default_rng(3)
    counts = rng.integers(0, 4, 40)
    rows = [rng.integers(0, 100, count).astype(np.int32) for count in counts]
    owner = rng.integers(0, 3, 40)
    parts = []
    for part in range(3):
        chosen = np.flatnonzero(owner == part)
        ids = np.concatenate([rows[row] for row in chosen])
        parts.append((chosen, ids, counts[chosen]))
    ids, found = gather(parts, 40)
    assert found.tolist() == counts.tolist()
    assert ids.tolist() == np.concatenate(rows).tolist()

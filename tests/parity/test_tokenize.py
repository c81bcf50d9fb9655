"""bert_tokenize() gives the ids of the Python core, whatever the text."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PARTS = ("input_ids", "segment_ids", "attention_mask")
TEXTS = ["a b c", "", "xyz", "A Ä é", "a1 b2 \n c", "日本 a", "\U0001f600 a b", "q" * 300, "a " * 30]


def in_r(r, assign, texts, pairs=None, arguments="max_len = 10"):
    assign("texts", texts)
    if pairs is not None:
        assign("pairs", pairs)
        arguments += ", pair = pairs"
    tokens = r(f"(tokens <- bert_tokenize(texts, model, {arguments}))")
    assert all(r(f'is.integer(tokens${part}) && is.matrix(tokens${part})')[0] for part in PARTS)
    return [np.asarray(tokens.rx2(part)) for part in PARTS]


def same(from_r, from_python):
    """Equal where both have columns; what one side has more of is padding."""
    for left, right in zip(from_r, from_python, strict=True):
        width = min(left.shape[1], right.shape[1])
        np.testing.assert_array_equal(left[:, :width], right[:, :width])
        assert not left[:, width:].any() and not right[:, width:].any()


def test_texts_one_by_one_and_together(r, assign, models):
    same(in_r(r, assign, TEXTS), models.tokenize(TEXTS, max_len=10))
    for text in TEXTS:
        same(in_r(r, assign, [text]), models.tokenize([text], max_len=10))


def test_pairs(r, assign, models):
    pairs = TEXTS[::-1]
    same(in_r(r, assign, TEXTS, pairs), models.tokenize(TEXTS, pairs, max_len=10))


@pytest.mark.parametrize("max_len", [3, 5, 12])
def test_truncation(r, assign, models, max_len):
    same(in_r(r, assign, TEXTS, arguments=f"max_len = {max_len}"), models.tokenize(TEXTS, max_len=max_len))


# What R strings cannot hold: NUL, and surrogates, which are not text.
r_text = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=30)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(r_text, min_size=1, max_size=5))
def test_any_text(r, assign, models, texts):
    same(in_r(r, assign, texts), models.tokenize(texts, max_len=10))

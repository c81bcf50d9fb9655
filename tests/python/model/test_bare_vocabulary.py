"""A vocabulary without a model tokenizes as a model with that vocabulary does."""

import numpy as np

from bertfit.model.bare_vocabulary import BareVocabulary
from bertfit.rows.table import Rows
from toys.base import VOCABULARY, toy_model, toy_texts


def test_it_encodes_as_a_model_does():
    bare, model, rows = BareVocabulary(VOCABULARY), toy_model(), Rows(toy_texts(5))
    for options in ({}, {"max_len": 6}):
        one, other = bare.encode(rows, **options), model.encode(rows, **options)
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.splits, other.splits)
    assert (bare.pad_id, bare.vocabulary) == (model.pad_id, model.vocabulary)


def test_texts_are_truncated_to_512_tokens():
    bare = BareVocabulary(VOCABULARY)
    assert bare.text_len == 512 and bare.encode(Rows(["good " * 600])).lengths.tolist() == [512]

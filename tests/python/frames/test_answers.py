"""Rows without a text, thresholds, groups and vectors, as a Python user gets them."""

import warnings

import numpy as np
import pandas as pd
import pytest

import bertfit
from bertfit.errors import ArgumentError, DataError
from bertfit.frames.answers import group_codes, spread
from bertfit.frames.bert import Bert
from toys.models import TEXTS, toy_head

GAPS = [TEXTS[0], None, TEXTS[1], float("nan"), pd.NA, TEXTS[2]]
PRESENT = [0, 2, 5]


def kept(model, data, **options):
    with pytest.warns(bertfit.MissingTextWarning, match=r"3 of 6 rows have no text, and no prediction\."):
        return model.predict(data, na_action="keep", **options)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression"])
def test_missing_texts_keep_their_place(kind):
    model = Bert(toy_head(kind))
    plain = model.predict([GAPS[i] for i in PRESENT])
    got = kept(model, GAPS)
    np.testing.assert_array_equal(got[PRESENT], plain)
    assert np.isnan(np.delete(got, PRESENT, axis=0)).all() and got.dtype == np.float64
    frame = kept(model, pd.DataFrame({"text": GAPS}, index=list("abcaab")))  # an index with repeats
    assert list(frame.index) == list("abcaab")
    np.testing.assert_array_equal(frame.to_numpy().reshape(got.shape), got)


def test_missing_classes_are_missing_values_of_their_type():
    frame = pd.DataFrame({"text": GAPS})
    binary = kept(Bert(toy_head()), frame, type="class")[".pred_class"]
    assert binary.isna().tolist() == [False, True, False, True, True, False]
    plain = Bert(toy_head()).predict(frame.iloc[PRESENT], type="class")[".pred_class"]
    assert binary.dtype == plain.dtype and (binary.iloc[PRESENT] == plain).all()
    labels = kept(Bert(toy_head("multilabel")), frame, type="class")
    assert labels.isna().to_numpy()[:, 0].tolist() == [False, True, False, True, True, False]
    assert set(map(str, labels.dtypes)) == {"Int64"}
    listed = kept(Bert(toy_head()), GAPS, type="class")
    assert [value is None for value in listed] == [False, True, False, True, True, False]


def test_missing_texts_are_an_error_unless_kept():
    model = Bert(toy_head())
    for options in ({}, {"na_action": "error"}):
        with pytest.raises(DataError, match="Rows 1, 3, 4 are missing"):
            model.predict(GAPS, **options)
    with pytest.raises(ArgumentError, match='`na_action` must be "error" or "keep"'):
        model.predict(GAPS, na_action="omit")
    with pytest.raises(DataError, match="Row 2 is not; the first is of class int"):  # its place among all rows
        model.predict(["a", None, 3], na_action="keep")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(model.predict(TEXTS, na_action="keep"), model.predict(TEXTS))


def test_pairs_with_a_gap_are_gaps_and_no_text_at_all_is_no_error():
    head = toy_head()
    head.record["pairs"] = True
    with pytest.warns(bertfit.MissingTextWarning, match="2 of 3 rows"):
        got = Bert(head).predict(["a", None, "b"], ["c", "d", None], na_action="keep")
    assert np.isnan(got[:, 0]).tolist() == [False, True, True]
    with pytest.warns(bertfit.MissingTextWarning, match="1 of 1 row has"):
        assert np.isnan(Bert(toy_head()).predict([None], na_action="keep")).all()


def test_whole_numbers_and_booleans_become_nullable():
    present = np.array([True, False])
    frame = spread(pd.DataFrame({"n": [1], "b": [True], "s": ["x"]}), present, pd.Index([5, 5]))
    assert list(map(str, frame.dtypes))[:2] == ["Int64", "boolean"] and frame.isna().iloc[1].all()
    assert spread(np.array([True]), present).tolist() == [True, None]


def test_a_threshold_moves_the_classes():
    model = Bert(toy_head())
    p = model.predict(TEXTS)[:, 1]
    got = model.predict(TEXTS, type="class", threshold=float(np.median(p)))
    assert got.tolist() == [model.labels[int(value >= np.median(p))] for value in p]


def test_evaluation_by_columns_has_a_row_per_group_in_order_of_appearance():
    frame = pd.DataFrame({"text": TEXTS * 2, "y": ["ham", "spam", "spam"] * 4, "lang": list("bbaabb") * 2,
                          "source": [1, None, 1, None, 1, 1] * 2})
    model = Bert(toy_head())
    got = model.evaluate(frame, by="lang")
    assert list(got["lang"]) == ["b", "a"] and list(got["n"]) == [8, 4]
    for _, row in got.iterrows():
        alone = model.evaluate(frame[frame["lang"] == row["lang"]])["overall"]
        assert {name: row[name] for name in alone} == pytest.approx(alone, abs=1e-6)
    both = model.evaluate(frame, by=["lang", "source"])
    assert list(both.columns[:3]) == ["lang", "source", "n"] and both["n"].sum() == 12
    assert [(a, None if pd.isna(b) else b) for a, b in zip(both["lang"], both["source"], strict=True)] == [
        ("b", 1), ("b", None), ("a", 1), ("a", None)]


@pytest.mark.parametrize("data, by, message", [
    ("list", "lang", "`by` must be left out unless the rows are a DataFrame"),
    ("frame", "language", "`by` must be a column of the data"), ("frame", [], "`by` must be the name of a column"),
    ("frame", "auc", "`by` must not have the name of a measure"), ("frame", 3, "Names of columns are strings"),
])
def test_groups_that_cannot_be_made_are_refused(data, by, message):
    frame = pd.DataFrame({"text": TEXTS, "y": ["ham", "spam"] * 3, "lang": list("aabbab"), "auc": 1})
    given = frame if data == "frame" else TEXTS
    with pytest.raises((ArgumentError, DataError), match=message):
        Bert(toy_head()).evaluate(given, frame["y"], by=by)


def test_group_codes_are_numbered_by_appearance():
    codes, first = group_codes(pd.DataFrame({"g": ["z", None, "a", "z", None]}), ["g"])
    assert (codes.tolist(), first.tolist()) == ([0, 1, 2, 0, 1], [0, 1, 2])


def test_vectors_are_normalized_where_asked():
    vectors = Bert(toy_head()).embed(TEXTS, normalize=True)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)

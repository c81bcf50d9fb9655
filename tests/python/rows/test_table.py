"""Rows of what callers give: checked once, labelled, taken by number; errors name the argument and the rows."""

import numpy as np
import pandas as pd
import pytest

from bertfit.config.task import Task
from bertfit.errors import DataError
from bertfit.rows.table import Rows

BINARY = Task("binary", ("ham", "spam"))


# -- Texts and pairs -----------------------------------------------------------------------------------

def test_one_string_is_one_text():
    def read(*given):
        rows = Rows.of(*given)
        return rows.texts, rows.pairs

    assert read("a film") == (["a film"], None)
    assert read("a film", "fun") == (["a film"], ["fun"])
    assert read(np.array(["a", "b"])) == (["a", "b"], None)
    assert all(type(t) is str for t in Rows.of(np.array(["a", "b"])).texts)


@pytest.mark.parametrize(
    "texts, message",
    [(["a", None, "b", float("nan")], "Rows 1, 3 are missing"), ([None] * 9, "Rows 0, 1, 2, 3, 4 and 4 more"),
     (["a", 3], "Row 1 is not; the first is of class int"), (["a", b"b"], "Row 1 is not"),
     (["a", pd.NA], "Row 1 is missing"), (pd.DataFrame({"t": ["a"]}), r"class DataFrame\.\n- Give one of its columns"),
     (b"ab", "sequence of strings"), ({"a": 1}, "sequence of strings"), (3, "You gave 3"), (None, "You gave None")],
)
def test_what_is_no_text_is_named(texts, message):
    with pytest.raises(DataError, match=message):
        Rows.of(texts)


@pytest.mark.parametrize("missing", [None, float("nan"), 3, b"a"])
def test_missing_pairs_are_located(missing):
    with pytest.raises(DataError, match="`pair` must be strings, none of them missing") as error:
        Rows.of(["a"] * 8, ["a", missing, "b", missing, missing, missing, missing, missing])
    assert "Rows 1, 3, 4, 5, 6 and 1 more" in str(error.value)


def test_pairs_must_be_as_many():
    with pytest.raises(DataError, match="`pair` must have one text per row") as caught:
        Rows.of(["a", "b"], ["c"])
    assert "2 texts and 1 pairs" in str(caught.value)


def test_iterators_are_read_once():
    rows = Rows.of((text for text in "ab"), iter(["c", "d"]))
    assert (rows.texts, rows.pairs, len(rows)) == (["a", "b"], ["c", "d"], 2)
    assert len(Rows.of([])) == 0


# -- Targets and weights -------------------------------------------------------------------------------

def test_targets_and_weights_are_copies_in_float64():
    given = np.asfortranarray(np.array([[0, 1], [1, 0], [1, 1]]))
    given.flags.writeable = False  # R lends its memory
    rows = Rows.of(["a", "b", "c"], targets=given, weights=[1, 0, 2])
    assert rows.targets.dtype == rows.weights.dtype == np.float64
    assert rows.targets.flags.c_contiguous and rows.targets.flags.writeable
    assert (rows.targets.tolist(), rows.weights.tolist()) == (given.tolist(), [1.0, 0.0, 2.0])
    assert Rows.of(["a"]).targets is None and Rows.of(["a"], targets=[1]).weights is None


@pytest.mark.parametrize("weights, rule", [
    ([1, 2], "one number per row"), ([1, -1, 1], "from 0 to 1e\\+15"), ([1, np.nan, 1], "from 0"),
    (["a", "b", "c"], "at least 0"), ([0, 0, 0], "all be 0"),
    ([1, np.inf, 1], "from 0"), ([1, 1e300, 1], "from 0"), ([1, 10**400, 1], "at least 0"),
    ([1e-300, 0, 1e-40], "not all be below 1e-15"),
])
def test_bad_weights_are_refused(weights, rule):
    with pytest.raises(DataError, match=f"`sample_weights` must.*{rule}"):
        Rows.of(["a", "b", "c"], targets=[0, 1, 0], weights=weights)


def test_rows_fit_a_task_or_are_refused():
    rows = Rows.of(["a", "b"], targets=[[0], [1]])
    assert rows.for_task(BINARY).targets.tolist() == [0.0, 1.0]
    with pytest.raises(DataError, match="Row 1 is not so"):
        Rows.of(["a", "b"], targets=[0, 2]).for_task(BINARY)
    with pytest.raises(DataError, match="2 values, one per text"):
        rows.labelled([0, 1, 0]).for_task(BINARY)


def test_rows_taken_by_number_keep_their_pairs_targets_and_weights():
    rows = Rows.of(["a", "b", "c"], ["x", "y", "z"], [0, 1, 2], [1, 2, 3])
    some = rows.take(np.array([2, 0]))
    assert (some.texts, some.pairs) == (["c", "a"], ["z", "x"])
    assert (some.targets.tolist(), some.weights.tolist()) == ([2, 0], [3.0, 1.0])
    bare = Rows(["a", "b"]).take([1])
    assert (bare.texts, bare.pairs, bare.targets, bare.weights) == (["b"], None, None, None)

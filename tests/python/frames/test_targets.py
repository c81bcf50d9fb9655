"""What columns are taken for: the rules of the module, one example each."""

import numpy as np
import pandas as pd
import pytest

from bertfit.config.task import Task
from bertfit.errors import ArgumentError, DataError
from bertfit.frames.targets import code_target, read_target
from bertfit.notices import EmptyClassWarning

CAT = pd.Categorical(["b", "a", "b"], categories=["b", "a"])


@pytest.mark.parametrize(
    "values, kind, labels, codes",
    [
        ([0, 1, 1], "binary", ("0", "1"), [0, 1, 1]),
        ([0.0, 0.25, 1], "binary", ("0", "1"), [0, 0.25, 1]),
        ([True, False, True], "binary", ("FALSE", "TRUE"), [1, 0, 1]),
        (np.array([True, False]), "binary", ("FALSE", "TRUE"), [1, 0]),
        (["spam", "ham", "ham"], "binary", ("ham", "spam"), [1, 0, 0]),
        (["B", "a", "é", "a"], "multiclass", ("B", "a", "é"), [0, 1, 2, 1]),
        (pd.Series(CAT), "binary", ("b", "a"), [0, 1, 0]),
        (pd.Series(pd.Categorical([2, 1, 3])), "multiclass", ("1", "2", "3"), [1, 0, 2]),
        (pd.Series(["x", "y"], dtype="string"), "binary", ("x", "y"), [0, 1]),
        ([1, 2, 5], "regression", ("y",), [1, 2, 5]),
        ([-0.5, 0.5], "regression", ("y",), [-0.5, 0.5]),
    ],
)
def test_the_task_is_inferred_from_the_column(values, kind, labels, codes):
    got = read_target({"y": values})
    assert (got.kind, got.labels, got.numbers.tolist()) == (kind, labels, codes) and got.numbers.dtype == np.float64


def test_a_task_that_is_asked_for_decides_how_the_column_is_coded():
    assert read_target({"y": [1, 2, 5, 2]}, "multiclass").labels == ("1", "2", "5")
    two = read_target({"y": [2.5, 1, 1]}, "binary")
    assert (two.kind, two.labels, two.numbers.tolist()) == ("binary", ("1", "2.5"), [1, 0, 0])
    assert read_target({"y": [0, 1]}, "regression").kind == "regression"
    several = read_target({"a": [0, 1], "b": [0.5, True]})
    assert (several.kind, several.labels) == ("multilabel", ("a", "b"))
    assert several.numbers.tolist() == [[0, 0.5], [1, 1]]
    assert read_target({"a": [0, 1]}, "multilabel").numbers.shape == (2, 1)


@pytest.mark.parametrize(
    "columns, kind, error, message",
    [
        ({"y": [1, None, np.nan]}, "auto", DataError, "Rows 1, 2 are missing"),
        ({"y": pd.Series(["a", pd.NA])}, "auto", DataError, "Row 1 is missing"),
        ({"y": pd.Series([pd.Timestamp("2020-01-01"), pd.NaT])}, "auto", DataError, "Row 1 is missing"),
        ({"y": [1, np.inf]}, "auto", DataError, "Row 1 is infinite"),
        ({"y": [1, 10**400]}, "auto", DataError, "Row 1 is infinite"),
        ({"y": [["a"], ["b"]]}, "auto", DataError, "strings or numbers"),
        ({"y": ["a", "a"]}, "auto", DataError, r"rows of at least two classes\.\n- Every row is a"),
        ({"y": [1, 1]}, "auto", DataError, "Every row is 1"),
        ({"y": [True, True]}, "auto", DataError, "Every row is TRUE"),
        ({"y": pd.Categorical(["b", "b"], categories=["b", "a"])}, "auto", DataError, "Every row is b"),
        ({"y": [1, 2.5, 3]}, "multiclass", DataError, r"whole numbers for a multiclass task\.\n- Row 1 is not whole"),
        ({"y": ["a", "b", "c"]}, "binary", DataError, "two classes"),
        ({"y": ["a", "b"]}, "regression", DataError, "must be numbers"),
        ({"y": []}, "auto", DataError, "at least one row"),
        ({"a": [0, 2], "b": [0, 1]}, "auto", DataError, "`a` does not"),
        ({"a": [0, 1], "b": [0, 1]}, "binary", ArgumentError, "one column"),
        ({"y": [0, 1]}, "ranking", ArgumentError, "`task`"),
    ],
)
def test_columns_that_cannot_be_a_target_are_refused_by_row(columns, kind, error, message):
    with pytest.raises(error, match=message):
        read_target(columns, kind)


def test_a_category_without_rows_draws_a_warning():
    values = pd.Categorical(["b", "a"], categories=["a", "b", "c", "d"])
    with pytest.warns(EmptyClassWarning, match=r"`y` has categories without rows: c, d\."):
        read = read_target({"y": values})
    assert (read.kind, read.labels) == ("multiclass", ("a", "b", "c", "d"))


def test_rows_to_evaluate_are_coded_by_the_labels_of_the_fit():
    spam = Task("binary", ("ham", "spam"))
    assert code_target(spam, {"y": ["spam", "spam"]}).tolist() == [1, 1]
    with pytest.raises(DataError, match=r"Row 1 is not \(eggs\)"):
        code_target(spam, {"y": ["spam", "eggs"]})
    with pytest.raises(DataError, match="must be one of ham, spam"):
        code_target(spam, {"y": [0, 1]})
    assert code_target(Task("binary", ("0", "1")), {"y": [0.4, 1]}).tolist() == [0.4, 1]
    assert code_target(Task("binary", ("FALSE", "TRUE")), {"y": [True, True]}).tolist() == [1, 1]
    assert code_target(Task("binary", ("0", "1")), {"y": ["1", "0"]}).tolist() == [1, 0]
    assert code_target(Task("binary", ("1", "2.5")), {"y": [2.5, 1]}).tolist() == [1, 0]
    assert code_target(Task("multiclass", ("1", "2", "5")), {"y": [5.0, 1]}).tolist() == [2, 0]
    assert code_target(Task("multiclass", ("b", "a", "c")), {"y": pd.Series(CAT)}).tolist() == [0, 1, 0]
    assert code_target(Task("regression", ("y",)), {"z": [3, 4]}).tolist() == [3, 4]
    assert code_target(Task("multilabel", ("a", "b")), {"a": [1], "b": [0]}).tolist() == [[1, 0]]
    for task, columns in ((Task("multilabel", ("a", "b")), {"a": [1]}), (spam, {"a": ["ham"], "b": ["ham"]}),
                          (Task("regression", ("y",)), {"y": ["a"]})):
        with pytest.raises(DataError):
            code_target(task, columns)


@pytest.mark.parametrize(
    "values, kind, classes, category",
    [
        ([0, 1, 1], "auto", (0, 1), None),
        (np.array([0, 1], np.int8), "auto", (0, 1), None),
        (pd.Series([1, 0], dtype="Int64"), "auto", (0, 1), None),
        ([0.0, 1.0], "auto", (0.0, 1.0), None),
        ([0, 0.25, 1], "auto", (0.0, 1.0), None),
        ([True, False], "auto", (False, True), None),
        (np.array([True, False]), "multiclass", (False, True), None),
        ([2, 1, 30], "multiclass", (1, 2, 30), None),
        ([1 / 3, 2.5], "binary", (1 / 3, 2.5), None),
        (["b", "a"], "auto", ("a", "b"), None),
        (np.array(["b", "a"]), "auto", ("a", "b"), None),
        (["b", 1, 1], "auto", (1, "b"), None),
        (CAT, "auto", ("b", "a"), "unordered"),
        (pd.Categorical([2, 1, 3], categories=[3, 1, 2], ordered=True), "auto", (3, 1, 2), "ordered"),
        (pd.Categorical([True, False]), "auto", (False, True), "unordered"),
    ],
)
def test_classes_are_kept_as_they_came(values, kind, classes, category):
    got = read_target({"y": values}, kind).classes
    assert got.values == classes and [type(v) for v in got.values] == [type(v) for v in classes]
    assert got.category == category


def test_columns_of_booleans_stay_booleans():
    assert read_target({"a": [True, False], "b": [False, True]}).classes.values == (False, True)
    assert read_target({"a": [True, False], "b": [0, 1]}).classes.values == (0, 1)
    assert read_target({"y": [1.5, 2, 7]}).classes is None


@pytest.mark.parametrize(
    "values, kind, opening",
    [
        ([1, 2, 3, 4] * 5, "auto", ["regression of y", "y has 4 different values, all whole numbers (1, 2, 3, 4). For "
                                    "classes: task='multiclass'."]),
        ([0.0, 2.0] * 5, "auto", ["regression of y", "y has 2 different values, all whole numbers (0, 2). For classes: "
                                  "task='binary'."]),
        (list(range(7)) * 9, "auto", ["regression of y", "y has 7 different values, all whole numbers (0, 1, 2, 3, 4, "
                                      "...). For classes: task='multiclass'."]),
        (range(100, 150), "auto", ["regression of y", "y has another whole number in every row. Is it an identifier?"]),
        ([1, 2, 3, 4] * 5, "regression", ["regression of y"]),
        ([1, 2, 3, 4] * 5, "multiclass", ["multiclass classification of y: 1, 2, 3, 4"]),
        ([1, 2, 3.5, 4] * 5, "auto", ["regression of y"]),
        (list(range(30)) * 9, "auto", ["regression of y"]),
        ([0, 1] * 5, "auto", ["binary classification of y: 0, 1"]),
        (list("abcdefgh"), "auto", ["multiclass classification of y: a, b, c, d, e, f, ... (8 classes)"]),
    ],
)
def test_a_fit_names_its_task_first_and_says_how_to_get_the_other(values, kind, opening):
    assert [str(line) for line in read_target({"y": values}, kind).opening] == opening


def test_several_columns_are_named():
    columns = {name: [0, 1] for name in "abcdefgh"}
    assert read_target(columns).opening == ["multilabel classification of a, b, c, d, e, f, ..."]

"""Every rule of a task, with values just inside and just outside of it."""

import pytest

from bertfit.config.task import Task
from bertfit.errors import ArgumentError

NAN = float("nan")


@pytest.mark.parametrize("kind, labels, outputs", [
    ("binary", ("no", "yes"), 1), ("multiclass", ("a", "b"), 2), ("multiclass", "abc", 3), ("multilabel", ("a",), 1),
    ("multilabel", ("a", "b", "c"), 3), ("regression", ("score",), 1),
])
def test_a_task_has_as_many_outputs_as_its_kind_needs(kind, labels, outputs):
    assert Task(kind, labels).n_outputs == outputs


@pytest.mark.parametrize("kind, labels, rule", [
    ("binary", ("a",), "2 names"), ("binary", ("a", "b", "c"), "2 names"), ("multiclass", ("a",), "at least 2 names"),
    ("multilabel", (), "at least 1 names"), ("regression", ("a", "b"), "1 names"), ("ordinal", ("a", "b"), "`task`"),
    ("multiclass", ("a", "b", "a"), "different"), ("binary", (1, "1"), "different"),
])
def test_labels_fit_the_task(kind, labels, rule):
    with pytest.raises(ArgumentError, match=rule):
        Task(kind, labels)


@pytest.mark.parametrize("scale", [0, -1, NAN])
def test_the_scale_of_a_regression_divides(scale):
    with pytest.raises(ArgumentError, match="`scale` must be a number above 0"):
        Task("regression", ("y",), 0.0, scale)

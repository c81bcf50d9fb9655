"""Targets that a task can have, and those that it cannot, by row."""

import numpy as np
import pytest

from bertfit.config.task import Task
from bertfit.errors import DataError
from bertfit.rows.targets import check_targets

BINARY = Task("binary", ("ham", "spam"))
THREE = Task("multiclass", ("a", "b", "c"))
MULTI = Task("multilabel", ("x", "y"))
NUMBER = Task("regression", ("score",), center=3.0, scale=2.0)


@pytest.mark.parametrize(
    "task, targets, message",
    [
        (BINARY, [0, 1.5, np.nan], "Rows 1, 2"),
        (THREE, [0, 1, 3], "Row 2 "),
        (THREE, [0, 0.5, 2], "Row 1 "),
        (NUMBER, [1, np.inf, 2], "Row 1 "),
        (MULTI, [[0, 1], [0, -1], [1, 1]], "Row 1 "),
        (MULTI, [0, 1, 1], "3 rows and 2 columns"),
        (BINARY, [0, 1], "3 values"),
        (BINARY, [9, 9, 9], "Rows 0, 1, 2"),
    ],
)
def test_targets_that_do_not_fit_are_named(task, targets, message):
    with pytest.raises(DataError, match=message):
        check_targets(task, np.array(targets, float), 3)


def test_one_column_is_a_vector_except_for_labels():
    column = np.array([[0.0], [1.0], [0.25]])
    assert check_targets(BINARY, column, 3).tolist() == [0.0, 1.0, 0.25]
    assert check_targets(Task("multilabel", ("only",)), column[:, 0], 3).shape == (3, 1)

"""Targets of rows, checked against the values that a task allows."""

from __future__ import annotations

import numpy as np

from bertfit.config import Task
from bertfit.errors import DataError, Sentence, rows_are

#: Largest size of a regression's targets: their squares, which its measures sum, must be finite.
LARGEST = 1e100


def check_targets(task: Task, targets: np.ndarray, rows: int) -> np.ndarray:
    """Check the targets of n rows.

    Args:
        task: The task that they belong to.
        targets: Numbers as described for `Rows`; a column [n, 1] is the same as [n].
        rows: n.

    Returns:
        float64 [n], or [n, K] for a multilabel task.

    Raises:
        DataError: Wrong length or shape, a missing value, or a value that the task does not allow. The rows
            are named.

    >>> check_targets(Task("binary", ("ham", "spam")), [[0], [1], [0.5]], 3).tolist()
    [0.0, 1.0, 0.5]
    """
    y = np.asarray(targets, np.float64)
    multilabel = task.kind == "multilabel"
    if y.ndim == 2 and y.shape[1] == 1 and not multilabel:
        y = y[:, 0]
    if y.ndim == 1 and multilabel and len(task.labels) == 1:
        y = y[:, None]
    shape = (rows, len(task.labels)) if multilabel else (rows,)
    if y.shape != shape:
        wanted = f"{rows} rows and {shape[1]} columns" if multilabel else f"{rows} values, one per text"
        raise DataError(f"The target must have {wanted}.", [f"Its shape is {y.shape}."])
    if task.kind == "multiclass":
        bad, rule = ~np.isin(y, np.arange(len(task.labels))), f"must be one of the {len(task.labels)} known classes"
    elif task.kind == "regression":
        bad, rule = ~(np.abs(y) <= LARGEST), f"must be numbers from {-LARGEST:g} to {LARGEST:g}"  # False for NaN, too
    else:
        bad, rule = ~((y >= 0) & (y <= 1)), "must lie between 0 and 1"
    bad = np.flatnonzero(bad.any(axis=1) if bad.ndim == 2 else bad)
    if len(bad):
        raise DataError(f"Targets {rule}, and none may be missing.", [Sentence("{} not so.", rows_are(bad))])
    return y

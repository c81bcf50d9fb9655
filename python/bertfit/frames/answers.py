"""Predictions as Python users get them: the names of their columns, and rows without a text kept in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from bertfit.config import Task
from bertfit.errors import ArgumentError, DataError
from bertfit.frames.tables import as_pandas, column, is_frame, table_like
from bertfit.notices import MissingTextWarning, tell
from bertfit.rows import Rows
from bertfit.settings import require

NA_ACTIONS = ("error", "keep")


def prediction_columns(task: Task, type: str) -> list[str]:
    """Column names of predictions of this type, the same as in R.

    >>> prediction_columns(Task("binary", ("ham", "spam")), "prob")
    ['.pred_ham', '.pred_spam']
    """
    if type == "numeric":
        return [".pred"]
    if type == "link" and task.kind == "binary":
        return [".pred_link"]
    prefix = {"prob": ".pred_", "class": ".pred_class_", "link": ".pred_link_"}[type]
    return [prefix + label for label in task.labels]


def present_rows(texts: Any, pairs: Any, na_action: str) -> tuple[Rows, np.ndarray]:
    """The rows to predict, and which of all rows these are.

    Args:
        texts, pairs: As for `Rows.of`.
        na_action: "error": a missing text is an error; "keep": its row is left out here, counted in a
            `MissingTextWarning`, and gets a missing prediction from `spread`.

    Returns:
        The rows that have texts, and bool [n].

    Raises:
        ArgumentError: `na_action` is neither.
        DataError: A text is missing ("error"), or not a string.
    """
    require(na_action in NA_ACTIONS, "na_action", '"error" or "keep"', na_action)
    if na_action == "error":
        rows = Rows.of(texts, pairs)
        return rows, np.ones(len(rows), bool)
    rows, present = Rows.of_present(texts, pairs)
    tell(MissingTextWarning(len(present) - len(rows), len(present)))
    return rows, present


def spread(answers: Any, present: np.ndarray, index: Any = None) -> Any:
    """Predictions of the rows that have a text as predictions of all rows.

    Args:
        answers: A DataFrame or an array with a row for each that has a text.
        present: Whether each of n rows has one.
        index: The index of all rows, of a DataFrame.

    Returns:
        A DataFrame or array of n rows; those without a text are missing values: NaN, None in an array of objects, NA
        in a column of whole numbers or booleans, NaN in an array of whole numbers (which then is float64).

    >>> spread(np.array([0.5, 1.0]), np.array([True, False, True])).tolist()
    [0.5, nan, 1.0]
    """
    if present.all():
        return answers
    if is_frame(answers):
        nullable = {"i": "Int64", "b": "boolean"}
        kinds = {name: nullable[kind.kind] for name, kind in answers.dtypes.items()
                 if getattr(kind, "kind", "") in nullable}
        answers = answers.astype(kinds).set_axis(np.flatnonzero(present)).reindex(range(len(present)))
        return answers.set_axis(index)
    numeric = answers.dtype.kind in "if"
    full = np.full((len(present), *answers.shape[1:]), np.nan if numeric else None, np.float64 if numeric else object)
    full[present] = answers
    return full


def group_codes(data: Any, by: Any) -> tuple[np.ndarray, np.ndarray]:
    """The group of each row, by the values of one column or several.

    Args:
        data: A table.
        by: The name of a column, or a list of names. Missing values are a group of their own.

    Returns:
        Group numbers from 0, int [n], in the order of first appearance, and the first row of each group.

    Raises:
        ArgumentError: `data` is not a DataFrame, or `by` names no column.
        DataError: A column does not exist.
    """
    names = group_names(by)
    if not is_frame(data):
        raise ArgumentError("must be left out unless the rows are a DataFrame.", argument="by", received=by)
    if not names:
        raise ArgumentError("must be the name of a column, or a list of names.", argument="by", received=by)
    for name in names:
        column(data, name, "by")
    codes = as_pandas(data, names).groupby(names, sort=False, dropna=False, observed=True).ngroup().to_numpy()
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return np.argsort(order)[codes], first[order]


def group_names(by: Any) -> list[Any]:
    """`by` as a list of column names."""
    return list(by) if isinstance(by, (list, tuple)) else [by]


def group_table(data: Any, by: Any, first: np.ndarray, measures: dict[str, np.ndarray]):
    """A table of the kind of `data` with a row per group: its values of `by`, and its measures.

    Raises:
        DataError: A column of `by` has the name of a measure.
    """
    names = group_names(by)
    twice = [name for name in names if name in measures]
    if twice:
        raise DataError("must not have the name of a measure.", argument="by", received=twice[0])
    table = as_pandas(data, names)[names].iloc[first].reset_index(drop=True)
    return table_like(data, table.assign(**measures))

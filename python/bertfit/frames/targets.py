"""Infers from target columns the task, the labels, and the numbers to train on.

Targets are lists, NumPy arrays or pandas columns. The rules and the names of labels are those of the R package
(R/fit-targets.R), so that the same data give the same model in both languages.

- Booleans, and numbers from 0 to 1 (fractions too), are a binary target; labels "FALSE", "TRUE" or "0", "1".
- Two different strings, or two categories, are a binary target; the second is the positive class. More are
  multiclass. Strings are sorted by code point, categories keep their order.
- Other numbers are a regression target; pass ``task="multiclass"`` if they are class codes.
- Several columns are a multilabel target.
- A binary or multiclass target needs rows of at least two classes; a category without rows gives a warning.
"""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from bertfit.checks import is_missing
from bertfit.config import TASKS, Task
from bertfit.errors import ArgumentError, DataError, Sentence, rows_are

_NUMERIC_LABELS = (("0", "1"), ("FALSE", "TRUE"))


def read_target(columns: Mapping[str, Any], kind: str = "auto") -> tuple[str, tuple[str, ...], np.ndarray]:
    """Task, labels and numbers of a target.

    Args:
        columns: Name -> n values; one column, or several for a multilabel target.
        kind: "auto", or one of `config.TASKS`.

    Returns:
        The kind of task, the labels, and float64 [n] (class codes from 0, shares, or numbers) or [n, K].

    Raises:
        ArgumentError: `kind` is unknown, or does not fit the number of columns.
        DataError: Values are missing, infinite, or unusable for this kind of task.

    >>> kind, labels, numbers = read_target({"type": ["spam", "ham", "spam"]})
    >>> kind, labels, numbers.tolist()
    ('binary', ('ham', 'spam'), [1.0, 0.0, 1.0])
    """
    if kind not in ("auto", *TASKS):
        raise ArgumentError(f"must be one of auto, {', '.join(TASKS)}.", argument="task", received=kind)
    if len(columns) > 1 or kind == "multilabel":
        if kind not in ("auto", "multilabel"):
            raise ArgumentError(f"A {kind} target must be one column.", received=len(columns))
        return "multilabel", tuple(columns), np.stack([_shares(v, n) for n, v in columns.items()], axis=1)
    ((name, values),) = columns.items()
    column = _Column(values, name)
    if not len(column):
        raise DataError("There must be at least one row.", ["0 rows were given."])
    kind = column.infer() if kind == "auto" else kind
    if kind == "regression":
        if not column.numeric:
            raise DataError(f"A regression target must be numbers; `{name}` is not.")
        return kind, (name,), column.values.astype(np.float64)
    column.require_two_classes()
    if kind == "binary" and column.is_share:
        return kind, ("FALSE", "TRUE") if column.boolean else ("0", "1"), column.values.astype(np.float64)
    labels = column.labels()
    if kind == "binary" and len(labels) > 2:
        raise DataError("A binary target must have two classes, or lie between 0 and 1.",
                        [f"`{name}` has {len(labels)} different values."])
    if kind == "multiclass":
        column.require_codes()
        column.warn_of_unused(labels)
    return kind, labels, column.codes(labels)


def code_target(task: Task, columns: Mapping[str, Any]) -> np.ndarray:
    """The numbers of a target for a known task: of validation rows, or rows to evaluate.

    Args:
        task: The task of the fitted model.
        columns: Name -> n values.

    Returns:
        float64 [n], or [n, K] for a multilabel task.

    Raises:
        DataError: A value is missing, or is a class that the task does not have.
    """
    if task.kind == "multilabel":
        if len(columns) != len(task.labels):
            raise DataError(f"The target must have {len(task.labels)} columns.", [f"It has {len(columns)}."])
        return np.stack([_shares(v, n) for n, v in columns.items()], axis=1)
    if len(columns) != 1:
        raise DataError("The target must be one column.", [f"It has {len(columns)}."])
    ((name, values),) = columns.items()
    column = _Column(values, name)
    plain = column.numeric and not column.categories
    if task.kind == "regression" or (task.kind == "binary" and task.labels in _NUMERIC_LABELS and plain):
        if not plain:
            raise DataError(f"The target `{name}` must be numbers for this model.")
        return column.values.astype(np.float64)
    return column.codes(task.labels)


class _Column:
    """One target column: its values, checked for missing ones, and whether they are boolean, numeric or categories."""

    def __init__(self, values: Any, name: str):
        self.name = name
        dtype = getattr(values, "dtype", None)
        categories = getattr(dtype, "categories", None)
        self.categories = None if categories is None else tuple(_label(c) for c in categories)
        listed = list(values.tolist() if isinstance(values, np.ndarray) else values)
        self._refuse([is_missing(v) for v in listed], "must have no missing values", "missing")
        self.boolean = bool(listed) and all(isinstance(v, (bool, np.bool_)) for v in listed)
        self.numeric = self.boolean or all(isinstance(v, numbers.Real) for v in listed)
        if self.numeric:
            self.values = np.array(listed, np.float64)
            self._refuse(~np.isfinite(self.values), "must be finite", "infinite")
        else:
            odd = [not isinstance(v, (str, numbers.Real)) for v in listed]
            self._refuse(odd, "must be strings or numbers", "neither")
            self.values = np.array(listed, object)

    def _refuse(self, wrong, rule: str, what: str) -> None:
        rows = np.flatnonzero(np.asarray(wrong, bool))
        if len(rows):
            raise DataError(f"The target `{self.name}` {rule}.", [Sentence("{} {}.", rows_are(rows), what)])

    def __len__(self) -> int:
        return len(self.values)

    def require_two_classes(self) -> None:
        if len(set(self.values.tolist())) < 2:
            raise DataError(f"The target `{self.name}` must have rows of at least two classes.",
                            [f"Every row is {self.named()[0]}."])

    def require_codes(self) -> None:
        """Class codes must be whole numbers."""
        if self.numeric and not self.categories:
            self._refuse(self.values != np.floor(self.values),
                         "must be strings, categories or whole numbers for a multiclass task", "not whole")

    def warn_of_unused(self, labels: tuple[str, ...]) -> None:
        unused = sorted(set(labels) - set(self.named()))
        if unused:
            warnings.warn(f"The target `{self.name}` has categories without rows: {', '.join(unused[:5])}. The model "
                          "keeps a probability for each, and cannot learn it; pandas' "
                          "cat.remove_unused_categories() leaves them out.", stacklevel=4)

    @property
    def is_share(self) -> bool:
        return self.numeric and not self.categories and bool(((self.values >= 0) & (self.values <= 1)).all())

    def infer(self) -> str:
        if self.numeric and not self.categories:
            return "binary" if self.is_share else "regression"
        return "binary" if len(self.labels()) <= 2 else "multiclass"

    def labels(self) -> tuple[str, ...]:
        """Names of the classes: the categories, or the distinct values, sorted."""
        if self.categories:
            return self.categories
        if self.numeric:
            return tuple(_label(v) for v in np.unique(self.values)) if not self.boolean else ("FALSE", "TRUE")
        return tuple(sorted({_label(v) for v in self.values}))

    def named(self) -> list[str]:
        """The class of each row."""
        return [_label(bool(v) if self.boolean else v) for v in self.values]

    def codes(self, labels: tuple[str, ...]) -> np.ndarray:
        code_of = {label: i for i, label in enumerate(labels)}
        named = self.named()
        unknown = [name not in code_of for name in named]
        if any(unknown):
            strange = sorted({name for name, bad in zip(named, unknown, strict=True) if bad})
            self._refuse(unknown, f"must be one of {', '.join(labels)}", f"not ({', '.join(strange[:3])})")
        return np.array([code_of[name] for name in named], np.float64)


def _label(value: Any) -> str:
    """Label of a value: a string itself, "1" for 1.0, "TRUE" and "FALSE" for booleans, as in R."""
    if isinstance(value, (bool, np.bool_)):
        return "TRUE" if value else "FALSE"
    return f"{float(value):.15g}" if isinstance(value, numbers.Real) else str(value)


def _shares(values: Any, name: str) -> np.ndarray:
    column = _Column(values, name)
    if not column.is_share:
        raise DataError("Every column of a multilabel target must hold numbers from 0 to 1.", [f"`{name}` does not."])
    return column.values

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

import dataclasses
import math
import numbers
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from bertfit.checks import is_finite, is_missing, label_text
from bertfit.config import TASKS, Task
from bertfit.errors import ArgumentError, DataError, Sentence, Setting, rows_are
from bertfit.frames.classes import CATEGORIES, Classes
from bertfit.notices import EmptyClassWarning, tell

_NUMERIC_LABELS = (("0", "1"), ("FALSE", "TRUE"))
MANY_CLASSES = 20  # whole numbers of more different values are not suspected to be classes


@dataclasses.dataclass(frozen=True, eq=False)
class Target:
    """A target as it was read.

    Args:
        kind: The kind of task.
        labels: Names of the classes, of the columns (multilabel), or of the column (regression).
        numbers: float64 [n] (class codes from 0, shares, or numbers) or [n, K].
        classes: The classes as the caller had them; None for regression.
        names: Names of the columns.
        hint: What to do if another task was meant, or None.
    """

    kind: str
    labels: tuple[str, ...]
    numbers: np.ndarray
    classes: Classes | None
    names: tuple[str, ...]
    hint: Sentence | None = None

    @property
    def opening(self) -> list[str | Sentence]:
        """The first lines of a fit: the task by name, and the hint.

        >>> read_target({"type": ["spam", "ham"]}).opening
        ['binary classification of type: ham, spam']
        """
        shown = ", ".join(self.names[:6]) + (", ..." if len(self.names) > 6 else "")
        task = "regression" if self.kind == "regression" else f"{self.kind} classification"
        line = f"{task} of {shown}"
        if self.kind in ("binary", "multiclass"):
            more = f", ... ({len(self.labels)} classes)" if len(self.labels) > 6 else ""
            line += f": {', '.join(self.labels[:6])}{more}"
        return [line] if self.hint is None else [line, self.hint]


def read_target(columns: Mapping[str, Any], kind: str = "auto") -> Target:
    """Task, labels and numbers of a target.

    Args:
        columns: Name -> n values; one column, or several for a multilabel target.
        kind: "auto", or one of `config.TASKS`.

    Raises:
        ArgumentError: `kind` is unknown, or does not fit the number of columns.
        DataError: Values are missing, infinite, or unusable for this kind of task.

    >>> target = read_target({"type": ["spam", "ham", "spam"]})
    >>> target.kind, target.labels, target.numbers.tolist()
    ('binary', ('ham', 'spam'), [1.0, 0.0, 1.0])
    """
    if kind not in ("auto", *TASKS):
        raise ArgumentError(f"must be one of auto, {', '.join(TASKS)}.", argument="task", received=kind)
    if len(columns) > 1 or kind == "multilabel":
        if kind not in ("auto", "multilabel"):
            raise ArgumentError(f"A {kind} target must be one column.", received=len(columns))
        read = [_shares(v, n) for n, v in columns.items()]
        boolean = all(column.boolean for column in read)
        return Target("multilabel", tuple(columns), np.stack([column.values for column in read], axis=1),
                      Classes((False, True) if boolean else (0, 1)), tuple(columns))
    ((name, values),) = columns.items()
    column = _Column(values, name)
    if not len(column):
        raise DataError("There must be at least one row.", ["0 rows were given."])
    kind, asked = column.infer() if kind == "auto" else kind, kind
    if kind == "regression":
        if not column.numeric:
            raise DataError(f"A regression target must be numbers; `{name}` is not.")
        return Target(kind, (name,), column.values.astype(np.float64), None, (name,),
                      column.regression_hint() if asked == "auto" else None)
    column.require_two_classes()
    if kind == "binary" and column.is_share:
        labels = ("FALSE", "TRUE") if column.boolean else ("0", "1")
        return Target(kind, labels, column.values.astype(np.float64), column.classes(labels), (name,))
    labels = column.labels()
    if kind == "binary" and len(labels) > 2:
        raise DataError("A binary target must have two classes, or lie between 0 and 1.",
                        [f"`{name}` has {len(labels)} different values."])
    if kind == "multiclass":
        column.require_codes()
        column.warn_of_unused(labels)
    return Target(kind, labels, column.codes(labels), column.classes(labels), (name,))


def code_target(task: Task, columns: Mapping[str, Any], by_id: bool = False) -> np.ndarray:
    """The numbers of a target for a known task: of validation rows, or rows to evaluate.

    Args:
        task: The task of the fitted model.
        columns: Name -> n values. Those of a multilabel target may stand in any order if they have the labels' names;
            others are taken in the order of the labels.
        by_id: Whether numbers may be the ids of labels that are no numbers themselves, as in the data that a classifier
            of Hugging Face was trained on: booleans and shares of the second of two, and the numbers of "LABEL_0", ...

    Returns:
        float64 [n], or [n, K] for a multilabel task.

    Raises:
        DataError: A value is missing, or is a class that the task does not have.
    """
    if task.kind == "multilabel":
        if len(columns) != len(task.labels):
            raise DataError(f"The target must have {len(task.labels)} columns.", [f"It has {len(columns)}."])
        if set(columns) == set(task.labels):
            columns = {label: columns[label] for label in task.labels}
        return np.stack([_shares(v, n).values for n, v in columns.items()], axis=1)
    if len(columns) != 1:
        raise DataError("The target must be one column.", [f"It has {len(columns)}."])
    ((name, values),) = columns.items()
    column = _Column(values, name)
    plain = column.numeric and not column.categories
    if by_id and plain and column.are_ids(task):
        return column.values.astype(np.float64)
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
        self.categories = None if categories is None else tuple(label_text(c) for c in categories)
        self.category = None if categories is None else CATEGORIES[bool(getattr(dtype, "ordered", False))]
        listed = list(values.tolist() if isinstance(values, np.ndarray) else values)
        self._refuse([is_missing(v) for v in listed], "must have no missing values", "missing")
        self.boolean = bool(listed) and all(isinstance(v, (bool, np.bool_)) for v in listed)
        self.numeric = self.boolean or all(isinstance(v, numbers.Real) for v in listed)
        self.whole = self.numeric and all(isinstance(v, numbers.Integral) for v in listed)
        self.originals = listed if categories is None else list(categories)
        if self.numeric:
            listed = [v if is_finite(v) else math.inf for v in listed]  # Python's integers may be larger
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
            tell(EmptyClassWarning(Sentence(
                f"The target `{self.name}` has categories without rows: {', '.join(unused[:5])}. The model keeps a "
                "probability for each, and cannot learn it; pandas' cat.remove_unused_categories() leaves them out.")))

    @property
    def is_share(self) -> bool:
        return self.numeric and not self.categories and bool(((self.values >= 0) & (self.values <= 1)).all())

    def are_ids(self, task: Task) -> bool:
        """Whether numbers are the ids of labels, or for two of them shares of the second."""
        if task.kind == "binary":
            return self.is_share and not any(re.fullmatch(r"[-+.\d]+|TRUE|FALSE", label) for label in task.labels)
        ids = {float(i) for i, label in enumerate(task.labels) if label == f"LABEL_{i}"}
        return task.kind == "multiclass" and set(self.values.tolist()) <= ids

    def infer(self) -> str:
        if self.numeric and not self.categories:
            return "binary" if self.is_share else "regression"
        return "binary" if len(self.labels()) <= 2 else "multiclass"

    def labels(self) -> tuple[str, ...]:
        """Names of the classes: the categories, or the distinct values, sorted."""
        if self.categories:
            return self.categories
        if self.numeric:
            return tuple(label_text(v) for v in np.unique(self.values)) if not self.boolean else ("FALSE", "TRUE")
        return tuple(sorted({label_text(v) for v in self.values}))

    def classes(self, labels: tuple[str, ...]) -> Classes:
        """The classes as the caller had them: of the values in the column, or (the other boolean, a number that is not
        there) of their type."""
        if self.categories or not self.numeric:
            return Classes.of(labels, set(self.originals), self.category)
        if self.boolean:
            return Classes((False, True))
        distinct = np.unique(self.values)
        values = distinct.tolist() if len(distinct) == len(labels) else map(float, labels)
        return Classes(tuple(map(int if self.whole else float, values)))

    def regression_hint(self) -> Sentence | None:
        """What to do if the numbers stand for something else: classes, or rows."""
        if not (self.values == np.floor(self.values)).all():
            return None
        distinct = np.unique(self.values)
        if len(distinct) == len(self) >= MANY_CLASSES:
            return Sentence("{} has another whole number in every row. Is it an identifier?", self.name)
        if len(distinct) > min(MANY_CLASSES, len(self) / 2):
            return None
        shown = ", ".join(map(label_text, distinct[:5])) + (", ..." if len(distinct) > 5 else "")
        task = Setting("task", "binary" if len(distinct) == 2 else "multiclass")
        return Sentence("{} has {} different values, all whole numbers ({}). For classes: {}.", self.name,
                        len(distinct), shown, task)

    def named(self) -> list[str]:
        """The class of each row."""
        return [label_text(bool(v) if self.boolean else v) for v in self.values]

    def codes(self, labels: tuple[str, ...]) -> np.ndarray:
        code_of = {label: i for i, label in enumerate(labels)}
        named = self.named()
        unknown = [name not in code_of for name in named]
        if any(unknown):
            strange = sorted({name for name, bad in zip(named, unknown, strict=True) if bad})
            self._refuse(unknown, f"must be one of {', '.join(labels)}", f"not ({', '.join(strange[:3])})")
        return np.array([code_of[name] for name in named], np.float64)


def _shares(values: Any, name: str) -> _Column:
    """A column of a multilabel target."""
    column = _Column(values, name)
    if not column.is_share:
        raise DataError("Every column of a multilabel target must hold numbers from 0 to 1.", [f"`{name}` does not."])
    return column

"""`Classes`: the classes of a target as the caller had them, so that predictions compare equal to the truth.

A task's labels are text, the same in Python and R. What they were before - booleans, numbers, strings, categories - is
kept in the record of the fit, as ``record["classes"]``: ``{"values": [...], "category": ...}``. R's fits keep it too.
Models saved before that have none: their classes are their labels.
"""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bertfit.checks import label_text
from bertfit.config import Task

if TYPE_CHECKING:
    import pandas as pd

CATEGORIES = ("unordered", "ordered")


@dataclasses.dataclass(frozen=True)
class Classes:
    """The classes of a target.

    Args:
        values: A bool, int, float or string per label of the task, in their order; of a multilabel task, what stands
            for 0 and 1 in every column.
        category: "unordered" or "ordered" if the column was categorical (a factor in R), else None.

    >>> Classes((False, True)).array([1, 0]).tolist()
    [True, False]
    """

    values: tuple[bool | int | float | str, ...]
    category: str | None = None

    @classmethod
    def of(cls, labels: Sequence[str], values: Sequence[Any], category: str | None = None) -> Classes:
        """The classes of a column's distinct values; a label without a value, or with one that is neither a number nor
        text, stands for itself."""
        own = {label_text(value): _plain(value) for value in values}
        return cls(tuple(own.get(label, label) for label in labels), category)

    @classmethod
    def recorded(cls, task: Task, record: Mapping[str, Any]) -> Classes:
        """The classes of a fitted model, from its record."""
        known = record.get("classes")
        if known:
            return cls(tuple(known["values"]), known["category"])
        return cls((0, 1)) if task.kind == "multilabel" else cls(tuple(task.labels), "unordered")

    def to_record(self) -> dict[str, Any]:
        """What the record of a fit keeps."""
        return dataclasses.asdict(self)

    @property
    def type(self) -> type:
        """bool, int, float or str, if all values are of it; else object."""
        types = {type(value) for value in self.values}
        return types.pop() if len(types) == 1 else object

    def array(self, codes: Any) -> np.ndarray:
        """The values of class codes, as an array of their type; strings as objects."""
        kind = self.type
        return np.array(self.values, object if kind is str else kind)[np.asarray(codes)]

    def categorical(self, codes: Any) -> pd.Categorical:
        """The values of class codes, as pandas' Categorical of all classes."""
        import pandas as pd

        return pd.Categorical.from_codes(codes, categories=list(self.values), ordered=self.category == "ordered")


def _plain(value: Any) -> bool | int | float | str:
    """A value as Python's own, which JSON keeps apart; others as text."""
    value = value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, numbers.Real):
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    return label_text(value)

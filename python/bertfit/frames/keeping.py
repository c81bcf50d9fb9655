"""The target of a fit that goes on with the head of a fitted model: its classes are the labels of that model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bertfit.errors import ArgumentError, DataError
from bertfit.frames.classes import Classes
from bertfit.frames.targets import Target, code_target
from bertfit.model import Model
from bertfit.training import check_keeps_head


def keep_target(model: Model, columns: Mapping[str, Any], kind: str = "auto") -> Target:
    """The target of a fit that goes on with a model's head, in the terms of its task.

    Args:
        model: A fitted model.
        columns: As for `read_target`.
        kind: "auto", or the kind of the model's task.

    Raises:
        ArgumentError: The model has no head, or `kind` is another task.
        DataError: The target has a class, or a column, that the model does not have, or it lacks a column.
    """
    check_keeps_head(model)
    task, known = model.task, model.record.get("classes")
    if kind not in ("auto", task.kind):
        raise ArgumentError("must be the model's task where its head is kept.", [f"The model's is {task.kind}."],
                            argument="task", received=kind)
    numbers = kept_numbers(model, columns)
    if task.kind in ("binary", "multiclass") and len(np.unique(numbers)) < 2:
        raise DataError(f"The target `{next(iter(columns))}` must have rows of at least two classes.")
    return Target(task.kind, tuple(task.labels), numbers, Classes.recorded(task, model.record) if known else None,
                  tuple(columns))


def kept_numbers(model: Model, columns: Mapping[str, Any]) -> np.ndarray:
    """The numbers of a target in the order of the model's labels.

    Columns of a multilabel target must have the names of the labels, unless they have none: see `code_target`.
    """
    if model.task.kind == "multilabel":
        _check_names(model.task.labels, columns)
    return code_target(model.task, columns, by_id=not model.record.get("classes"))


def _check_names(labels: Sequence[str], columns: Mapping[str, Any]) -> None:
    unnamed = set(columns) <= {"target", *(f"target_{i + 1}" for i in range(len(columns)))}
    if set(columns) != set(labels) and not (len(columns) == len(labels) and (unnamed or len(labels) == 1)):
        raise DataError("The target must have the labels of the model, whose head is kept.",
                        [f"The model has {', '.join(labels)}.", f"The target has {', '.join(columns)}."])

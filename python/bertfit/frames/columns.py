"""What users hand over - a DataFrame and names of its columns, or the values - as texts and target columns.

A DataFrame is whatever has `columns` and `index`; pandas itself is not needed here. What a target column
means is `targets`' business.
"""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from bertfit.checks import check_texts
from bertfit.config import Task
from bertfit.errors import Arg, ArgumentError, DataError, Sentence, Value
from bertfit.frames.targets import code_target


def is_frame(data: Any) -> bool:
    """Whether `data` has columns by name."""
    return hasattr(data, "columns") and hasattr(data, "index")


def column(data: Any, name: Any, argument: str):
    """One column of a DataFrame.

    Raises:
        DataError: `name` is no string, or not the name of exactly one column.
    """
    names = list(data.columns)
    if not isinstance(name, str) or name not in names:
        hint = [] if isinstance(name, str) else ["Names of columns are strings."]
        raise DataError("must be a column of the data.",
                        [*hint, f"Columns: {', '.join(map(str, names[:10]))}."], argument=argument, received=name)
    if names.count(name) > 1:
        raise DataError("must be one column of the data.",
                        [Sentence("{} columns have the name {}.", names.count(name), Value(name))], argument=argument)
    return data[name]


def target_columns(data: Any, target: Any) -> dict[str, Any]:
    """A target by column name; values without a name are called "target".

    Args:
        data: A DataFrame, or None.
        target: The name, or a list of names, of columns of `data`; or the values: n, or n x K as a DataFrame or array.

    Raises:
        DataError: A column does not exist, or what is given are no values.
    """
    if data is not None and isinstance(target, str):
        return {target: column(data, target, "target")}
    if data is not None and _are_names(target):
        return {name: column(data, name, "target") for name in target}
    if isinstance(target, str):
        raise DataError("must be the values where there is no data frame.", argument="target", received=target)
    if is_frame(target):
        return {str(name): target[name] for name in target.columns}
    if isinstance(target, np.ndarray) and target.ndim == 2 and target.shape[1] > 1:
        return {f"target_{j + 1}": target[:, j] for j in range(target.shape[1])}
    if not hasattr(target, "__len__"):
        try:
            target = list(target)
        except TypeError:
            raise DataError("must be a sequence of values.", argument="target", received=target) from None
    return {str(getattr(target, "name", None) or "target"): target}


def _are_names(target: Any) -> bool:
    return isinstance(target, (list, tuple)) and bool(target) and all(isinstance(name, str) for name in target)


def labelled_rows(data: Any, text: Any, pair: Any, target: Any):
    """Texts, pairs (or None) and target columns: of a DataFrame by name, or, where `data` is None, as they are given.

    Raises:
        ArgumentError: One column is named twice.
        DataError: A column does not exist, a text is missing, or there is not one target value per text.
    """
    if data is None:
        texts, pairs = check_texts(text, pair)
        columns = target_columns(None, target)
    else:
        texts, pairs = check_texts(column(data, text, "text"), None if pair is None else column(data, pair, "pair"))
        columns = target_columns(data, target) if _are_names(target) else {target: column(data, target, "target")}
        names = [text, *([] if pair is None else [pair]), *(target if _are_names(target) else [target])]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            roles = map(Arg, ("text", "target", "pair"))
            raise ArgumentError(Sentence("{}, {} and {} must be different columns.", *roles),
                                [Sentence("Given twice: {}.", Value(twice[0]))])
    for name, values in columns.items():
        if len(values) != len(texts):
            raise DataError("The target must have one value per text.",
                            [f"{len(texts)} texts; `{name}` has {len(values)} values."])
    return texts, pairs, columns


def held_rows(task: Task, validation: Any, by_column: bool, text: Any, pair: Any, target: Any,
              sample_weights: Any) -> tuple | None:
    """The rows to watch during a fit, as `train.fit_model` wants them; None where `validation` gives no rows.

    Args:
        task: What the training rows' target was taken for.
        validation: A share, None, a DataFrame like the training data, or (texts, targets) or (texts, pairs, targets).
        by_column: Whether the training data are a DataFrame.
        text, pair, target, sample_weights: As for the fit.

    Raises:
        ArgumentError: `validation` is of another kind.
        DataError: Its rows cannot be used.
    """
    if validation is None or isinstance(validation, numbers.Real):
        return None
    if by_column:
        if not is_frame(validation):
            raise ArgumentError(Sentence("must be a share, or a DataFrame like {}.", Arg("data")),
                                argument="validation", received=validation)
        texts, pairs, columns = labelled_rows(validation, text, pair, target)
        weighed = isinstance(sample_weights, str) and sample_weights in validation.columns
        weights = column(validation, sample_weights, "sample_weights") if weighed else None
        return texts, pairs, code_target(task, columns), weights
    if not isinstance(validation, tuple) or len(validation) not in (2, 3):
        raise ArgumentError("must be a share, or a tuple (texts, targets) or (texts, pairs, targets).",
                            argument="validation", received=validation)
    second = validation[1] if len(validation) == 3 else None
    texts, pairs, columns = labelled_rows(None, validation[0], second, validation[-1])
    return texts, pairs, code_target(task, columns), None

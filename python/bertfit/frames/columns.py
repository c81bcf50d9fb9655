"""Reads the data arguments of Python users - a DataFrame and column names, or values - as `Rows` and target columns.

For which tables count as a DataFrame see `tables`, for what a target column means `targets`.
"""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bertfit.checks import is_missing
from bertfit.errors import Arg, ArgumentError, DataError, Sentence, Value
from bertfit.frames.tables import column, column_names, is_frame, require_frame, series_values, values_of
from bertfit.rows import Rows

if TYPE_CHECKING:
    from bertfit.model import Model


def target_columns(data: Any, target: Any) -> dict[str, Any]:
    """Target columns by name: name -> n values.

    Args:
        data: A DataFrame, or None.
        target: The name, or a list of names, of columns of `data`; or the values: n, or n x K as a DataFrame or array.
            Values without a name are named "target", columns of an array "target_1", "target_2", ...

    Raises:
        DataError: A column does not exist, or `target` is not a sequence of values.
    """
    if data is not None and isinstance(target, str):
        return {target: column(data, target, "target")}
    if data is not None and _are_names(target):
        return {name: column(data, name, "target") for name in target}
    if isinstance(target, str):
        raise DataError("must be the values where there is no data frame.", argument="target", received=target)
    if is_frame(target):
        names = [str(name) for name in column_names(target)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise DataError("must have one column of each name.", [f"More than once: {', '.join(twice)}."],
                            argument="target")
        return {str(name): values_of(target, name) for name in column_names(target)}
    if isinstance(target, np.ndarray) and target.ndim == 2 and target.shape[1] > 1:
        return {f"target_{j + 1}": target[:, j] for j in range(target.shape[1])}
    if not hasattr(target, "__len__"):
        try:
            target = list(target)
        except TypeError:
            raise DataError("must be a sequence of values.", argument="target", received=target) from None
    return {str(getattr(target, "name", None) or "target"): series_values(target)}


def model_texts(model: Model, data: Any, pair: Any = None, target: Any = None) -> list[Any]:
    """The texts and the pairs (or None) that a model reads.

    Args:
        model: The model, which knows the columns of its fit. One that was trained elsewhere reads "text" and "pair",
            or else the only column of texts.
        data: A DataFrame, or texts.
        pair: Second texts, where `data` are texts.
        target: Columns of `data` that are no texts.

    Raises:
        ArgumentError: The model knows no column, or `pair` is given with a DataFrame.
        DataError: There is no such column.
    """
    if not is_frame(data):
        return [data, pair]
    own = model.record.get("columns", {})
    names = [*own.get("text", ()), *own.get("pair", ())]
    if not names and model.fitted and "settings" not in model.record:
        names = _text_columns(data, [target] if isinstance(target, str) else target if _are_names(target) else [])
    if not names:
        raise ArgumentError("must be a list of texts, or a single column.",
                            ["The model was not fitted on a data frame: it knows no column by name."],
                            argument="data")
    if pair is not None:
        raise ArgumentError(Sentence("must be left out where {} is a DataFrame.", Arg("data")),
                            ["The columns are those of the fit."], argument="pair")
    return [*(column(data, name, role) for name, role in zip(names, ("text", "pair"), strict=False)), None][:2]


def _text_columns(data: Any, without: Sequence[str]) -> list[str]:
    """The column "text", with "pair" if that is there too; else the only column of texts."""
    texts = [name for name in column_names(data) if name not in without and _is_text(values_of(data, name))]
    if "text" in texts:
        return ["text", "pair"] if "pair" in texts else ["text"]
    if len(texts) != 1:
        raise ArgumentError('must have a column "text", or only one column of texts.', [
            f"Its columns of texts: {', '.join(map(str, texts[:10])) or 'none'}.", "Or give the texts themselves.",
        ], argument="data")
    return texts


def _is_text(values: Any) -> bool:
    return isinstance(next((value for value in values if not is_missing(value)), None), str)


def evaluation_target(model: Model, data: Any, target: Any) -> Any:
    """The target of an evaluation: as given, or the name or names of the columns of the fit.

    Raises:
        ArgumentError: It is None, and the model does not know the columns, or `data` is no DataFrame.
    """
    if target is not None:
        return target
    names = list(model.record.get("columns", {}).get("target", ())) if is_frame(data) else []
    if not names and is_frame(data) and model.task.kind == "multilabel":
        names = list(model.task.labels) if set(model.task.labels) <= set(column_names(data)) else []
    if not names:
        raise ArgumentError("must be given.", [
            "It can be left out for a DataFrame, where the model was fitted on one: the column has the same name.",
        ], argument="target")
    return names if len(names) > 1 or model.task.kind == "multilabel" else names[0]


def _are_names(target: Any) -> bool:
    return isinstance(target, (list, tuple)) and bool(target) and all(isinstance(name, str) for name in target)


@dataclasses.dataclass(frozen=True)
class Source:
    """The data arguments of a fit: column names of DataFrames, or the values themselves.

    Args:
        by_column: Whether the data are DataFrames.
        text, pair, target, sample_weights: As for `bertfit.fit`.
    """

    by_column: bool
    text: Any
    pair: Any
    target: Any
    sample_weights: Any

    def names(self) -> dict[str, list[str]]:
        """Role ("text", "pair", "target") -> column names; empty if values were given."""
        given = {"text": self.text, "pair": self.pair, "target": self.target} if self.by_column else {}
        return {role: [name] if isinstance(name, str) else list(name) for role, name in given.items() if name}

    def read(self, data: Any) -> tuple[Rows, dict[str, Any]]:
        """The texts and pairs, and the target columns, from a DataFrame, or from the values if `data` is None.

        Raises:
            ArgumentError: One column is named twice.
            DataError: A column does not exist, a text is missing, or there is not one target value per text.
        """
        if data is None:
            rows, columns = Rows.of(self.text, self.pair), target_columns(None, self.target)
        else:
            rows = text_rows(data, self.text, self.pair)
            targets = self.target if _are_names(self.target) else [self.target]
            columns = {name: column(data, name, "target") for name in targets}
            names = [self.text, *([] if self.pair is None else [self.pair]), *targets]
            twice = [name for name in names if names.count(name) > 1]
            if twice:
                roles = map(Arg, ("text", "target", "pair"))
                raise ArgumentError(Sentence("{}, {} and {} must be different columns.", *roles),
                                    [Sentence("Given twice: {}.", Value(twice[0]))])
        for name, values in columns.items():
            if len(values) != len(rows):
                raise DataError("The target must have one value per text.",
                                [f"{len(rows)} texts; `{name}` has {len(values)} values."])
        return rows, columns

    def weights(self, data: Any) -> Any:
        """The weights of the training rows, or None.

        Raises:
            ArgumentError: They are given as a column's name, but there is no DataFrame.
            DataError: There is no such column.
        """
        if not isinstance(self.sample_weights, str):
            return self.sample_weights
        if data is None:
            raise ArgumentError("must be numbers where there is no data frame.", argument="sample_weights",
                                received=self.sample_weights)
        return column(data, self.sample_weights, "sample_weights")

    def validation_rows(self, code: Callable[[dict[str, Any]], np.ndarray], validation: Any) -> Rows | None:
        """The validation rows; None if `validation` is a share of the training rows, or None.

        Args:
            code: The function from target columns to the numbers of the training rows' task.
            validation: A share, None, a DataFrame like the training data, or (texts, targets) or
                (texts, pairs, targets).

        Raises:
            ArgumentError: `validation` is of another type.
            DataError: Its rows cannot be used.
        """
        if validation is None or isinstance(validation, numbers.Real):
            return None
        if self.by_column:
            require_frame(validation, "validation", "a share")
            rows, columns = self.read(validation)
            weighed = isinstance(self.sample_weights, str) and self.sample_weights in column_names(validation)
            return rows.labelled(code(columns), self.weights(validation) if weighed else None)
        if not isinstance(validation, tuple) or len(validation) not in (2, 3):
            raise ArgumentError("must be a share, or a tuple (texts, targets) or (texts, pairs, targets).",
                                argument="validation", received=validation)
        texts, *pairs, targets = validation
        rows, columns = Source(False, texts, pairs[0] if pairs else None, targets, None).read(None)
        return rows.labelled(code(columns))


def text_rows(data: Any, text: Any, pair: Any = None) -> Rows:
    """The texts, and the pairs if there are any, of a DataFrame.

    Raises:
        DataError: A column does not exist, or a text is missing.
    """
    return Rows.of(column(data, text, "text"), None if pair is None else column(data, pair, "pair"))

"""The tables that Python users have: pandas and polars DataFrames, and Datasets of the package datasets.

Columns come out of each as values that `rows` and `targets` read, and predictions go back as a table of the same kind.
None of the packages is imported before a table of it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bertfit.errors import ArgumentError, DataError, Sentence, Value

KINDS = "a pandas or polars DataFrame, or a datasets.Dataset"


def is_frame(data: Any) -> bool:
    """Whether `data` is a table: a pandas or polars DataFrame, or a Dataset."""
    return _is_pandas(data) or _is_polars(data) or _is_dataset(data)


def _is_pandas(data: Any) -> bool:
    return hasattr(data, "index") and hasattr(data, "columns")


def _is_polars(data: Any) -> bool:
    return _is_of(data, "polars") and hasattr(data, "get_column")  # a LazyFrame has none


def _is_dataset(data: Any) -> bool:
    return hasattr(data, "column_names") and hasattr(data, "features") and hasattr(data, "__len__")


def _is_of(data: Any, package: str) -> bool:
    return type(data).__module__.split(".")[0] == package


def require_frame(data: Any, argument: str, other: str | Sentence) -> None:
    """Raise an ArgumentError unless `data` is a table; `other` is what may be given instead."""
    if is_frame(data):
        return
    hint = []
    if isinstance(data, Mapping) and data and all(map(_is_dataset, data.values())):
        hint = [Sentence("Give one of its splits: {}.", Value(list(data)))]
    elif _is_of(data, "polars") and hasattr(data, "collect"):
        hint = ["Call its collect()."]
    raise ArgumentError(Sentence("must be {}, or {}.", KINDS, other), hint, argument=argument, received=data)


def column_names(data: Any) -> list[Any]:
    """The names of a table's columns."""
    return list(data.column_names if _is_dataset(data) else data.columns)


def column(data: Any, name: Any, argument: str) -> Any:
    """One column of a table: a Series of pandas, a list, or for categories a Categorical of pandas.

    Raises:
        DataError: `name` is not a string, or not the name of exactly one column.
    """
    names = column_names(data)
    if not isinstance(name, str) or name not in names:
        hint = [] if isinstance(name, str) else ["Names of columns are strings."]
        raise DataError("must be a column of the data.",
                        [*hint, f"Columns: {', '.join(map(str, names[:10]))}."], argument=argument, received=name)
    if names.count(name) > 1:
        raise DataError("must be one column of the data.",
                        [Sentence("{} columns have the name {}.", names.count(name), Value(name))], argument=argument)
    return values_of(data, name)


def values_of(data: Any, name: Any) -> Any:
    """The values of a column that is there."""
    if _is_pandas(data):
        return data[name]
    if _is_polars(data):
        return series_values(data.get_column(name))
    values = list(data.with_format(None)[name])
    names = getattr(data.features[name], "names", None)  # those of a ClassLabel, whose values are codes
    if names is None:
        return values
    import pandas as pd

    return pd.Categorical.from_codes([-1 if value is None else value for value in values], categories=names)


def series_values(values: Any) -> Any:
    """The values of a polars Series as a list, or a Categorical of pandas; anything else unchanged."""
    if not _is_of(values, "polars"):
        return values
    kind, listed = type(values.dtype).__name__, values.to_list()
    if kind not in ("Categorical", "Enum"):
        return listed
    import pandas as pd

    categories = list(values.dtype.categories) if kind == "Enum" else sorted(set(listed) - {None})
    return pd.Categorical(listed, categories=categories)


def table_like(data: Any, columns: Mapping[str, Any]) -> Any:
    """A table of the kind of `data` (of pandas with its index) with other columns, of as many rows.

    Args:
        data: The table.
        columns: Name -> array, or Categorical of pandas: an Enum of polars, or a ClassLabel of datasets.
    """
    if _is_pandas(data):
        import pandas as pd

        return pd.DataFrame(dict(columns), index=data.index)
    if _is_polars(data):
        import polars as pl

        return pl.DataFrame([
            pl.Series(name, values) if isinstance(values, np.ndarray) and values.dtype != object
            else pl.Series(name, values.tolist()) if not hasattr(values, "categories")
            else pl.Series(name, values.tolist(), dtype=pl.Enum(list(values.categories))
                           if all(isinstance(value, str) for value in values.categories) else None)
            for name, values in columns.items()])
    import datasets

    made = datasets.Dataset.from_dict({
        name: values.codes if hasattr(values, "categories") else values for name, values in columns.items()})
    for name, values in columns.items():
        if hasattr(values, "categories"):
            made = made.cast_column(name, datasets.ClassLabel(names=[str(value) for value in values.categories]))
    return made

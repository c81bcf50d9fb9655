"""The tables that Python users have: pandas and polars DataFrames, and Datasets of the package datasets.

Columns come out of each as values that `rows` and `targets` read, and predictions go back as a table of the same kind.
None of the packages is imported before a table of it is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bertfit.errors import ArgumentError, DataError, Sentence, Value

if TYPE_CHECKING:
    import pandas as pd

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


def index_of(data: Any) -> pd.Index:
    """The index of a table: pandas' own, or the numbers of the rows."""
    import pandas as pd

    return data.index if _is_pandas(data) else pd.RangeIndex(len(data))


def as_pandas(data: Any, names: Sequence[str]) -> pd.DataFrame:
    """Columns of a table, which are there, as a DataFrame of pandas."""
    import pandas as pd

    return data if _is_pandas(data) else pd.DataFrame({name: values_of(data, name) for name in names})


def table_like(data: Any, table: pd.DataFrame) -> Any:
    """A DataFrame of pandas as a table of the kind of `data`: categories as an Enum of polars, or as a ClassLabel of
    datasets; missing values as null."""
    if _is_pandas(data):
        return table
    if _is_polars(data):
        import polars as pl

        return pl.DataFrame([_series(pl, name, table[name]) for name in table.columns])
    import datasets

    made = datasets.Dataset.from_dict({
        name: _codes(column) if hasattr(column, "cat") else _listed(column)
        for name, column in table.items()})
    for name, column in table.items():
        if hasattr(column, "cat"):
            made = made.cast_column(name, datasets.ClassLabel(names=list(map(str, column.cat.categories))))
    return made


def _series(pl: Any, name: str, column: pd.Series) -> Any:
    categories = list(column.cat.categories) if hasattr(column, "cat") else []
    if categories and all(isinstance(value, str) for value in categories):
        return pl.Series(name, _listed(column), dtype=pl.Enum(categories))
    return pl.Series(name, _listed(column))


def _listed(column: pd.Series) -> list[Any]:
    if not column.isna().any():
        return column.tolist()
    return [None if missing else value for value, missing in zip(column.tolist(), column.isna(), strict=True)]


def _codes(column: pd.Series) -> list[int | None]:
    return [None if code < 0 else code for code in column.cat.codes.tolist()]

"""What callers give, looked at: missing values; scalars and lists from R."""

from __future__ import annotations

import numbers
from typing import Any


def is_missing(value: Any) -> bool:
    """None, NaN, and pandas' NA and NaT (which cannot be compared, so they are told by their types' names)."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, numbers.Real) and value != value


def as_list(value: Any) -> list:
    """A list of what R sent: an array (column by column, as R lays it out), a list, one scalar, or nothing."""
    if value is None:
        return []
    if hasattr(value, "ravel"):  # NumPy's, without importing it
        return value.ravel(order="F").tolist()
    return list(value) if isinstance(value, (list, tuple)) else [value]


def whole(value: Any) -> Any:
    """3.0 as 3, also in lists; anything else as it is, for the rule it breaks to be named where it is known."""
    if isinstance(value, list):
        return [whole(v) for v in value]
    if hasattr(value, "item") and not hasattr(value, "__len__"):  # a NumPy scalar
        value = value.item()
    return int(value) if isinstance(value, float) and value.is_integer() else value

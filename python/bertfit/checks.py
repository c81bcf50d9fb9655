"""Small helpers for argument values: missing values, and scalars and lists as R sends them."""

from __future__ import annotations

import math
import numbers
from typing import Any


def is_missing(value: Any) -> bool:
    """True for None, NaN, and pandas' NA and NaT (recognized by type name, because they cannot be compared).

    >>> is_missing(None), is_missing(float("nan")), is_missing("")
    (True, True, False)
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, numbers.Real) and value != value


def is_finite(value: numbers.Real) -> bool:
    """Whether a number fits into a float64: not infinite, not NaN, and no whole number of more digits than that has.

    >>> is_finite(1e300), is_finite(10**400), is_finite(float("inf"))
    (True, False, False)
    """
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def label_text(value: Any) -> str:
    """A class as text, the same in Python and R: a string itself, "1" for 1.0, "TRUE" and "FALSE" for booleans.

    >>> label_text(1.0), label_text(True), label_text("spam")
    ('1', 'TRUE', 'spam')
    """
    value = value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return f"{float(value):.15g}" if isinstance(value, numbers.Real) else str(value)


def as_list(value: Any) -> list:
    """Value from R as a list: of an array (read by columns, R's order), a list, one scalar, or None (an empty list).

    >>> as_list("a"), as_list(("a", "b")), as_list(None)
    (['a'], ['a', 'b'], [])
    """
    if value is None:
        return []
    if hasattr(value, "ravel"):  # NumPy's, without importing it
        return value.ravel(order="F").tolist()
    return list(value) if isinstance(value, (list, tuple)) else [value]


def whole(value: Any) -> Any:
    """3.0 as 3, also in lists; anything else unchanged, to be checked by the caller.

    >>> whole(3.0), whole([3.0, 0.5]), whole("3")
    (3, [3, 0.5], '3')
    """
    if isinstance(value, list):
        return [whole(v) for v in value]
    if hasattr(value, "item") and not hasattr(value, "__len__"):  # a NumPy scalar
        value = value.item()
    return int(value) if isinstance(value, float) and value.is_integer() else value

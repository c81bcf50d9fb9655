"""Plain values: dicts with string keys, lists, strings, Python's own numbers and booleans, and None."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from typing import Any


def _refuse(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} has no plain form")


def plain_copy(
    value: Any,
    *,
    number: Callable[[int | float], Any] = lambda value: value,
    array: Callable[[Any], Any] | None = None,
    other: Callable[[Any], Any] = _refuse,
) -> Any:
    """A copy as plain values: NumPy's numbers become Python's, tuples become lists, keys become strings.

    Args:
        value: Mappings, lists, tuples, arrays, numbers, strings, booleans and None, nested in any way.
        number: Converts each int and float; by default unchanged.
        array: Converts each array that has dimensions; None makes it a list.
        other: Converts any other object; by default raises a TypeError.

    >>> plain_copy({1: (True, 0.5, float("nan"))}, number=lambda value: value if value == value else None)
    {'1': [True, 0.5, None]}
    """
    def copy(value: Any) -> Any:
        kind = type(value)
        if value is None or kind is str or kind is bool:
            return value
        if kind is int or kind is float:
            return number(value)
        if isinstance(value, (list, tuple)):
            return [copy(inner) for inner in value]
        if hasattr(value, "tolist"):  # NumPy's, without importing it
            return array(value) if array is not None and getattr(value, "ndim", 0) else copy(value.tolist())
        if isinstance(value, Mapping):
            return {str(name): copy(inner) for name, inner in value.items()}
        if isinstance(value, numbers.Real):
            return number(int(value) if isinstance(value, numbers.Integral) else float(value))
        return str(value) if isinstance(value, str) else other(value)

    return copy(value)

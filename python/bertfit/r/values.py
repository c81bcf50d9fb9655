"""What may cross the boundary to R, and how what comes from R is read.

Out: dicts, lists, strings, booleans, numbers, None, NumPy arrays and bytearrays; `to_plain` makes them of
what is nearly that and refuses the rest. In: what `settings.as_declared` reads by its declared type, and arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bertfit.plain import plain_copy


def to_plain(value: Any) -> Any:
    """`value` as R can take it.

    Tuples become lists, NumPy scalars Python's, matrices Fortran-ordered (R's own layout). A whole number
    beyond 32 bits becomes a float: reticulate would wrap it.

    Raises:
        TypeError: Something in it has no form in R.
    """
    return plain_copy(value, number=_number, array=_as_it_is, other=_as_it_is)


def _number(value: int | float) -> int | float:
    return value if isinstance(value, float) or abs(value) < 2**31 else float(value)


def _as_it_is(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return np.asfortranarray(value) if value.ndim > 1 else value
    if isinstance(value, bytearray):
        return value
    raise TypeError(f"{type(value).__name__} cannot cross to R")


def as_array(target: Any) -> np.ndarray:
    """Numbers from R as a float64 array laid out row by row: R's memory is lent read-only and column by column."""
    return np.ascontiguousarray(target, np.float64)

"""What may cross the boundary to R, and how what comes from R is read.

Out: dicts, lists, strings, booleans, numbers, None, NumPy arrays and bytearrays; `to_plain` makes them of
what is nearly that and refuses the rest. In: R has no scalars and writes 3 as 3.0, so a number may come
where a list is meant and a float where a whole number is; `as_list` and `build` read them as meant.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from bertfit.errors import ArgumentError, you_gave


def to_plain(value: Any) -> Any:
    """`value` as R can take it.

    Tuples become lists, NumPy scalars Python's, matrices Fortran-ordered (R's own layout). A whole number
    beyond 32 bits becomes a float: reticulate would wrap it.

    Raises:
        TypeError: Something in it has no form in R.
    """
    if value is None or isinstance(value, (bool, str, float, bytearray)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**31 else float(value)
    if isinstance(value, Mapping):
        return {str(k): to_plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(v) for v in value]
    if isinstance(value, np.generic):
        return to_plain(value.item())
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return np.asfortranarray(value) if value.ndim > 1 else value
    raise TypeError(f"{type(value).__name__} cannot cross to R")


def as_list(value: Any) -> list:
    """A list of what R sent: an array, a list, one scalar, or nothing."""
    if value is None:
        return []
    if isinstance(value, np.ndarray):
        return value.reshape(-1, order="F").tolist()
    return list(value) if isinstance(value, (list, tuple)) else [value]


def whole(value: Any) -> Any:
    """3.0 as 3, also in lists; anything else as it is, for the rule it breaks to be named where it is known."""
    if isinstance(value, list):
        return [whole(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return int(value) if isinstance(value, float) and value.is_integer() else value


#: Fields that are whole numbers (or may be), by the class that has them.
_WHOLE = {"hidden", "layers", "epochs", "batch_size", "max_len", "freeze", "early_stopping", "accumulation", "seed",
          "verbose", "steps", "steps_per_epoch", "validation_steps", "save_epochs", "save_steps"}
_LISTS = {"hidden", "layers"}


def build(kind: type, values: Mapping[str, Any] | None, argument: str) -> Any:
    """A settings dataclass from what R or a caller wrote.

    Args:
        kind: `HeadConfig`, `TrainConfig`, `PretrainConfig`, ...
        values: Its fields, or some of them.
        argument: What errors call `values`.

    Raises:
        ArgumentError: Not a mapping, an unknown field, or a value that breaks its rule.
    """
    known = {field.name for field in dataclasses.fields(kind)}
    if not isinstance(values, (Mapping, type(None))):
        raise ArgumentError(f"`{argument}` must be a {kind.__name__}, or a dict of its fields.", [you_gave(values)])
    values = dict(values or {})
    unknown = sorted(set(values) - known)
    if unknown:
        raise ArgumentError(f"`{argument}` must have known settings only.",
                            [f"Unknown: {', '.join(unknown)}.", f"Known: {', '.join(sorted(known))}."])
    for name, value in values.items():
        if name in _LISTS:
            value = as_list(value)
        values[name] = whole(value) if name in _WHOLE else value
    return kind(**values)

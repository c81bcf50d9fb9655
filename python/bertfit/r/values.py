"""Converts values between Python and R.

To R go dicts, lists, strings, booleans, numbers, None, NumPy arrays and bytearrays: `to_plain` converts to these, or
raises. From R come the same, which `read_arguments` converts according to the annotations of a function.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bertfit.errors import ArgumentError
from bertfit.plain import plain_copy
from bertfit.rows import Rows
from bertfit.settings import Settings, as_declared, build, did_you_mean


def to_plain(value: Any) -> Any:
    """Convert a value for R.

    Tuples become lists, NumPy scalars become Python's, matrices become Fortran-ordered (R's own layout). A whole number
    beyond 32 bits becomes a float, because reticulate would wrap it around.

    Raises:
        TypeError: The value contains something that R cannot represent.
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


def read_arguments(
    function: Callable, given: Mapping[str, Any], find: Callable[[Any], Any], without: Sequence[str] = ()
) -> dict[str, Any]:
    """Convert arguments from R according to the annotations of the function that takes them.

    For a parameter annotated as `Model`, R passes the number of a model; for `Rows`, a dict of texts, pairs, targets
    and weights; for a settings class (`TrainConfig`, ...), a dict of fields. For a sequence, a single value becomes a
    list; for whole numbers, 3.0 becomes 3 (`settings.as_declared`). None stays None.

    Args:
        function: The function, or class, to be called.
        given: Arguments by name.
        find: Returns the model with a given number.
        without: Parameters that R may not pass.

    Raises:
        ArgumentError: An argument is unknown, or one without a default is missing.
        DataError: A text is missing.
    """
    parameters = {name: p for name, p in inspect.signature(function).parameters.items() if name not in without}
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    if not open_ended and (unknown := sorted(set(given) - set(parameters))):
        known = f"Known: {', '.join(sorted(parameters))}." if without else f"It takes {', '.join(parameters)}."
        raise ArgumentError(f"must be an argument of {function.__name__}.",
                            [*did_you_mean(unknown[:1], parameters), known], argument=unknown[0])
    for name, p in parameters.items():
        if p.default is p.empty and p.kind is not p.VAR_KEYWORD and name not in given:
            raise ArgumentError(f"must be given to {function.__name__}.", argument=name)
    hints = _hints(function)
    return {name: _read(value, hints.get(name), name, find) for name, value in given.items()}


class _Model:
    """Placeholder for the class `Model` in annotations, because importing that would start TensorFlow."""


def _hints(function: Callable) -> dict[str, Any]:
    target = function.__init__ if isinstance(function, type) else function
    return typing.get_type_hints(target, localns={"Model": _Model})


def _read(value: Any, hint: Any, name: str, find: Callable[[Any], Any]) -> Any:
    if value is None or hint is None:
        return value
    kinds = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    for kind in kinds:
        if kind is str and isinstance(value, str):  # of a settings class or a word in its place
            return value
        if kind is _Model:
            return find(value)
        if kind is Rows:
            return Rows.of(**value)
        if isinstance(kind, type) and issubclass(kind, Settings):
            return build(kind, value, name)
    return as_declared(value, hint)

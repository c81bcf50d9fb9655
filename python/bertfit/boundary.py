"""The boundary between R and Python: how a call crosses it and how an error comes back.

An error made on purpose comes back as a code, a rule and details, any other with code "internal"; nothing is
raised through reticulate but an interrupt. Which functions there are is `api`'s business.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from bertfit.errors import ArgumentError, BertfitError
from bertfit.plainvalues import to_plain

functions: dict[str, Callable] = {}
raw: set[str] = set()  # functions whose value is a Keras object: the documented exception


def call(name: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Call a function of the boundary.

    Args:
        name: Its name.
        arguments: Its arguments by name; optional ones may be left out.

    Returns:
        ``{"ok": True, "value": ...}``, or ``{"ok": False, "code", "message", "details", "python_type",
        "traceback"}``. `code` is the error class's, "memory" where memory ran out, or "internal".
    """
    try:
        value = _call(name, dict(arguments or {}))
        return {"ok": True, "value": value if name in raw else to_plain(value)}
    except Exception as error:  # a KeyboardInterrupt passes
        return _failure(error)


def _call(name: str, arguments: dict[str, Any]) -> Any:
    function = functions.get(name)
    if function is None:
        raise ArgumentError("`name` must be a function of bertfit.api.",
                            [f"You gave {name!r}.", f"Known: {', '.join(sorted(functions))}."])
    parameters = inspect.signature(function).parameters
    unknown = sorted(set(arguments) - set(parameters))
    if unknown and not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        raise ArgumentError(f"`{unknown[0]}` must be an argument of {name}.", [f"It takes {', '.join(parameters)}."])
    missing = [p.name for p in parameters.values()
               if p.default is p.empty and p.kind is not p.VAR_KEYWORD and p.name not in arguments]
    if missing:
        raise ArgumentError(f"`{missing[0]}` must be given to {name}.")
    if arguments.get("progress") is not None:
        from bertfit.callbacks import interruptible

        arguments["progress"] = interruptible(arguments["progress"])
    return function(**arguments)


def _failure(error: Exception) -> dict[str, Any]:
    if isinstance(error, BertfitError):
        code, message, details = error.code, error.message, list(error.details)
    elif isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        code, message = "memory", "There must be enough memory for the model and its batches."
        details = ["Try a smaller `batch_size` or `max_len`, or close other programs."]
    else:
        code, message = "internal", "Something went wrong inside bertfit that its authors did not foresee."
        details = [f"{type(error).__name__}: {error}"]
    return {"ok": False, "code": code, "message": message, "details": details, "python_type": type(error).__name__,
            "traceback": "".join(traceback.format_exception(error))}


def exported(function: Callable) -> Callable:
    """Decorator: R may call the function under its name."""
    functions[function.__name__] = function
    return function


def returns_keras(function: Callable) -> Callable:
    """Decorator: as `exported`, and its value crosses as it is."""
    raw.add(function.__name__)
    return exported(function)

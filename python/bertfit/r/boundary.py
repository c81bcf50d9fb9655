"""The table behind the boundary: functions by name, models by number, failures as data.

The modules of this package put their functions in here with `exported`; `call` finds them, and reads the arguments from
R by their annotations. Models stay here under whole numbers, which are all that R holds.
"""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bertfit.checks import whole
from bertfit.errors import ArgumentError, BertfitError
from bertfit.model import Unbuilt
from bertfit.r.values import read_arguments, to_plain
from bertfit.system import interrupts

models: dict[int, Any] = {}
_numbers = itertools.count(1)
functions: dict[str, Callable] = {}
raw: set[str] = set()  # functions whose value is a Keras object: the documented exception
uncut: set[str] = set()  # functions that Ctrl-C does not stop


def call(name: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Call a function of the boundary.

    Args:
        name: Its name.
        arguments: Its arguments by name; optional ones may be left out.

    Returns:
        ``{"ok": True, "value": ...}``, or ``{"ok": False, "code", "message", "details", "python_type",
        "traceback"}``. `code` is the error class's, "memory" where memory ran out, "interrupt" after Ctrl-C, or
        "internal".
    """
    try:
        with interrupts.from_r(heeded=name not in uncut):
            value = _call(name, dict(arguments or {}))
            return {"ok": True, "value": value if name in raw else to_plain(value)}
    except (Exception, KeyboardInterrupt) as error:
        return _failure(error)


def _call(name: str, arguments: dict[str, Any]) -> Any:
    function = functions.get(name)
    if function is None:
        raise ArgumentError("`name` must be a function of bertfit.r.",
                            [f"You gave {name!r}.", f"Known: {', '.join(sorted(functions))}."])
    if arguments.get("progress") is not None:
        from bertfit.training import interruptible

        arguments["progress"] = interruptible(arguments["progress"])
    return function(**read_arguments(function, arguments, find))


def _failure(error: BaseException) -> dict[str, Any]:
    if isinstance(error, BertfitError):
        code, message, details = error.code, error.message, list(error.details)
    elif isinstance(error, KeyboardInterrupt):
        code, message, details = "interrupt", "Interrupted.", []
    elif isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        code, message = "memory", "There must be enough memory for the model and its batches."
        details = ["Try a smaller `batch_size` or `max_len`, or close other programs."]
    else:
        code, message = "internal", "Something went wrong inside bertfit that its authors did not foresee."
        details = [f"{type(error).__name__}: {error}"]
    return {"ok": False, "code": code, "message": message, "details": details, "python_type": type(error).__name__,
            "traceback": "".join(traceback.format_exception(error))}


def exported(function: Callable) -> Callable:
    """Put a function into the table under its name."""
    functions[function.__name__] = function
    return function


def returns_keras(function: Callable) -> Callable:
    """The same for one whose value is a Keras object, which goes to R as it is."""
    raw.add(function.__name__)
    return exported(function)


def done_whole(function: Callable) -> Callable:
    """The same for one that finishes hours of work in seconds: Ctrl-C must not cost it what it is given."""
    uncut.add(function.__name__)
    return exported(function)


# -- Handles --------------------------------------------------------------------------------------------

def keep(model) -> dict[str, Any]:
    """Hold a model under a number of its own; its description."""
    return description(hold(model), model)


def hold(thing) -> int:
    """Hold what `find` is to find; its number."""
    number = next(_numbers)
    models[number] = thing
    return number


def find(handle):
    """What is held under a number; a model that was only opened is made now.

    Raises:
        ArgumentError: Nothing is.
        CheckpointError: The files of a model that was only opened have changed.
    """
    number = whole(handle)
    if isinstance(number, bool) or number not in models:
        raise ArgumentError("must be the number of a model in this session.", argument="model", received=handle)
    if isinstance(models[number], Unbuilt):
        models[number] = models[number].build()
    return models[number]


def description(handle: int, model) -> dict[str, Any]:
    """What R knows of a model: name, sizes and source; of one that was fitted or pretrained also how."""
    source, record = model.source, dict(model.record)
    fitted_here = model.fitted and source.get("kind") != "bundle"
    pretrained = not model.fitted and model.pretraining is not None and "steps" in record
    facts = {
        "handle": handle,
        "name": model.name,
        "kind": "fitted" if fitted_here else source.get("kind"),
        "path": source.get("path"),
        "sha256": source.get("sha256"),
        "config": model.config.to_dict(),
        "vocab_file": model.vocabulary.path,
        "vocab_size": len(model.vocabulary),
        "vocab_type": model.vocabulary.type,
        "lower_case": model.vocabulary.lower_case,
        "max_len": model.max_len,
        "parameters": float(model.parameters),
        "fitted": model.fitted,
        "pretrained": pretrained,
        "pretraining": None if model.pretraining is None else model.pretrain_heads.to_dict(),
    }
    if model.fitted or pretrained:
        record["history"] = {name: np.asarray(values, np.float64)
                             for name, values in (record.get("history") or {}).items()}
        facts["record"] = record
    if model.fitted:
        facts.update(task=model.task.to_dict(), head=model.head_config.to_dict(),
                     trainable_parameters=float(model.trainable_parameters))
    return facts

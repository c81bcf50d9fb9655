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

from bertfit import errors
from bertfit.checks import whole
from bertfit.errors import Arg, ArgumentError, BertfitError, Sentence, Value
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
        ``{"ok": True, "value": ...}``, or ``{"ok": False, "code", "argument", "rule", "received", "details",
        "message", "python_type", "traceback"}``. `code` is the error class's, "memory" where memory ran out,
        "interrupt" after Ctrl-C, or "internal". Sentences (`rule`, each of `details`) are lists of ``{"text"}``,
        ``{"argument"}`` and ``{"value"}``, which R words; `received` is a value, or the text that names its class, and
        left out where nothing was received. `message` is Python's wording.
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
        raise ArgumentError("must be a function of bertfit.r.", [f"Known: {', '.join(sorted(functions))}."],
                            argument="name", received=name)
    if arguments.get("progress") is not None:
        from bertfit.training import interruptible

        arguments["progress"] = interruptible(arguments["progress"])
    return function(**read_arguments(function, arguments, find))


def _failure(error: BaseException) -> dict[str, Any]:
    if isinstance(error, BertfitError):
        told, code = error, error.code
    elif isinstance(error, KeyboardInterrupt):
        told, code = BertfitError("Interrupted."), "interrupt"
    elif isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        told, code = errors.out_of_memory(), "memory"
    else:
        told = BertfitError("Something went wrong inside bertfit that its authors did not foresee.",
                            [f"{type(error).__name__}: {error}"])
        code = "internal"
    received = {} if told.received is errors.NOTHING else {"received": _shown(told.received)}
    return {"ok": False, "code": code, "argument": told.argument, "rule": _pieces(told.rule),
            "details": [_pieces(detail) for detail in told.details], **received, "message": str(told),
            "python_type": type(error).__name__, "traceback": "".join(traceback.format_exception(error))}


def _pieces(sentence: str | Sentence) -> list[dict[str, Any]]:
    """A sentence as R words it: pieces of text, names of arguments, and values."""
    parts = [sentence] if isinstance(sentence, str) else sentence.parts
    return [{"argument": part.name} if isinstance(part, Arg)
            else _shown(part.value) if isinstance(part, Value) else {"text": part} for part in parts if part != ""]


def _shown(value: Any) -> dict[str, Any]:
    """A plain value; what R cannot hold as Python spells it, of anything else the class."""
    if not errors.is_plain(value):
        return {"text": f"an object of class {type(value).__name__}"}
    spelled = ascii(value)
    return {"text": spelled} if "\\x00" in spelled or "\\ud" in spelled else {"value": to_plain(value)}


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

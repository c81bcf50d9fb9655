"""Calls from R: a table of functions by name, a table of models by number, and errors converted to dicts.

The other modules of this package register their functions with `exported`. `call` looks a function up and converts the
arguments from R according to its annotations. Models stay in this process; R holds only their numbers.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bertfit import errors
from bertfit.checks import whole
from bertfit.errors import Arg, ArgumentError, BertfitError, Function, RowNumbers, Sentence, Setting, Value, Variable
from bertfit.model import Unbuilt
from bertfit.notices import BertfitWarning, collected
from bertfit.r.values import read_arguments, to_plain
from bertfit.system import interrupts

# R forks (parallel::mclapply()): the threads of the package tokenizers would not live on in the child, and it would say
# so on stderr. Without them a fork is safe, and little is slower: every different word is tokenized once.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

models: dict[int, Any] = {}
_numbers = itertools.count(1)
functions: dict[str, Callable] = {}
raw: set[str] = set()  # names of functions that return a Keras object, which is passed to R unconverted
uninterruptible: set[str] = set()  # names of functions during which Ctrl-C is ignored


def call(name: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Call a registered function.

    Args:
        name: Name of the function.
        arguments: Its arguments by name; optional ones may be left out.

    Returns:
        ``{"ok": True, "value": ..., "notices": [{"code", "sentence", "n", "of"}, ...]}`` (without notices where there
        are none), or ``{"ok": False, "code", "argument", "rule", "received", "details", "message", "python_type",
        "traceback"}``. `code` is that of the error class, "memory" if memory ran out, "interrupt" after Ctrl-C, or
        "internal". Sentences (`rule`, `sentence`, each of `details`) are lists of their parts, from which R makes text
        (see `_piece`). `received` is ``{"value"}``, or ``{"text"}`` with the value's class, and is absent if the error
        shows no value. `message` is Python's wording.
    """
    try:
        listening = interrupts.listening(heeded=name not in uninterruptible)
        with listening, interrupts.released(), collected() as notices:
            value = _call(name, dict(arguments or {}))
            value = value if name in raw else to_plain(value)
        return {"ok": True, "value": value, **({"notices": list(map(_notice, notices))} if notices else {})}
    except (Exception, KeyboardInterrupt) as error:
        return _failure(error)


_open: list[contextlib.ExitStack] = []


def listen(name: str) -> None:
    """Called by R before it converts the arguments of `name` for Python: from here on Ctrl-C is Python's.

    reticulate runs Python code while it converts values, and loses a KeyboardInterrupt that is raised there. So none
    is raised outside of `call`: it comes when `call` begins, or when R calls `unlisten`.
    """
    stack = contextlib.ExitStack()
    _open.append(stack)
    stack.enter_context(interrupts.listening(heeded=name not in uninterruptible))
    stack.enter_context(interrupts.held())


def unlisten() -> bool:
    """Called by R when the result of `call` is converted: whether there was an interrupt that nothing acted upon."""
    try:
        _open.pop().close()
    except KeyboardInterrupt:
        return True
    return False


def _call(name: str, arguments: dict[str, Any]) -> Any:
    function = functions.get(name)
    if function is None:
        raise ArgumentError("must be a function of bertfit.r.", [f"Known: {', '.join(sorted(functions))}."],
                            argument="name", received=name)
    for listener in ("progress", "callback"):
        if arguments.get(listener) is not None:
            from bertfit.training import interruptible

            arguments[listener] = interruptible(arguments[listener])
    return function(**read_arguments(function, arguments, find))


def _failure(error: BaseException) -> dict[str, Any]:
    if isinstance(error, BertfitError):
        reported, code = error, error.code
    elif isinstance(error, KeyboardInterrupt):
        reported, code = BertfitError("Interrupted."), "interrupt"
    elif isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        reported, code = errors.out_of_memory(), "memory"
    else:
        reported = BertfitError("Something went wrong inside bertfit that its authors did not foresee.",
                                [f"{type(error).__name__}: {error}"])
        code = "internal"
    received = {} if reported.received is errors.NOTHING else {"received": _shown(reported.received)}
    return {"ok": False, "code": code, "argument": reported.argument, "rule": _pieces(reported.rule),
            "details": [_pieces(detail) for detail in reported.details], **received, "message": str(reported),
            "python_type": type(error).__name__, "traceback": "".join(traceback.format_exception(error))}


def _pieces(sentence: str | Sentence) -> list[dict[str, Any]]:
    """A sentence as a list of its parts, which R joins in its own spelling."""
    return [_piece(part) for part in ([sentence] if isinstance(sentence, str) else sentence.parts) if part != ""]


def _piece(part: Any) -> dict[str, Any]:
    """A part of a sentence: ``{"text"}``, ``{"argument"}``, ``{"value"}``, ``{"setting": {"name", "value"}}``,
    ``{"function": {"name", "arguments"}}``, ``{"variable": {"name", "value"}}``, or ``{"text"}`` of rows, which R
    counts from 1."""
    if isinstance(part, Arg):
        return {"argument": part.name}
    if isinstance(part, Value):
        return _shown(part.value)
    if isinstance(part, Setting):
        return {"setting": {"name": part.name, "value": _shown(part.value)}}
    if isinstance(part, Function):
        arguments = [*map(Value, part.values), *part.settings]
        return {"function": {"name": part.name, "arguments": list(map(_piece, arguments))}}
    if isinstance(part, Variable):
        return {"variable": {"name": part.name, "value": part.value}}
    return {"text": part.counted_from(1) if isinstance(part, RowNumbers) else part}


def _notice(notice: BertfitWarning) -> dict[str, Any]:
    return {"code": notice.code, "sentence": _pieces(notice.sentence), "n": notice.n, "of": notice.of}


def _shown(value: Any) -> dict[str, Any]:
    """A value for R: plain values as they are, strings that R cannot represent as escaped text, otherwise the class."""
    if not errors.is_plain(value):
        return {"text": f"an object of class {type(value).__name__}"}
    spelled = ascii(value)
    return {"text": spelled} if "\\x00" in spelled or "\\ud" in spelled else {"value": to_plain(value)}


def exported(function: Callable) -> Callable:
    """Decorator: register a function under its name."""
    functions[function.__name__] = function
    return function


def returns_keras(function: Callable) -> Callable:
    """Decorator: register a function that returns a Keras object, which is passed to R unconverted."""
    raw.add(function.__name__)
    return exported(function)


def exported_uninterruptible(function: Callable) -> Callable:
    """Decorator: register a function during which Ctrl-C is ignored: it takes seconds, and saves hours of work."""
    uninterruptible.add(function.__name__)
    return exported(function)


# -- Handles --------------------------------------------------------------------------------------------

def keep(model) -> dict[str, Any]:
    """Put a model into the table; returns its `description`, which has its number."""
    return description(hold(model), model)


def hold(thing) -> int:
    """Put an object into the table; returns its number, for `find`."""
    number = next(_numbers)
    models[number] = thing
    return number


def find(handle):
    """The object with this number. A model whose files were only read and checked so far (`Unbuilt`) is built first.

    Raises:
        ArgumentError: There is no object with this number.
        CheckpointError: The files of an `Unbuilt` model have changed since they were checked.
    """
    number = whole(handle)
    if isinstance(number, bool) or number not in models:
        raise ArgumentError("must be the number of a model in this session.", argument="model", received=handle)
    if isinstance(models[number], Unbuilt):
        models[number] = models[number].build()
    return models[number]


def description(handle: int, model) -> dict[str, Any]:
    """What R stores about a model: its number, name, sizes and source; if fitted or pretrained, also the record."""
    source, record = model.source, dict(model.record)
    origin = source.get("origin") or source
    fitted_here = model.fitted and "settings" in record and source.get("kind") != "bundle"
    pretrained = not model.fitted and model.pretraining is not None and "steps" in record
    facts = {
        "handle": handle,
        "name": model.name,
        "kind": "fitted" if fitted_here else source.get("kind"),
        "path": source.get("path"),
        "sha256": source.get("sha256"),
        "repository": origin.get("repository"),
        "revision": origin.get("revision"),
        "config": model.config.to_dict(),
        "vocab_file": model.vocabulary.path,
        "vocab_size": len(model.vocabulary),
        "vocab_type": model.vocabulary.type,
        "vocab_algorithm": model.vocabulary.algorithm,
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
    elif source.get("kind") == "fresh":
        facts["seed"] = source.get("seed")
    if model.fitted:
        facts.update(task=model.task.to_dict(), head=model.head_config.to_dict(),
                     trainable_parameters=float(model.trainable_parameters))
    return facts

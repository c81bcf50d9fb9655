"""Base class and checks of settings: `require`, tests of numbers, rules for all training runs, reading from a dict,
and what was meant by an unknown name.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import inspect
import numbers
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from bertfit._env import PRECISIONS
from bertfit.checks import as_list, is_finite, whole
from bertfit.errors import Arg, ArgumentError, Sentence, Value
from bertfit.plain import plain_copy

#: The rule for a setting that is on or off: "True or False" in Python, "TRUE or FALSE" in R.
EITHER = Sentence("{} or {}", Value(True), Value(False))

#: Largest weight of a row or a class. The loss, their product times the row's, is computed in float32.
LARGEST_WEIGHT = 1e15

#: What other packages call the arguments of this one; `other_names` in R/checks.R is the same table.
OTHER_NAMES = {
    "lr": "learning_rate", "epoch": "epochs", "n_epochs": "epochs", "num_epochs": "epochs",
    "num_train_epochs": "epochs", "batch": "batch_size", "validation_split": "validation",
    "validation_data": "validation", "valid": "validation", "max_length": "max_len", "max_seq_length": "max_len",
    "maxlen": "max_len", "n_seq": "max_len", "class_weight": "class_weights", "sample_weight": "sample_weights",
    "weights": "sample_weights", "patience": "early_stopping", "decay": "weight_decay", "clipnorm": "clip_norm",
    "max_grad_norm": "clip_norm", "warmup_ratio": "warmup", "warmup_proportion": "warmup",
    "gradient_accumulation_steps": "accumulation", "random_state": "seed", "callback": "callbacks",
    "label": "target", "labels": "target", "y": "target", "text_pair": "pair", "newdata": "new_data",
    "doc_stride": "stride", "new_data": "newdata", "output_dir": "out_dir", "max_steps": "steps",
}

Callee = TypeVar("Callee", bound=Callable)


def did_you_mean(unknown: Iterable[str], known: Iterable[str]) -> list[str | Sentence]:
    """The hint for names of arguments that are unknown; empty if no known one is near.

    >>> print(*did_you_mean(["lr", "epoch"], ["epochs", "learning_rate", "seed"]))
    Did you mean `learning_rate`, `epochs`?
    """
    known = list(known)
    near: dict[str, None] = {}
    for name in unknown:
        meant = OTHER_NAMES.get(name.lower())
        begun = [other for other in known if len(name) >= 3 and other.startswith(name)]
        close = [meant] if meant in known else begun or difflib.get_close_matches(name, known, 1, 0.7)
        near.update(dict.fromkeys(close))
    if not near:
        return []
    return [Sentence("Did you mean " + ", ".join("{}" for _ in near) + "?", *map(Arg, near))]


def keywords_told(callee: Callee) -> Callee:
    """Decorator of a function or a class: the `TypeError` for an unknown keyword says which one may be meant."""
    function = callee.__init__ if isinstance(callee, type) else callee
    known = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def checked(*args: Any, **keywords: Any) -> Any:
        unknown = [name for name in keywords if name not in known]
        if unknown:
            hint = "".join(f" {hint}" for hint in did_you_mean(unknown, known))
            raise TypeError(f"{callee.__qualname__}() got an unexpected keyword argument {unknown[0]!r}.{hint}")
        return function(*args, **keywords)

    if isinstance(callee, type):
        callee.__init__ = checked  # type: ignore[misc]
        return callee
    return typing.cast(Callee, checked)


def require(ok: bool, argument: str, rule: str | Sentence, received: Any, or_none: bool = False) -> None:
    """Raise an `ArgumentError` ("`argument` must be `rule`."; with `or_none` also "..., or None.") unless `ok`."""
    if not ok:
        rule = Sentence("must be {}, or {}.", rule, Value(None)) if or_none else Sentence("must be {}.", rule)
        raise ArgumentError(rule, argument=argument, received=received)


def is_whole(value: Any, low: float = float("-inf"), high: float = float("inf")) -> bool:
    """Whether `value` is a whole number (not a bool) from `low` to `high`, both included."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and low <= value <= high


def is_number(value: Any, low: float, high: float = float("inf"), open_low: bool = False) -> bool:
    """Whether `value` is a finite number (not a bool) from `low` (excluded if `open_low`) to `high` (included)."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool) or not is_finite(value):
        return False
    return (value > low if open_low else value >= low) and value <= high


class Settings:
    """Base of the frozen dataclasses that hold settings."""

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain values for JSON: NumPy's numbers become Python's, tuples and arrays become lists."""
        return {field.name: plain_copy(getattr(self, field.name)) for field in dataclasses.fields(self)}


def check_rates(settings: Any) -> None:
    """Check the optimizer settings of a training run: learning_rate (which may be "auto" if that is its default),
    min_learning_rate, weight_decay, warmup, clip_norm.

    Raises:
        ArgumentError: One is out of range.
    """
    rate, lowest = settings.learning_rate, settings.min_learning_rate
    if type(settings).learning_rate == "auto":
        ok = rate == "auto" or is_number(rate, 0, open_low=True)
        require(ok, "learning_rate", 'a number above 0, or "auto"', rate)
    else:
        require(is_number(rate, 0, open_low=True), "learning_rate", "a number above 0", rate)
    for name in ("min_learning_rate", "weight_decay"):
        require(is_number(getattr(settings, name), 0), name, "a number of at least 0", getattr(settings, name))
    if rate != "auto" and lowest > rate:
        raise ArgumentError(Sentence("must not be above {}.", Arg("learning_rate")),
                            [Sentence("They are {} and {}.", Value(lowest), Value(rate))], argument="min_learning_rate")
    require(is_number(settings.warmup, 0, 1), "warmup", "a share between 0 and 1", settings.warmup)
    require(settings.clip_norm is None or is_number(settings.clip_norm, 0, open_low=True),
            "clip_norm", "a number above 0", settings.clip_norm, or_none=True)


def check_run(settings: Any) -> None:
    """Check the other settings that every training run has: precision, seed, verbose.

    Raises:
        ArgumentError: One is not an allowed value.
    """
    require(settings.precision in PRECISIONS, "precision", f"one of {', '.join(PRECISIONS)}", settings.precision)
    require(settings.seed is None or is_whole(settings.seed, 0, 2**31 - 1),
            "seed", "a whole number between 0 and 2147483647", settings.seed, or_none=True)
    require(settings.verbose in (0, 1, 2), "verbose", "0, 1 or 2", settings.verbose)


def build(kind: type, values: Mapping[str, Any] | None, argument: str, others: Iterable[str] = ()) -> Any:
    """Build a settings dataclass from a dict of its fields.

    Args:
        kind: The class: `HeadConfig`, `TrainConfig`, `PretrainConfig`, ...
        values: Fields by name, all or some; None for defaults.
        argument: Name of the argument for errors about `values` as a whole.
        others: Names of the other arguments of the function that was called, which may be meant by an unknown field.

    Raises:
        ArgumentError: `values` is not a mapping, a field is unknown, or a value breaks its rule.
    """
    known = {field.name for field in dataclasses.fields(kind)}
    if not isinstance(values, (Mapping, type(None))):
        raise ArgumentError(f"must be a {kind.__name__}, or a dict of its fields.", argument=argument, received=values)
    values = dict(values or {})
    unknown = sorted(set(values) - known)
    if unknown:
        raise ArgumentError("must have known settings only.",
                            [f"Unknown: {', '.join(unknown)}.", *did_you_mean(unknown, [*sorted(known), *others]),
                             f"Known: {', '.join(sorted(known))}."],
                            argument=argument)
    hints = typing.get_type_hints(kind)
    return kind(**{name: as_declared(value, hints[name]) for name, value in values.items()})


def as_declared(value: Any, hint: Any) -> Any:
    """Convert a value from R to its declared type, where R cannot express that type.

    R has no scalars and writes 3 as 3.0: where a sequence is declared, a single value becomes a list of one; where a
    whole number is declared, 3.0 becomes 3. Other values are returned unchanged; the settings class checks them.

    >>> as_declared(3.0, int | None), as_declared(3.0, Sequence[int]), as_declared(0.5, int), as_declared(3.0, float)
    (3, [3], 0.5, 3.0)
    """
    parts = _parts(hint)
    if Sequence in parts or list in parts:
        value = as_list(value)
    return whole(value) if int in parts else value


def _parts(hint: Any) -> set[Any]:
    """The types that occur in a type hint: int, NoneType and UnionType for ``int | None``."""
    origin = typing.get_origin(hint)
    inner = set().union(*map(_parts, typing.get_args(hint))) if origin not in (None, Mapping, Callable) else set()
    return {origin or hint, *inner}

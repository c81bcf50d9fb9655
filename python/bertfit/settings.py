"""What every dataclass of settings shares: the wording of a broken rule, tests of numbers, a plain dict."""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Mapping
from typing import Any

from bertfit.errors import ArgumentError


def require(ok: bool, argument: str, rule: str, received: Any) -> None:
    """Raise an `ArgumentError` ("`argument` must be `rule`.") unless `ok`."""
    if not ok:
        raise ArgumentError(f"`{argument}` must be {rule}.", [f"You gave {received!r}."])


def is_whole(value: Any, low: int) -> bool:
    """Whether it is a whole number (no bool) of at least `low`."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= low


def is_number(value: Any, low: float, high: float = float("inf"), open_low: bool = False) -> bool:
    """Whether it is a number (no bool) from `low` (itself left out if `open_low`) to `high`."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return False
    return (value > low if open_low else value >= low) and value <= high


class Settings:
    """Base of the frozen dataclasses that hold settings."""

    def to_dict(self) -> dict[str, Any]:
        """All fields, as plain values that JSON keeps: NumPy's numbers become Python's, tuples and arrays lists."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Mapping):
        return {name: _plain(v) for name, v in value.items()}
    if isinstance(value, numbers.Real):
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    return [_plain(v) for v in value]

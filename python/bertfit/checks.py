"""What callers hand over, checked: texts and pairs as lists of strings; missing values; scalars and lists from R."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bertfit.errors import DataError, rows_are


def check_texts(texts: str | Sequence[str], pairs: str | Sequence[str] | None = None):
    """Texts and pairs as lists of strings. One string is one text, never a sequence of letters.

    Raises:
        DataError: A text is missing or no string (rows counted from 1), or there is not one pair per text.
    """
    texts = _text_list(texts, "text")
    if pairs is not None:
        pairs = _text_list(pairs, "pair")
        if len(pairs) != len(texts):
            raise DataError("must have one text per row.", [f"{len(texts)} texts and {len(pairs)} pairs."],
                            argument="pair")
    return texts, pairs


def _text_list(texts, argument: str) -> list[str]:
    if isinstance(texts, str):
        texts = [texts]
    elif isinstance(texts, (bytes, Mapping)) or hasattr(texts, "columns") or not isinstance(texts, Iterable):
        # What iterates over something else than its texts: a frame and a dict over names, bytes over numbers.
        hint = ["Give one of its columns."] if hasattr(texts, "columns") else []
        raise DataError("must be a string or a sequence of strings.", hint, argument=argument, received=texts)
    texts = list(texts)
    if set(map(type, texts)) <= {str}:
        return texts
    # str's subclasses (NumPy's among them) are strings too; all else is named.
    bad = [row for row, text in enumerate(texts, start=1) if not isinstance(text, str)]
    if bad:
        missing = all(is_missing(texts[row - 1]) for row in bad)
        what = "missing" if missing else f"not; the first is of class {type(texts[bad[0] - 1]).__name__}"
        raise DataError("must be strings, none of them missing.", [f"{rows_are(bad)} {what}."], argument=argument)
    return [str(text) for text in texts]


def is_missing(value: Any) -> bool:
    """None, NaN, and pandas' NA and NaT (which cannot be compared, so they are told by their types' names)."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, numbers.Real) and value != value


def as_list(value: Any) -> list:
    """A list of what R sent: an array (column by column, as R lays it out), a list, one scalar, or nothing."""
    if value is None:
        return []
    if hasattr(value, "ravel"):  # NumPy's, without importing it
        return value.ravel(order="F").tolist()
    return list(value) if isinstance(value, (list, tuple)) else [value]


def whole(value: Any) -> Any:
    """3.0 as 3, also in lists; anything else as it is, for the rule it breaks to be named where it is known."""
    if isinstance(value, list):
        return [whole(v) for v in value]
    if hasattr(value, "item") and not hasattr(value, "__len__"):  # a NumPy scalar
        value = value.item()
    return int(value) if isinstance(value, float) and value.is_integer() else value

"""The exception tree of bertfit.

Every error a user can cause is a `BertfitError`. Its message is written for a person: the rule
first, then (in `details`) what was received and what to do. Each class carries a `code`; the R
package turns code ``"checkpoint"`` into a condition of class ``bertfit_error_checkpoint``.

>>> error = ArgumentError("`epochs` must be a whole number of at least 1.", ["You gave 0."])
>>> error.code, str(error)
('argument', '`epochs` must be a whole number of at least 1.\\n- You gave 0.')
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class BertfitError(Exception):
    """Base of all errors raised on purpose by bertfit.

    Args:
        message: The rule that was broken, one sentence.
        details: What was received, where, and the fix; one short sentence each.
    """

    code = "bertfit"

    def __init__(self, message: str, details: Sequence[str] = ()):
        self.message = message
        self.details = tuple(details)
        super().__init__("\n- ".join((message, *self.details)))


def you_gave(value: Any) -> str:
    """What was received, for `details`: a short value as it is, of anything else only its class.

    >>> you_gave("3"), you_gave(range(9**9))
    ("You gave '3'.", 'You gave an object of class range.')
    """
    plain = value is None or isinstance(value, (str, int, float, list, tuple))
    if plain and len(text := repr(value)) <= 80:
        return f"You gave {text}."
    return f"You gave an object of class {type(value).__name__}."


def rows_are(rows: Sequence[int]) -> str:
    """The subject of a sentence about some rows, counted from 1.

    >>> rows_are([4]), rows_are(range(1, 61))
    ('Row 4 is', 'Rows 1, 2, 3, 4, 5 and 55 more are')
    """
    if len(rows) == 1:
        return f"Row {rows[0]} is"
    named = ", ".join(str(int(row)) for row in rows[:5])
    return f"Rows {named}{f' and {len(rows) - 5} more' if len(rows) > 5 else ''} are"


class ArgumentError(BertfitError, ValueError):
    """An argument breaks its rule (wrong type, range, name or combination)."""

    code = "argument"


class DataError(BertfitError, ValueError):
    """The rows given cannot be used (missing values, lengths that differ, unknown labels)."""

    code = "data"


class CheckpointError(BertfitError):
    """A checkpoint folder is missing, damaged, or does not fit its own configuration."""

    code = "checkpoint"


class VocabularyError(BertfitError):
    """A vocabulary file is unreadable or lacks what BERT needs."""

    code = "vocabulary"


class DownloadError(BertfitError):
    """A download failed, or what arrived is not what was promised."""

    code = "download"


class BundleError(BertfitError):
    """A saved bertfit model is incomplete, altered, or of a newer format."""

    code = "bundle"


class TrainingError(BertfitError, ArithmeticError):
    """Training cannot go on: the loss is not a number."""

    code = "training"


class SetupError(BertfitError, RuntimeError):
    """The Python environment cannot run bertfit (versions, Keras 3, missing packages)."""

    code = "setup"

"""The exception tree of bertfit, and how an error is worded.

Every error a user can cause is a `BertfitError`. Its fields are the argument, the rule that it broke, what was
received, and details. Each interface words them for its users: Python in `words`, R in R/conditions.R, the command
line in cli/program.py, with option names in place of argument names. Each class has a `code`: in R, code
``"checkpoint"`` gives a condition of class ``bertfit_error_checkpoint``.

>>> error = ArgumentError("must be a whole number of at least 1.", argument="epochs", received=0)
>>> error.code, str(error)
('argument', '`epochs` must be a whole number of at least 1.\\n- You gave 0.')
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertfit.words import (
    Arg,
    Function,
    RowNumbers,
    Sentence,
    Setting,
    Value,
    Variable,
    Words,
    is_plain,
    rows_are,
    shown,
)

__all__ = [
    "NOTHING",
    "Arg",
    "ArgumentError",
    "BertfitError",
    "BundleError",
    "CheckpointError",
    "DataError",
    "DownloadError",
    "Function",
    "RowNumbers",
    "Sentence",
    "Setting",
    "SetupError",
    "TrainingError",
    "Value",
    "Variable",
    "VocabularyError",
    "Words",
    "is_plain",
    "out_of_memory",
    "rows_are",
    "shown",
]

#: Default of `received`: the error shows no value.
NOTHING = type("NOTHING", (), {"__repr__": lambda self: "NOTHING"})()


class BertfitError(Exception):
    """Base of all errors that bertfit raises on purpose.

    Args:
        rule: The rule that was broken: "must be ..." where an argument is named, else a whole sentence.
        details: Where it was broken, and the fix; one short sentence each.
        argument: Name of the argument that breaks the rule; R and Python use the same names.
        received: The value given for it; left out where the details say it better.

    All four are attributes of the error, for programs that handle it; `sentences` combines them.
    """

    code = "bertfit"

    def __init__(self, rule: str | Sentence, details: Sequence[str | Sentence] = (), *, argument: str | None = None,
                 received: Any = NOTHING):
        self.rule, self.details = rule, tuple(details)
        scalar = hasattr(received, "item") and not hasattr(received, "__len__")  # NumPy's
        self.argument, self.received = argument, received.item() if scalar else received
        super().__init__("\n- ".join(Words().lines(self)))

    @property
    def message(self) -> str:
        """The argument and the rule, in Python's words."""
        return str(self.sentences[0])

    @property
    def sentences(self) -> list[str | Sentence]:
        """The rule, what was received (a short plain value itself, otherwise its class), and the details."""
        first = self.rule if self.argument is None else Sentence("{} {}", Arg(self.argument), self.rule)
        if self.received is NOTHING:
            return [first, *self.details]
        return [first, Sentence("You gave {}.", shown(self.received)), *self.details]

    def __reduce__(self):
        return _rebuilt, (type(self), self.rule, self.details, self.argument,
                          None if self.received is NOTHING else (self.received,))


def _rebuilt(kind: type, rule, details, argument, received) -> BertfitError:
    return kind(rule, details, argument=argument, **({} if received is None else {"received": received[0]}))


def out_of_memory() -> BertfitError:
    """The error to show for Python's `MemoryError` and TensorFlow's `ResourceExhaustedError`."""
    return BertfitError("There must be enough memory for the model and its batches.",
                        [Sentence("Try a smaller {} or {}, or close other programs.",
                                  Arg("batch_size"), Arg("max_len"))])


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
    """A download failed, or the downloaded file does not have the expected size or checksum."""

    code = "download"


class BundleError(BertfitError):
    """A saved bertfit model is incomplete, altered, or of a newer format."""

    code = "bundle"


class TrainingError(BertfitError, ArithmeticError):
    """Training stopped because the loss is not finite."""

    code = "training"


class DiskError(BertfitError):
    """A disk is full, or may not take more; what was to be replaced is as it was."""

    code = "disk"


class OccupiedError(BertfitError):
    """Something appeared where a result was to go, and was left alone. The result is kept beside it.

    Attributes:
        kept: The path of the result.
    """

    code = "occupied"
    kept: str | None = None


class CallbackError(BertfitError):
    """A callback of R failed, which ended the run; R reports its error."""

    code = "callback"


class SetupError(BertfitError, RuntimeError):
    """The Python environment cannot run bertfit (wrong versions, Keras 3, missing packages)."""

    code = "setup"

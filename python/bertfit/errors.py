"""The exception tree of bertfit, and how an error is worded.

Every error a user can cause is a `BertfitError`. Its fields are the argument, the rule that it broke, what was
received, and details. Each interface words them for its users: Python here, R in R/conditions.R, the command line in
cli/program.py, with option names in place of argument names. Each class has a `code`: in R, code ``"checkpoint"`` gives
a condition of class ``bertfit_error_checkpoint``.

>>> error = ArgumentError("must be a whole number of at least 1.", argument="epochs", received=0)
>>> error.code, str(error)
('argument', '`epochs` must be a whole number of at least 1.\\n- You gave 0.')
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

#: Default of `received`: the error shows no value.
NOTHING = type("NOTHING", (), {"__repr__": lambda self: "NOTHING"})()


@dataclasses.dataclass(frozen=True)
class Arg:
    """An argument's name within a `Sentence`: written as `epochs` in Python and R, as --epochs on the command line."""

    name: str


@dataclasses.dataclass(frozen=True)
class Value:
    """A value within a `Sentence`: None in Python is NULL in R, True is TRUE."""

    value: Any


class Sentence:
    """A sentence whose argument names and values are filled in when it is shown, by `Words`.

    Args:
        template: The text, with a {} for each part.
        *parts: `Arg`s, `Value`s or other sentences; anything else is converted to text.

    >>> str(Sentence("must not be above {}.", Arg("learning_rate")))
    'must not be above `learning_rate`.'
    >>> str(Sentence("must be a number, or {}.", Value(None)))
    'must be a number, or None.'
    """

    def __init__(self, template: str, *parts: Any):
        texts = template.split("{}")
        if len(texts) != len(parts) + 1:
            raise ValueError(f"{template!r} has {len(texts) - 1} places for {len(parts)} parts")
        self.parts: tuple[Arg | Value | str, ...] = (texts[0],)
        for part, text in zip(parts, texts[1:], strict=True):
            kept = part if isinstance(part, (Arg, Value)) else str(part)
            self.parts += (*(part.parts if isinstance(part, Sentence) else [kept]), text)

    def __str__(self) -> str:
        return Words().sentence(self)

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class Words:
    """How Python words an error. Subclasses for other interfaces override `argument` and `value`."""

    def argument(self, name: str) -> str:
        """An argument's name."""
        return f"`{name}`"

    def value(self, value: Any) -> str:
        """A value, as users would write it."""
        return repr(value)

    def sentence(self, sentence: str | Sentence) -> str:
        """A sentence with its argument names and values filled in."""
        if isinstance(sentence, str):
            return sentence
        return "".join(
            self.argument(part.name) if isinstance(part, Arg)
            else self.value(part.value) if isinstance(part, Value) else part
            for part in sentence.parts
        )

    def lines(self, error: BertfitError) -> list[str]:
        """The sentences of an error: the rule, then what was received, then the details."""
        return list(map(self.sentence, error.sentences))


def is_plain(value: Any) -> bool:
    """Whether a value can be shown in full: None, text, numbers, and lists and dicts of them."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and is_plain(inner) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(is_plain, value))
    return value is None or isinstance(value, (str, bool, int, float))


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
        shown = is_plain(self.received) and len(repr(self.received)) <= 80
        gave = Value(self.received) if shown else f"an object of class {type(self.received).__name__}"
        return [first, Sentence("You gave {}.", gave), *self.details]

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


def rows_are(rows: Sequence[int]) -> str:
    """Subject and verb of a sentence about rows, numbered from 1.

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


class SetupError(BertfitError, RuntimeError):
    """The Python environment cannot run bertfit (wrong versions, Keras 3, missing packages)."""

    code = "setup"

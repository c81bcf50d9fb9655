"""The exception tree of bertfit, and how an error is worded.

Every error a user can cause is a `BertfitError`. It carries what went wrong as fields (the argument, the rule that it
broke, what was received, details), and each side puts them into words: Python here, R in R/conditions.R, the command
line with the names of its options. Each class has a `code`; R makes a condition of class ``bertfit_error_checkpoint``
of code ``"checkpoint"``.

>>> error = ArgumentError("must be a whole number of at least 1.", argument="epochs", received=0)
>>> error.code, str(error)
('argument', '`epochs` must be a whole number of at least 1.\\n- You gave 0.')
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

#: Nothing was received that an error could show.
NOTHING = type("NOTHING", (), {"__repr__": lambda self: "NOTHING"})()


@dataclasses.dataclass(frozen=True)
class Arg:
    """The name of an argument within a `Sentence`: every side writes it as its users know it."""

    name: str


@dataclasses.dataclass(frozen=True)
class Value:
    """A value within a `Sentence`: None, True or "text" is written as the language of each side writes it."""

    value: Any


class Sentence:
    """A sentence with arguments and values in it, to be worded later.

    Args:
        template: The text, with {} where a part stands.
        *parts: `Arg`s, `Value`s, other sentences; anything else is text.

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
    """How Python words an error; other sides override `argument` and `value`."""

    def argument(self, name: str) -> str:
        """An argument's name."""
        return f"`{name}`"

    def value(self, value: Any) -> str:
        """A value, as its users would write it."""
        return repr(value)

    def sentence(self, sentence: str | Sentence) -> str:
        """A sentence of an error."""
        if isinstance(sentence, str):
            return sentence
        return "".join(
            self.argument(part.name) if isinstance(part, Arg)
            else self.value(part.value) if isinstance(part, Value) else part
            for part in sentence.parts
        )

    def lines(self, error: BertfitError) -> list[str]:
        """The rule, then what was received, then the details."""
        return list(map(self.sentence, error.sentences))


def is_plain(value: Any) -> bool:
    """Whether a value can be shown in full: None, text, numbers, and lists and dicts of them."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and is_plain(inner) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(is_plain, value))
    return value is None or isinstance(value, (str, bool, int, float))


class BertfitError(Exception):
    """Base of all errors raised on purpose by bertfit.

    Args:
        rule: The rule that was broken: "must be ..." where an argument is named, else a whole sentence.
        details: Where it was broken, and the fix; one short sentence each.
        argument: The argument that breaks the rule, by the name that R and Python share.
        received: What was given for it; left out where the details say it better.

    All four are attributes of the error, for programs that handle it; `sentences` is what it says.
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
        """The rule, what was received (a short plain value as it is, of anything else its class), and the details."""
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
    """What a `MemoryError`, Python's or TensorFlow's, means for a user."""
    return BertfitError("There must be enough memory for the model and its batches.",
                        [Sentence("Try a smaller {} or {}, or close other programs.",
                                  Arg("batch_size"), Arg("max_len"))])


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

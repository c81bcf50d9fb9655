"""Sentences whose parts each interface spells in its own way: Python here, R in R/conditions.R, the command line in
cli/program.py.

The core names an argument, a value, a function of bertfit or rows by a part of a `Sentence`, never as text: the names
of one interface mean nothing to the users of another.

>>> str(Sentence("Fit it with {}.", Function("fit")))
'Fit it with bertfit.fit().'
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

#: Rows that a sentence names; the others are counted.
_NAMED = 5


@dataclasses.dataclass(frozen=True)
class Arg:
    """An argument's name within a `Sentence`: written as `epochs` in Python and R, as --epochs on the command line."""

    name: str


@dataclasses.dataclass(frozen=True)
class Value:
    """A value within a `Sentence`: None in Python is NULL in R, True is TRUE."""

    value: Any


@dataclasses.dataclass(frozen=True)
class Setting:
    """An argument with its value: type="numeric" in Python, type = "numeric" in R, --type numeric as an option."""

    name: str
    value: Any


@dataclasses.dataclass(frozen=True)
class Function:
    """A function of bertfit by its name in Python: bertfit.fit(), in R bert_fit(), `bertfit train` as a command.

    Args:
        name: Name of the function.
        values: Its arguments without a name.
        settings: Its arguments with one.
    """

    name: str
    values: Sequence[Any] = ()
    settings: Sequence[Setting] = ()


@dataclasses.dataclass(frozen=True)
class RowNumbers:
    """Rows, numbered from 0: "Row 3" in Python, "Row 4" in R and on the command line, which count from 1.

    Args:
        first: The numbers of the first few, from 0.
        more: How many there are besides.
    """

    first: Sequence[int]
    more: int = 0

    def counted_from(self, start: int) -> str:
        """The rows as text, numbered from `start`.

        >>> RowNumbers([0, 2], 7).counted_from(1)
        'Rows 1, 3 and 7 more'
        """
        named = ", ".join(str(number + start) for number in self.first)
        others = f" and {self.more} more" if self.more else ""
        return f"Row{'s' if len(self.first) + self.more > 1 else ''} {named}{others}"


@dataclasses.dataclass(frozen=True)
class Variable:
    """An environment variable with a value, as it is set: os.environ["HF_TOKEN"] = "..." in Python,
    Sys.setenv(HF_TOKEN = "...") in R, HF_TOKEN=... in a shell.

    Args:
        name: Name of the variable.
        value: Its value, or an example of one.
    """

    name: str
    value: str


PARTS = (Arg, Value, Setting, Function, RowNumbers, Variable)


class Sentence:
    """A sentence whose parts are filled in when it is shown, by `Words`.

    Args:
        template: The text, with a {} for each part.
        *parts: `Arg`s, `Value`s, `Setting`s, `Function`s, `RowNumbers`, `Variable`s or other sentences; anything else
            is converted to text.

    >>> str(Sentence("must not be above {}.", Arg("learning_rate")))
    'must not be above `learning_rate`.'
    >>> str(Sentence("must be a number, or {}.", Value(None)))
    'must be a number, or None.'
    """

    def __init__(self, template: str, *parts: Any):
        texts = template.split("{}")
        if len(texts) != len(parts) + 1:
            raise ValueError(f"{template!r} has {len(texts) - 1} places for {len(parts)} parts")
        self.parts: tuple[Any, ...] = (texts[0],)
        for part, text in zip(parts, texts[1:], strict=True):
            kept = part if isinstance(part, PARTS) else str(part)
            self.parts += (*(part.parts if isinstance(part, Sentence) else [kept]), text)

    def __str__(self) -> str:
        return Words().sentence(self)

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class Words:
    """How Python words a sentence. Subclasses for other interfaces override the parts that they spell differently."""

    #: The number of the first row.
    first_row = 0

    def argument(self, name: str) -> str:
        """An argument's name."""
        return f"`{name}`"

    def value(self, value: Any) -> str:
        """A value, as users would write it."""
        return repr(value)

    def setting(self, part: Setting) -> str:
        """An argument with its value."""
        return f"{part.name}={self.value(part.value)}"

    def function(self, part: Function) -> str:
        """A call of a function of bertfit."""
        return f"bertfit.{part.name}({', '.join([*map(self.value, part.values), *map(self.setting, part.settings)])})"

    def variable(self, part: Variable) -> str:
        """An environment variable that is set."""
        return f'os.environ["{part.name}"] = "{part.value}"'

    def sentence(self, sentence: str | Sentence) -> str:
        """A sentence with its parts filled in."""
        return sentence if isinstance(sentence, str) else "".join(map(self._part, sentence.parts))

    def _part(self, part: Any) -> str:
        if isinstance(part, Arg):
            return self.argument(part.name)
        if isinstance(part, Value):
            return self.value(part.value)
        if isinstance(part, Setting):
            return self.setting(part)
        if isinstance(part, Function):
            return self.function(part)
        if isinstance(part, Variable):
            return self.variable(part)
        return part.counted_from(self.first_row) if isinstance(part, RowNumbers) else part

    def lines(self, error) -> list[str]:
        """The sentences of a `BertfitError`: the rule, then what was received, then the details."""
        return list(map(self.sentence, error.sentences))


def is_plain(value: Any) -> bool:
    """Whether a value can be shown in full: None, text, numbers, and lists and dicts of them."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and is_plain(inner) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(is_plain, value))
    return value is None or isinstance(value, (str, bool, int, float))


def shown(value: Any) -> Value | str:
    """A value for a sentence: itself if short and plain, otherwise its class.

    >>> str(Sentence("It is {}.", shown(range(3))))
    'It is an object of class range.'
    """
    short = is_plain(value) and len(repr(value)) <= 80
    return Value(value) if short else f"an object of class {type(value).__name__}"


def rows_are(rows: Sequence[int]) -> Sentence:
    """Subject and verb of a sentence about rows.

    Args:
        rows: Their numbers, from 0.

    >>> str(rows_are([3])), str(rows_are(range(60)))
    ('Row 3 is', 'Rows 0, 1, 2, 3, 4 and 55 more are')
    """
    numbers = RowNumbers([int(row) for row in rows[:_NAMED]], max(0, len(rows) - _NAMED))
    return Sentence("{} {}", numbers, "is" if len(rows) == 1 else "are")

"""Notices: what a user should know about a result that is no error, such as texts that were cut.

`tell` issues a notice as a Python warning of its own class, which `warnings.filterwarnings` can silence. While a
`collected` block runs, it is kept in a list instead, and the interface words it: R as a message, the command line as a
line on stderr.
"""

from __future__ import annotations

import contextlib
import contextvars
import sys
import warnings
from collections.abc import Iterator, Sequence

from bertfit.words import Sentence

_collection: contextvars.ContextVar[list[BertfitWarning] | None] = contextvars.ContextVar("notices", default=None)


class BertfitWarning(UserWarning):
    """Base of all warnings of bertfit's own classes.

    Args:
        n: How many rows it is about; of 0 rows there is nothing to tell.
        of: How many rows there are.

    Attributes:
        sentence: What is told.
    """

    code = "notice"

    def __init__(self, n: int, of: int):
        self.n, self.of = int(n), int(of)
        super().__init__(n, of)

    @property
    def sentence(self) -> Sentence:
        raise NotImplementedError

    def __str__(self) -> str:
        return str(self.sentence)

    def joined(self, other: BertfitWarning) -> BertfitWarning | None:
        """One notice for both; None if they cannot be told as one."""
        return type(self)(self.n + other.n, self.of + other.of) if type(other) is type(self) else None

    @property
    def _rows(self) -> str:
        return f"{self.n:,} of {self.of:,} row{'' if self.of == 1 else 's'}"


class TruncationWarning(BertfitWarning):
    """Texts had more tokens than the model reads, and their ends were cut off.

    Args:
        n, of: How many rows were cut, and how many there are.
        max_len: Tokens that were kept of each, [CLS] and [SEP] included.

    >>> print(TruncationWarning(3, 491, 64))
    3 of 491 rows were longer than 64 tokens and were cut.
    """

    code = "truncated"

    def __init__(self, n: int, of: int, max_len: int):
        super().__init__(n, of)
        self.max_len = int(max_len)

    @property
    def sentence(self) -> Sentence:
        were = "was" if self.n == 1 else "were"
        return Sentence(f"{self._rows} {were} longer than {self.max_len} tokens and {were} cut.")

    def joined(self, other: BertfitWarning) -> BertfitWarning | None:
        if not isinstance(other, TruncationWarning) or other.max_len != self.max_len:
            return None
        return TruncationWarning(self.n + other.n, self.of + other.of, self.max_len)


class MissingTextWarning(BertfitWarning):
    """Rows had no text, and so have no prediction.

    >>> print(MissingTextWarning(1, 40))
    1 of 40 rows has no text, and no prediction.
    """

    code = "missing"

    @property
    def sentence(self) -> Sentence:
        return Sentence(f"{self._rows} {'has' if self.n == 1 else 'have'} no text, and no prediction.")


class _Told(BertfitWarning):
    """A notice that is told as it is, each by itself."""

    def __init__(self, sentence: Sentence):
        super().__init__(1, 1)
        self._sentence = sentence

    @property
    def sentence(self) -> Sentence:
        return self._sentence

    def joined(self, other: BertfitWarning) -> BertfitWarning | None:
        return None


class UnsavedWarning(_Told):
    """A model or a state of a run could not be saved, and the run went on.

    Args:
        sentence: What could not be saved, why, and what is done about it.

    >>> print(UnsavedWarning(Sentence("last could not be saved.")))
    last could not be saved.
    """

    code = "unsaved"


class OfflineWarning(_Told):
    """The hub could not be reached, and a model was opened as it is in the cache.

    Args:
        sentence: Which model, and why.

    >>> print(OfflineWarning(Sentence("The hub could not be reached.")))
    The hub could not be reached.
    """

    code = "offline"


class LeftOutWarning(_Told):
    """Files of a folder of texts were not read, or are empty.

    Args:
        sentence: How many of what, and which.

    >>> print(LeftOutWarning(Sentence("Left out: 1 file not called .txt: README.")))
    Left out: 1 file not called .txt: README.
    """

    code = "left_out"


class EmptyClassWarning(_Told):
    """A target has categories without rows, which the model cannot learn.

    Args:
        sentence: Which, and how they can be left out.

    >>> print(EmptyClassWarning(Sentence("The target has categories without rows: c.")))
    The target has categories without rows: c.
    """

    code = "empty_class"


class UnusedTensorsWarning(BertfitWarning):
    """A checkpoint has tensors that no part of the model takes, such as another task's head.

    Args:
        path: The checkpoint.
        names: The tensors.

    >>> print(UnusedTensorsWarning("bert-squad", ["qa_outputs.weight", "qa_outputs.bias"]))
    bert-squad has tensors that are not used: qa_outputs.weight, qa_outputs.bias.
    """

    code = "unused"
    _MOST = 10

    def __init__(self, path: str, names: Sequence[str]):
        super().__init__(len(names), len(names))
        self.path, self.names = str(path), tuple(names)

    @property
    def sentence(self) -> Sentence:
        more = f", and {self.n - self._MOST} more" if self.n > self._MOST else ""
        return Sentence(f"{self.path} has tensors that are not used: {', '.join(self.names[:self._MOST])}{more}.")

    def joined(self, other: BertfitWarning) -> BertfitWarning | None:
        return self if isinstance(other, UnusedTensorsWarning) and other.path == self.path else None


class FreshPoolerWarning(BertfitWarning):
    """A model is asked for pooled outputs, and its checkpoint had no pooler, so that its weights are random.

    Args:
        name: The model.

    >>> print(FreshPoolerWarning("distilbert"))  # doctest: +ELLIPSIS
    distilbert has no pretrained pooler: its pooled outputs ("nsp") come from random weights. ...
    """

    code = "pooler"

    def __init__(self, name: str):
        super().__init__(1, 1)
        self.name = name

    @property
    def sentence(self) -> Sentence:
        return Sentence(
            f'{self.name} has no pretrained pooler: its pooled outputs ("nsp") come from random weights. '
            'Poolings "cls", "mean" and "max" need none.')

    def joined(self, other: BertfitWarning) -> BertfitWarning | None:
        return self if isinstance(other, FreshPoolerWarning) and other.name == self.name else None


def tell(notice: BertfitWarning) -> None:
    """Issue a notice as a warning at the line of the user's call; within `collected`, keep it."""
    kept = _collection.get()
    if kept is None:
        if notice.n:
            warnings.warn(notice, stacklevel=_caller())
        return
    for i, earlier in enumerate(kept):
        if (both := earlier.joined(notice)) is not None:
            kept[i] = both
            return
    kept.append(notice)


@contextlib.contextmanager
def collected() -> Iterator[list[BertfitWarning]]:
    """A list that receives the notices told within the block; those of the same kind are joined into one."""
    kept: list[BertfitWarning] = []
    token = _collection.set(kept)
    try:
        yield kept
    finally:
        _collection.reset(token)
        kept[:] = [notice for notice in kept if notice.n]


def _caller() -> int:
    """The `stacklevel`, for `tell`, of the first frame outside of this package and of its decorators."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in ("bertfit", "contextlib"):
        frame, level = frame.f_back, level + 1
    return level

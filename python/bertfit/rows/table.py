"""`Rows`: the texts, second texts, targets and weights of one table.

Every façade (R's boundary, frames, the command line) makes one from what its users give, and nothing behind it checks
again. Targets are checked where the task is known, by `Rows.for_task`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bertfit.checks import is_missing
from bertfit.config import Task
from bertfit.errors import DataError, rows_are
from bertfit.rows.targets import check_targets


@dataclasses.dataclass(frozen=True, eq=False)
class Rows:
    """n rows of a table. Made by `Rows.of`; the constructor takes what is checked already.

    Args:
        texts: n strings.
        pairs: n second texts, or None.
        targets: Numbers as the caller means them, float64: binary [n] from 0 to 1, multiclass [n] codes from 0,
            multilabel [n, K] from 0 to 1, regression [n]; None where they are not known.
        weights: float64 [n], each at least 0 and not all 0; None for 1 each.

    Example:
        >>> rows = Rows.of(["a good film", "a bad one", "fun"], targets=[1, 0, 1])
        >>> len(rows), rows.take([2, 0]).texts, rows.take([2, 0]).targets.tolist()
        (3, ['fun', 'a good film'], [1.0, 1.0])
    """

    texts: list[str]
    pairs: list[str] | None = None
    targets: np.ndarray | None = None
    weights: np.ndarray | None = None

    @classmethod
    def of(cls, texts: str | Iterable[str], pairs: str | Iterable[str] | None = None, targets: Any = None,
           weights: Any = None) -> Rows:
        """Rows of what a caller gives.

        Args:
            texts: Any iterable of strings. One string is one text, never a sequence of letters.
            pairs: As many second texts, or None.
            targets, weights: As `labelled` takes them; None for none.

        Raises:
            DataError: A text is missing or no string (rows counted from 1), there is not one pair or weight per text,
                or a weight is no number of at least 0.
        """
        rows = cls(_text_list(texts, "text"), None if pairs is None else _text_list(pairs, "pair"))
        if rows.pairs is not None and len(rows.pairs) != len(rows):
            raise DataError("must have one text per row.", [f"{len(rows)} texts and {len(rows.pairs)} pairs."],
                            argument="pair")
        return rows if targets is None and weights is None else rows.labelled(targets, weights)

    def labelled(self, targets: Any, weights: Any = None) -> Rows:
        """The same texts with targets and weights.

        Args:
            targets: Numbers as the class says; checked by `for_task`.
            weights: n numbers of at least 0, or None.

        Raises:
            DataError: A weight is no number of at least 0, all are 0, or there is not one per row.
        """
        # A copy, row by row: R lends its memory, which lies column by column.
        targets = None if targets is None else np.array(targets, np.float64, order="C")
        return dataclasses.replace(self, targets=targets, weights=_check_weights(weights, len(self)))

    def for_task(self, task: Task) -> Rows:
        """The same rows with targets that the task can have: [n], or [n, K] for a multilabel task.

        Raises:
            DataError: Targets have another shape, or one is missing or out of range (rows counted from 1).
        """
        return dataclasses.replace(self, targets=check_targets(task, self.targets, len(self)))

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, numbers: Sequence[int] | np.ndarray) -> Rows:
        """Some of the rows, by their numbers from 0, in the order given."""
        return Rows(*(None if column is None else column[numbers] if isinstance(column, np.ndarray)
                      else [column[i] for i in numbers]
                      for column in (self.texts, self.pairs, self.targets, self.weights)))


def _text_list(texts: Any, argument: str) -> list[str]:
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


def _check_weights(weights: Any, n: int) -> np.ndarray | None:
    if weights is None:
        return None
    try:
        weights = np.array(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError("must be numbers of at least 0.", [f"{error}."], argument="sample_weights") from error
    if weights.shape != (n,):
        raise DataError("must have one number per row.", [f"{n} rows, weights {weights.shape}."],
                        argument="sample_weights")
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        raise DataError("must be numbers of at least 0.", [f"{rows_are(wrong + 1)} not so."],
                        argument="sample_weights")
    if not weights.any():
        raise DataError("must not all be 0.", argument="sample_weights")
    return weights

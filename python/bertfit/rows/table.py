"""`Rows`: the texts, second texts, targets and weights of one table.

R's boundary, `frames` and the command line each build a `Rows` from what users pass; the code they call does not check
it again. Only targets are checked later, when the task is known, by `Rows.for_task`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bertfit.checks import is_missing
from bertfit.config import Task
from bertfit.errors import DataError, Sentence, rows_are
from bertfit.rows.targets import check_targets
from bertfit.settings import LARGEST_WEIGHT


@dataclasses.dataclass(frozen=True, eq=False)
class Rows:
    """n rows of a table. Build one with `Rows.of`: the constructor does not check its arguments.

    Args:
        texts: n strings.
        pairs: n second texts, or None.
        targets: float64, in the caller's units: binary [n] from 0 to 1, multiclass [n] class codes from 0,
            multilabel [n, K] from 0 to 1, regression [n]; None if they are not known.
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
        """Check texts, pairs and weights, and build rows of them.

        Args:
            texts: Any iterable of strings. A single string is one text, not a sequence of characters.
            pairs: As many second texts, or None.
            targets, weights: See `labelled`; None for none.

        Raises:
            DataError: A text is missing or not a string (the rows are named), the number of pairs or weights differs
                from the number of texts, or a weight is not a finite number of at least 0.
        """
        rows = cls(_text_list(texts, "text"), None if pairs is None else _text_list(pairs, "pair"))
        rows._check_pairs()
        return rows if targets is None and weights is None else rows.labelled(targets, weights)

    @classmethod
    def of_present(cls, texts: str | Iterable[str],
                   pairs: str | Iterable[str] | None = None) -> tuple[Rows, np.ndarray]:
        """Rows without those whose text or pair is missing (None, NaN, NA).

        Args:
            texts, pairs: As for `of`.

        Returns:
            The rows, and for each of the n texts whether its row is among them, bool [n].

        Raises:
            DataError: A text is neither missing nor a string, or the number of pairs differs from that of texts.

        >>> rows, present = Rows.of_present(["fun", None, "dull"])
        >>> rows.texts, present.tolist()
        (['fun', 'dull'], [True, False, True])
        """
        rows = cls(_text_list(texts, "text", True), None if pairs is None else _text_list(pairs, "pair", True))
        rows._check_pairs()
        present = np.array([text is not None for text in rows.texts], bool)
        if rows.pairs is not None:
            present &= [text is not None for text in rows.pairs]
        return rows.take(np.flatnonzero(present)), present

    def labelled(self, targets: Any, weights: Any = None) -> Rows:
        """The same texts with targets and weights.

        Args:
            targets: Numbers as described for the class; `for_task` checks them.
            weights: n finite numbers of at least 0, or None.

        Raises:
            DataError: The number of weights is not n, all are 0, or one is not a finite number of at least 0.
        """
        # A copy in row order: R passes its own memory, in column order.
        targets = None if targets is None else np.array(targets, np.float64, order="C")
        return dataclasses.replace(self, targets=targets, weights=_check_weights(weights, len(self)))

    def _check_pairs(self) -> None:
        if self.pairs is not None and len(self.pairs) != len(self):
            raise DataError("must have one text per row.", [f"{len(self)} texts and {len(self.pairs)} pairs."],
                            argument="pair")

    def for_task(self, task: Task) -> Rows:
        """The same rows with targets checked for `task`: [n], or [n, K] for a multilabel task.

        Raises:
            DataError: Targets have another shape, or one is missing or out of range.
        """
        return dataclasses.replace(self, targets=check_targets(task, self.targets, len(self)))

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, numbers: Sequence[int] | np.ndarray) -> Rows:
        """The rows with these numbers (from 0), in the order given."""
        return Rows(*(None if column is None else column[numbers] if isinstance(column, np.ndarray)
                      else [column[i] for i in numbers]
                      for column in (self.texts, self.pairs, self.targets, self.weights)))


def _text_list(texts: Any, argument: str, gaps: bool = False) -> list[Any]:
    """The texts as a list of strings, with None for a missing one if `gaps`; else that is an error."""
    if isinstance(texts, str):
        texts = [texts]
    elif isinstance(texts, (bytes, Mapping)) or hasattr(texts, "columns") or not isinstance(texts, Iterable):
        # Iterating over these does not give texts: frames and dicts give names, bytes give numbers.
        hint = ["Give one of its columns."] if hasattr(texts, "columns") else []
        raise DataError("must be a string or a sequence of strings.", hint, argument=argument, received=texts)
    texts = list(texts)
    if set(map(type, texts)) <= {str}:
        return texts
    if gaps:
        texts = [None if is_missing(text) else text for text in texts]
    # Subclasses of str (such as NumPy's) are strings too; other values are reported.
    bad = [row for row, text in enumerate(texts) if not (isinstance(text, str) or (gaps and text is None))]
    if bad:
        missing = all(is_missing(texts[row]) for row in bad)
        what = "missing" if missing else f"not; the first is of class {type(texts[bad[0]]).__name__}"
        raise DataError("must be strings, none of them missing.", [Sentence("{} {}.", rows_are(bad), what)],
                        argument=argument)
    return [None if text is None else str(text) for text in texts]


def _check_weights(weights: Any, n: int) -> np.ndarray | None:
    if weights is None:
        return None
    try:
        weights = np.array(weights, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError("must be numbers of at least 0.", [f"{error}."], argument="sample_weights") from error
    if weights.shape != (n,):
        raise DataError("must have one number per row.", [f"{n} rows, weights {weights.shape}."],
                        argument="sample_weights")
    wrong = np.flatnonzero(~((weights >= 0) & (weights <= LARGEST_WEIGHT)))
    if len(wrong):
        raise DataError(f"must be numbers from 0 to {LARGEST_WEIGHT:g}.", [Sentence("{} not so.", rows_are(wrong))],
                        argument="sample_weights")
    if not weights.any():
        raise DataError("must not all be 0.", argument="sample_weights")
    if weights.max() < 1 / LARGEST_WEIGHT:
        raise DataError(f"must not all be below {1 / LARGEST_WEIGHT:g}.", [f"The largest is {weights.max():g}."],
                        argument="sample_weights")
    return weights

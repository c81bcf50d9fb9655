"""Run a model over any number of texts, in parts of bounded size; equal texts are run once.

`predict`, `embed` and `evaluate` call `run_rows` with what the model shall compute (see `model.questions`) and get one
row of results per text, in the caller's order. Of a text that is read in windows, it is pooled from theirs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from bertfit import _env
from bertfit.config import LongText
from bertfit.errors import ArgumentError, Function, Sentence
from bertfit.network import padded_length
from bertfit.notices import TruncationWarning, tell
from bertfit.rows import Rows
from bertfit.settings import is_whole, require
from bertfit.system import interrupts
from bertfit.text import pooled

#: Texts tokenized together: a bound on the memory that token ids take.
PART = 20_000

#: Characters tokenized together where texts are not truncated first: a bound on the same memory.
PART_CHARACTERS = 20_000_000

#: Most tokens per batch, padding included, whatever `batch_size` is: a bound on the memory that a batch takes.
MOST_TOKENS = 65_536

#: Fewest seconds between two progress reports.
PAUSE = 0.2

Progress = Callable[[dict[str, Any]], Any]


def check_fitted(model) -> None:
    """Check that a model has a head.

    Raises:
        ArgumentError: It was only loaded.
    """
    if not model.fitted:
        raise ArgumentError("must be fitted before it can predict.",
                            [f"{model.name} was only loaded.", Sentence("Fit it with {}.", Function("fit"))],
                            argument="model")


def check_pairs(model, rows: Rows) -> None:
    """Check that rows have pairs if the model was fitted on pairs, and none if it was fitted on single texts.

    Raises:
        ArgumentError: Pairs are missing, or must be left out.
    """
    fitted_on_pairs = model.record.get("pairs")
    if fitted_on_pairs is None or bool(fitted_on_pairs) == (rows.pairs is not None):
        return
    rule = "must be given: the model was fitted on pairs." if fitted_on_pairs else "must be left out."
    raise ArgumentError(rule, ["The model was fitted on single texts."] if not fitted_on_pairs else [], argument="pair")


def choose_precision(model, precision: str) -> str:
    """The precision to compute in: for "auto", float32 if the model was fitted in it, else the hardware's best."""
    if precision == "auto" and model.record.get("precision") == "float32":
        return "float32"
    return _env.resolve_precision(precision)


@interrupts.listening()
def run_rows(
    model,
    question,
    rows: Rows,
    *,
    width: int,
    long: LongText | None = None,
    batch_size: int | None = None,
    precision: str = "auto",
    progress: Progress | None = None,
) -> np.ndarray:
    """Run the model over rows. A `TruncationWarning` says of how many it did not read everything.

    Args:
        model: A `Model`.
        question: What to compute, `Logits` or `Features`.
        rows: Texts and pairs. Equal ones are run once.
        width: Columns of the result (also of one without rows, for which the model does not run).
        long: How texts are read that are longer than the model's `text_len`; None truncates them.
        batch_size: Rows (or windows) per batch of the longest texts, more of shorter ones, but at most `MOST_TOKENS`
            tokens; None for batches of `model.TOKEN_BUDGET` tokens.
        precision: "auto", "float32", "bfloat16" or "float16".
        progress: Called with ``{"event": "rows", "done", "total"}`` at most five times a second, and at the end.

    Returns:
        float32 [n, width], in the caller's order.

    Raises:
        ArgumentError: `batch_size` is not a whole number of at least 1, or `precision` is unknown.
    """
    require(batch_size is None or is_whole(batch_size, 1), "batch_size", "a whole number of at least 1", batch_size)
    precision = choose_precision(model, precision)
    index: dict[Any, int] = {}  # distinct row -> its index among the distinct rows
    keys = rows.texts if rows.pairs is None else zip(rows.texts, rows.pairs, strict=True)
    inverse = np.fromiter((index.setdefault(key, len(index)) for key in keys), np.int64, len(rows))
    distinct, long = list(index), long or LongText()
    result, cut = np.empty((len(distinct), width), np.float32), np.zeros(len(distinct), bool)
    report = _Reporter(progress, len(distinct), len(rows))
    for start, stop in _parts(distinct, PART_CHARACTERS if not long.truncates else None):
        part, texts = distinct[start:stop], stop - start
        of_part = Rows(part) if rows.pairs is None else Rows(*map(list, zip(*part, strict=True)))
        encoding = model.encode(of_part, long=long)
        cut[start:stop] = encoding.truncated
        options = {}
        if batch_size is not None:
            wanted = int(batch_size) * padded_length(encoding.lengths, model.max_len)
            options["token_budget"] = min(wanted, MOST_TOKENS)
        values = model.run(
            question, encoding, precision, **options,
            progress=lambda done, of, start=start, texts=texts: report(start + done * texts // of),
        )
        result[start:stop] = pooled(values, encoding, long.window_pooling)
    tell(TruncationWarning(cut[inverse].sum(), len(rows), model.text_len))
    return result[inverse] if len(distinct) < len(rows) else result


def _parts(keys: Sequence[Any], characters: int | None) -> Iterator[tuple[int, int]]:
    """Begin and end of parts of `PART` texts (or pairs); of at most so many `characters`, or of one text.

    >>> list(_parts(["abc", "d", "efgh", "i"], 4))
    [(0, 2), (2, 3), (3, 4)]
    """
    start = size = 0
    for stop, key in enumerate(keys):
        length = len(key) if isinstance(key, str) else sum(map(len, key))
        if stop - start >= PART or (characters is not None and stop > start and size + length > characters):
            yield start, stop
            start, size = stop, 0
        size += length
    if len(keys):
        yield start, len(keys)


class _Reporter:
    """Reports counts of distinct rows as counts of the caller's rows, at most once in `PAUSE` seconds."""

    def __init__(self, progress: Progress | None, distinct: int, total: int):
        self.progress, self.distinct, self.total, self.next = progress, distinct, total, 0.0

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if self.progress is None or (now < self.next and done < self.distinct):
            return
        self.next = now + PAUSE
        self.progress({"event": "rows", "done": done * self.total // self.distinct, "total": self.total})

"""Run a model over any number of texts: a bounded part of them at a time, equal ones once.

`predict`, `embed` and `evaluate` say what they want of the model and get it row by row in the caller's
order; how rows are cut into parts, batches and progress reports is decided here, once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bertfit import _env
from bertfit.errors import ArgumentError
from bertfit.network import padded_length
from bertfit.rows import Rows
from bertfit.settings import is_whole, require

#: Texts tokenized together. Token ids of more rows than this are never held at once.
PART = 20_000

#: Seconds between two progress reports.
PAUSE = 0.2

Progress = Callable[[dict[str, Any]], Any]


def check_fitted(model) -> None:
    """Refuse a model without a head.

    Raises:
        ArgumentError: It was only loaded.
    """
    if not model.fitted:
        raise ArgumentError("must be fitted before it can predict.",
                            [f"{model.name} was only loaded.", "Fit it with bert_fit() in R, bertfit.fit() in Python."],
                            argument="model")


def check_pairs(model, rows: Rows) -> None:
    """A model fitted on pairs needs them, and one fitted on single texts would misread them.

    Raises:
        ArgumentError: It is otherwise.
    """
    fitted_on_pairs = model.record.get("pairs")
    if fitted_on_pairs is None or bool(fitted_on_pairs) == (rows.pairs is not None):
        return
    rule = "must be given: the model was fitted on pairs." if fitted_on_pairs else "must be left out."
    raise ArgumentError(rule, ["The model was fitted on single texts."] if not fitted_on_pairs else [], argument="pair")


def choose_precision(model, precision: str) -> str:
    """ "auto" keeps a model that was fitted in float32 in float32; otherwise what the hardware does best."""
    if precision == "auto" and model.record.get("precision") == "float32":
        return "float32"
    return _env.resolve_precision(precision)


def run_rows(
    model,
    question,
    rows: Rows,
    *,
    width: int,
    batch_size: int | None = None,
    precision: str = "auto",
    progress: Progress | None = None,
) -> np.ndarray:
    """What the model gives for each text, in the caller's order.

    Args:
        model: A `Model`.
        question: As in `Model.run`.
        rows: Their texts and pairs. A text (or pair) that occurs again is not run again.
        width: Columns of the result (needed when there are no rows).
        batch_size: Rows per batch of the longest texts, more of shorter ones; None for a token budget that
            suits any machine.
        precision: "auto", "float32", "bfloat16" or "float16".
        progress: Called with ``{"event": "rows", "done", "total"}`` at most five times a second, and at the end.

    Returns:
        float32 [n, width].

    Raises:
        ArgumentError: `batch_size` is not a whole number of at least 1, or `precision` unknown.
    """
    require(batch_size is None or is_whole(batch_size, 1), "batch_size", "a whole number of at least 1", batch_size)
    precision = choose_precision(model, precision)
    place: dict[Any, int] = {}  # each different row -> its place among the different rows
    keys = rows.texts if rows.pairs is None else zip(rows.texts, rows.pairs, strict=True)
    inverse = np.fromiter((place.setdefault(key, len(place)) for key in keys), np.int64, len(rows))
    different = list(place)
    result = np.empty((len(different), width), np.float32)
    report = _Reporter(progress, len(different), len(rows))
    for start in range(0, len(different), PART):
        part = different[start : start + PART]
        encoding = model.encode(Rows(part) if rows.pairs is None else Rows(*map(list, zip(*part, strict=True))))
        options = {}
        if batch_size is not None:
            options["token_budget"] = int(batch_size) * padded_length(encoding.lengths, model.max_len)
        result[start : start + len(part)] = model.run(
            question, encoding, precision, progress=lambda done, _, start=start: report(start + done), **options
        )
    return result[inverse] if len(different) < len(rows) else result


class _Reporter:
    """Passes on counts of different rows as counts of the caller's rows, not too often."""

    def __init__(self, progress: Progress | None, different: int, total: int):
        self.progress, self.different, self.total, self.next = progress, different, total, 0.0

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if self.progress is None or (now < self.next and done < self.different):
            return
        self.next = now + PAUSE
        self.progress({"event": "rows", "done": done * self.total // self.different, "total": self.total})

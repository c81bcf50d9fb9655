"""Functions for R that use a model: predictions, reports, text vectors, masked tokens, next sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bertfit.r.boundary import exported
from bertfit.rows import Rows

if TYPE_CHECKING:
    from bertfit.model import Model


@exported
def predict(model: Model, rows: Rows, type: str | None = None, threshold: float | None = None,
            long_text: str | None = None, stride: int | None = None, window_pooling: str | None = None,
            batch_size: int | None = None, precision: str = "auto", progress: Callable | None = None):
    """Predictions, see `bertfit.inference.predict`; classes as codes from 0."""
    from bertfit.inference import predict as run

    return run(model, rows, type=type, threshold=threshold, long_text=long_text, stride=stride,
               window_pooling=window_pooling, batch_size=batch_size, precision=precision, progress=progress)


@exported
def evaluate(model: Model, rows: Rows, threshold: float | None = None, long_text: str | None = None,
             stride: int | None = None, window_pooling: str | None = None, batch_size: int | None = None,
             precision: str = "auto", progress: Callable | None = None):
    """A report with curves, see `bertfit.inference.evaluate`."""
    from bertfit.inference import evaluate as run

    return run(model, rows, threshold=threshold, with_curves=True, long_text=long_text, stride=stride,
               window_pooling=window_pooling, batch_size=batch_size, precision=precision, progress=progress)


@exported
def evaluate_groups(model: Model, rows: Rows, groups: Sequence[int], threshold: float | None = None,
                    long_text: str | None = None, stride: int | None = None, window_pooling: str | None = None,
                    batch_size: int | None = None, precision: str = "auto", progress: Callable | None = None):
    """Measures of groups of rows, see `bertfit.inference.evaluate_groups`."""
    from bertfit.inference import evaluate_groups as run

    return run(model, rows, np.asarray(groups, np.int64), threshold=threshold, long_text=long_text, stride=stride,
               window_pooling=window_pooling, batch_size=batch_size, precision=precision, progress=progress)


@exported
def embed(model: Model, rows: Rows, layers: Sequence[int] = (-1,), pooling: str = "mean", normalize: bool = False,
          long_text: str | None = None, stride: int | None = None, batch_size: int | None = None,
          precision: str = "auto", progress: Callable | None = None):
    """Text vectors as float64 [n, H * layers]; R has no float32."""
    from bertfit.inference import embed as run

    return run(model, rows, layers=layers, pooling=pooling, normalize=normalize, long_text=long_text, stride=stride,
               batch_size=batch_size, precision=precision, progress=progress).astype(np.float64, order="F")


@exported
def fill_mask(model: Model, rows: Rows, top: int = 5) -> dict[str, Any]:
    """The most probable tokens for every [MASK] as columns, see `bertfit.inference.fill_mask`."""
    from bertfit.inference import fill_mask as run

    return run(model, rows, top)


@exported
def next_sentence(model: Model, rows: Rows):
    """Probabilities that each second text follows the first, see `bertfit.inference.next_sentence`."""
    from bertfit.inference import next_sentence as run

    return run(model, rows)

"""What R asks a model: predictions, reports, vectors, masked tokens, next sentences."""

from __future__ import annotations

from typing import Any

import numpy as np

from bertfit.checks import as_list, whole
from bertfit.r.boundary import exported, find
from bertfit.r.values import as_array


@exported
def predict(handle, texts, pairs=None, type=None, batch_size=None, precision="auto", progress=None):
    """Predictions, see `predict.predict`."""
    from bertfit.inference import predict as run

    return run(find(handle), texts, pairs, type=type, batch_size=whole(batch_size), precision=precision,
               progress=progress)


@exported
def evaluate(handle, texts, target, pairs=None, threshold=0.5, batch_size=None, precision="auto", progress=None):
    """A report, see `metrics.report`."""
    from bertfit.inference import evaluate as run

    return run(find(handle), texts, as_array(target), pairs, threshold=threshold, batch_size=whole(batch_size),
               precision=precision, progress=progress)


@exported
def embed(handle, texts, pairs=None, layers=-1, pooling="mean", batch_size=None, precision="auto", progress=None):
    """Text vectors as float64 [n, H * layers]; R has no float32."""
    from bertfit.inference import embed as run

    return run(find(handle), texts, pairs, layers=whole(as_list(layers)), pooling=pooling,
               batch_size=whole(batch_size), precision=precision, progress=progress).astype(np.float64, order="F")


@exported
def fill_mask(handle, texts, top=5) -> dict[str, Any]:
    """The likeliest tokens for every [MASK] as columns, see `fill_mask.fill_mask`."""
    from bertfit.checks import check_texts
    from bertfit.inference import fill_mask as fill

    return fill(check_texts(texts)[0], find(handle), whole(top))


@exported
def next_sentence(handle, first, second):
    """Probabilities that each second text follows the first, see `fill_mask.next_sentence`."""
    from bertfit.checks import check_texts
    from bertfit.inference import next_sentence as follows

    return follows(*check_texts(first, second), find(handle))

"""Texts as vectors: an encoder's hidden states, pooled over the tokens of each text."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from bertfit.checks import as_list
from bertfit.config import HeadConfig
from bertfit.inference.runner import Progress, run_rows
from bertfit.model import Features
from bertfit.notices import FreshPoolerWarning, tell
from bertfit.rows import Rows
from bertfit.settings import EITHER, require


def embed(
    model,
    rows: Rows,
    *,
    layers: int | Sequence[int] = (-1,),
    pooling: str = "mean",
    normalize: bool = False,
    long_text: str | None = None,
    stride: int | None = None,
    batch_size: int | None = None,
    precision: str = "auto",
    progress: Progress | None = None,
) -> np.ndarray:
    """One vector per text.

    Args:
        model: A loaded or fitted `Model`; a fitted one gives its fine-tuned encoder's vectors.
        rows: Texts; a pair is encoded together with its text.
        layers: One encoder layer, or several, whose vectors are concatenated: 1 is the first, -1 the last.
        pooling: How token vectors become one: "mean" or "max" over the text's tokens (with [CLS] and [SEP],
            without padding), "cls" the first token's, "nsp" the pretrained pooler's (last layer only).
        normalize: Whether to divide each vector by its Euclidean length, so that the product of two is their cosine.
        long_text, stride: How texts longer than the model's `text_len` are read, see `TrainConfig`; None for the
            settings of the fit, or else "truncate". The vectors of a text's windows are averaged.
        batch_size, precision, progress: As for `predict`.

    Returns:
        float32 [n, H * len(layers)].

    Raises:
        ArgumentError: A layer does not exist, the pooling is unknown, `normalize` is neither True nor False, or
            `stride` is given where there are no windows.

    Example:
        >>> embed(model, Rows.of(["a cat", "a dog"])).shape  # doctest: +SKIP
        (2, 384)
    """
    chosen = HeadConfig(pooling=pooling, layers=tuple(as_list(layers)))
    numbers = chosen.layer_numbers(model.config.num_hidden_layers)
    # Layers by number, so that -1 and 6 (of six layers) share one traced function; "nsp" has the last layer only.
    wanted = (-1,) if pooling == "nsp" else numbers
    require(isinstance(normalize, bool), "normalize", EITHER, normalize)
    if pooling == "nsp" and model.fresh_pooler:
        tell(FreshPoolerWarning(model.name))
    long = dataclasses.replace(model.long_texts.changed(long_text, stride), window_pooling="mean")
    vectors = run_rows(model, Features(pooling, wanted), rows, width=model.config.hidden_size * len(numbers),
                       long=long, batch_size=batch_size, precision=precision, progress=progress)
    return normalized(vectors) if normalize else vectors


def normalized(vectors: np.ndarray) -> np.ndarray:
    """Rows divided by their Euclidean length; a row of zeros stays.

    >>> normalized(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)

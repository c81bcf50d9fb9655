"""Predictions of a fitted model for new texts: probabilities, classes, logits or numbers."""

from __future__ import annotations

import numpy as np

from bertfit.errors import ArgumentError, Sentence, Setting
from bertfit.inference.runner import Progress, check_fitted, check_pairs, run_rows
from bertfit.model import Logits
from bertfit.rows import Rows
from bertfit.scores import check_threshold, classes, probabilities

TYPES = ("prob", "class", "link", "numeric")


def predict(
    model,
    rows: Rows,
    *,
    type: str | None = None,
    threshold: float | None = None,
    long_text: str | None = None,
    stride: int | None = None,
    window_pooling: str | None = None,
    batch_size: int | None = None,
    precision: str = "auto",
    progress: Progress | None = None,
) -> np.ndarray:
    """What a fitted model predicts for rows.

    Args:
        model: A fitted `Model`.
        rows: Texts, with pairs for a model fitted on pairs.
        type: "prob" probabilities, "class" the most probable class, "link" the logits, "numeric" a
            regression's numbers. None is "numeric" for regression, else "prob".
        threshold: For "class" of a binary or multilabel model, the probability from which the positive class, or a
            label, is predicted; None for 0.5.
        long_text, stride, window_pooling: How texts longer than the fit's `max_len` are read, see `TrainConfig`; None
            for the settings of the fit. The logits of a text's windows are pooled.
        batch_size: Rows per batch of the longest texts, more of shorter ones; None for batches of
            `model.TOKEN_BUDGET` tokens.
        precision: "auto", "float32", "bfloat16" or "float16".
        progress: See `run_rows`.

    Returns:
        "prob": float64 [n, 2] for binary (negative, positive), [n, K] else. "class": int32 [n], indices of
        the labels from 0; multilabel [n, K] of 0 and 1. "link": float64 [n, 1] for binary, [n, K] else.
        "numeric": float64 [n]. Rows are in the caller's order.

    Raises:
        ArgumentError: The model is not fitted, the type is unknown or not the task's, `threshold` is not a
            probability or given where none is used, `stride` or `window_pooling` is given where there are no windows,
            or pairs are missing, or given to a model fitted on single texts.

    Example:
        >>> predict(model, Rows.of(["you win a prize"]), type="prob")  # doctest: +SKIP
        array([[0.03, 0.97]])
    """
    check_fitted(model)
    task = model.task
    type = check_type(task, type)
    if threshold is not None and type != "class":
        raise ArgumentError(Sentence("must be left out unless {}.", Setting("type", "class")), argument="threshold",
                            received=threshold)
    threshold = check_threshold(task, threshold)
    check_pairs(model, rows)
    long = model.long_texts.changed(long_text, stride, window_pooling)
    logits = run_rows(model, Logits(), rows, width=task.n_outputs, long=long, batch_size=batch_size,
                      precision=precision, progress=progress)
    if type == "link":
        return logits.astype(np.float64)
    probs = probabilities(task, logits)
    if type != "class":
        return probs
    return classes(task, probs, threshold).astype(np.int32)


def check_type(task, type: str | None) -> str:
    """`type`, or the task's default for None.

    Raises:
        ArgumentError: The task does not have this type of prediction.
    """
    if type is None:
        return "numeric" if task.kind == "regression" else "prob"
    fitting = ("numeric",) if task.kind == "regression" else ("prob", "class", "link")
    if type not in fitting:
        allowed = " or ".join(f'"{t}"' for t in fitting)
        reason = [f"The model predicts a {task.kind} target."] if type in TYPES else []
        raise ArgumentError(f"must be {allowed} for this model.", reason, argument="type", received=type)
    return type

"""What the output layer's values mean: from logits to probabilities and classes.

One place for the rules that `predict`, `evaluate` and training share. No model is run here.

A predicted probability equal to the threshold counts as the positive class, and so does a fractional
target of 0.5 (in Jigsaw's data a target is the share of annotators who called a comment toxic).
"""

from __future__ import annotations

import numpy as np

from bertfit.config import Task
from bertfit.errors import ArgumentError


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) in float64, without overflow on either side."""
    x = np.asarray(x, np.float64)
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def softmax(x: np.ndarray) -> np.ndarray:
    """Rows of float64 probabilities that sum to one, from logits [n, K]."""
    x = np.asarray(x, np.float64)
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def probabilities(task: Task, logits: np.ndarray) -> np.ndarray:
    """What the output layer's values mean.

    Args:
        task: What the model predicts.
        logits: Values of the output layer, [n, task.n_outputs].

    Returns:
        float64. Binary: [n, 2], the columns in the order of the labels. Multiclass: [n, K], rows sum to
        one. Multilabel: [n, K], each between 0 and 1. Regression: [n], on the scale of the targets.
    """
    logits = np.asarray(logits, np.float64).reshape(len(logits), task.n_outputs)
    if task.kind == "regression":
        return logits[:, 0] * task.scale + task.center
    if task.kind == "multiclass":
        return softmax(logits)
    p = sigmoid(logits)
    # The negative class from the negated logit: 1 - p would lose every digit where p is close to one.
    return np.concatenate([sigmoid(-logits), p], axis=1) if task.kind == "binary" else p


def classes(task: Task, probs: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """The predicted class of each row, from `probabilities`.

    Returns:
        int64. Binary and multiclass: [n], codes counted from 0 (of equal probabilities the first; binary:
        1 where the positive class reaches `threshold`). Multilabel: [n, K] of 0 and 1.

    Raises:
        ArgumentError: Regression has no classes.
    """
    if task.kind == "regression":
        raise ArgumentError("A regression model predicts numbers, not classes.", ['Use `type = "numeric"`.'])
    if task.kind == "multiclass":
        return probs.argmax(axis=1)
    return ((probs[:, 1] if task.kind == "binary" else probs) >= threshold).astype(np.int64)

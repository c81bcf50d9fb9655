"""Turn the logits of the output layer into probabilities and classes.

Holds the rules that `predict`, `evaluate` and training share. Runs no model.

A predicted probability equal to the threshold counts as the positive class, and so does a fractional
target of 0.5 (in Jigsaw's data a target is the share of annotators who called a comment toxic).
"""

from __future__ import annotations

import numpy as np

from bertfit.config import Task
from bertfit.errors import ArgumentError, Sentence, Setting
from bertfit.settings import is_number


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
    """Probabilities from logits; for regression, predicted numbers.

    Args:
        task: What the model predicts.
        logits: Values of the output layer, [n, task.n_outputs].

    Returns:
        float64. Binary: [n, 2], the columns in the order of the labels. Multiclass: [n, K], rows sum to
        one. Multilabel: [n, K], each between 0 and 1. Regression: [n], on the scale of the targets.

    >>> probabilities(Task("multiclass", ("a", "b")), [[0.0, 0.0]]).tolist()
    [[0.5, 0.5]]
    """
    logits = np.asarray(logits, np.float64).reshape(len(logits), task.n_outputs)
    if task.kind == "regression":
        return logits[:, 0] * task.scale + task.center
    if task.kind == "multiclass":
        return softmax(logits)
    p = sigmoid(logits)
    # The negative class is computed from the negated logit: 1 - p would lose its digits where p is close to one.
    return np.concatenate([sigmoid(-logits), p], axis=1) if task.kind == "binary" else p


def check_threshold(task: Task, threshold: float | None) -> float:
    """The probability from which a class counts as predicted: `threshold`, or 0.5 for None.

    Raises:
        ArgumentError: It is not a number from 0 to 1, or the task is not decided by a threshold.

    >>> check_threshold(Task("binary", ("ham", "spam")), None)
    0.5
    """
    if threshold is None:
        return 0.5
    if task.kind in ("multiclass", "regression"):
        why = {"multiclass": "It predicts the most probable class.", "regression": "It predicts numbers."}[task.kind]
        raise ArgumentError(f"must be left out for a {task.kind} model.", [why], argument="threshold",
                            received=threshold)
    if not is_number(threshold, 0, 1):
        raise ArgumentError("must be between 0 and 1.", argument="threshold", received=threshold)
    return float(threshold)


def classes(task: Task, probs: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """The predicted class of each row, from `probabilities`.

    Args:
        task: What the model predicts.
        probs: As `probabilities` returns them.
        threshold: Probability from which a class counts as predicted; binary and multilabel only.

    Returns:
        int64. Binary and multiclass: [n], codes counted from 0 (the first of equal probabilities; binary:
        1 if the positive class reaches `threshold`). Multilabel: [n, K] of 0 and 1.

    Raises:
        ArgumentError: The task is regression, which has no classes.

    >>> classes(Task("binary", ("ham", "spam")), np.array([[0.4, 0.6], [0.9, 0.1]])).tolist()
    [1, 0]
    """
    if task.kind == "regression":
        raise ArgumentError("A regression model predicts numbers, not classes.",
                            [Sentence("Use {}.", Setting("type", "numeric"))])
    if task.kind == "multiclass":
        return probs.argmax(axis=1)
    return ((probs[:, 1] if task.kind == "binary" else probs) >= threshold).astype(np.int64)

"""Curves of predictions whose targets are known: ROC, precision-recall and calibration; of a regression, its points.

The areas under the first two are the `auc` and `pr_auc` of `metrics.report`. A curve of more than `MOST` points is
thinned to points at equal distances along it; a plot shows no difference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bertfit.config import Task
from bertfit.rows import check_targets

MOST = 500  # points of a curve
POINTS = 2000  # rows of a regression
BINS = 10  # of a calibration curve

Columns = dict[str, Any]


def trace_curves(task: Task, probs: np.ndarray, targets: np.ndarray) -> dict[str, Columns]:
    """The curves of a task's predictions, each as columns of a table.

    Args:
        task: What the model predicts.
        probs: As `outcomes.probabilities` returns them.
        targets: As for `metrics.report`.

    Returns:
        For classes ``roc`` (label, threshold, fpr, tpr), ``pr`` (label, threshold, recall, precision) and
        ``calibration`` (label, predicted, observed, n): of the positive class (binary), of each class against the rest
        (multiclass), of each label (multilabel). A label without positive or without negative rows has neither ROC nor
        precision-recall curve. Calibration: `BINS` equal intervals of the predicted probability, without the empty
        ones; the mean prediction, the mean target, and the rows of each. For regression ``points`` (truth, predicted),
        at most `POINTS` rows, at equal distances in their order.

    >>> found = trace_curves(Task("binary", ("ham", "spam")), np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1]))
    >>> found["roc"]["fpr"].tolist(), found["roc"]["tpr"].tolist()
    ([0.0, 0.0, 1.0], [0.0, 1.0, 1.0])
    """
    targets = check_targets(task, targets, len(probs))
    if task.kind == "regression":
        kept = _spaced(len(probs), POINTS)
        return {"points": {"truth": targets[kept], "predicted": np.asarray(probs, np.float64)[kept]}}
    labels = list(task.labels)
    if task.kind == "binary":
        labels, score, share = labels[1:], probs[:, 1:], targets[:, None]
    else:
        score = probs
        share = targets if task.kind == "multilabel" else np.eye(len(labels))[targets.astype(np.int64)]
    found = {"roc": _roc, "pr": _pr, "calibration": _calibration}
    return {name: _stacked([(label, curve(share[:, j], score[:, j])) for j, label in enumerate(labels)])
            for name, curve in found.items()}


def _stacked(parts: list[tuple[str, Columns]]) -> Columns:
    """Curves of several labels as one table."""
    columns = {name: np.concatenate([curve[name] for _, curve in parts]) for name in parts[0][1]}
    return {"label": [label for label, curve in parts for _ in next(iter(curve.values()))], **columns}


def _roc(share: np.ndarray, score: np.ndarray) -> Columns:
    from sklearn import metrics as sk

    truth = share >= 0.5
    if truth.all() or not truth.any():
        return {name: np.empty(0) for name in ("threshold", "fpr", "tpr")}
    fpr, tpr, threshold = sk.roc_curve(truth, score)
    kept = _thinned(fpr, tpr)
    return {"threshold": threshold[kept], "fpr": fpr[kept], "tpr": tpr[kept]}


def _pr(share: np.ndarray, score: np.ndarray) -> Columns:
    from sklearn import metrics as sk

    truth = share >= 0.5
    if truth.all() or not truth.any():
        return {name: np.empty(0) for name in ("threshold", "recall", "precision")}
    precision, recall, threshold = sk.precision_recall_curve(truth, score)
    threshold = np.append(threshold, np.inf)  # of the last point: no row is predicted positive
    kept = _thinned(recall, precision)
    return {"threshold": threshold[kept], "recall": recall[kept], "precision": precision[kept]}


def _calibration(share: np.ndarray, score: np.ndarray) -> Columns:
    place = np.minimum((score * BINS).astype(np.int64), BINS - 1)
    n = np.bincount(place, minlength=BINS)
    used = n > 0
    sums = [np.bincount(place, values, BINS)[used] for values in (score, share)]
    return {"predicted": sums[0] / n[used], "observed": sums[1] / n[used], "n": n[used]}


def _thinned(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The numbers of the points to keep: all, or about `MOST` at equal distances along the curve, with both ends."""
    if len(x) <= MOST:
        return np.arange(len(x))
    along = np.concatenate([[0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    wanted = np.searchsorted(along, np.linspace(0, along[-1], MOST))
    return np.unique(np.clip(np.append(wanted, [0, len(x) - 1]), 0, len(x) - 1))


def _spaced(n: int, most: int) -> np.ndarray:
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).astype(np.int64)

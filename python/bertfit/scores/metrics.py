"""Metrics of predictions: those that `evaluate` reports, and those that training records after every epoch.

Computed by NumPy and scikit-learn, which is imported when first needed. Runs no model: `scores.outcomes` turns logits
into the probabilities that are compared with the targets.

Conventions of all functions:

- Binary targets may be fractions (in Jigsaw's data, the share of annotators who called a comment toxic).
  A fraction of 0.5 or more counts as the positive class wherever classes are compared; log-loss and the
  Brier score use the fraction itself. Multilabel targets likewise, label by label.
- A metric that is undefined for the data (AUC if only one class occurs, the precision of a class that is
  never predicted) is NaN, and a note gives the reason. Averages over classes leave out undefined values.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from bertfit.config import Task
from bertfit.errors import DataError
from bertfit.rows import check_targets
from bertfit.scores.outcomes import check_threshold, classes, probabilities

TINY = 1e-15  # probabilities are clipped to this distance from 0 and 1 before a logarithm is taken
NAN = float("nan")


# -- Single metrics -----------------------------------------------------------------------------------

def log_loss(targets: np.ndarray, p: np.ndarray) -> float:
    """Mean of -(t log p + (1 - t) log(1 - p)) over all values; targets may be fractions."""
    p = np.clip(np.asarray(p, np.float64), TINY, 1 - TINY)
    t = np.asarray(targets, np.float64)
    return float(-np.mean(t * np.log(p) + (1 - t) * np.log1p(-p))) if t.size else NAN


def _area(positive: np.ndarray, score: np.ndarray, curve: str) -> float:
    """Area under the ROC ("auc") or precision-recall ("pr_auc", average precision) curve; NaN for one class."""
    if positive.all() or not positive.any() or not np.isfinite(score).all():
        return NAN
    from sklearn import metrics as sk

    return float((sk.roc_auc_score if curve == "auc" else sk.average_precision_score)(positive, score))


def _mean(values) -> float:
    """Mean of the values that are not NaN; NaN if there are none."""
    values = np.asarray(values, np.float64)
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else NAN


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    below = np.asarray(below, np.float64)
    return np.divide(above, below, out=np.full(below.shape, NAN), where=below > 0)


def _scores(truth: np.ndarray, predicted: np.ndarray, labels) -> dict[str, np.ndarray]:
    """Precision, recall, F1 and support of each of the labels."""
    from sklearn import metrics as sk

    precision, recall, f1, support = sk.precision_recall_fscore_support(
        truth, predicted, labels=labels, zero_division=np.nan)
    return {"precision": precision, "recall": recall, "f1": f1, "support": support.astype(np.int64)}


# -- Metrics of an epoch ------------------------------------------------------------------------------

def epoch_metrics(task: Task, logits: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """The metrics that training records after an epoch (`config.MONITORS` without the loss).

    Args:
        task: What the model predicts.
        logits: Values of the output layer, [n, task.n_outputs].
        targets: [n] or [n, K]; for regression on their original scale, not standardised.

    Returns:
        Regression: ``{"rmse": ...}`` on the scale of the targets. Else ``accuracy`` (multilabel: the share
        of correct decisions over all rows and labels), ``auc`` (macro average of each class against the
        rest) and ``f1_macro`` (binary: over both classes). NaN if undefined.
    """
    probs = probabilities(task, logits)
    targets = np.asarray(targets, np.float64)
    if task.kind == "regression":
        return {"rmse": float(np.sqrt(np.mean((probs - targets.reshape(-1)) ** 2))) if len(probs) else NAN}
    predicted = classes(task, probs)
    # F1 is twice the hits, divided by the rows that are of a class plus those predicted as it. NumPy counts them here:
    # with precision_recall_fscore_support this function took 1.3 times as long on 200,000 rows.
    if task.kind == "multilabel":
        truth = (targets.reshape(predicted.shape) >= 0.5).astype(np.int64)
        hits, rows = (truth & predicted).sum(0), truth.sum(0) + predicted.sum(0)
        columns = range(truth.shape[1])
        auc = _mean([_area(truth[:, j] == 1, probs[:, j], "auc") for j in columns])
    else:
        targets = targets.reshape(-1)
        truth = (targets >= 0.5).astype(np.int64) if task.kind == "binary" else targets.astype(np.int64)
        k = len(task.labels)
        matrix = np.bincount(truth * k + predicted, minlength=k * k).reshape(k, k)
        hits, rows = np.diag(matrix), matrix.sum(0) + matrix.sum(1)
        columns = [1] if task.kind == "binary" else range(k)
        auc = _mean([_area(truth == j, probs[:, j], "auc") for j in columns])
    accuracy = float(np.mean(truth == predicted)) if truth.size else NAN
    return {"accuracy": accuracy, "auc": auc, "f1_macro": _mean(_ratio(2 * hits, rows))}


# -- The full report ----------------------------------------------------------------------------------

def report(task: Task, probs: np.ndarray, targets: np.ndarray, threshold: float | None = None) -> dict[str, Any]:
    """All metrics of predictions whose targets are known.

    Args:
        task: What the model predicts.
        probs: As `outcomes.probabilities` returns them.
        targets: Binary: [n] between 0 and 1. Multiclass: [n], codes counted from 0. Multilabel: [n, K]
            between 0 and 1. Regression: [n].
        threshold: Probability from which a row counts as positive; None for 0.5. Binary and multilabel only.

    Returns:
        ``task``, ``n`` (rows), ``threshold`` (None for multiclass and regression), ``overall`` (one number
        per metric), ``per_class`` and ``averages`` (columns of a table), ``confusion`` ([K, K] counts, rows
        true, columns predicted; None for multilabel and regression), ``labels`` and ``notes`` (list of
        sentences that explain undefined values).

        `overall` holds, for binary: accuracy, log_loss, auc, pr_auc, brier; multiclass: the same, the areas
        as macro averages of each class against the rest, the Brier score summed over the classes;
        multilabel: accuracy (over all rows and labels), subset_accuracy (rows with every label correct) and
        the means over labels of log_loss, auc, pr_auc and brier; regression: rmse, mae, r2, spearman.

        `per_class` holds label, precision, recall, f1, support (true rows), and auc, pr_auc of each class
        against the rest; for multilabel also accuracy, log_loss, brier and the counts tp, fp, fn, tn.
        `averages` holds average ("macro", "weighted" by support; "micro" too for multilabel), precision,
        recall, f1, support.

    Raises:
        ArgumentError: `threshold` is not a probability, or the task has none.
        DataError: Targets do not fit the task, or there are no rows.

    Example:
        >>> task = Task("binary", ("ham", "spam"))
        >>> result = report(task, np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), np.array([0, 1, 1]))
        >>> round(result["overall"]["accuracy"], 3), result["confusion"].tolist()
        (0.667, [[1, 0], [1, 1]])
    """
    probs = np.asarray(probs, np.float64)
    if not len(probs):
        raise DataError("At least one row is needed to evaluate a model.")
    threshold = check_threshold(task, threshold)
    targets = check_targets(task, targets, len(probs))
    result: dict[str, Any] = {"task": task.kind, "n": len(probs), "labels": list(task.labels), "threshold": None}
    make = {"regression": _regression, "multilabel": _multilabel}.get(task.kind, _exclusive)
    if task.kind in ("binary", "multilabel"):
        result["threshold"] = threshold
    result.update(make(task, probs, targets, threshold))
    return result


def _averages(scores: dict[str, np.ndarray]) -> dict[str, Any]:
    support = scores["support"].astype(np.float64)
    table: dict[str, Any] = {"average": ["macro", "weighted"]}
    for name in ("precision", "recall", "f1"):
        known = ~np.isnan(scores[name]) & (support > 0)
        weighted = np.average(scores[name][known], weights=support[known]) if known.any() else NAN
        table[name] = np.array([_mean(scores[name]), weighted])
    table["support"] = np.full(2, scores["support"].sum())
    return table


def _undefined(labels, scores: dict[str, np.ndarray]) -> list[str]:
    notes = []
    for j, label in enumerate(labels):
        if scores["support"][j] == 0:
            notes.append(f'No row is truly "{label}": its recall, AUC and PR-AUC are undefined.')
        if np.isnan(scores["precision"][j]):
            notes.append(f'No row is predicted as "{label}": its precision is undefined.')
    return notes


def _exclusive(task: Task, probs, targets, threshold) -> dict[str, Any]:
    from sklearn import metrics as sk

    k = len(task.labels)
    predicted = classes(task, probs, threshold)
    binary = task.kind == "binary"
    truth = (targets >= 0.5).astype(np.int64) if binary else targets.astype(np.int64)
    # Class probabilities of the targets, [n, K]: 1 for the row's class; 1 - t and t for a binary fraction t.
    soft = np.stack([1 - targets, targets], axis=1) if binary else np.eye(k)[truth]
    matrix = sk.confusion_matrix(truth, predicted, labels=range(k))
    scores = _scores(truth, predicted, range(k))
    areas = {c: np.array([_area(truth == j, probs[:, j], c) for j in range(k)]) for c in ("auc", "pr_auc")}
    notes = _undefined(task.labels, scores)
    if (matrix.sum(axis=1) > 0).sum() == 1:
        notes.append("Only one class occurs in the target: AUC and PR-AUC are undefined.")
    fractions = binary and bool(((targets > 0) & (targets < 1)).any())
    if fractions:
        notes.append(
            "The target has fractions: 0.5 or more counts as the positive class; log-loss and Brier score use them."
        )
    brier = np.mean((probs[:, 1] - targets) ** 2) if binary else np.mean(((probs - soft) ** 2).sum(axis=1))
    overall = {
        "accuracy": float(np.mean(truth == predicted)),
        "log_loss": float(-np.mean((soft * np.log(np.clip(probs, TINY, 1))).sum(axis=1))),
        "auc": float(areas["auc"][1]) if binary else _mean(areas["auc"]),
        "pr_auc": float(areas["pr_auc"][1]) if binary else _mean(areas["pr_auc"]),
        "brier": float(brier),
    }
    per_class = {"label": list(task.labels), **scores, **areas}
    return {"overall": overall, "per_class": per_class, "averages": _averages(scores), "confusion": matrix,
            "notes": notes}


def _multilabel(task: Task, probs, targets, threshold) -> dict[str, Any]:
    from sklearn import metrics as sk

    predicted = classes(task, probs, threshold)
    truth = (targets >= 0.5).astype(np.int64)
    columns = range(truth.shape[1])
    # Label by label: scikit-learn would take a single column for one of two classes.
    each = [_scores(truth[:, j], predicted[:, j], [1]) for j in columns]
    scores = {name: np.concatenate([one[name] for one in each]) for name in each[0]}
    cells = np.array([sk.confusion_matrix(truth[:, j], predicted[:, j], labels=[0, 1]) for j in columns])
    areas = {c: np.array([_area(truth[:, j] == 1, probs[:, j], c) for j in columns]) for c in ("auc", "pr_auc")}
    per_class = {
        "label": list(task.labels), **scores, **areas,
        "accuracy": (truth == predicted).mean(axis=0),
        "log_loss": np.array([log_loss(targets[:, j], probs[:, j]) for j in columns]),
        "brier": ((probs - targets) ** 2).mean(axis=0),
        "tp": cells[:, 1, 1], "fp": cells[:, 0, 1], "fn": cells[:, 1, 0], "tn": cells[:, 0, 0],
    }
    averages = _averages(scores)
    micro = _scores(truth.ravel(), predicted.ravel(), [1])
    averages = {"average": ["macro", "weighted", "micro"],
                **{name: np.append(averages[name], micro[name]) for name in micro}}
    overall = {"accuracy": float((truth == predicted).mean()),
               "subset_accuracy": float((truth == predicted).all(axis=1).mean()),
               **{name: _mean(per_class[name]) for name in ("log_loss", "auc", "pr_auc", "brier")}}
    notes = _undefined(task.labels, scores)
    notes += [f'Every row is truly "{task.labels[j]}": its AUC and PR-AUC are undefined.'
              for j in columns if truth[:, j].all()]
    return {"overall": overall, "per_class": per_class, "averages": averages, "confusion": None, "notes": notes}


def _regression(task: Task, predicted, targets, threshold) -> dict[str, Any]:
    from scipy import stats

    notes = []
    error = predicted - targets
    spread = np.sum((targets - targets.mean()) ** 2)
    if spread == 0:
        notes.append("All targets are equal: R squared and Spearman's correlation are undefined.")
    with warnings.catch_warnings():  # a constant input gives NaN, which a note explains
        warnings.simplefilter("ignore")
        spearman = float(stats.spearmanr(targets, predicted).statistic) if len(targets) > 1 else NAN
    if np.isnan(spearman) and spread > 0:
        notes.append("All predictions are equal: Spearman's correlation is undefined.")
    overall = {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mae": float(np.mean(np.abs(error))),
        "r2": float(1 - np.sum(error**2) / spread) if spread > 0 else NAN,
        "spearman": spearman,
    }
    return {"overall": overall, "per_class": None, "averages": None, "confusion": None, "notes": notes}

"""Evaluate a fitted model on rows with known targets."""

from __future__ import annotations

from typing import Any

import numpy as np

from bertfit.config import LongText, Task
from bertfit.inference.runner import Progress, check_fitted, check_pairs, run_rows
from bertfit.model import Logits
from bertfit.rows import Rows
from bertfit.scores import check_threshold, probabilities, report, trace_curves


def evaluate(
    model,
    rows: Rows,
    *,
    threshold: float | None = None,
    with_curves: bool = False,
    long_text: str | None = None,
    stride: int | None = None,
    window_pooling: str | None = None,
    batch_size: int | None = None,
    precision: str = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Predict rows and compare the predictions with their targets.

    Args:
        model: A fitted `Model`.
        rows: Texts with their targets, and with pairs for a model fitted on pairs.
        threshold: Probability from which a row counts as positive, None for 0.5 (binary and multilabel only).
        with_curves: Whether the report has ``curves``, those of `scores.trace_curves`.
        long_text, stride, window_pooling, batch_size, precision, progress: As for `predict`.

    Returns:
        The dict of `scores.report`.

    Raises:
        ArgumentError: The model is not fitted, `threshold` is not a probability or the task has none, or pairs are
            missing, or given to a model fitted on single texts.
        DataError: Targets do not fit the task (checked before the model runs).

    Example:
        >>> evaluate(model, Rows.of(["win a prize", "hi"], targets=[1, 0]))["overall"]["auc"]  # doctest: +SKIP
        1.0
    """
    long = model.long_texts.changed(long_text, stride, window_pooling)
    rows, probs = _predicted(model, rows, threshold, long, batch_size, precision, progress)
    result = report(model.task, probs, rows.targets, threshold)
    return {**result, "curves": trace_curves(model.task, probs, rows.targets)} if with_curves else result


def evaluate_groups(
    model,
    rows: Rows,
    groups: np.ndarray,
    *,
    threshold: float | None = None,
    long_text: str | None = None,
    stride: int | None = None,
    window_pooling: str | None = None,
    batch_size: int | None = None,
    precision: str = "auto",
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """The measures of several groups of rows; the model runs once over all.

    Args:
        model, rows, threshold: As for `evaluate`, and so are those that follow `threshold`.
        groups: The group of each row, int [n], numbered from 0 without gaps.

    Returns:
        Columns with a row per group: n (its rows), and each measure of ``overall`` in `scores.report`; NaN where it is
        undefined.

    Raises:
        ArgumentError, DataError: As for `evaluate`.
    """
    long = model.long_texts.changed(long_text, stride, window_pooling)
    rows, probs = _predicted(model, rows, threshold, long, batch_size, precision, progress)
    return group_measures(model.task, probs, rows.targets, groups, threshold)


def group_measures(task: Task, probs: np.ndarray, targets: np.ndarray, groups: np.ndarray,
                   threshold: float | None = None) -> dict[str, np.ndarray]:
    """The columns of `evaluate_groups`, from probabilities.

    >>> task, p = Task("binary", ("ham", "spam")), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> group_measures(task, p, np.array([0, 1, 1]), np.array([0, 0, 1]))["accuracy"].tolist()
    [1.0, 0.0]
    """
    order = np.argsort(groups, kind="stable")
    n = np.bincount(groups)
    parts = np.split(order, np.cumsum(n)[:-1])
    overall = [report(task, probs[part], targets[part], threshold)["overall"] for part in parts]
    return {"n": n, **{name: np.array([one[name] for one in overall]) for name in overall[0]}}


def _predicted(model, rows: Rows, threshold, long: LongText, batch_size, precision,
               progress) -> tuple[Rows, np.ndarray]:
    """The rows with targets checked, and their probabilities."""
    check_fitted(model)
    check_threshold(model.task, threshold)
    check_pairs(model, rows)
    rows = rows.for_task(model.task)
    logits = run_rows(model, Logits(), rows, width=model.task.n_outputs, long=long, batch_size=batch_size,
                      precision=precision, progress=progress)
    return rows, probabilities(model.task, logits)

"""Evaluate a fitted model on rows with known targets."""

from __future__ import annotations

from typing import Any

from bertfit.inference.runner import Progress, check_fitted, check_pairs, run_rows
from bertfit.model import Logits
from bertfit.rows import Rows
from bertfit.scores import check_threshold, probabilities, report


def evaluate(
    model,
    rows: Rows,
    *,
    threshold: float = 0.5,
    batch_size: int | None = None,
    precision: str = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Predict rows and compare the predictions with their targets.

    Args:
        model: A fitted `Model`.
        rows: Texts with their targets, and with pairs for a model fitted on pairs.
        threshold: Probability from which a row counts as positive (binary and multilabel).
        batch_size, precision, progress: As for `predict`.

    Returns:
        The dict of `scores.report`.

    Raises:
        ArgumentError: The model is not fitted, `threshold` is not between 0 and 1, or pairs are missing, or given to
            a model fitted on single texts.
        DataError: Targets do not fit the task (checked before the model runs).

    Example:
        >>> evaluate(model, Rows.of(["win a prize", "hi"], targets=[1, 0]))["overall"]["auc"]  # doctest: +SKIP
        1.0
    """
    check_fitted(model)
    check_threshold(threshold)
    check_pairs(model, rows)
    rows = rows.for_task(model.task)
    logits = run_rows(model, Logits(), rows, width=model.task.n_outputs, batch_size=batch_size,
                      precision=precision, progress=progress)
    return report(model.task, probabilities(model.task, logits), rows.targets, threshold)

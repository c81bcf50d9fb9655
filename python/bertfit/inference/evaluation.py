"""How well a fitted model does on rows whose truth is known."""

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
    """Predict rows and compare with their targets.

    Args:
        model: A fitted `Model`.
        rows: Texts with their targets, and with pairs for a model fitted on pairs.
        threshold: Probability from which a row counts as positive (binary and multilabel).
        batch_size, precision, progress: As for `predict`.

    Returns:
        The dict of `metrics.report`.

    Raises:
        ArgumentError: The model is not fitted, `threshold` is no share, or pairs are missing or not wanted.
        DataError: Targets do not fit the task. Found before the model runs.
    """
    check_fitted(model)
    check_threshold(threshold)
    check_pairs(model, rows)
    rows = rows.for_task(model.task)
    logits = run_rows(model, Logits(), rows, width=model.task.n_outputs, batch_size=batch_size,
                      precision=precision, progress=progress)
    return report(model.task, probabilities(model.task, logits), rows.targets, threshold)

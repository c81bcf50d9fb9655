"""How well a fitted model does on rows whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertfit.checks import check_texts
from bertfit.inference.runner import Progress, check_fitted, check_pairs, run_rows
from bertfit.model import Logits
from bertfit.scores import check_targets, check_threshold, probabilities, report


def evaluate(
    model,
    texts: str | Sequence[str],
    targets,
    pairs: str | Sequence[str] | None = None,
    *,
    threshold: float = 0.5,
    batch_size: int | None = None,
    precision: str = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Predict rows and compare with their targets.

    Args:
        model: A fitted `Model`.
        texts: n strings.
        targets: Numbers as in training: [n], or [n, K] for multilabel; classes as codes counted from 0.
        pairs: Second texts, for a model fitted on pairs.
        threshold: Probability from which a row counts as positive (binary and multilabel).
        batch_size, precision, progress: As for `predict`.

    Returns:
        The dict of `metrics.report`.

    Raises:
        ArgumentError: The model is not fitted, `threshold` is no share, or pairs are missing or not wanted.
        DataError: A text or target is missing, or targets do not fit the task. Found before the model runs.
    """
    check_fitted(model)
    check_threshold(threshold)
    texts, pairs = check_texts(texts, pairs)
    check_pairs(model, pairs)
    targets = check_targets(model.task, targets, len(texts))
    logits = run_rows(model, Logits(), texts, pairs, width=model.task.n_outputs, batch_size=batch_size,
                      precision=precision, progress=progress)
    return report(model.task, probabilities(model.task, logits), targets, threshold)

"""Logits to probabilities and classes, and metrics of predictions.

In: logits and targets. Out: probabilities, classes, metrics. Runs no model.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "outcomes": "check_threshold classes probabilities",
    "metrics": "epoch_metrics report",
    "curves": "trace_curves",
})

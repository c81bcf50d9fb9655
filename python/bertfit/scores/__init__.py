"""What logits mean: probabilities, classes, and how good they are.

In: logits, and targets. Out: probabilities, classes, measures. No model is run here.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "outcomes": "classes probabilities",
    "metrics": "check_threshold epoch_metrics report",
})

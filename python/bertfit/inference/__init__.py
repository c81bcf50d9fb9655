"""Inference: predictions, text vectors, evaluation reports, masked tokens.

In: a model and rows. Out: results in the caller's order of rows, or a report on all of them.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "runner": "check_fitted",
    "prediction": "check_type predict",
    "embedding": "embed",
    "evaluation": "evaluate evaluate_groups",
    "mask_filling": "fill_mask next_sentence",
})

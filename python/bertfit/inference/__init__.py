"""Asking a model: predictions, text vectors, reports, masked tokens.

In: a model and rows. Out: one answer per row, in the caller's order.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "runner": "check_fitted",
    "prediction": "check_type predict",
    "embedding": "embed",
    "evaluation": "evaluate",
    "mask_filling": "fill_mask next_sentence",
})

"""Importing this module registers every function that R can call; `call` calls one.

Errors are returned as data, not raised through reticulate: a `BertfitError` with its code, rule and details, any other
exception with code "internal".

>>> call("train_steps", {"n": 2000, "batch_size": 70, "epochs": 1, "warmup": 0.1})
{'ok': True, 'value': [29, 2]}
"""

from __future__ import annotations

from bertfit.r import inference, models, sitrep, texts, training  # noqa: F401  (registers their functions)
from bertfit.r.boundary import call, listen, unlisten

__all__ = ["call", "listen", "unlisten"]

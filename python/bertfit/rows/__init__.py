"""A table's rows, checked once: texts, second texts, targets and weights.

In: what a caller has of them. Out: `Rows`, which every function that trains or asks a model takes as they are.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "table": "Rows",
    "targets": "check_targets",
})

"""A table's rows, checked once: texts, second texts, targets and weights.

In: a caller's columns. Out: `Rows`, which training and inference use without further checks.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "folders": "FolderTexts folder_texts",
    "table": "Rows",
    "targets": "LARGEST check_targets",
})

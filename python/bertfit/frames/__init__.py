"""What Python users call: pandas frames or plain lists in, a `Bert` out.

In: columns by name, labels as they are. Out: `Bert`; predictions as columns under the R package's names.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "opening": "init load",
    "fitting": "fit",
    "pretraining": "pretrain",
    "bert": "Bert prediction_columns",
    "targets": "code_target",
})

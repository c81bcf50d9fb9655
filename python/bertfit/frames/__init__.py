"""The Python interface: `load`, `init`, `fit`, `pretrain`, and the class `Bert` that they return.

In: pandas DataFrames with column names, or lists of texts and labels. Out: a `Bert`; its predictions are columns with
the R package's names, or arrays.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "opening": "init load model_of",
    "tables": "column_names is_frame values_of",
    "fitting": "fit",
    "pretraining": "pretrain",
    "bert": "Bert",
    "answers": "prediction_columns",
    "classes": "Classes",
    "folders": "read_folders",
    "keras_models": "custom_objects keras_model",
    "targets": "code_target",
})

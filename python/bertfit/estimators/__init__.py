"""scikit-learn's interface: `BertClassifier`, `BertRegressor` and `BertEmbedder`.

In: texts (or pairs of texts) and targets, as scikit-learn's pipelines and searches pass them. Out: estimators whose
predictions are arrays; a fitted one holds a `frames.Bert` as `bert_`.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "classifier": "BertClassifier",
    "regressor": "BertRegressor",
    "embedder": "BertEmbedder",
})

"""The estimators as scikit-learn's checks can use them: the checks make rows of numbers, each of which becomes a text.
"""

import numpy as np

from bertfit.estimators.classifier import BertClassifier
from bertfit.estimators.embedder import BertEmbedder
from bertfit.estimators.regressor import BertRegressor

#: For each of the first ten columns a word for negative and for positive numbers.
WORDS = [("bad", "good"), ("dull", "fun"), ("awful", "fine"), ("poor", "nice"), ("was", "is"), ("movie", "film"),
         ("the", "a"), ("plot", "very"), ("!", "."), ("\u00e9", "\u65e5")]


def as_texts(X) -> list[str]:
    """One text per row of numbers: a word for each column, twice for large numbers; None, a missing text, for a row
    with NaN or an infinity."""
    if hasattr(X, "toarray"):
        return X
    X = np.asarray(X)
    if X.dtype.kind == "c":
        return X
    X = X.astype(float)
    if X.ndim != 2:
        raise ValueError("Expected 2D array, got 1D array instead. Reshape your data.")
    return [" ".join(" ".join([words[x > 0]] * (1 + (abs(x) > 0.8))) for words, x in zip(WORDS, row, strict=False))
            if np.isfinite(row).all() else None for row in X]


class _OfNumbers:
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = tags.input_tags.string = False
        return tags

    def fit(self, X, y=None, **weights):
        return super().fit(as_texts(X), y, **weights)


class ClassifierOfNumbers(_OfNumbers, BertClassifier):
    def predict(self, X):
        return super().predict(as_texts(X))

    def predict_proba(self, X):
        return super().predict_proba(as_texts(X))

    def decision_function(self, X):
        return super().decision_function(as_texts(X))


class RegressorOfNumbers(_OfNumbers, BertRegressor):
    def predict(self, X):
        return super().predict(as_texts(X))


class EmbedderOfNumbers(_OfNumbers, BertEmbedder):
    def transform(self, X):
        return super().transform(as_texts(X))

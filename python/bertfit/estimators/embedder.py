"""`BertEmbedder`: vectors of texts as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from bertfit.estimators.base import TextEstimator, read_texts
from bertfit.frames import Bert, model_of

if TYPE_CHECKING:
    from typing_extensions import Self


class BertEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, TextEstimator):
    """Turns texts into vectors, for any other estimator; nothing is trained. Parameters are checked when they are used.

    Args:
        model: A name of `bertfit.models()`, the folder of a model, or a `Bert` (fitted or not).
        layers, pooling, long_text, stride, batch_size, precision: As for `Bert.embed`.

    Attributes:
        bert_: The `Bert` that was opened.

    Example:
        >>> from sklearn.linear_model import LogisticRegression  # doctest: +SKIP
        >>> from sklearn.pipeline import make_pipeline  # doctest: +SKIP
        >>> spam = make_pipeline(BertEmbedder(), LogisticRegression()).fit(texts, labels)  # doctest: +SKIP
        >>> spam.score(others, truth)  # doctest: +SKIP
        0.97
    """

    def __init__(self, model: Bert | str | Any = "minilm-l6-uncased", *, layers: int | Sequence[int] = (-1,),
                 pooling: str = "mean", long_text: str | None = None, stride: int | None = None,
                 batch_size: int | None = None, precision: str = "auto"):
        self.model = model
        self.layers = layers
        self.pooling = pooling
        self.long_text = long_text
        self.stride = stride
        self.batch_size = batch_size
        self.precision = precision

    def fit(self, X: Any, y: Any = None) -> Self:
        """Open the model. `X` is checked to be texts, as for `BertClassifier.fit`; `y` is ignored."""
        read_texts(X)
        self.bert_ = Bert(model_of(self.model))
        return self

    def transform(self, X: Any) -> np.ndarray:
        """One vector per text, float32 [n, H * len(layers)]."""
        check_is_fitted(self, "bert_")
        rows = read_texts(X)
        return self.bert_.embed(rows.texts, rows.pairs, layers=self.layers, pooling=self.pooling,
                                long_text=self.long_text, stride=self.stride, batch_size=self.batch_size,
                                precision=self.precision)

    @property
    def _n_features_out(self) -> int:
        layers = 1 if isinstance(self.layers, int) else len(self.layers)
        return layers * self.bert_.config.hidden_size

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

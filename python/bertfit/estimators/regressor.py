"""`BertRegressor`: fine-tuning as a scikit-learn regressor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import column_or_1d

from bertfit.estimators.base import FineTuned

if TYPE_CHECKING:
    from typing_extensions import Self


class BertRegressor(RegressorMixin, FineTuned):
    """A BERT model fine-tuned to predict a number from a text.

    Parameters and attributes are those of `BertClassifier`, without `class_weight` and `classes_`.

    Example:
        >>> from sklearn.model_selection import cross_val_score  # doctest: +SKIP
        >>> cross_val_score(BertRegressor(epochs=2), reviews["text"], reviews["stars"]).mean()  # doctest: +SKIP
        0.61
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fine-tune.

        Args:
            X: Texts, as for `BertClassifier.fit`.
            y: n numbers.
            sample_weight: n numbers of at least 0, or None.

        Raises:
            ArgumentError: A parameter breaks its rule; also a ValueError.
            DataError: Rows cannot be used; also a ValueError.
        """
        y = column_or_1d(y, dtype=np.float64, input_name="y", warn=True)
        return self._fit(X, y, "regression", sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """A number for each text, float64 [n]."""
        return self._predict(X, "numeric")

"""`BertRegressor`: fine-tuning as a scikit-learn regressor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import column_or_1d

from bertfit.config import HeadConfig, TrainConfig
from bertfit.estimators.base import FineTuned
from bertfit.frames import Bert
from bertfit.training import Callback

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

    def __init__(
        self,
        model: Bert | str | Any = "minilm-l6-uncased",
        *,
        head: HeadConfig | Mapping[str, Any] | None = None,
        epochs: int = TrainConfig.epochs,
        batch_size: int = TrainConfig.batch_size,
        learning_rate: float = TrainConfig.learning_rate,
        warmup: float = TrainConfig.warmup,
        min_learning_rate: float = TrainConfig.min_learning_rate,
        weight_decay: float = TrainConfig.weight_decay,
        clip_norm: float | None = TrainConfig.clip_norm,
        max_len: int | str = TrainConfig.max_len,
        max_len_quantile: float = TrainConfig.max_len_quantile,
        validation: float = TrainConfig.validation,
        freeze: str | int = TrainConfig.freeze,
        early_stopping: int | None = TrainConfig.early_stopping,
        monitor: str = TrainConfig.monitor,
        restore_best: bool = TrainConfig.restore_best,
        accumulation: int = TrainConfig.accumulation,
        precision: str = TrainConfig.precision,
        random_state: Any = None,
        callbacks: Sequence[Callback] | None = None,
        verbose: int = 0,
    ):
        self.model = model
        self.head = head
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.warmup = warmup
        self.min_learning_rate = min_learning_rate
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.max_len = max_len
        self.max_len_quantile = max_len_quantile
        self.validation = validation
        self.freeze = freeze
        self.early_stopping = early_stopping
        self.monitor = monitor
        self.restore_best = restore_best
        self.accumulation = accumulation
        self.precision = precision
        self.random_state = random_state
        self.callbacks = callbacks
        self.verbose = verbose

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

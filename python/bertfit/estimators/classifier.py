"""`BertClassifier`: fine-tuning as a scikit-learn classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from bertfit.config import HeadConfig, TrainConfig
from bertfit.estimators.base import FineTuned
from bertfit.frames import Bert
from bertfit.training import Callback

if TYPE_CHECKING:
    from typing_extensions import Self


class BertClassifier(ClassifierMixin, FineTuned):
    """A BERT model fine-tuned to classify texts.

    Parameters are stored as given and checked by `fit`. Except for `model`, `head` and `callbacks` they are those of
    `bertfit.TrainConfig`, with its defaults; two have scikit-learn's names: `random_state` is its `seed`, and
    `class_weight` its `class_weights`. By default nothing is printed.

    Args:
        model: A name of `bertfit.models()`, the folder of a model, or a `Bert`. `clone` does not copy a `Bert`.
        head: `bertfit.HeadConfig`, or its fields as a dict.
        callbacks: `bertfit.Callback`s.

    Attributes:
        classes_: The classes, sorted; for multilabel targets the numbers of the columns.
        bert_: The fitted `Bert`, with `history`, `metrics`, `save`, ...

    Example:
        >>> from sklearn.model_selection import GridSearchCV  # doctest: +SKIP
        >>> search = GridSearchCV(BertClassifier(epochs=2), {"learning_rate": [2e-5, 5e-5]})  # doctest: +SKIP
        >>> search.fit(sms["text"], sms["type"]).best_params_  # doctest: +SKIP
        {'learning_rate': 5e-05}
    """

    def __init__(
        self,
        model: Bert | str | Any = "minilm-l6-uncased",
        *,
        head: HeadConfig | Mapping[str, Any] | None = None,
        epochs: int = TrainConfig.epochs,
        batch_size: int = TrainConfig.batch_size,
        learning_rate: float | str = TrainConfig.learning_rate,
        warmup: float = TrainConfig.warmup,
        min_learning_rate: float = TrainConfig.min_learning_rate,
        weight_decay: float = TrainConfig.weight_decay,
        clip_norm: float | None = TrainConfig.clip_norm,
        max_len: int | str = TrainConfig.max_len,
        max_len_quantile: float = TrainConfig.max_len_quantile,
        long_text: str = TrainConfig.long_text,
        stride: int | None = TrainConfig.stride,
        window_pooling: str = TrainConfig.window_pooling,
        validation: float = TrainConfig.validation,
        class_weight: str | Mapping[Any, float] | None = TrainConfig.class_weights,
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
        super().__init__(
            model, head=head, epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, warmup=warmup,
            min_learning_rate=min_learning_rate, weight_decay=weight_decay, clip_norm=clip_norm, max_len=max_len,
            max_len_quantile=max_len_quantile, long_text=long_text, stride=stride, window_pooling=window_pooling,
            validation=validation, freeze=freeze, early_stopping=early_stopping, monitor=monitor,
            restore_best=restore_best, accumulation=accumulation, precision=precision, random_state=random_state,
            callbacks=callbacks, verbose=verbose,
        )
        self.class_weight = class_weight

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fine-tune.

        Args:
            X: n texts: a list, a Series, an array [n] or [n, 1], or a DataFrame of one column; for pairs of texts an
                array [n, 2], or a DataFrame of two columns.
            y: n classes of any type, or an indicator matrix [n, K] of 0 and 1 for a multilabel task.
            sample_weight: n numbers of at least 0, or None.

        Raises:
            ArgumentError: A parameter breaks its rule; also a ValueError.
            DataError: Rows cannot be used, or there is only one class; also a ValueError.
        """
        if type_of_target(y, input_name="y") == "multilabel-indicator":
            y = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
            self.classes_ = np.arange(y.shape[1])
            return self._fit(X, y, "multilabel", sample_weight)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        return self._fit(X, y, "multiclass" if len(self.classes_) > 2 else "binary", sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each text, [n]; for a multilabel task 0 and 1, [n, K]."""
        codes = self._predict(X, "class")
        return codes if codes.ndim == 2 else self.classes_[codes]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities [n, K], float64, in the order of `classes_`."""
        return self._predict(X, "prob")

    def decision_function(self, X: Any) -> np.ndarray:
        """Logits, the values before the sigmoid or softmax: [n] for two classes, else [n, K]."""
        logits = self._predict(X, "link")
        return logits[:, 0] if logits.shape[1] == 1 else logits

"""What the three estimators share: texts read from X, parameters passed on to `frames.fit`, scikit-learn's tags."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from bertfit.config import HeadConfig, TrainConfig
from bertfit.errors import Arg, ArgumentError, DataError, Function, Sentence
from bertfit.frames import Bert, column_names, fit, is_frame, values_of
from bertfit.rows import Rows
from bertfit.training import Callback

if TYPE_CHECKING:
    from typing_extensions import Self

#: Fields of `TrainConfig` that have scikit-learn's names here.
RENAMED = {"seed": "random_state", "class_weights": "class_weight"}


def read_texts(X: Any) -> Rows:
    """The texts of `X`, and the second texts if it has two columns.

    Args:
        X: n strings: a list, a Series, an array of shape [n] or [n, 1], or a DataFrame of one column. For pairs of
            texts an array of shape [n, 2], or a DataFrame of two columns.

    Raises:
        DataError: It has no rows, more columns, or values that are not strings.

    >>> read_texts(np.array([["a", "b"], ["c", "d"]])).pairs
    ['b', 'd']
    """
    if isinstance(X, str):
        raise DataError("must be a list or a column of texts.", argument="X", received=X)
    if hasattr(X, "toarray"):
        raise DataError("must be texts; a sparse matrix is not supported.", argument="X", received=X)
    if is_frame(X):
        columns = [values_of(X, name) for name in column_names(X)]
    elif getattr(X, "ndim", 1) == 2:
        columns = list(np.asarray(X).T)
    else:
        columns = [X]
    if len(columns) not in (1, 2):
        raise DataError("must be one column of texts, or two of pairs.", [f"It has {len(columns)} columns."],
                        argument="X")
    rows = Rows.of(*columns)
    if not len(rows):
        raise DataError("There must be at least one text.", ["0 texts were given."])
    return rows


class TextEstimator(BaseEstimator):
    """Base of the estimators: they take text, and read it with `read_texts`."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags


class FineTuned(TextEstimator):
    """Base of the classifier and the regressor: parameters are stored as they were given, and checked by `fit`.

    Attributes:
        bert_: The fitted `Bert`.
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
        self.long_text = long_text
        self.stride = stride
        self.window_pooling = window_pooling
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

    def _settings(self) -> dict[str, Any]:
        """The fields of `TrainConfig` from the parameters."""
        names = {field.name: RENAMED.get(field.name, field.name) for field in dataclasses.fields(TrainConfig)}
        given = {name: getattr(self, own) for name, own in names.items() if hasattr(self, own)}
        if self.random_state is not None and not isinstance(self.random_state, (int, np.integer)):
            given["seed"] = int(check_random_state(self.random_state).randint(2**31 - 1))
        return given

    def _fit(self, X: Any, y: Any, task: str, sample_weight: Any) -> Self:
        if isinstance(self.head, str):  # `classes_` are those of `y`, and sorted
            raise ArgumentError("must be a HeadConfig, or a dict of its fields.",
                                [Sentence("{} goes on with a head.", Function("fit"))], argument="head",
                                received=self.head)
        rows = read_texts(X)
        if len(y) != len(rows):
            raise DataError(Sentence("must have as many rows as {}.", Arg("X")),
                            [f"{len(rows)} texts and {len(y)} targets."], argument="y")
        self.bert_ = fit(None, rows.texts, y, self.model, pair=rows.pairs, task=task, head=self.head,
                         control=self._settings(), sample_weights=sample_weight, callbacks=self.callbacks or ())
        return self

    def _predict(self, X: Any, type: str) -> np.ndarray:
        from bertfit.inference import predict

        check_is_fitted(self, "bert_")
        return predict(self.bert_.model, read_texts(X), type=type, precision=self.precision)

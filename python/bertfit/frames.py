"""The Python side for people: `load`, `fit` and the object they return, with pandas frames or plain lists.

`Bert` wraps a `Model` and adds what users of data frames expect: columns by name, labels instead of codes,
predictions as columns under the names that the R package gives them. No numerics here. pandas is imported
only where a frame is returned for one that was given, or for the history.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bertfit import loading, persist
from bertfit.callbacks import Callback, Console
from bertfit.config import HeadConfig, Task, TrainConfig
from bertfit.embed import embed as embed_rows
from bertfit.errors import ArgumentError, DataError
from bertfit.evaluate import evaluate as evaluate_rows
from bertfit.initial import fresh_model
from bertfit.model import Model
from bertfit.plainvalues import build
from bertfit.predict import check_fitted, check_type
from bertfit.predict import predict as predict_rows
from bertfit.rows import check_texts
from bertfit.targets import code_target, read_target

Columns = str | Sequence[str]


def load(x: str | os.PathLike, *, name: str | None = None, cache_dir: str | os.PathLike | None = None,
         lower_case: bool | None = None, max_len: int | None = None, download: bool = True,
         progress: Callable[[dict], Any] | None = None) -> Bert:
    """Open a model: a name of `bertfit.models()`, a Google or Hugging Face folder, or a saved bertfit model.

    Args:
        x: The name or the folder. A folder that exists goes before a name.
        name: What to call it; None for its own name.
        cache_dir: Where downloads live; None for the user's cache.
        lower_case: Whether texts are lower-cased; None to tell by the checkpoint.
        max_len: Keep only this many positions, in tokens; None keeps all.
        download: Whether a model that is not in the cache may be fetched.
        progress: Told of a download.

    Raises:
        BertfitError: Its subclasses name what is wrong with the name, the files, or the download.

    Example:
        >>> model = load("minilm-l6-uncased")  # doctest: +SKIP
        >>> model.embed(["a cat", "a dog"]).shape  # doctest: +SKIP
        (2, 384)
    """
    return Bert(loading.open_model(x, name=name, cache_dir=cache_dir, lower_case=lower_case, max_len=max_len,
                                   download_missing=download, progress=progress))


def init(config: Any, vocabulary: Any, *, seed: int | None = None, name: str | None = None,
         lower_case: bool | None = None) -> Bert:
    """A model with fresh weights, to pretrain: see `bertfit.initial.fresh_model`.

    Args:
        config: A `BertConfig`, or the name of a preset ("kor-tiny", "bert-uncased-l2-h128", ...).
        vocabulary: What `train_vocabulary` returned, a `Vocabulary`, or the path of a vocabulary file.
        seed: Seed of the weights; None draws one.
        name: What to call it.
        lower_case: For a WordPiece file, whether texts are lower-cased; None to tell by the tokens.

    Example:
        >>> vocabulary = bertfit.train_vocabulary("corpus.txt", 8000, "sentencepiece")  # doctest: +SKIP
        >>> init("kor-mini", vocabulary, seed=1).parameters  # doctest: +SKIP
        1454848
    """
    return Bert(fresh_model(config, vocabulary, seed=seed, name=name, lower_case=lower_case))


def fit(
    data: Any,
    text: Any,
    target: Any,
    model: Bert | Model | str | os.PathLike,
    *,
    pair: Any = None,
    task: str = "auto",
    head: HeadConfig | Mapping[str, Any] | None = None,
    control: TrainConfig | Mapping[str, Any] | None = None,
    validation: Any = None,
    sample_weights: Any = None,
    callbacks: Sequence[Callback] = (),
    **settings: Any,
) -> Bert:
    """Fine-tune a model on labelled texts.

    Args:
        data: A pandas DataFrame, or None.
        text: The column of texts; without `data`, the texts themselves.
        target: The column (or list of columns, for a multilabel task); without `data`, the values: n, or
            n x K as a DataFrame or array.
        model: What `load` returns, or takes.
        pair: The column of second texts, or the texts; None for single texts.
        task: "auto", "binary", "multiclass", "multilabel" or "regression". See `bertfit.targets` for what
            "auto" makes of a column.
        head: `HeadConfig`, or its fields as a dict.
        control: `TrainConfig`, or its fields as a dict.
        validation: Share of rows to hold out (by class); or rows to watch: a DataFrame with the same columns,
            or without `data` a tuple (texts, targets) or (texts, pairs, targets). None leaves it to `control`.
        sample_weights: n numbers of at least 0, or a column.
        callbacks: Told of every step and epoch, beside the console.
        **settings: Fields of `TrainConfig`, which go before `control`'s: epochs, learning_rate, ...

    Returns:
        A new, fitted `Bert`; `model` is left as it is.

    Raises:
        ArgumentError: A setting is unknown or breaks its rule.
        DataError: A column is missing, or rows cannot be used.

    Example:
        >>> spam = fit(sms, "text", "type", "minilm-l6-uncased", epochs=2)  # doctest: +SKIP
        >>> spam.predict(["you win a prize"], type="class")  # doctest: +SKIP
        array(['spam'], dtype=object)
    """
    if data is not None and not _is_frame(data):
        raise ArgumentError("`data` must be a pandas DataFrame, or None.", [f"You gave {type(data).__name__}."])
    start = _model_of(model)
    config = _settings(control, settings, validation)
    names = {"text": text, "pair": pair, "target": target} if data is not None else {}
    texts, pairs, columns = _take(data, text, pair, target)
    kind, labels, values = read_target(columns, task)
    goal = loading.make_task(kind, labels, values)
    held = _held(goal, validation, data is not None, text, pair, target)
    if isinstance(sample_weights, str):
        if data is None:
            raise ArgumentError("`sample_weights` must be numbers where there is no data frame.",
                                [f"You gave {sample_weights!r}."])
        sample_weights = _column(data, sample_weights, "sample_weights")
    console = [Console(config.verbose)] if config.verbose else []
    return Bert(loading.fit(
        start, texts, values, task=goal, head=head if isinstance(head, HeadConfig) else build(HeadConfig, head, "head"),
        config=config, pairs=pairs, sample_weights=sample_weights, validation=held,
        columns={key: [value] if isinstance(value, str) else list(value) for key, value in names.items() if value},
        callbacks=[*console, *callbacks],
    ))


class Bert:
    """A BERT model at hand: loaded, or fitted by `bertfit.fit`.

    Attributes:
        name, config, max_len, parameters: Of the encoder (`parameters`: of the whole network once fitted).
        fitted: Whether it can predict.
        task, labels: What it predicts; None and () before a fit.
        history: One row per epoch, a pandas DataFrame.
        metrics: The measures of the epoch whose weights it holds.
        model: The `Model` behind it.
    """

    def __init__(self, model: Model):
        self.model = model

    name = property(lambda self: self.model.name)
    config = property(lambda self: self.model.config)
    max_len = property(lambda self: self.model.max_len)
    parameters = property(lambda self: self.model.parameters)
    fitted = property(lambda self: self.model.fitted)
    task = property(lambda self: self.model.task)
    metrics = property(lambda self: dict(self.model.record.get("metrics", {})))
    interrupted = property(lambda self: bool(self.model.record.get("interrupted", False)))

    @property
    def labels(self) -> tuple[str, ...]:
        return self.task.labels if self.fitted else ()

    @property
    def history(self):
        import pandas as pd

        return pd.DataFrame(self.model.record.get("history", {}))

    def __repr__(self) -> str:
        config, words = self.config, self.model.vocabulary
        size = f"{config.num_hidden_layers} layers x {config.hidden_size} hidden x {config.num_attention_heads} heads"
        what = f", {self.task.kind}: {', '.join(self.labels[:6])}" if self.fitted else ""
        casing = "uncased" if words.lower_case else "cased"
        return f"<Bert {self.name}{what}: {size}, {self.parameters:,} parameters, {len(words):,} tokens, {casing}>"

    def predict(self, data: Any, pair: Any = None, *, type: str | None = None, batch_size: int | None = None,
                precision: str = "auto", progress: Callable[[dict], Any] | None = None):
        """Predictions for new texts.

        Args:
            data: A DataFrame with the columns of the fit, or a list of texts (or one text).
            pair: Second texts where `data` is a list and the model was fitted on pairs.
            type: "prob", "class", "link" or "numeric"; None is "numeric" for regression, else "prob".
            batch_size, precision, progress: See `bertfit.predict`.

        Returns:
            For a DataFrame, a DataFrame with its index and the R package's columns: ``.pred_<label>``
            (prob), ``.pred_class`` (class, a categorical; multilabel: one ``.pred_class_<label>`` of 0
            and 1 each), ``.pred_link`` or ``.pred_link_<label>`` (link), ``.pred`` (numeric). For a list, an array: as
            `predict.predict` gives it, but classes as their labels.
        """
        check_fitted(self.model)
        type = check_type(self.task, type)
        texts, pairs = self._inputs(data, pair)
        values = predict_rows(self.model, texts, pairs, type=type, batch_size=batch_size, precision=precision,
                              progress=progress)
        named = type == "class" and self.task.kind != "multilabel"
        if not _is_frame(data):
            return np.array(self.labels, object)[values - 1] if named else values
        import pandas as pd

        if named:
            column = pd.Categorical.from_codes(values - 1, categories=list(self.labels))
            return pd.DataFrame({".pred_class": column}, index=data.index)
        columns = prediction_columns(self.task, type)
        return pd.DataFrame(values.reshape(len(texts), len(columns)), columns=columns, index=data.index)

    def evaluate(self, data: Any, target: Any = None, pair: Any = None, *, threshold: float = 0.5,
                 batch_size: int | None = None, precision: str = "auto",
                 progress: Callable[[dict], Any] | None = None) -> dict[str, Any]:
        """Measures on rows whose truth is known; the dict of `bertfit.metrics.report`.

        Args:
            data: A DataFrame with the columns of the fit, or a list of texts.
            target: The column(s) or the values; None for the fit's own columns.
            pair, batch_size, precision, progress: As for `predict`.
            threshold: Probability from which a row counts as positive.
        """
        check_fitted(self.model)
        texts, pairs = self._inputs(data, pair)
        if target is None:
            target = self._own("target")
            target = target if target is None or len(target) > 1 else target[0]
        if target is None:
            raise ArgumentError("`target` must be given.", ["The model was fitted on lists: no names are known."])
        values = code_target(self.task, _target_columns(data if _is_frame(data) else None, target))
        return evaluate_rows(self.model, texts, values, pairs, threshold=threshold, batch_size=batch_size,
                             precision=precision, progress=progress)

    def embed(self, texts: Any, pair: Any = None, *, layers: Sequence[int] = (-1,), pooling: str = "mean",
              batch_size: int | None = None, precision: str = "auto",
              progress: Callable[[dict], Any] | None = None) -> np.ndarray:
        """Text vectors, float32 [n, H * len(layers)]: see `bertfit.embed`."""
        return embed_rows(self.model, *check_texts(texts, pair), layers=layers, pooling=pooling,
                          batch_size=batch_size, precision=precision, progress=progress)

    def tokenize(self, texts: Any, pair: Any = None, *, max_len: int | None = None):
        """Input ids, segment ids and attention mask, int32 [n, L] each, padded to the longest."""
        encoding = self.model.encode(*check_texts(texts, pair), max_len)
        return encoding.pad(pad_id=self.config.pad_token_id)

    def save(self, path: str | os.PathLike, overwrite: bool = False) -> str:
        """Save as a bundle that `bertfit.load` and R's `bert_load()` open; the absolute path."""
        return persist.save(self.model, path, overwrite)

    def _own(self, role: str) -> list[str] | None:
        names = self.model.record.get("columns", {}).get(role)
        return list(names) if names else None

    def _inputs(self, data: Any, pair: Any):
        if not _is_frame(data):
            return check_texts(data, pair)
        names = [*(self._own("text") or []), *(self._own("pair") or [])]
        if not names:
            raise ArgumentError("`data` must be a list of texts.", ["The model was fitted on lists."])
        return check_texts(_column(data, names[0], "text"), _column(data, names[1], "pair") if len(names) > 1 else None)


def prediction_columns(task: Task, type: str) -> list[str]:
    """Names of the columns of a prediction, the same as in R."""
    if type == "numeric":
        return [".pred"]
    if type == "link" and task.kind == "binary":
        return [".pred_link"]
    prefix = {"prob": ".pred_", "class": ".pred_class_", "link": ".pred_link_"}[type]
    return [prefix + label for label in task.labels]


def _model_of(model: Any) -> Model:
    if isinstance(model, Bert):
        return model.model
    return model if isinstance(model, Model) else loading.open_model(model)


def _settings(control: Any, settings: Mapping[str, Any], validation: Any) -> TrainConfig:
    base = control.to_dict() if isinstance(control, TrainConfig) else dict(control or {})
    base.update(settings)
    if isinstance(validation, (int, float)) and not isinstance(validation, bool):
        base["validation"] = validation
    return build(TrainConfig, base, "control")


def _is_frame(data: Any) -> bool:
    return hasattr(data, "columns") and hasattr(data, "index")


def _column(data: Any, name: Any, argument: str):
    if not isinstance(name, str) or name not in data.columns:
        raise DataError(f"`{argument}` must be a column of the data.",
                        [f"You gave {name!r}.", f"Columns: {', '.join(map(str, list(data.columns)[:10]))}."])
    return data[name]


def _target_columns(data: Any, target: Any) -> dict[str, Any]:
    """The target by column name; values without a name are called "target"."""
    if data is not None and isinstance(target, str):
        return {target: _column(data, target, "target")}
    if data is not None and isinstance(target, (list, tuple)) and all(isinstance(name, str) for name in target):
        return {name: _column(data, name, "target") for name in target}
    if isinstance(target, str):
        raise DataError("`target` must be the values where there is no data frame.", [f"You gave {target!r}."])
    if _is_frame(target):
        return {str(name): target[name] for name in target.columns}
    if isinstance(target, np.ndarray) and target.ndim == 2 and target.shape[1] > 1:
        return {f"target_{j + 1}": target[:, j] for j in range(target.shape[1])}
    return {str(getattr(target, "name", None) or "target"): target}


def _take(data: Any, text: Any, pair: Any, target: Any):
    columns = _target_columns(data, target)
    if data is None:
        texts, pairs = check_texts(text, pair)
    else:
        texts, pairs = check_texts(_column(data, text, "text"), None if pair is None else _column(data, pair, "pair"))
    for name, values in columns.items():
        if len(values) != len(texts):
            raise DataError("The target must have one value per text.",
                            [f"{len(texts)} texts; `{name}` has {len(values)} values."])
    return texts, pairs, columns


def _held(task: Task, validation: Any, by_column: bool, text: Any, pair: Any, target: Any) -> tuple | None:
    if validation is None or isinstance(validation, (int, float)):
        return None
    if by_column:
        if not _is_frame(validation):
            raise ArgumentError("`validation` must be a share, or a DataFrame like `data`.",
                                [f"You gave {type(validation).__name__}."])
        texts, pairs, columns = _take(validation, text, pair, target)
    else:
        if not isinstance(validation, tuple) or len(validation) not in (2, 3):
            raise ArgumentError("`validation` must be a share, or a tuple (texts, targets) or (texts, pairs, targets).")
        second = validation[1] if len(validation) == 3 else None
        texts, pairs, columns = _take(None, validation[0], second, validation[-1])
    return texts, pairs, code_target(task, columns), None

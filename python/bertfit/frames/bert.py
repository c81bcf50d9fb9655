"""`Bert`, the object that Python users hold: a `Model` with the manners of data frames.

Columns by name, labels instead of codes, predictions as columns under the names that the R package gives
them. No numerics here; `columns` reads what is given. pandas is imported only where a frame is returned for
one that was given, or for the history.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bertfit.config import Task
from bertfit.errors import Arg, ArgumentError, Sentence
from bertfit.frames.columns import is_frame, target_columns, text_rows
from bertfit.frames.targets import code_target
from bertfit.inference import check_fitted, check_type, fill_mask, next_sentence
from bertfit.inference import embed as embed_rows
from bertfit.inference import evaluate as evaluate_rows
from bertfit.inference import predict as predict_rows
from bertfit.model import Model, persist
from bertfit.model import export as export_model
from bertfit.rows import Rows


class Bert:
    """A BERT model at hand: loaded, pretrained by `bertfit.pretrain`, or fitted by `bertfit.fit`.

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
            batch_size: Rows per batch of the longest texts; None leaves it to the machine.
            precision: "auto", "float32", "bfloat16" or "float16".
            progress: Called with ``{"event": "rows", "done", "total"}`` a few times a second.

        Returns:
            For a DataFrame, a DataFrame with its index and the R package's columns: ``.pred_<label>``
            (prob), ``.pred_class`` (class, a categorical; multilabel: one ``.pred_class_<label>`` of 0
            and 1 each), ``.pred_link`` or ``.pred_link_<label>`` (link), ``.pred`` (numeric). For a list, an array: as
            `predict.predict` gives it, but classes as their labels.

        Raises:
            ArgumentError: The model is not fitted, `type` is not the task's, or pairs are missing or not wanted.
            DataError: A column is missing, or a text.
        """
        check_fitted(self.model)
        type = check_type(self.task, type)
        rows = self._rows(data, pair)
        values = predict_rows(self.model, rows, type=type, batch_size=batch_size, precision=precision,
                              progress=progress)
        named = type == "class" and self.task.kind != "multilabel"
        if not is_frame(data):
            return np.array(self.labels, object)[values] if named else values
        import pandas as pd

        if named:
            column = pd.Categorical.from_codes(values, categories=list(self.labels))
            return pd.DataFrame({".pred_class": column}, index=data.index)
        columns = prediction_columns(self.task, type)
        return pd.DataFrame(values.reshape(len(rows), len(columns)), columns=columns, index=data.index)

    def evaluate(self, data: Any, target: Any = None, pair: Any = None, *, threshold: float = 0.5,
                 batch_size: int | None = None, precision: str = "auto",
                 progress: Callable[[dict], Any] | None = None) -> dict[str, Any]:
        """Measures on rows whose truth is known; the dict of `bertfit.metrics.report`.

        Args:
            data: A DataFrame with the columns of the fit, or a list of texts.
            target: The column(s) or the values; None for the fit's own columns.
            pair, batch_size, precision, progress: As for `predict`.
            threshold: Probability from which a row counts as positive.

        Raises:
            ArgumentError: The model is not fitted, `target` is not known, or `threshold` is no probability.
            DataError: A column is missing, or rows cannot be used.
        """
        check_fitted(self.model)
        rows = self._rows(data, pair)
        if target is None:
            target = self._own("target") if is_frame(data) else None
            target = target if target is None or len(target) > 1 else target[0]
        if target is None:
            raise ArgumentError("must be given.", [
                "It can be left out for a DataFrame, where the model was fitted on one: the column has the same name.",
            ], argument="target")
        values = code_target(self.task, target_columns(data if is_frame(data) else None, target))
        return evaluate_rows(self.model, rows.labelled(values), threshold=threshold, batch_size=batch_size,
                             precision=precision, progress=progress)

    def embed(self, data: Any, pair: Any = None, *, layers: int | Sequence[int] = (-1,), pooling: str = "mean",
              batch_size: int | None = None, precision: str = "auto",
              progress: Callable[[dict], Any] | None = None) -> np.ndarray:
        """One vector per text.

        Args:
            data, pair: As for `predict`; the model need not be fitted.
            layers: One encoder layer, or several whose vectors stand side by side: 1 is the first, -1 the last.
            pooling: "mean" or "max" over the tokens, "cls" the first token, "nsp" the pretrained pooler.
            batch_size, precision, progress: As for `predict`.

        Returns:
            float32 [n, H * len(layers)].

        Raises:
            ArgumentError: A layer or pooling does not exist.
            DataError: A column is missing, or a text.
        """
        return embed_rows(self.model, self._rows(data, pair), layers=layers, pooling=pooling,
                          batch_size=batch_size, precision=precision, progress=progress)

    def tokenize(self, data: Any, pair: Any = None, *, max_len: int | None = None):
        """Input ids, segment ids and attention mask, int32 [n, L] each, padded to the longest.

        Args:
            data, pair: As for `predict`; the model need not be fitted.
            max_len: Most tokens of a row, [CLS] and [SEP] included; None for the model's own, or the fit's.

        Raises:
            ArgumentError: `max_len` is no whole number from 3 to the model's.
            DataError: A column is missing, or a text.
        """
        encoding = self.model.encode(self._rows(data, pair), max_len)
        return encoding.pad(pad_id=self.config.pad_token_id)

    def save(self, path: str | os.PathLike, overwrite: bool = False) -> str:
        """Save as a bundle that `bertfit.load` and R's `bert_load()` open; the absolute path.

        Raises:
            ArgumentError: Something stands at `path` that may not be replaced.
            BundleError: The disk refuses.
        """
        return persist.save(self.model, path, overwrite)

    def export(self, path: str | os.PathLike, format: str) -> str:
        """Write a folder for another program, "google" or "huggingface": see `export.export`; the absolute path."""
        return export_model(self.model, path, format)

    def fill_mask(self, texts: Any, top: int = 5):
        """The likeliest tokens for every "[MASK]".

        Args:
            texts: A list of texts, each with a "[MASK]"; or one.
            top: Tokens per mask.

        Returns:
            A DataFrame with a row per text, mask and token: row and mask (both from 1), rank, token, probability.

        Raises:
            ArgumentError: The model has no MLM head.
            DataError: A text has no mask, or is too long.
        """
        import pandas as pd

        table = pd.DataFrame(fill_mask(self.model, Rows.of(texts), top))
        table[["row", "mask"]] += 1
        return table

    def next_sentence(self, first: Any, second: Any) -> np.ndarray:
        """The probability [n] that each of the second texts is what comes after the first.

        Raises:
            ArgumentError: The model has no NSP head.
            DataError: The two differ in length, or a text is missing.
        """
        return next_sentence(self.model, Rows.of(first, second))

    def __reduce__(self):
        # Graphs do not pickle; the bundle's bytes do, so that pickle, joblib and deepcopy keep a model.
        return _from_bytes, (bytes(persist.to_bytes(self.model)),)

    def _own(self, role: str) -> list[str] | None:
        names = self.model.record.get("columns", {}).get(role)
        return list(names) if names else None

    def _rows(self, data: Any, pair: Any) -> Rows:
        if not is_frame(data):
            return Rows.of(data, pair)
        names = [*(self._own("text") or []), *(self._own("pair") or [])]
        if not names:
            raise ArgumentError("must be a list of texts, or a single column.",
                                ["The model was not fitted on a data frame: it knows no column by name."],
                                argument="data")
        if pair is not None:
            raise ArgumentError(Sentence("must be left out where {} is a DataFrame.", Arg("data")),
                                ["The columns are those of the fit."], argument="pair")
        return text_rows(data, *names)


def prediction_columns(task: Task, type: str) -> list[str]:
    """Names of the columns of a prediction, the same as in R."""
    if type == "numeric":
        return [".pred"]
    if type == "link" and task.kind == "binary":
        return [".pred_link"]
    prefix = {"prob": ".pred_", "class": ".pred_class_", "link": ".pred_link_"}[type]
    return [prefix + label for label in task.labels]


def _from_bytes(data: bytes) -> Bert:
    return Bert(persist.from_bytes(data))

"""`Bert`, the class of Python users: a `Model` that takes DataFrames or lists, and returns DataFrames or arrays.

It selects columns by name, converts class codes to labels, and names the columns of predictions as the R package does.
No numerics here; `columns` reads the arguments. pandas is imported only to return a DataFrame, or the history.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from bertfit.frames.answers import group_codes, group_table, prediction_columns, present_rows, spread
from bertfit.frames.classes import Classes
from bertfit.frames.columns import evaluation_target, model_texts, target_columns
from bertfit.frames.facts import ModelFacts
from bertfit.frames.tables import index_of, is_frame, table_like
from bertfit.frames.targets import code_target
from bertfit.inference import check_fitted, check_type, evaluate_groups, fill_mask, next_sentence
from bertfit.inference import embed as embed_rows
from bertfit.inference import evaluate as evaluate_rows
from bertfit.inference import predict as predict_rows
from bertfit.model import export as export_model
from bertfit.model import persist
from bertfit.rows import Rows
from bertfit.settings import keywords_told

if TYPE_CHECKING:
    import pandas as pd


class Bert(ModelFacts):
    """A BERT model: opened by `bertfit.load`, pretrained by `bertfit.pretrain`, or fine-tuned by `bertfit.fit`.

    Attributes:
        name, config: Name of the model, and the `BertConfig` of its encoder.
        max_len: Longest input in tokens.
        parameters: Number of weights of the encoder; of the whole network once fitted.
        fitted: Whether it has been fine-tuned, and so can predict.
        task, labels: The `Task` and the names of its classes or columns; None and () before a fit.
        classes: The classes as the target had them (bool, int, float or str), an array in the order of the
            probabilities; for a multilabel model what stands for 0 and 1. None for regression and before a fit.
        history: Losses and metrics of every epoch, a pandas DataFrame with a row per epoch.
        metrics: Metrics of the epoch whose weights it has, a dict.
        interrupted: Whether its training was stopped by Ctrl-C.
        model: The `Model` that it wraps.
    """

    @overload
    def predict(self, data: pd.DataFrame, pair: None = None, *, type: str | None = None,
                threshold: float | None = None, na_action: str = "error", long_text: str | None = None,
                stride: int | None = None, window_pooling: str | None = None, batch_size: int | None = None,
                precision: str = "auto", progress: Callable[[dict], Any] | None = None) -> pd.DataFrame: ...

    @overload
    def predict(self, data: str | Sequence[str] | pd.Series, pair: Any = None, *, type: str | None = None,
                threshold: float | None = None, na_action: str = "error", long_text: str | None = None,
                stride: int | None = None, window_pooling: str | None = None, batch_size: int | None = None,
                precision: str = "auto", progress: Callable[[dict], Any] | None = None) -> np.ndarray: ...

    @overload
    def predict(self, data: Any, pair: Any = None, *, type: str | None = None, threshold: float | None = None,
                na_action: str = "error", long_text: str | None = None, stride: int | None = None,
                window_pooling: str | None = None, batch_size: int | None = None, precision: str = "auto",
                progress: Callable[[dict], Any] | None = None) -> Any: ...

    @keywords_told
    def predict(self, data: Any, pair: Any = None, *, type: str | None = None, threshold: float | None = None,
                na_action: str = "error", long_text: str | None = None, stride: int | None = None,
                window_pooling: str | None = None, batch_size: int | None = None, precision: str = "auto",
                progress: Callable[[dict], Any] | None = None) -> Any:
        """Predictions for new texts.

        Args:
            data: A table with the columns of the fit (a pandas or polars DataFrame, or a `datasets.Dataset`), or a
                list of texts (or one text). A classifier that was trained elsewhere reads the columns "text" and
                "pair", or else the only column of texts.
            pair: Second texts, if `data` is a list and the model was fitted on pairs.
            type: "prob", "class", "link" or "numeric"; None is "numeric" for regression, else "prob".
            threshold: For "class" of a binary or multilabel model, the probability from which the positive class, or
                a label, is predicted; None for 0.5.
            na_action: For a missing text (None, NaN, NA): "error", or "keep" for a missing prediction in its place;
                a `bertfit.MissingTextWarning` counts these.
            long_text: How texts longer than the `max_len` of the fit are read: "truncate", "head_tail" or "windows";
                None for the setting of the fit. See `TrainConfig`.
            stride, window_pooling: Overlap of windows in tokens, and "mean" or "max" of their logits; None as above.
            batch_size: Rows per batch at the longest length; batches of shorter texts have more. None for a default.
            precision: Number format of matrix products: "auto", "float32", "bfloat16" or "float16".
            progress: Called with ``{"event": "rows", "done", "total"}`` a few times a second.

        Returns:
            For a table, a table of the same kind (of pandas, with its index) and the R package's columns:
            ``.pred_<label>`` (prob), ``.pred_class`` (class; multilabel: one ``.pred_class_<label>`` each),
            ``.pred_link`` or ``.pred_link_<label>`` (link), ``.pred`` (numeric). For a list, an array as from
            `bertfit.inference.predict`, but with `classes` in place of class codes.

            Classes have the type that the target of the fit had: bool, int, float, str, or pandas' categorical with
            the same categories, in the same order (in polars an Enum, in a Dataset a ClassLabel). Of a model fitted
            in R, a factor counts as categorical, and numbers as whole numbers if all are. Models saved before types
            were kept give a categorical of text.

            A `bertfit.TruncationWarning` says how many texts were not read to their end.

        Raises:
            ArgumentError: The model is not fitted, `type` does not fit the task, `threshold` is given where none is
                used, or `pair` is missing or not allowed.
            DataError: A column or a text is missing.
        """
        check_fitted(self.model)
        type = check_type(self.task, type)
        rows, present = present_rows(*model_texts(self.model, data, pair), na_action)
        values = predict_rows(self.model, rows, type=type, threshold=threshold, long_text=long_text, stride=stride,
                              window_pooling=window_pooling, batch_size=batch_size, precision=precision,
                              progress=progress)
        named = type == "class" and self.task.kind != "multilabel"
        known = Classes.recorded(self.task, self.model.record) if type == "class" else None
        if known is not None and not (named and known.category and is_frame(data)):
            values = known.array(values)
        if not is_frame(data):
            return spread(values, present)
        import pandas as pd

        index = index_of(data)
        if named:
            values = known.categorical(values) if known.category else values
            table = pd.DataFrame({".pred_class": values}, index=index[present])
        else:
            columns = prediction_columns(self.task, type)
            table = pd.DataFrame(values.reshape(len(rows), len(columns)), columns=columns, index=index[present])
        return table_like(data, spread(table, present, index))

    @keywords_told
    def evaluate(self, data: Any, target: Any = None, pair: Any = None, *, by: str | Sequence[str] | None = None,
                 threshold: float | None = None, with_curves: bool = False, long_text: str | None = None,
                 stride: int | None = None, window_pooling: str | None = None, batch_size: int | None = None,
                 precision: str = "auto", progress: Callable[[dict], Any] | None = None):
        """Metrics on labelled rows; the dict of `bertfit.scores.report`, or with `by` a DataFrame.

        Args:
            data: A table as for `predict`, or a list of texts.
            target: The column or columns of true values, or the values themselves; None for the columns of the fit,
                or of a multilabel classifier that was trained elsewhere the columns called as its labels.
            pair, long_text, stride, window_pooling, batch_size, precision, progress: As for `predict`.
            by: A column of the DataFrame, or several: a row per group, in order of appearance, with the values of
                these columns, n (rows) and the overall metrics, NaN where undefined.
            threshold: Probability from which a row counts as positive, None for 0.5 (binary and multilabel only).
            with_curves: Whether the dict has ``curves``: of ROC, precision-recall and calibration, as columns (see
                `bertfit.scores.trace_curves`).

        Raises:
            ArgumentError: The model is not fitted, `target` is missing, or `threshold` is not a probability, or is
                given for a multiclass model or a regression.
            DataError: A column is missing, or rows cannot be used.
        """
        check_fitted(self.model)
        target = evaluation_target(self.model, data, target)
        rows = Rows.of(*model_texts(self.model, data, pair, target))
        values = code_target(self.task, target_columns(data if is_frame(data) else None, target),
                             by_id=not self.model.record.get("classes"))
        options: dict[str, Any] = {
            "threshold": threshold, "long_text": long_text, "stride": stride, "window_pooling": window_pooling,
            "batch_size": batch_size, "precision": precision, "progress": progress,
        }
        if by is None:
            return evaluate_rows(self.model, rows.labelled(values), with_curves=with_curves, **options)
        groups, first = group_codes(data, by)
        return group_table(data, by, first, evaluate_groups(self.model, rows.labelled(values), groups, **options))

    @keywords_told
    def embed(self, data: Any, pair: Any = None, *, layers: int | Sequence[int] = (-1,), pooling: str = "mean",
              normalize: bool = False, long_text: str | None = None, stride: int | None = None,
              batch_size: int | None = None, precision: str = "auto",
              progress: Callable[[dict], Any] | None = None) -> np.ndarray:
        """One vector per text.

        Args:
            data, pair: As for `predict`; the model need not be fitted.
            layers: One encoder layer, or several whose vectors are concatenated: 1 is the first, -1 the last.
            pooling: "mean" or "max" over the tokens, "cls" for the first token, "nsp" for the pretrained pooler.
            normalize: Whether to divide each vector by its Euclidean length, so that the product of two is their
                cosine.
            long_text, stride: As for `predict`; before a fit, texts longer than the model's `max_len` are truncated by
                default. The vectors of a text's windows are averaged.
            batch_size, precision, progress: As for `predict`.

        Returns:
            float32 [n, H * len(layers)].

        Raises:
            ArgumentError: A layer or pooling does not exist.
            DataError: A column or a text is missing.
        """
        return embed_rows(self.model, self._rows(data, pair), layers=layers, pooling=pooling,
                          normalize=normalize, long_text=long_text, stride=stride, batch_size=batch_size,
                          precision=precision, progress=progress)

    @keywords_told
    def tokenize(self, data: Any, pair: Any = None, *,
                 max_len: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Input ids, segment ids and attention mask, int32 [n, L] each, padded to the longest row.

        Args:
            data, pair: As for `predict`; the model need not be fitted.
            max_len: Longer rows are truncated to this many tokens, [CLS] and [SEP] included; None for the length of
                the fit, or before a fit the model's.

        Raises:
            ArgumentError: `max_len` is not a whole number from 3 to the model's `max_len`.
            DataError: A column or a text is missing.
        """
        encoding = self.model.encode(self._rows(data, pair), max_len)
        return encoding.pad(pad_id=self.config.pad_token_id)

    @keywords_told
    def save(self, path: str | os.PathLike, overwrite: bool = False) -> str:
        """Save as a bundle, a folder that `bertfit.load` and R's `bert_load()` open.

        Args:
            path: The folder.
            overwrite: Whether to replace a bundle that exists at `path`.

        Returns:
            The absolute path.

        Raises:
            ArgumentError: `path` exists and may not be replaced.
            DiskError: The disk is full.
            BundleError: A file cannot be written.
        """
        return persist.save(self.model, path, overwrite)

    @keywords_told
    def export(self, path: str | os.PathLike, format: str) -> str:
        """Write the model to a folder that other programs can read, see `bertfit.model.export`.

        Args:
            path: The folder.
            format: "google" or "huggingface".

        Returns:
            The absolute path.
        """
        return export_model(self.model, path, format)

    @keywords_told
    def fill_mask(self, texts: str | Sequence[str], top: int = 5) -> pd.DataFrame:
        """The most probable tokens for every "[MASK]".

        Args:
            texts: A list of texts, or one text, each with at least one "[MASK]".
            top: Number of tokens per mask.

        Returns:
            A DataFrame with a row per mask and token: row and mask (both numbered from 1), rank, token, probability.

        Raises:
            ArgumentError: The model has no MLM head.
            DataError: A text has no "[MASK]", or is too long.
        """
        import pandas as pd

        table = pd.DataFrame(fill_mask(self.model, Rows.of(texts), top))
        table[["row", "mask"]] += 1
        return table

    @keywords_told
    def next_sentence(self, first: Any, second: Any) -> np.ndarray:
        """The probability [n] that each second text follows its first text.

        Args:
            first, second: n texts each.

        Raises:
            ArgumentError: The model has no NSP head.
            DataError: `first` and `second` differ in length, or a text is missing.
        """
        return next_sentence(self.model, Rows.of(first, second))

    def __sklearn_clone__(self) -> Bert:
        return self  # nothing changes it: scikit-learn's clones of an estimator share its model

    def __reduce__(self):
        # TensorFlow's variables cannot be pickled: pickle, joblib and deepcopy use the bytes of a bundle.
        return _from_bytes, (bytes(persist.to_bytes(self.model)),)

    def _rows(self, data: Any, pair: Any) -> Rows:
        return Rows.of(*model_texts(self.model, data, pair))


def _from_bytes(data: bytes) -> Bert:
    return Bert(persist.from_bytes(data))

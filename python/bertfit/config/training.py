"""Settings of fine-tuning."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any, TypedDict

from bertfit.checks import label_text
from bertfit.config.long_text import LongText
from bertfit.errors import Arg, ArgumentError, Sentence
from bertfit.settings import (
    EITHER,
    LARGEST_WEIGHT,
    Settings,
    check_rates,
    check_run,
    is_number,
    is_whole,
    keywords_told,
    require,
)

FREEZES = ("none", "embeddings", "encoder")
MONITORS = ("loss", "accuracy", "auc", "f1_macro", "rmse")

#: Where and how often a run is saved, which makes no difference to what it trains.
_SAVING = ("checkpoint", "save_steps", "resume", "overwrite")


@keywords_told
@dataclasses.dataclass(frozen=True)
class TrainConfig(Settings):
    """How a model is fine-tuned (`bert_control()` in R).

    Args:
        epochs: Passes over the training rows.
        batch_size: Rows per batch; an optimizer step uses `batch_size * accumulation` rows. A batch that would take
            more than about 6 GB of memory is computed in parts, whose gradients are summed.
        learning_rate: Highest learning rate, reached at the end of the warmup. "auto" for 5e-5 if the encoder is 768
            wide or wider, as Devlin et al. (2019) found for BERT-base, and 1e-4 for a narrower one
            (bench/learning_rate.py).
        warmup: Share of the steps over which the learning rate rises linearly from 0.
        min_learning_rate: Learning rate at the last step.
        weight_decay: Decoupled weight decay of matrices; biases and layer normalization are left out.
        clip_norm: Gradients are scaled down to this global norm; None for no limit.
        max_len: Longest input in tokens; `long_text` says what is read of longer texts. "auto" for the
            `max_len_quantile` quantile of the training texts' lengths, at most the length of the model.
        max_len_quantile: See `max_len`.
        long_text: "truncate": a longer text loses its end. "head_tail": it keeps its first and last tokens, in the
            proportion of 128 to 382 (Sun et al. 2019). "windows": it is read in windows of `max_len` tokens. They are
            trained on as parts of one text, whose weight they share; batches are then of windows, but losses and
            metrics of texts, whose logits are pooled over their windows. The model reads texts so from then on.
        stride: Tokens by which neighbouring windows overlap, as in transformers; None for a quarter of `max_len`.
        window_pooling: How the logits of a text's windows become one: their "mean", or their "max".
        validation: Share of the rows used for validation, stratified by class; 0 for none.
        class_weights: None; "balanced": n / (classes * rows of the class), as scikit-learn; or a dict by label. For a
            multilabel task "balanced" weighs the two classes of every label: n / (2 * rows with it) where it is set,
            n / (2 * rows without it) where it is not. Fractions count as set from 0.5 on, and lie between both weights.
            A dict weighs every label's part of the loss.
        freeze: "none", "embeddings", "encoder", or a whole number n: embeddings and the first n layers. Outputs that
            are the same in every epoch (of the whole encoder, or of n layers without dropout) are computed once. Where
            layers share one set of weights, any n above 0 freezes it, and so all of them.
        early_stopping: Epochs without a better `monitor` after which training stops; None for never.
        monitor: Metric that chooses the best weights, on the validation rows, or on the training rows if there are
            no validation rows: "loss", "accuracy", "auc", "f1_macro" or "rmse".
        restore_best: Keep the weights of the best epoch rather than of the last.
        accumulation: Batches whose gradients are accumulated before an optimizer step.
        precision: "auto", "float32", "bfloat16" or "float16"; see `bertfit._env.resolve_precision`.
        seed: Whole number that determines the split, the order of rows, dropout and fresh weights; None draws one.
        verbose: 0 prints nothing, 1 a line per epoch, 2 a progress bar as well.
        checkpoint: Folder for the state of the run, which is saved after every epoch and on Ctrl-C; None saves none.
        save_steps: Optimizer steps between two saved states within an epoch; None for none.
        resume: Continue the run whose state is in `checkpoint`: the result is that of a run that was never stopped.
            Rows, model and settings must be those it was started with. A finished run gives its model at once.
        overwrite: Replace the run in `checkpoint`, once the new one has completed an epoch.

    Raises:
        ArgumentError: A value is out of range, or there is no `checkpoint` to resume or overwrite.
    """

    epochs: int = 3
    batch_size: int = 32
    learning_rate: float | str = "auto"
    warmup: float = 0.1
    min_learning_rate: float = 0.0
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    max_len: int | str = "auto"
    max_len_quantile: float = 0.95
    long_text: str = "truncate"
    stride: int | None = None
    window_pooling: str = "mean"
    validation: float = 0.1
    class_weights: str | Mapping[str, float] | None = None
    freeze: str | int = "none"
    early_stopping: int | None = None
    monitor: str = "loss"
    restore_best: bool = True
    accumulation: int = 1
    precision: str = "auto"
    seed: int | None = None
    verbose: int = 2
    checkpoint: str | os.PathLike | None = None
    save_steps: int | None = None
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self):
        for name in ("epochs", "batch_size", "accumulation"):
            require(is_whole(getattr(self, name), 1), name, "a whole number of at least 1", getattr(self, name))
        check_rates(self)
        require(self.max_len == "auto" or is_whole(self.max_len, 3),
                 "max_len", 'a whole number of at least 3, or "auto"', self.max_len)
        require(is_number(self.max_len_quantile, 0, 1, open_low=True),
                 "max_len_quantile", "a share above 0 and at most 1", self.max_len_quantile)
        if self.long_texts.long_text == "windows" and self.max_len != "auto":
            self.long_texts.overlap(self.max_len)
        require(is_number(self.validation, 0) and self.validation < 1,
                 "validation", "a share of at least 0 and below 1", self.validation)
        weights = self.class_weights
        if isinstance(weights, Mapping):
            given, weights = weights, {label_text(label): weight for label, weight in weights.items()}  # as `Task` does
            require(len(given) == len(weights), "class_weights", "numbers that name each label once", list(given))
            object.__setattr__(self, "class_weights", weights)
            require(bool(weights) and all(is_number(w, 0, LARGEST_WEIGHT) for w in weights.values()),
                     "class_weights", f"numbers from 0 to {LARGEST_WEIGHT:g}, named by label", weights)
            require(max(weights.values()) >= 1 / LARGEST_WEIGHT, "class_weights",
                    f"at least {1 / LARGEST_WEIGHT:g} for one label or more", weights)
        else:
            require(weights in (None, "balanced"), "class_weights", '"balanced" or numbers named by label', weights)
        require(self.freeze in FREEZES if isinstance(self.freeze, str) else is_whole(self.freeze, 0),
                 "freeze", f"one of {', '.join(FREEZES)}, or a number of layers", self.freeze)
        require(self.early_stopping is None or is_whole(self.early_stopping, 1),
                 "early_stopping", "a whole number of epochs of at least 1", self.early_stopping,
                 or_none=True)
        require(self.monitor in MONITORS, "monitor", f"one of {', '.join(MONITORS)}", self.monitor)
        for name in ("restore_best", "resume", "overwrite"):
            require(isinstance(getattr(self, name), bool), name, EITHER, getattr(self, name))
        require(self.checkpoint is None or (isinstance(self.checkpoint, (str, os.PathLike)) and str(self.checkpoint)),
                "checkpoint", "the path of a folder", self.checkpoint, or_none=True)
        require(self.save_steps is None or is_whole(self.save_steps, 1),
                "save_steps", "a whole number of at least 1", self.save_steps, or_none=True)
        if self.checkpoint is not None:
            object.__setattr__(self, "checkpoint", os.fspath(self.checkpoint))
        for name in ("resume", "overwrite"):
            if self.checkpoint is None and getattr(self, name):
                raise ArgumentError(Sentence("must be given where {} is.", Arg(name)), argument="checkpoint")
        check_run(self)

    def for_encoder(self, hidden_size: int) -> TrainConfig:
        """These settings with a number as the learning rate, for an encoder of this width."""
        if self.learning_rate != "auto":
            return self
        return dataclasses.replace(self, learning_rate=5e-5 if hidden_size >= 768 else 1e-4)

    @property
    def long_texts(self) -> LongText:
        """`long_text`, `stride` and `window_pooling` in one."""
        return LongText(self.long_text, self.stride, self.window_pooling)

    def of_training(self) -> dict[str, Any]:
        """The settings as `to_dict`, without those of `checkpoint`, which make no difference to what is trained."""
        return {name: value for name, value in self.to_dict().items() if name not in _SAVING}


class TrainSettings(TypedDict, total=False):
    """The fields of `TrainConfig`, as keyword arguments of `bertfit.fit`, for type checkers.

    `validation` is an argument of its own there.
    """

    epochs: int
    batch_size: int
    learning_rate: float | str
    warmup: float
    min_learning_rate: float
    weight_decay: float
    clip_norm: float | None
    max_len: int | str
    max_len_quantile: float
    long_text: str
    stride: int | None
    window_pooling: str
    class_weights: str | Mapping[str, float] | None
    freeze: str | int
    early_stopping: int | None
    monitor: str
    restore_best: bool
    accumulation: int
    precision: str
    seed: int | None
    verbose: int
    checkpoint: str | os.PathLike | None
    save_steps: int | None
    resume: bool
    overwrite: bool

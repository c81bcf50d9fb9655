"""Settings of pretraining: the two heads, and the training run."""

from __future__ import annotations

import dataclasses
from typing import TypedDict

from bertfit.settings import Settings, check_rates, check_run, is_whole, keywords_told, require

PRETRAIN_MONITORS = ("auto", "loss", "mlm_loss", "mlm_accuracy", "nsp_loss", "nsp_accuracy")


@keywords_told
@dataclasses.dataclass(frozen=True)
class PretrainHeads(Settings):
    """The two heads that pretraining puts on an encoder.

    Args:
        mlm: How a masked token is predicted. "transform" is Google's: a dense layer with the encoder's activation,
            layer normalization, the transposed token embedding, and a bias. "tied" is the transposed token embedding
            alone.
        nsp: How the next sentence is predicted from the pooled output: "google" is a dense layer with a bias,
            "plain" one without, and "none" no prediction, as for RoBERTa.
    """

    mlm: str = "transform"
    nsp: str = "google"

    def __post_init__(self):
        require(self.mlm in ("transform", "tied"), "mlm", '"transform" or "tied"', self.mlm)
        require(self.nsp in ("google", "plain", "none"), "nsp", '"google", "plain" or "none"', self.nsp)


@keywords_told
@dataclasses.dataclass(frozen=True)
class PretrainConfig(Settings):
    """How a model is pretrained.

    Args:
        epochs: Passes over the data, or spans of `steps_per_epoch` steps if that is given. Not used if `steps` is.
        steps: Optimizer steps in total, instead of `epochs`.
        steps_per_epoch: Steps after which metrics are recorded and the model is saved; None for one pass over
            the data.
        batch_size: Rows (sentence pairs) per step.
        learning_rate, warmup, min_learning_rate, weight_decay, clip_norm: As for `TrainConfig`; the defaults are
            Google's values.
        masking: "dynamic" masks other tokens in every epoch, by the rule that the data were made with; "static" keeps
            the masks stored in the data, as Google's code does.
        validation_steps: Batches of the validation data that are evaluated after an epoch; None for all.
        monitor: Metric that chooses the best weights, on the validation data if there are any. "auto" is the accuracy
            of masked tokens (mlm_accuracy) on validation data, and without them the loss.
        save_epochs: Epochs between models that are kept permanently, such as "epoch-003"; None keeps none.
        save_steps: Steps between saved states to resume from, besides that at the end of each epoch; None for none.
        precision, seed, verbose: As for `TrainConfig`.
    """

    epochs: int = 10
    steps: int | None = None
    steps_per_epoch: int | None = None
    batch_size: int = 32
    learning_rate: float = 1e-4
    warmup: float = 0.1
    min_learning_rate: float = 0.0
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    masking: str = "dynamic"
    validation_steps: int | None = None
    monitor: str = "auto"
    save_epochs: int | None = None
    save_steps: int | None = None
    precision: str = "auto"
    seed: int | None = None
    verbose: int = 2

    def __post_init__(self):
        for name in ("epochs", "batch_size"):
            require(is_whole(getattr(self, name), 1), name, "a whole number of at least 1", getattr(self, name))
        for name in ("steps", "steps_per_epoch", "validation_steps", "save_epochs", "save_steps"):
            value = getattr(self, name)
            require(value is None or is_whole(value, 1), name, "a whole number of at least 1", value, or_none=True)
        check_rates(self)
        require(self.masking in ("dynamic", "static"), "masking", '"dynamic" or "static"', self.masking)
        require(self.monitor in PRETRAIN_MONITORS, "monitor", f"one of {', '.join(PRETRAIN_MONITORS)}", self.monitor)
        check_run(self)

    def monitored(self, validated: bool, before: str | None = None) -> PretrainConfig:
        """These settings with a measure for "auto": `before`, that of a resumed run, else one by the data.

        >>> PretrainConfig().monitored(validated=False).monitor
        'loss'
        """
        chosen = before or ("mlm_accuracy" if validated else "loss")
        return dataclasses.replace(self, monitor=chosen) if self.monitor == "auto" else self


class PretrainSettings(TypedDict, total=False):
    """The fields of `PretrainConfig`, as keyword arguments of `bertfit.pretrain`, for type checkers."""

    epochs: int
    steps: int | None
    steps_per_epoch: int | None
    batch_size: int
    learning_rate: float
    warmup: float
    min_learning_rate: float
    weight_decay: float
    clip_norm: float | None
    masking: str
    validation_steps: int | None
    monitor: str
    save_epochs: int | None
    save_steps: int | None
    precision: str
    seed: int | None
    verbose: int

"""The settings of a model, its head, its task and a training run, each checked once when made.

Four frozen dataclasses, no TensorFlow: `BertConfig` (the encoder's sizes), `HeadConfig` (what stands
on top), `Task` (what is predicted) and `TrainConfig` (how it is trained; `bert_control()` in R).
"""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Mapping, Sequence

from bertfit import presets
from bertfit.errors import ArgumentError
from bertfit.settings import Settings, check_rates, check_run, is_number, is_whole, require

TASKS = ("binary", "multiclass", "multilabel", "regression")
POOLINGS = ("nsp", "cls", "mean", "max")
ACTIVATIONS = ("relu", "tanh", "gelu", "gelu_new", "linear")
FREEZES = ("none", "embeddings", "encoder")
MONITORS = ("loss", "accuracy", "auc", "f1_macro", "rmse")


@dataclasses.dataclass(frozen=True)
class BertConfig(Settings):
    """Sizes and constants of a BERT encoder, under the field's usual names.

    Args:
        vocab_size: Entries of the vocabulary, rows of the token embedding.
        hidden_size: Width of every token's vector, H.
        num_hidden_layers: Transformer blocks.
        num_attention_heads: Attention heads per block, N.
        intermediate_size: Width of the feed-forward layer.
        attention_head_size: Width of one head, D. None means H / N; only then must N divide H.
        hidden_act: Activation of the feed-forward layer: "gelu" is the exact form with erf (Hugging Face),
            "gelu_new" the tanh approximation (what Google's code computes when its files say "gelu"),
            or "relu", "tanh", "linear".
        hidden_dropout_prob: Share of values dropped after the embeddings and after each sub-layer.
        attention_probs_dropout_prob: Share of attention weights dropped.
        max_position_embeddings: Longest input in tokens.
        type_vocab_size: Number of segments.
        layer_norm_eps: Added to the variance in layer normalization.
        initializer_range: Standard deviation of the truncated normal that fresh weights come from.
        pad_token_id: Id whose positions are masked out of attention.

    Raises:
        ArgumentError: A value is out of range, or heads do not divide the width.
    """

    vocab_size: int
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    attention_head_size: int | None = None
    hidden_act: str = "gelu_new"
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    layer_norm_eps: float = 1e-12
    initializer_range: float = 0.02
    pad_token_id: int = 0

    def __post_init__(self):
        for name in (
            "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
            "max_position_embeddings", "type_vocab_size",
        ):
            require(is_whole(getattr(self, name), 1), name, "a whole number of at least 1", getattr(self, name))
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
            value = getattr(self, name)
            require(is_number(value, 0) and value < 1, name, "a number of at least 0 and below 1", value)
        for name in ("layer_norm_eps", "initializer_range"):
            value = getattr(self, name)
            require(is_number(value, 0, open_low=True), name, "a number above 0", value)
        require(
            is_whole(self.pad_token_id, 0) and self.pad_token_id < self.vocab_size,
            "pad_token_id", "an id of the vocabulary", self.pad_token_id,
        )
        require(self.hidden_act in ACTIVATIONS, "hidden_act", f"one of {', '.join(ACTIVATIONS)}", self.hidden_act)
        if self.attention_head_size is None:
            if self.hidden_size % self.num_attention_heads:
                raise ArgumentError(
                    "`hidden_size` must be a multiple of `num_attention_heads` unless `attention_head_size` is given.",
                    [f"hidden_size is {self.hidden_size}, num_attention_heads is {self.num_attention_heads}."],
                )
            object.__setattr__(self, "attention_head_size", self.hidden_size // self.num_attention_heads)
        size = self.attention_head_size
        require(is_whole(size, 1), "attention_head_size", "a whole number of at least 1", size)

    @classmethod
    def from_preset(cls, name: str, **changes) -> BertConfig:
        """The sizes of a published encoder (`bertfit.presets`), with some of them changed.

        Args:
            name: The preset's name.
            **changes: Fields of this class that go before the preset's, such as vocab_size. Where the width or
                the number of heads changes and `attention_head_size` does not, heads divide the width again.

        Raises:
            ArgumentError: No such preset or field, or a value that breaks its rule.

        >>> BertConfig.from_preset("kor-tiny", vocab_size=500).hidden_size
        128
        """
        settings = dict(presets.find(name).settings)
        unknown = sorted(set(changes) - {field.name for field in dataclasses.fields(cls)})
        if unknown:
            raise ArgumentError("Sizes must be known ones.", [
                f"Unknown: {', '.join(unknown)}.",
                f"Known: {', '.join(field.name for field in dataclasses.fields(cls))}.",
            ])
        if {"hidden_size", "num_attention_heads"} & set(changes):
            settings["attention_head_size"] = None
        return cls(**{**settings, **changes})


@dataclasses.dataclass(frozen=True)
class HeadConfig(Settings):
    """The layers between the encoder and the predictions (`bert_head()` in R).

    Args:
        hidden: Widths of dense layers before the output; empty for none.
        activation: Their activation.
        dropout: Share of values dropped before each dense layer, the output layer included.
        pooling: How token vectors become one: "nsp" (the pretrained pooler, NSP-Dense), "cls" (first
            token), "mean" or "max" over the real tokens.
        layers: Encoder layers whose vectors are pooled and concatenated: 1 is the first, -1 the last.
            "nsp" takes the last only.
        initializer: "truncated_normal" (standard deviation 0.02, as Google's classifier) or "glorot_uniform".
    """

    hidden: Sequence[int] = ()
    activation: str = "relu"
    dropout: float = 0.1
    pooling: str = "nsp"
    layers: Sequence[int] = (-1,)
    initializer: str = "truncated_normal"

    def __post_init__(self):
        object.__setattr__(self, "hidden", tuple(self.hidden))
        object.__setattr__(self, "layers", tuple(self.layers))
        require(all(is_whole(h, 1) for h in self.hidden), "hidden", "whole numbers of at least 1", self.hidden)
        require(self.activation in ACTIVATIONS, "activation", f"one of {', '.join(ACTIVATIONS)}", self.activation)
        require(
            is_number(self.dropout, 0) and self.dropout < 1,
            "dropout", "a number of at least 0 and below 1", self.dropout,
        )
        require(self.pooling in POOLINGS, "pooling", f"one of {', '.join(POOLINGS)}", self.pooling)
        whole = all(isinstance(i, numbers.Integral) and not isinstance(i, bool) and i != 0 for i in self.layers)
        require(bool(self.layers) and whole, "layers", "whole numbers other than 0", self.layers)
        if self.pooling == "nsp" and self.layers != (-1,):
            raise ArgumentError(
                '`layers` must be -1 when `pooling` is "nsp".',
                [f"You gave {self.layers!r}.", 'Choose `pooling = "cls"`, "mean" or "max" for other layers.'],
            )
        known = ("truncated_normal", "glorot_uniform")
        require(self.initializer in known, "initializer", f"one of {', '.join(known)}", self.initializer)

    def layer_numbers(self, depth: int) -> tuple[int, ...]:
        """`layers` as numbers from 1 to `depth`.

        Raises:
            ArgumentError: A layer does not exist in an encoder of that depth, or is named twice.
        """
        numbers_ = tuple(i if i > 0 else depth + 1 + i for i in self.layers)
        require(
            all(1 <= i <= depth for i in numbers_), "layers", f"between 1 and {depth}, or -{depth} and -1", self.layers
        )
        require(len(set(numbers_)) == len(numbers_), "layers", "different layers", self.layers)
        return numbers_


@dataclasses.dataclass(frozen=True)
class Task(Settings):
    """What a fitted model predicts.

    Args:
        kind: "binary", "multiclass", "multilabel" or "regression".
        labels: Class names in the order of the probabilities (binary: negative, positive), the names of
            the labels (multilabel), or one name (regression).
        center, scale: Regression targets are trained as (target - center) / scale.
    """

    kind: str
    labels: Sequence[str]
    center: float = 0.0
    scale: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "labels", tuple(str(label) for label in self.labels))
        require(self.kind in TASKS, "task", f"one of {', '.join(TASKS)}", self.kind)
        expected = {"binary": (2, 2), "multiclass": (2, 10**6), "multilabel": (1, 10**6), "regression": (1, 1)}
        low, high = expected[self.kind]
        count = len(self.labels)
        require(low <= count <= high, "labels", f"{low} names" if low == high else f"at least {low} names", count)
        if len(set(self.labels)) != count:
            raise ArgumentError("`labels` must be different from each other.", [f"You gave {self.labels!r}."])
        require(is_number(self.scale, 0, open_low=True), "scale", "a number above 0", self.scale)

    @property
    def n_outputs(self) -> int:
        """Columns of the output layer: one for binary and regression, else one per label."""
        return 1 if self.kind in ("binary", "regression") else len(self.labels)


@dataclasses.dataclass(frozen=True)
class TrainConfig(Settings):
    """How a model is trained (`bert_control()` in R).

    Args:
        epochs: Passes over the training rows.
        batch_size: Rows per optimizer step is `batch_size * accumulation`.
        learning_rate: Highest learning rate, reached at the end of the warmup.
        warmup: Share of the steps over which the rate rises linearly from 0.
        min_learning_rate: Rate at the last step.
        weight_decay: Decoupled decay of matrices (biases and layer norms are left out).
        clip_norm: Gradients are scaled down to this global norm; None for no limit.
        max_len: Longest input in tokens, "auto" for the `max_len_quantile` of the training texts' lengths.
        max_len_quantile: See `max_len`.
        validation: Share of rows held out, stratified by class; 0 for none.
        class_weights: None, "balanced" (n / (classes * count), as scikit-learn), or a dict by label.
        freeze: "none", "embeddings", "encoder", or a whole number n: embeddings and the first n layers. What gives the
            same in every epoch (the encoder as a whole; n layers without dropout) is computed once.
        early_stopping: Epochs without a better `monitor` after which training stops; None for never.
        monitor: Validation measure (training's where nothing is held out) that chooses the best weights:
            "loss", "accuracy", "auc", "f1_macro" or "rmse".
        restore_best: Keep the weights of the best epoch rather than the last.
        accumulation: Batches whose gradients are added up before a step.
        precision: "auto", "float32", "bfloat16" or "float16".
        seed: Whole number for splits, order, dropout and fresh weights; None draws one.
        verbose: 0 silent, 1 a line per epoch, 2 a progress bar too.
    """

    epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 5e-5
    warmup: float = 0.1
    min_learning_rate: float = 0.0
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    max_len: int | str = "auto"
    max_len_quantile: float = 0.95
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

    def __post_init__(self):
        for name in ("epochs", "batch_size", "accumulation"):
            require(is_whole(getattr(self, name), 1), name, "a whole number of at least 1", getattr(self, name))
        check_rates(self)
        require(self.max_len == "auto" or is_whole(self.max_len, 3),
                 "max_len", 'a whole number of at least 3, or "auto"', self.max_len)
        require(is_number(self.max_len_quantile, 0, 1, open_low=True),
                 "max_len_quantile", "a share above 0 and at most 1", self.max_len_quantile)
        require(is_number(self.validation, 0) and self.validation < 1,
                 "validation", "a share of at least 0 and below 1", self.validation)
        weights = self.class_weights
        if isinstance(weights, Mapping):
            weights = {str(label): weight for label, weight in weights.items()}  # as `Task` does with its labels
            object.__setattr__(self, "class_weights", weights)
            require(bool(weights) and all(is_number(w, 0) for w in weights.values()),
                     "class_weights", "numbers of at least 0, named by label", weights)
            require(any(weights.values()), "class_weights", "above 0 for one label or more", weights)
        else:
            require(weights in (None, "balanced"), "class_weights", '"balanced" or numbers named by label', weights)
        require(self.freeze in FREEZES if isinstance(self.freeze, str) else is_whole(self.freeze, 0),
                 "freeze", f"one of {', '.join(FREEZES)}, or a number of layers", self.freeze)
        require(self.early_stopping is None or is_whole(self.early_stopping, 1),
                 "early_stopping", "a whole number of epochs of at least 1, or None", self.early_stopping)
        require(self.monitor in MONITORS, "monitor", f"one of {', '.join(MONITORS)}", self.monitor)
        require(isinstance(self.restore_best, bool), "restore_best", "True or False", self.restore_best)
        check_run(self)

"""Sizes and constants of a BERT encoder."""

from __future__ import annotations

import dataclasses

from bertfit.config import presets
from bertfit.errors import Arg, ArgumentError, Sentence
from bertfit.settings import Settings, did_you_mean, is_number, is_whole, keywords_told, require

ACTIVATIONS = ("relu", "tanh", "gelu", "gelu_new", "linear")


@keywords_told
@dataclasses.dataclass(frozen=True)
class BertConfig(Settings):
    """Sizes and constants of a BERT encoder, named as in the configuration files of Google and Hugging Face.

    Args:
        vocab_size: Entries of the vocabulary, which are the rows of the token embedding.
        hidden_size: Width of every token's vector, H.
        num_hidden_layers: Transformer blocks.
        num_attention_heads: Attention heads per block, N.
        intermediate_size: Width of the feed-forward layer.
        attention_head_size: Width of one head, D. None means H / N; only then must N divide H.
        hidden_act: Activation of the feed-forward layer: "gelu" is the exact form with erf (Hugging Face),
            "gelu_new" the tanh approximation (what Google's code computes when its files say "gelu"),
            or "relu", "tanh", "linear".
        hidden_dropout_prob: Dropout rate after the embeddings and after each sub-layer.
        attention_probs_dropout_prob: Dropout rate of the attention weights.
        max_position_embeddings: Longest input in tokens.
        type_vocab_size: Number of segments.
        layer_norm_eps: Added to the variance in layer normalization.
        initializer_range: Standard deviation of the truncated normal that fresh weights come from.
        pad_token_id: Id whose positions are masked out of attention.

    Raises:
        ArgumentError: A value is out of range, or the heads do not divide the width.

    >>> BertConfig(vocab_size=30522).attention_head_size
    64
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
            self._check_size(name)
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
                    Sentence("must be a multiple of {} unless {} is given.", Arg("num_attention_heads"),
                             Arg("attention_head_size")),
                    [f"hidden_size is {self.hidden_size}, num_attention_heads is {self.num_attention_heads}."],
                    argument="hidden_size",
                )
            object.__setattr__(self, "attention_head_size", self.hidden_size // self.num_attention_heads)
        self._check_size("attention_head_size")

    def _check_size(self, name: str) -> None:
        size, most = getattr(self, name), 2**31 - 1  # TensorFlow counts the weights of a table in 64 bits
        require(is_whole(size, 1), name, "a whole number of at least 1", size)
        require(size <= most, name, f"at most {most}", size)

    @classmethod
    def from_preset(cls, name: str, **changes) -> BertConfig:
        """The sizes of a published encoder (`config.presets`), with some of them changed.

        Args:
            name: The preset's name.
            **changes: Fields of this class that override the preset's, such as vocab_size. If the width or the number
                of heads is changed and `attention_head_size` is not, it becomes hidden_size / num_attention_heads.

        Raises:
            ArgumentError: There is no such preset or field, or a value is out of range.

        >>> BertConfig.from_preset("kor-tiny", vocab_size=500).hidden_size
        128
        """
        settings = dict(presets.find(name).settings)
        known = [field.name for field in dataclasses.fields(cls)]
        unknown = sorted(set(changes) - set(known))
        if unknown:
            raise ArgumentError("Sizes must be known ones.", [
                f"Unknown: {', '.join(unknown)}.", *did_you_mean(unknown, known), f"Known: {', '.join(known)}."])
        if {"hidden_size", "num_attention_heads"} & set(changes):
            settings["attention_head_size"] = None
        return cls(**{**settings, **changes})

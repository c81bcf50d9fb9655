"""Sizes and constants of a BERT encoder."""

from __future__ import annotations

import dataclasses
from typing import Any

from bertfit.config import presets
from bertfit.errors import Arg, ArgumentError, Sentence
from bertfit.settings import EITHER, Settings, did_you_mean, is_number, is_whole, keywords_told, require

ACTIVATIONS = ("relu", "tanh", "gelu", "gelu_new", "linear")

#: The fields up to `pad_token_id`, which every version of bertfit knows.
_PLAIN_FIELDS = 14


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
        type_vocab_size: Number of segments; with 1 every token is in segment 0, with 0 there is no segment embedding.
        layer_norm_eps: Added to the variance in layer normalization.
        initializer_range: Standard deviation of the truncated normal that fresh weights come from.
        pad_token_id: Id whose positions are masked out of attention.
        model_type: Family of encoders as Hugging Face names it ("bert", "roberta", ...). It decides the names in files;
            what is computed depends on the other fields alone.
        embedding_size: Width of the token, segment and position embeddings and their normalization, E. None means H;
            if it is another, a dense layer "Embedding-Mapping" [E, H] follows (ALBERT, ELECTRA).
        share_layers: Apply one layer with one set of weights `num_hidden_layers` times (ALBERT).
        position_offset: Rows of a checkpoint's position table before the row of the first token (RoBERTa: 2). They are
            never used, and are not part of `max_position_embeddings`.
        relative_attention_num_buckets: Buckets of distances between tokens; a learned number per bucket and head is
            added to the attention scores of every layer (MPNet: 32). 0 for none.
        talking_heads: Mix the heads' scores before the softmax, and their weights after it (Shazeer et al. 2020).
        gated_feed_forward: Multiply the feed-forward layer's activations by a linear gate (Shazeer 2020).

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
    model_type: str = "bert"
    embedding_size: int | None = None
    share_layers: bool = False
    position_offset: int = 0
    relative_attention_num_buckets: int = 0
    talking_heads: bool = False
    gated_feed_forward: bool = False

    def __post_init__(self):
        for name in (
            "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
            "max_position_embeddings",
        ):
            self._check_size(name)
        for name in ("type_vocab_size", "position_offset"):
            self._check_size(name, 0)
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
        if self.embedding_size is None:
            object.__setattr__(self, "embedding_size", self.hidden_size)
        for name in ("attention_head_size", "embedding_size"):
            self._check_size(name)
        require(isinstance(self.model_type, str) and self.model_type != "", "model_type", "a string", self.model_type)
        for name in ("share_layers", "talking_heads", "gated_feed_forward"):
            require(isinstance(getattr(self, name), bool), name, EITHER, getattr(self, name))
        buckets = self.relative_attention_num_buckets
        require(is_whole(buckets) and (buckets == 0 or (4 <= buckets <= 508 and buckets % 2 == 0)),
                "relative_attention_num_buckets", "0 or an even number from 4 to 508", buckets)

    def _check_size(self, name: str, low: int = 1) -> None:
        size, most = getattr(self, name), 2**31 - 1  # TensorFlow counts the weights of a table in 64 bits
        require(is_whole(size, low), name, f"a whole number of at least {low}", size)
        require(size <= most, name, f"at most {most}", size)

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain values, without those after `pad_token_id` that have their default.

        So the files of a plain BERT are those that versions without these fields wrote, and can be read by them.

        >>> "embedding_size" in BertConfig(30).to_dict(), BertConfig(30, embedding_size=128).to_dict()["embedding_size"]
        (False, 128)
        """
        defaults = {field.name: field.default for field in dataclasses.fields(self)[_PLAIN_FIELDS:]}
        defaults["embedding_size"] = self.hidden_size
        return {name: value for name, value in super().to_dict().items()
                if name not in defaults or value != defaults[name]}

    @property
    def is_plain(self) -> bool:
        """Whether versions that knew only BERT as published compute the same from `to_dict`."""
        return self.type_vocab_size > 0 and len(self.to_dict()) == _PLAIN_FIELDS

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

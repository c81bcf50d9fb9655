"""The layers between the encoder and the predictions."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from bertfit.config.encoder import ACTIVATIONS
from bertfit.errors import Arg, ArgumentError, Sentence
from bertfit.settings import Settings, is_number, is_whole, keywords_told, require

POOLINGS = ("nsp", "cls", "mean", "max")


@keywords_told
@dataclasses.dataclass(frozen=True)
class HeadConfig(Settings):
    """The layers between the encoder and the predictions (`bert_head()` in R).

    Args:
        hidden: Widths of dense layers before the output; empty for none.
        activation: Their activation.
        dropout: Dropout rate before each dense layer, the output layer included.
        pooling: How the token vectors become one vector: "nsp" (the pretrained pooler, NSP-Dense), "cls" (the
            vector of [CLS]), "mean" or "max" over all tokens but [PAD].
        layers: Encoder layers whose vectors are pooled and concatenated: 1 is the first, -1 the last.
            "nsp" requires the last only.
        initializer: "truncated_normal" (standard deviation 0.02, as Google's classifier) or "glorot_uniform".

    Raises:
        ArgumentError: A value is out of range, or `layers` does not fit `pooling`.
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
        whole = all(is_whole(i) and i != 0 for i in self.layers)
        require(bool(self.layers) and whole, "layers", "whole numbers other than 0", self.layers)
        if self.pooling == "nsp" and self.layers != (-1,):
            raise ArgumentError(Sentence('must be -1 when {} is "nsp".', Arg("pooling")),
                                ['Choose `pooling = "cls"`, "mean" or "max" for other layers.'], argument="layers",
                                received=self.layers)
        known = ("truncated_normal", "glorot_uniform")
        require(self.initializer in known, "initializer", f"one of {', '.join(known)}", self.initializer)

    def layer_numbers(self, depth: int) -> tuple[int, ...]:
        """`layers` as numbers from 1 to `depth`.

        Raises:
            ArgumentError: A layer does not exist in an encoder of that depth, or is named twice.

        >>> HeadConfig(pooling="mean", layers=(-1, 1)).layer_numbers(12)
        (12, 1)
        """
        numbers_ = tuple(i if i > 0 else depth + 1 + i for i in self.layers)
        require(
            all(1 <= i <= depth for i in numbers_), "layers", f"between 1 and {depth}, or -{depth} and -1", self.layers
        )
        require(len(set(numbers_)) == len(numbers_), "layers", "different layers", self.layers)
        return numbers_

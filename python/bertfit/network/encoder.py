"""The BERT encoder as a Keras graph, under keras-bert's layer names.

`build_encoder` makes the graph; it loads nothing. Every layer that carries weights is called as keras-bert
calls it ("Embedding-Token", "Encoder-1-MultiHeadSelfAttention", ..., "NSP-Dense") and holds the same weights
in the same order, so `keras_bert.load_model_weights_from_checkpoint` fills it and a keras-bert user finds
every layer by name. Departures from keras-bert, both Google's: dropout comes after the embeddings'
normalization, and attention weights are dropped too.

Source: Devlin et al. 2019; google-research/bert `modeling.py`.
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence

from bertfit import _env
from bertfit.config import BertConfig
from bertfit.errors import ArgumentError
from bertfit.network.layers import (
    Dense,
    FeedForward,
    FirstToken,
    LayerNormalization,
    MultiHeadSelfAttention,
    PositionEmbedding,
    TokenEmbedding,
)
from bertfit.network.noise import Dropout, FreshNormal, Noise

keras = _env.keras()


@_env.as_written
def build_encoder(config: BertConfig, max_len: int | None = None, fresh: bool = True, seed: int | None = None):
    """The encoder as a Keras model.

    Args:
        config: Its sizes.
        max_len: Length of the position table in tokens, at most ``config.max_position_embeddings`` (the default).
        fresh: Draw weights from a truncated normal (``config.initializer_range``); False starts from zeros,
            for a graph that a checkpoint fills.
        seed: Seed of fresh weights; None draws one.

    Returns:
        A model from "Input-Token" and "Input-Segment", both [B, S] with S free, to the sequence output
        [B, S, H] and the pooled output [B, H] (the layer "NSP-Dense").

    Raises:
        ArgumentError: `max_len` is no whole number, or longer than the positions that the config has.

    >>> encoder = build_encoder(BertConfig(30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
    ...                                    intermediate_size=16))
    >>> [tuple(output.shape) for output in encoder.outputs]
    [(None, None, 8), (None, 8)]
    """
    positions = config.max_position_embeddings if max_len is None else max_len
    whole = isinstance(positions, numbers.Integral) and not isinstance(positions, bool)
    if not (whole and 1 <= positions <= config.max_position_embeddings):
        raise ArgumentError(f"must be between 1 and {config.max_position_embeddings} for this model.",
                            argument="max_len", received=max_len)
    noise = Noise()
    initializer = FreshNormal(config.initializer_range, _env.draw_seed(seed)) if fresh else "zeros"
    graph = _Graph(config, noise, initializer)

    tokens = keras.layers.Input((None,), dtype="int32", name="Input-Token")  # [B, S]
    segments = keras.layers.Input((None,), dtype="int32", name="Input-Segment")  # [B, S]
    x = graph.embeddings(tokens, segments, positions)  # [B, S, H]
    for number in range(1, config.num_hidden_layers + 1):
        x = graph.block(x, f"Encoder-{number}")  # [B, S, H]
    first = FirstToken(name="Extract")(x)  # [B, H]
    pooled = Dense(config.hidden_size, "tanh", initializer, name="NSP-Dense")(first)  # [B, H]
    model = keras.Model([tokens, segments], [x, pooled], name="bert")
    model.get_layer("Extract").noise_source = [noise]  # see noise_of()
    return model


class _Graph:
    """Lays the layers; holds what they share (the config, dropout's noise, the initializer)."""

    def __init__(self, config: BertConfig, noise: Noise, initializer):
        self.config, self.noise, self.initializer = config, noise, initializer
        self.dropouts = 0

    def dropout(self, x, name: str):
        if not self.config.hidden_dropout_prob:
            return x
        self.dropouts += 1
        return Dropout(self.config.hidden_dropout_prob, self.noise, self.dropouts, name=name)(x)

    def embeddings(self, tokens, segments, positions: int):
        config, initializer = self.config, self.initializer
        embedded = TokenEmbedding(
            config.vocab_size, config.hidden_size, self.noise, config.pad_token_id, initializer, name="Embedding-Token"
        )(tokens)
        segment_table = keras.layers.Embedding(
            config.type_vocab_size, config.hidden_size, embeddings_initializer=initializer, name="Embedding-Segment"
        )
        x = keras.layers.Add(name="Embedding-Token-Segment")([embedded, segment_table(segments)])
        x = PositionEmbedding(positions, initializer, name="Embedding-Position")(x)
        x = LayerNormalization(config.layer_norm_eps, name="Embedding-Norm")(x)
        return self.dropout(x, "Embedding-Dropout")

    def block(self, x, name: str):
        config = self.config
        self.dropouts += 1
        attention = MultiHeadSelfAttention(
            config.num_attention_heads, config.attention_head_size, config.attention_probs_dropout_prob,
            self.noise, self.dropouts, self.initializer, name=f"{name}-MultiHeadSelfAttention",
        )
        x = self._residual(x, attention)
        return self._residual(
            x, FeedForward(config.intermediate_size, config.hidden_act, self.initializer, name=f"{name}-FeedForward")
        )

    def _residual(self, x, layer):
        y = self.dropout(layer(x), f"{layer.name}-Dropout")
        y = keras.layers.Add(name=f"{layer.name}-Add")([x, y])
        return LayerNormalization(self.config.layer_norm_eps, name=f"{layer.name}-Norm")(y)


def fill_from_google(encoder, config: BertConfig, prefix: str, pooler: Sequence[str]) -> None:
    """Fill an encoder with the weights of a Google checkpoint, by keras-bert's loader, which leaves out the pooler.

    Args:
        encoder: From `build_encoder`.
        config: Its sizes.
        prefix: The checkpoint's path without ".index".
        pooler: Names of the pooler's kernel and bias in the checkpoint.
    """
    import keras_bert

    positions = encoder.get_layer("Embedding-Position").get_weights()[0].shape[0]
    sizes = {"num_hidden_layers": config.num_hidden_layers, "max_position_embeddings": positions}
    keras_bert.load_model_weights_from_checkpoint(encoder, sizes, prefix, training=False)
    load_variable = _env.tensorflow().train.load_variable
    encoder.get_layer("NSP-Dense").set_weights([load_variable(prefix, name) for name in pooler])


def noise_of(encoder) -> Noise:
    """The `Noise` that the dropout layers of an encoder made here follow."""
    return encoder.get_layer("Extract").noise_source[0]


def hidden_states(encoder, layers):
    """The sequence outputs [B, S, H] of encoder layers, counted from 1, as a list of Keras tensors."""
    return [encoder.get_layer(f"Encoder-{number}-FeedForward-Norm").output for number in layers]


def encoder_layer_names(config: BertConfig) -> list[str]:
    """The names of the layers that carry weights, in the order of the graph."""
    names = ["Embedding-Token", "Embedding-Segment", "Embedding-Position", "Embedding-Norm"]
    for number in range(1, config.num_hidden_layers + 1):
        for part in ("MultiHeadSelfAttention", "MultiHeadSelfAttention-Norm", "FeedForward", "FeedForward-Norm"):
            names.append(f"Encoder-{number}-{part}")
    return [*names, "NSP-Dense"]

"""The BERT encoder: its layers and weights, and the forward pass.

Every layer with weights has keras-bert's name ("Embedding-Token", "Encoder-1-MultiHeadSelfAttention", ...,
"NSP-Dense") and the same weights in the same order. So `keras_bert.load_model_weights_from_checkpoint` can fill the
encoder, and keras-bert users find every layer by name. Two things differ from keras-bert and follow Google's code:
dropout comes after the embeddings' normalization, and dropout is also applied to attention weights.

Training and prediction call the layers directly (`Encoder.states`, `Encoder.first`). This avoids Keras's overhead per
call, joins residual connection, dropout and normalization in one step (`kernels.residual_norm`), and computes only the
vectors that are needed. `Encoder.graph` connects the same layers as a Keras model, for users and for the table of
layers; tests/python/network/test_encoder_states.py checks that both give the same values and gradients.

Families of encoders differ by fields of `BertConfig` only: the width of the embeddings, the number of segments, shared
layers, a bias by the tokens' distance, talking heads and gated feed-forward layers.

Source: Devlin et al. 2019; google-research/bert `modeling.py`. Shapes in comments: B rows, S tokens, H width, E width
of the embeddings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bertfit import _env
from bertfit.config import BertConfig
from bertfit.errors import ArgumentError
from bertfit.network import kernels
from bertfit.network.attention import MultiHeadSelfAttention
from bertfit.network.keras_graph import PARTS, encoder_graph
from bertfit.network.layers import (
    Dense,
    FeedForward,
    LayerNormalization,
    OneSegment,
    PositionEmbedding,
    RelativePositions,
    TokenEmbedding,
)
from bertfit.network.noise import Dropout, FreshNormal, Noise
from bertfit.settings import is_whole

tf = _env.tensorflow()
keras = _env.keras()


class _Given(NamedTuple):
    """What all layers of one step are given."""

    mask: Any  # bool [B, S], see `Encoder.mask`
    position_bias: Any  # [1, N, S, S], see `RelativePositions`, or None
    prepared: dict[str, list]  # see `Encoder.prepared`
    training: bool


class Encoder:
    """BERT encoder: token ids and segment ids [B, S] to token vectors [B, S, H] and the pooled output [B, H].

    Args:
        config: Sizes, activation and dropout.
        max_len: Length of the position table in tokens, at most ``config.max_position_embeddings`` (the default).
        fresh: Draw weights from a truncated normal (``config.initializer_range``); False sets them to zero, for an
            encoder that is then filled from a checkpoint.
        seed: Seed of fresh weights; None draws a seed.

    Attributes:
        depth: Number of encoder layers (``config.num_hidden_layers``), also where they share one set of weights.
        noise: Random numbers for dropout.
        attention_dropouts: For each encoder layer the index of its attention weights' dropout, see `noise.Dropout`.
        layers: Keras layers in the order of the graph; dropout layers have no weights.

    Raises:
        ArgumentError: `max_len` is not a whole number from 1 to ``config.max_position_embeddings``.

    >>> encoder = Encoder(BertConfig(30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
    ...                              intermediate_size=16))
    >>> [tuple(output.shape) for output in encoder.graph().outputs]
    [(None, None, 8), (None, 8)]
    """

    def __init__(self, config: BertConfig, max_len: int | None = None, fresh: bool = True, seed: int | None = None):
        positions = config.max_position_embeddings if max_len is None else max_len
        if not is_whole(positions, 1, config.max_position_embeddings):
            raise ArgumentError(f"must be between 1 and {config.max_position_embeddings} for this model.",
                                argument="max_len", received=max_len)
        self.config, self.depth, self.noise = config, config.num_hidden_layers, Noise()
        self._seed, self._draws = _env.draw_seed(seed) if fresh else None, 0
        self._layers: dict[str, keras.layers.Layer] = {}
        self._graph = None
        self._dropouts, self.attention_dropouts = 0, []
        self._make_layers(positions)

    # -- Layers and weights ---------------------------------------------------------------------------------

    def _make_layers(self, positions: int) -> None:
        config, width, embedded = self.config, self.config.hidden_size, self.config.embedding_size
        tokens, vectors, narrow = (None, None), (None, None, width), (None, None, embedded)
        self._add(TokenEmbedding(config.vocab_size, embedded, config.pad_token_id, self._initializer(), self.noise,
                                 name="Embedding-Token"), tokens)
        if config.type_vocab_size:
            kind = keras.layers.Embedding if config.type_vocab_size > 1 else OneSegment
            self._add(kind(config.type_vocab_size, embedded, embeddings_initializer=self._initializer(),
                           name="Embedding-Segment"), tokens)
        self._add(PositionEmbedding(positions, self._initializer(), name="Embedding-Position"), narrow)
        self._add(LayerNormalization(config.layer_norm_eps, name="Embedding-Norm"), narrow)
        self._add_dropout("Embedding-Dropout")
        if embedded != width:
            self._add(Dense(width, initializer=self._initializer(), name="Embedding-Mapping"), narrow)
        if config.relative_attention_num_buckets:
            self._add(RelativePositions(config.relative_attention_num_buckets, config.num_attention_heads,
                                        self._initializer(), name="Embedding-Relative"), vectors)
        for number in range(1, self.depth + 1):
            self._dropouts += 1
            self.attention_dropouts.append(self._dropouts)
            for part in PARTS:
                name = self.layer_name(number, part)
                if name not in self._layers:
                    self._add(self._make_part(name, part), vectors)
                self._add_dropout(f"Encoder-{number}-{part}-Dropout")
                if f"{name}-Norm" not in self._layers:
                    self._add(LayerNormalization(config.layer_norm_eps, name=f"{name}-Norm"), vectors)
        self._add(Dense(width, "tanh", self._initializer(), name="NSP-Dense"), (None, width))

    def layer_name(self, number: int, part: str) -> str:
        """The name of the layer that is `part` of encoder layer `number`: the first one's where all share weights."""
        return f"Encoder-{1 if self.config.share_layers else number}-{part}"

    def _make_part(self, name: str, part: str):
        config, initializer = self.config, self._initializer()
        if part == "FeedForward":
            return FeedForward(config.intermediate_size, config.hidden_act, initializer, config.gated_feed_forward,
                               name=name)
        return MultiHeadSelfAttention(
            config.num_attention_heads, config.attention_head_size, config.attention_probs_dropout_prob,
            self._dropouts, initializer, self.noise, talking_heads=config.talking_heads, name=name)

    def _initializer(self):
        """Initializer of the next layer; it continues the sequence of seeds after the previous layer's draws."""
        return "zeros" if self._seed is None else FreshNormal(self.config.initializer_range, self._seed, self._draws)

    def _add(self, layer, shape: tuple) -> None:
        with tf.name_scope(layer.name):  # gives weights the names that Keras gives when it calls a layer
            layer.build(tf.TensorShape(shape))
        self._draws += sum(len(weight.shape) == 2 for weight in layer.weights)
        self._layers[layer.name] = layer

    def _add_dropout(self, name: str) -> None:
        if self.config.hidden_dropout_prob:
            self._dropouts += 1
            dropout = Dropout(self.config.hidden_dropout_prob, self._dropouts, self.noise, name=name)
            self._add(dropout, (None, None, self.config.hidden_size))

    @property
    def layers(self) -> list:
        return list(self._layers.values())

    def get_layer(self, name: str):
        """The layer of this name.

        Raises:
            ValueError: There is no such layer, as for a Keras model.
        """
        if name not in self._layers:
            raise ValueError(f"No such layer: {name}.")
        return self._layers[name]

    def layers_up_to(self, number: int) -> list:
        """The embeddings and the first `number` encoder layers, without the pooler."""
        blocks = tuple(f"Encoder-{n}-" for n in range(1, number + 1))  # shared layers are all "Encoder-1-"
        return [layer for name, layer in self._layers.items() if name.startswith(("Embedding-", *blocks))]

    @property
    def weights(self) -> list:
        """Every weight, in the order of the layers."""
        return [weight for layer in self.layers for weight in layer.weights]

    @property
    def trainable_weights(self) -> list:
        """The weights that are not frozen, in the order of the layers."""
        return [weight for layer in self.layers for weight in layer.trainable_weights]

    # -- Computing ------------------------------------------------------------------------------------------

    def prepared(self) -> dict[str, list]:
        """Layer name -> its weights converted for matrix products: in the traced precision, Q, K and V concatenated.

        Where weights do not change, as in prediction, they are converted once and passed to every call.
        """
        return {name: layer.prepared() for name, layer in self._layers.items() if hasattr(layer, "prepared")}

    def mask(self, inputs):
        """Bool [B, S], true for tokens that are not padding."""
        return self._layers["Embedding-Token"].compute_mask(inputs[0])

    def states(self, inputs, training: bool, depth: int | None = None, *, prepared: dict[str, list] | None = None,
               known: tuple | None = None) -> list:
        """Token vectors [B, S, H] after the first, second, ... layer, float32.

        Args:
            inputs: [tokens, segments], both [B, S].
            training: Whether to apply dropout.
            depth: Number of layers to compute; None for all.
            prepared: Result of `prepared()`; None converts the weights in every call.
            known: (n, token vectors [B, S, H] after layer n, float32). Computation starts after layer n, and the
                returned list has None for the layers below it.
        """
        depth = self.depth if depth is None else depth
        return [exact for exact, _ in self._run(inputs, self._given(inputs, training, prepared), depth, known)[1:]]

    def first(self, inputs, training: bool, *, prepared: dict[str, list] | None = None, known: tuple | None = None):
        """The vector of [CLS] [B, H] after the last layer, float32; arguments as for `states`.

        In the last layer, attention output, feed-forward product and normalization are computed for [CLS] only: a
        classifier on [CLS] does not need the other tokens'.
        """
        given = self._given(inputs, training, prepared)
        before = self._run(inputs, given, self.depth - 1, known)[-1]
        return self._layer(self.depth, before, given, first_only=True)[0][:, 0]

    def pooled(self, first):
        """The pooled output [B, H] from the vector of [CLS] [B, H]: a dense layer with tanh."""
        return self._layers["NSP-Dense"](first)

    def _given(self, inputs, training: bool, prepared: dict[str, list] | None) -> _Given:
        relative = self._layers.get("Embedding-Relative")
        if prepared is None:
            # Weights that several layers share are converted once, others where they are used.
            prepared = self.prepared() if self.config.share_layers else {}
        return _Given(self.mask(inputs), None if relative is None else relative.call(inputs[0]), prepared, training)

    def _run(self, inputs, given: _Given, depth: int, known) -> list[tuple]:
        """For the embeddings and the first `depth` layers: a pair [B, S, H], in float32 and in the traced precision."""
        if known is None:
            states = [self._embedded(inputs, given.training)]
        else:
            number, vectors = known
            states = [(None, None)] * number + [(vectors, vectors)]
        for number in range(len(states), depth + 1):
            states.append(self._layer(number, states[-1], given))
        return states

    def _embedded(self, inputs, training: bool) -> tuple:
        tokens, segments = inputs
        layers = self._layers
        x = layers["Embedding-Token"].call(tokens, training)  # [B, S, E]
        if "Embedding-Segment" in layers:
            x += layers["Embedding-Segment"].call(segments)
        x = layers["Embedding-Norm"].call(layers["Embedding-Position"].call(x))
        if "Embedding-Dropout" in layers:
            x = layers["Embedding-Dropout"].call(x, training)
        if "Embedding-Mapping" in layers:
            x = layers["Embedding-Mapping"].call(x)  # [B, S, H]
        return x, x

    def _layer(self, number: int, state: tuple, given: _Given, first_only: bool = False) -> tuple:
        exact, copy = state
        part = "MultiHeadSelfAttention"
        name = self.layer_name(number, part)
        y = self._layers[name].attend(copy, given.mask, given.training, first_only, given.prepared.get(name),
                                      given.position_bias, self.attention_dropouts[number - 1])
        exact, copy = self._residual(exact[:, :1] if first_only else exact, y, number, part, given.training)
        part = "FeedForward"
        name = self.layer_name(number, part)
        y = self._layers[name].transform(copy, given.training, given.prepared.get(name))
        return self._residual(exact, y, number, part, given.training)

    def _residual(self, x, y, number: int, part: str, training: bool) -> tuple:
        norm = self._layers[f"{self.layer_name(number, part)}-Norm"]
        dropout = self._layers.get(f"Encoder-{number}-{part}-Dropout")
        rate, key = dropout.draw(training) if dropout is not None else (0.0, None)
        return kernels.residual_norm(x, y, norm.gamma, norm.beta, norm.epsilon, rate, key)

    def graph(self):
        """The layers as a Keras model, built at the first call; see `keras_graph.encoder_graph`."""
        if self._graph is None:
            self._graph = encoder_graph(self)
        return self._graph


def fill_from_google(encoder: Encoder, prefix: str, pooler: Sequence[str]) -> None:
    """Fill an encoder from a Google checkpoint: by keras-bert's loader, and the pooler, which that skips, by name.

    Args:
        encoder: The encoder.
        prefix: The checkpoint's path without ".index".
        pooler: Names of the pooler's kernel and bias in the checkpoint.
    """
    import keras_bert

    positions = encoder.get_layer("Embedding-Position").positions
    sizes = {"num_hidden_layers": encoder.depth, "max_position_embeddings": positions}
    keras_bert.load_model_weights_from_checkpoint(encoder, sizes, prefix, training=False)
    load_variable = _env.tensorflow().train.load_variable
    encoder.get_layer("NSP-Dense").set_weights([load_variable(prefix, name) for name in pooler])

"""The BERT encoder: its layers and weights, the forward pass, and a Keras model of the same layers on demand.

Every layer with weights has keras-bert's name ("Embedding-Token", "Encoder-1-MultiHeadSelfAttention", ...,
"NSP-Dense") and the same weights in the same order. So `keras_bert.load_model_weights_from_checkpoint` can fill the
encoder, and keras-bert users find every layer by name. Two things differ from keras-bert and follow Google's code:
dropout comes after the embeddings' normalization, and dropout is also applied to attention weights.

Training and prediction call the layers directly (`Encoder.states`, `Encoder.first`). This avoids Keras's overhead per
call, joins residual connection, dropout and normalization in one step (`kernels.residual_norm`), and computes only the
vectors that are needed. `Encoder.graph` connects the same layers as a Keras model, for users and for the table of
layers; tests/python/network/test_encoder_states.py checks that both give the same values and gradients.

Source: Devlin et al. 2019; google-research/bert `modeling.py`. Shapes in comments: B rows, S tokens, H width.
"""

from __future__ import annotations

from collections.abc import Sequence

from bertfit import _env
from bertfit.config import BertConfig
from bertfit.errors import ArgumentError
from bertfit.network import kernels
from bertfit.network.attention import MultiHeadSelfAttention
from bertfit.network.layers import (
    Dense,
    FeedForward,
    FirstToken,
    LayerNormalization,
    PositionEmbedding,
    TokenEmbedding,
)
from bertfit.network.noise import Dropout, FreshNormal, Noise
from bertfit.settings import is_whole

tf = _env.tensorflow()
keras = _env.keras()


class Encoder:
    """BERT encoder: token ids and segment ids [B, S] to token vectors [B, S, H] and the pooled output [B, H].

    Args:
        config: Sizes, activation and dropout.
        max_len: Length of the position table in tokens, at most ``config.max_position_embeddings`` (the default).
        fresh: Draw weights from a truncated normal (``config.initializer_range``); False sets them to zero, for an
            encoder that is then filled from a checkpoint.
        seed: Seed of fresh weights; None draws a seed.

    Attributes:
        depth: Number of encoder layers (``config.num_hidden_layers``).
        noise: Random numbers for dropout.
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
        self._dropouts = 0
        self._make_layers(positions)

    # -- Layers and weights ---------------------------------------------------------------------------------

    def _make_layers(self, positions: int) -> None:
        config, width = self.config, self.config.hidden_size
        tokens, vectors = (None, None), (None, None, width)
        self._add(TokenEmbedding(config.vocab_size, width, config.pad_token_id, self._initializer(), self.noise,
                                 name="Embedding-Token"), tokens)
        self._add(keras.layers.Embedding(config.type_vocab_size, width, embeddings_initializer=self._initializer(),
                                         name="Embedding-Segment"), tokens)
        self._add(PositionEmbedding(positions, self._initializer(), name="Embedding-Position"), vectors)
        self._add(LayerNormalization(config.layer_norm_eps, name="Embedding-Norm"), vectors)
        self._add_dropout("Embedding-Dropout")
        for number in range(1, self.depth + 1):
            self._dropouts += 1
            name = f"Encoder-{number}-MultiHeadSelfAttention"
            self._add(MultiHeadSelfAttention(
                config.num_attention_heads, config.attention_head_size, config.attention_probs_dropout_prob,
                self._dropouts, self._initializer(), self.noise, name=name), vectors)
            self._add_residual(name)
            name = f"Encoder-{number}-FeedForward"
            self._add(FeedForward(config.intermediate_size, config.hidden_act, self._initializer(), name=name), vectors)
            self._add_residual(name)
        self._add(Dense(width, "tanh", self._initializer(), name="NSP-Dense"), (None, width))

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

    def _add_residual(self, name: str) -> None:
        self._add_dropout(f"{name}-Dropout")
        norm = LayerNormalization(self.config.layer_norm_eps, name=f"{name}-Norm")
        self._add(norm, (None, None, self.config.hidden_size))

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
        blocks = tuple(f"Encoder-{n}-" for n in range(1, number + 1))
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
        return [exact for exact, _ in self._run(inputs, training, depth, prepared, known)[1:]]

    def first(self, inputs, training: bool, *, prepared: dict[str, list] | None = None, known: tuple | None = None):
        """The vector of [CLS] [B, H] after the last layer, float32; arguments as for `states`.

        In the last layer, attention output, feed-forward product and normalization are computed for [CLS] only: a
        classifier on [CLS] does not need the other tokens'.
        """
        before = self._run(inputs, training, self.depth - 1, prepared, known)[-1]
        return self._layer(self.depth, before, self.mask(inputs), training, prepared, first_only=True)[0][:, 0]

    def pooled(self, first):
        """The pooled output [B, H] from the vector of [CLS] [B, H]: a dense layer with tanh."""
        return self._layers["NSP-Dense"](first)

    def _run(self, inputs, training: bool, depth: int, prepared, known) -> list[tuple]:
        """For the embeddings and the first `depth` layers: a pair [B, S, H], in float32 and in the traced precision."""
        mask = self.mask(inputs)
        if known is None:
            states = [self._embedded(inputs, training)]
        else:
            number, vectors = known
            states = [(None, None)] * number + [(vectors, vectors)]
        for number in range(len(states), depth + 1):
            states.append(self._layer(number, states[-1], mask, training, prepared))
        return states

    def _embedded(self, inputs, training: bool) -> tuple:
        tokens, segments = inputs
        layers = self._layers
        x = layers["Embedding-Token"].call(tokens, training) + layers["Embedding-Segment"].call(segments)  # [B, S, H]
        x = layers["Embedding-Norm"].call(layers["Embedding-Position"].call(x))
        if "Embedding-Dropout" in layers:
            x = layers["Embedding-Dropout"].call(x, training)
        return x, x

    def _layer(self, number: int, state: tuple, mask, training: bool, prepared, first_only: bool = False) -> tuple:
        exact, copy = state
        prepared = prepared or {}
        name = f"Encoder-{number}-MultiHeadSelfAttention"
        y = self._layers[name].attend(copy, mask, training, first_only, prepared.get(name))
        exact, copy = self._residual(exact[:, :1] if first_only else exact, y, name, training)
        name = f"Encoder-{number}-FeedForward"
        y = self._layers[name].transform(copy, training, prepared.get(name))
        return self._residual(exact, y, name, training)

    def _residual(self, x, y, name: str, training: bool) -> tuple:
        norm, dropout = self._layers[f"{name}-Norm"], self._layers.get(f"{name}-Dropout")
        rate, key = dropout.draw(training) if dropout is not None else (0.0, None)
        return kernels.residual_norm(x, y, norm.gamma, norm.beta, norm.epsilon, rate, key)

    # -- The Keras graph ------------------------------------------------------------------------------------

    @_env.as_written
    def graph(self):
        """The layers as a Keras model, built at the first call.

        Inputs: "Input-Token" and "Input-Segment", both [B, S] with any S. Outputs: the token vectors [B, S, H] and the
        pooled output [B, H] (the layer "NSP-Dense").
        """
        if self._graph is None:
            layers, add = self._layers, keras.layers.Add
            tokens = keras.layers.Input((None,), dtype="int32", name="Input-Token")  # [B, S]
            segments = keras.layers.Input((None,), dtype="int32", name="Input-Segment")  # [B, S]
            embedded = [layers["Embedding-Token"](tokens), layers["Embedding-Segment"](segments)]
            x = layers["Embedding-Position"](add(name="Embedding-Token-Segment")(embedded))
            x = self._drop_in_graph(layers["Embedding-Norm"](x), "Embedding")  # [B, S, H]
            for number in range(1, self.depth + 1):
                for name in (f"Encoder-{number}-MultiHeadSelfAttention", f"Encoder-{number}-FeedForward"):
                    y = self._drop_in_graph(layers[name](x), name)
                    x = layers[f"{name}-Norm"](add(name=f"{name}-Add")([x, y]))  # [B, S, H]
            pooled = layers["NSP-Dense"](FirstToken(name="Extract")(x))  # [B, H]
            self._graph = keras.Model([tokens, segments], [x, pooled], name="bert")
        return self._graph

    def _drop_in_graph(self, x, name: str):
        dropout = self._layers.get(f"{name}-Dropout")
        return x if dropout is None else dropout(x)


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


def hidden_states(graph, layers):
    """The outputs [B, S, H] of encoder layers, numbered from 1, as Keras tensors of `Encoder.graph()`."""
    return [graph.get_layer(f"Encoder-{number}-FeedForward-Norm").output for number in layers]

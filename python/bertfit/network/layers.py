"""Keras layers of the encoder: replacements for keras-bert's, with the same weights in the same order.

A layer here or in `attention` replaces a keras-bert layer that is slow, wrong or lacks a feature, under the same layer
name. tests/python/network/test_encoder.py compares each with keras-bert's.

Shapes in comments: B rows, S tokens, H width, F feed-forward width, N heads.
"""

from __future__ import annotations

import math

import numpy as np

from bertfit import _env
from bertfit.network import kernels
from bertfit.network.noise import Noise
from bertfit.network.products import cast, product

tf = _env.tensorflow()
keras = _env.keras()


def activation(name: str):
    """The activation function of this name; "gelu" is exact (erf), "gelu_new" the tanh approximation."""
    functions = {
        "gelu": lambda x: kernels.gelu(x, approximate=False),
        "gelu_new": lambda x: kernels.gelu(x, approximate=True),
        "relu": tf.nn.relu,
        "tanh": tf.nn.tanh,
        "linear": tf.identity,
    }
    return functions[name]


@keras.saving.register_keras_serializable("bertfit")
class LayerNormalization(keras.layers.Layer):
    """Layer normalization over the last axis, in float32.

    Weights: gamma [H], beta [H]. Source: Ba et al. 2016; epsilon comes from the checkpoint's config.
    """

    def __init__(self, epsilon: float = 1e-12, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True
        self.epsilon = epsilon

    def build(self, input_shape):
        width = input_shape[-1]
        self.gamma = self.add_weight(name="gamma", shape=(width,), initializer="ones")
        self.beta = self.add_weight(name="beta", shape=(width,), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        return kernels.normalize(tf.cast(inputs, tf.float32), self.gamma, self.beta, self.epsilon)

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable("bertfit")
class TokenEmbedding(keras.layers.Layer):
    """Token ids [B, S] to vectors [B, S, H]; positions with `pad_id` are masked in the following layers.

    Unlike keras-bert's, it does not also return a copy of the whole table. It is the first layer of every step, so it
    advances `noise` (see `noise.Noise`), if given, when called in training.
    """

    def __init__(self, vocab_size: int, hidden_size: int, pad_id: int = 0, initializer="zeros",
                 noise: Noise | None = None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.vocab_size, self.hidden_size, self.pad_id = vocab_size, hidden_size, pad_id
        self._noise = noise
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            name="embeddings", shape=(self.vocab_size, self.hidden_size), initializer=self.initializer
        )
        super().build(input_shape)

    def compute_mask(self, inputs, mask=None):
        return tf.not_equal(inputs, tf.cast(self.pad_id, inputs.dtype))

    def call(self, inputs, training=None):
        if training and self._noise is not None:
            self._noise.advance()
        return tf.gather(self.embeddings, tf.cast(inputs, tf.int32))

    def get_config(self):
        sizes = {"vocab_size": self.vocab_size, "hidden_size": self.hidden_size, "pad_id": self.pad_id}
        return {**super().get_config(), **sizes, "initializer": keras.initializers.serialize(self.initializer)}


@keras.saving.register_keras_serializable("bertfit")
class PositionEmbedding(keras.layers.Layer):
    """Adds the first S rows of the position table [P, H] to [B, S, H]."""

    def __init__(self, positions: int, initializer="zeros", **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True
        self.positions = positions
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        shape = (self.positions, input_shape[-1])
        self.embeddings = self.add_weight(name="embeddings", shape=shape, initializer=self.initializer)
        super().build(input_shape)

    def call(self, inputs):
        return inputs + self.embeddings[: tf.shape(inputs)[1]]

    def get_config(self):
        own = {"positions": self.positions, "initializer": keras.initializers.serialize(self.initializer)}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("bertfit")
class OneSegment(keras.layers.Embedding):
    """The embedding of segments where there is one: every token gets its only row, whatever its segment id."""

    def call(self, inputs):
        return tf.broadcast_to(self.embeddings[0], [*tf.unstack(tf.shape(inputs)), self.output_dim])


@keras.saving.register_keras_serializable("bertfit")
class RelativePositions(keras.layers.Layer):
    """Token vectors [B, S, H] to a bias [1, N, S, S] of the attention scores, by the distance of key and query.

    Weights: bias [buckets, N], a number per head and bucket of distances. Half of the buckets are for keys before the
    query and half for keys after it; half of each are single distances, the others widen up to 128 tokens, and all
    larger distances share the last. Source: Raffel et al. 2020, as in transformers' modeling_mpnet.py.
    """

    def __init__(self, buckets: int, heads: int, initializer="zeros", **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.buckets, self.heads = buckets, heads
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        self.bias = self.add_weight(name="bias", shape=(self.buckets, self.heads), initializer=self.initializer)
        super().build(input_shape)

    def compute_mask(self, inputs, mask=None):
        return None

    def call(self, inputs):
        length = tf.shape(inputs)[1]
        distances = np.arange(-_FARTHEST, _FARTHEST + 1)
        near = tf.clip_by_value(tf.range(-length, length), -_FARTHEST, _FARTHEST) + _FARTHEST
        buckets = tf.gather(distance_buckets(distances, self.buckets), near)  # of the distances -S to S - 1
        # A product instead of a gather, so that the gradient is a sum and no list of rows.
        row = tf.matmul(self.bias, tf.one_hot(buckets, self.buckets), transpose_a=True, transpose_b=True)  # [N, 2S]
        # Query i needs S values of `row` from distance -i on. In copies of `row` one after the other these lie
        # 2S - 1 apart.
        rows = tf.tile(row, [1, length])[:, length:]
        return tf.reshape(rows, [1, self.heads, length, 2 * length - 1])[..., :length]

    def get_config(self):
        own = {"buckets": self.buckets, "heads": self.heads}
        return {**super().get_config(), **own, "initializer": keras.initializers.serialize(self.initializer)}


#: Distances of this many tokens and more share a bucket.
_FARTHEST = 128


def distance_buckets(distances: np.ndarray, buckets: int) -> np.ndarray:
    """The bucket of each distance (position of the key minus that of the query), int32; see `RelativePositions`.

    >>> distance_buckets(np.array([-200, -9, -8, -1, 0, 1, 8, 200]), 32).tolist()
    [15, 8, 8, 1, 0, 17, 24, 31]
    """
    half = buckets // 2
    single = half // 2
    size = np.abs(distances)
    wide = np.log(np.maximum(size, 1) / single) / math.log(_FARTHEST / single) * (half - single)
    number = np.where(size < single, size, np.minimum(single + np.floor(wide), half - 1))
    return (number + np.where(distances > 0, half, 0)).astype(np.int32)


@keras.saving.register_keras_serializable("bertfit")
class FeedForward(keras.layers.Layer):
    """Two dense layers applied to every token: [B, S, H] -> [B, S, F] -> [B, S, H].

    Weights, in keras-bert's order: W1 [H, F], b1, W2 [F, H], b2. If it is `gated`, also Wg [H, F], bg, a third dense
    layer without activation, by which the activations of the first are multiplied (Shazeer 2020, "GLU variants").
    """

    def __init__(self, units: int, hidden_act: str = "gelu_new", initializer="zeros", gated: bool = False, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True
        self.units, self.hidden_act, self.gated = units, hidden_act, gated
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        width = input_shape[-1]
        into = (width, self.units)
        shapes = {"1": into, "2": into[::-1], **({"g": into} if self.gated else {})}
        for sign, (rows, columns) in shapes.items():
            kernel = self.add_weight(name=f"{self.name}_W{sign}", shape=(rows, columns), initializer=self.initializer)
            setattr(self, f"W{sign}", kernel)
            setattr(self, f"b{sign}", self.add_weight(name=f"{self.name}_b{sign}", shape=(columns,),
                                                      initializer="zeros"))
        super().build(input_shape)

    def call(self, inputs, training=None):
        return tf.cast(self.transform(inputs, training), tf.float32)

    def prepared(self) -> list:
        """[W1, b1, W2, b2] in the traced precision, as `transform` uses them; with a gate also Wg, bg."""
        gate = (self.Wg, self.bg) if self.gated else ()
        return [cast(weight) for weight in (self.W1, self.b1, self.W2, self.b2, *gate)]

    def transform(self, inputs, training, prepared=None):
        """[B, S, H] -> [B, S, H] in the traced precision."""
        kernel, bias, out, out_bias, *gate = self.prepared() if prepared is None else prepared
        act = activation(self.hidden_act)
        inner = act(product(inputs, kernel, bias)) if training else product(inputs, kernel, bias, then=act)  # [B, S, F]
        if gate:
            inner *= product(inputs, *gate)
        return product(inner, out, out_bias)

    def get_config(self):
        own = {"units": self.units, "hidden_act": self.hidden_act, "gated": self.gated}
        return {**super().get_config(), **own, "initializer": keras.initializers.serialize(self.initializer)}


@keras.saving.register_keras_serializable("bertfit")
class Dense(keras.layers.Layer):
    """Dense layer over the last axis: [..., I] -> [..., units], in float32 whatever the traced precision.

    It is the pooler and the layers of heads: small products, once per text (once per masked token in pretraining). It
    also maps embeddings of another width to H, a product of every token, but once per step and not once per layer.
    bfloat16 has 8 significant bits: rounded to it, the logits of different texts would often be equal.

    Weights: kernel [I, units], and bias [units] if `use_bias`.
    """

    def __init__(self, units: int, activation: str = "linear", initializer="zeros", use_bias: bool = True, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True
        self.units, self.activation, self.use_bias = units, activation, use_bias
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        shape = (input_shape[-1], self.units)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=self.initializer)
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros") if self.use_bias else None
        super().build(input_shape)

    def call(self, inputs):
        return activation(self.activation)(product(inputs, self.kernel, self.bias, dtype="float32"))

    def get_config(self):
        own = {"units": self.units, "activation": self.activation, "use_bias": self.use_bias}
        return {**super().get_config(), **own, "initializer": keras.initializers.serialize(self.initializer)}


@keras.saving.register_keras_serializable("bertfit")
class FirstToken(keras.layers.Layer):
    """[B, S, H] -> [B, H], the vector of [CLS] (keras-bert's "Extract")."""

    def call(self, inputs, mask=None):
        return inputs[:, 0]

    def compute_mask(self, inputs, mask=None):
        return None

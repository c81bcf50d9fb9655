"""Keras layers of the encoder: drop-ins for keras-bert's, with the same weights in the same order.

Where a stock keras-bert layer is slow, wrong or cannot do the job, a layer here replaces it under the
same name in the graph: one fused Q/K/V product instead of three, a head size free of width / heads,
Google's dropout on attention weights, normalization in one kernel. tests/python/test_encoder.py holds each
against the stock layer.

Number format: variables are always float32. What matrix products use is decided when the graph is
traced, by `compute_in`; sums, normalization and softmax stay in float32.

Shapes in comments: B rows, S tokens, H width, N heads, D head size, F feed-forward width.
"""

from __future__ import annotations

import contextlib
import contextvars
import math

from bertfit import _env
from bertfit.network import compiling, kernels
from bertfit.network.noise import Noise

tf = _env.tensorflow()
keras = _env.keras()

_compute_dtype = contextvars.ContextVar("compute_dtype", default="float32")


@contextlib.contextmanager
def compute_in(precision: str, compiled: bool = False):
    """Within this context, graphs are traced with matrix products in `precision` ("float32", "bfloat16", "float16").

    `compiled` traces them with compiled kernels too (see `kernels`).
    """
    token = _compute_dtype.set(precision)
    try:
        with compiling.compiled(compiled):
            yield
    finally:
        _compute_dtype.reset(token)


def _cast(x):
    """`x` in the traced precision."""
    return tf.cast(tf.convert_to_tensor(x), _compute_dtype.get())


def product(x, kernel, bias=None, then=None):
    """``x @ kernel + bias`` for x [..., I] and kernel [I, O], multiplied in the traced precision.

    The result keeps that precision: the next operation is either another product or casts back itself. `then`, applied
    to the result, is for graphs of which no gradient is taken: there TensorFlow makes it, the bias and the product one.
    """
    shape = tf.shape(x)
    flat = tf.matmul(tf.reshape(_cast(x), [-1, kernel.shape[0]]), _cast(kernel))  # [B*S, O]
    if then is not None:
        flat = then(tf.nn.bias_add(flat, _cast(bias)))
    elif bias is not None:
        flat += _cast(bias)  # not bias_add, whose gradient in bfloat16 adds up thousands of rows in bfloat16
    result = tf.reshape(flat, tf.concat([shape[:-1], [kernel.shape[1]]], axis=0))  # [..., O]
    result.set_shape([*x.shape[:-1], kernel.shape[1]])
    return result


def activation(name: str):
    """The function behind an activation's name; "gelu" is exact (erf), "gelu_new" the tanh approximation."""
    functions = {
        "gelu": lambda x: kernels.gelu(x, approximate=False),
        "gelu_new": lambda x: kernels.gelu(x, approximate=True),
        "relu": tf.nn.relu,
        "tanh": tf.nn.tanh,
        "linear": tf.identity,
    }
    return functions[name]


class LayerNormalization(keras.layers.Layer):
    """Layer normalization over the last axis, in float32.

    Weights: gamma [H], beta [H]. Source: Ba et al. 2016; epsilon as the checkpoint's config says.
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


class TokenEmbedding(keras.layers.Layer):
    """Token ids [B, S] to vectors [B, S, H]; positions holding `pad_id` are masked for the layers above.

    Unlike keras-bert's it does not also return a copy of the whole table. As the first layer of every step it
    moves `noise` on (see `noise.Noise`).
    """

    def __init__(self, vocab_size: int, hidden_size: int, noise: Noise, pad_id: int = 0, initializer="zeros", **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.vocab_size, self.hidden_size, self.pad_id = vocab_size, hidden_size, pad_id
        self._noise = [noise]
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            name="embeddings", shape=(self.vocab_size, self.hidden_size), initializer=self.initializer
        )
        super().build(input_shape)

    def compute_mask(self, inputs, mask=None):
        return tf.not_equal(inputs, tf.cast(self.pad_id, inputs.dtype))

    def call(self, inputs, training=None):
        if training:
            self._noise[0].advance()
        return tf.gather(self.embeddings, tf.cast(inputs, tf.int32))

    def get_config(self):
        sizes = {"vocab_size": self.vocab_size, "hidden_size": self.hidden_size, "pad_id": self.pad_id}
        return {**super().get_config(), **sizes, "initializer": keras.initializers.serialize(self.initializer)}


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


class MultiHeadSelfAttention(keras.layers.Layer):
    """Self-attention with one product for Q, K and V.

    Weights, in keras-bert's order: Wq [H, N*D], bq, Wk, bk, Wv, bv, Wo [N*D, H], bo. Masked positions get no
    attention. Source: Vaswani et al. 2017; dropout on the attention weights as in Google's modeling.py.

    Args:
        heads: N.
        head_size: D; N * D need not be H.
        dropout: Share of attention weights dropped in training.
        noise, index: See `noise.Dropout`.
    """

    def __init__(self, heads: int, head_size: int, dropout: float, noise: Noise, index: int, initializer="zeros",
                 **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True
        self.heads, self.head_size, self.dropout, self.index = heads, head_size, dropout, index
        self._noise = [noise]
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        width, inner = input_shape[-1], self.heads * self.head_size
        into, out_of = (width, inner), (inner, width)
        for letter, (rows, columns) in {"q": into, "k": into, "v": into, "o": out_of}.items():
            kernel = self.add_weight(name=f"{self.name}_W{letter}", shape=(rows, columns), initializer=self.initializer)
            setattr(self, f"W{letter}", kernel)
            setattr(self, f"b{letter}", self.add_weight(name=f"{self.name}_b{letter}", shape=(columns,),
                                                        initializer="zeros"))
        super().build(input_shape)

    def compute_mask(self, inputs, mask=None):
        return mask

    def call(self, inputs, mask=None, training=None):
        return tf.cast(self.attend(inputs, mask, training), tf.float32)

    def prepared(self) -> list:
        """Weights as `attend` multiplies them, in the traced precision: of Q, K and V side by side, of the output."""
        into, biases = ([_cast(w) for w in weights] for weights in
                        ((self.Wq, self.Wk, self.Wv), (self.bq, self.bk, self.bv)))
        return [tf.concat(into, axis=1), tf.concat(biases, axis=0), _cast(self.Wo), _cast(self.bo)]

    def attend(self, inputs, mask, training, first_only=False, prepared=None):
        """[B, S, H] -> [B, Q, H] in the traced precision; Q is S, or 1: what the first token alone attends to."""
        kernel, bias, out, out_bias = self.prepared() if prepared is None else prepared
        if first_only:
            return product(self._of_first(inputs, mask, training, kernel, bias), out, out_bias)
        q, k, v = kernels.split_heads(product(inputs, kernel, bias), self.heads)  # each [B, N, S, D]
        weights = self._weights(tf.matmul(q, k, transpose_b=True), mask, training)  # [B, N, S, S]
        context = tf.transpose(tf.matmul(weights, v), [0, 2, 1, 3])  # [B, S, N, D]
        shape = tf.shape(context)
        context = tf.reshape(context, [shape[0], shape[1], self.heads * self.head_size])
        context.set_shape([*inputs.shape[:2], self.heads * self.head_size])
        return product(context, out, out_bias)

    def _of_first(self, inputs, mask, training, kernel, bias):
        """The first token's context [B, 1, N*D], without keys and values of the others.

        q (x Wk)' = (q Wk') x', and a (x Wv) = (a x) Wv: two small products instead of two over all tokens. The keys'
        bias shifts all scores of a head alike, which softmax does not see.
        """
        x = _cast(inputs)
        (of_q, of_k, of_v), (q_bias, _, v_bias) = tf.split(kernel, 3, axis=1), tf.split(bias, 3)
        of_k, of_v = (tf.reshape(w, [w.shape[0], self.heads, self.head_size]) for w in (of_k, of_v))
        q = tf.reshape(product(x[:, :1], of_q, q_bias), [-1, self.heads, self.head_size])  # [B, N, D]
        scores = tf.matmul(tf.einsum("bnd,hnd->bnh", q, of_k), x, transpose_b=True)  # [B, N, S]
        weights = self._weights(scores[:, :, None], mask, training)[:, :, 0]  # [B, N, S]
        context = tf.einsum("bnh,hnd->bnd", tf.matmul(weights, x), of_v)
        context += tf.reduce_sum(weights, axis=-1, keepdims=True) * tf.reshape(v_bias, [self.heads, self.head_size])
        return tf.reshape(context, [-1, 1, self.heads * self.head_size])

    def _weights(self, scores, mask, training):
        rate, key = self._noise[0].draw(self.dropout, self.index, training)
        return kernels.attention_weights(scores, mask, 1.0 / math.sqrt(self.head_size), rate, key)

    def get_config(self):
        own = {"heads": self.heads, "head_size": self.head_size, "dropout": self.dropout, "index": self.index}
        return {**super().get_config(), **own, "initializer": keras.initializers.serialize(self.initializer)}


class FeedForward(keras.layers.Layer):
    """Two dense layers applied to every token: [B, S, H] -> [B, S, F] -> [B, S, H].

    Weights, in keras-bert's order: W1 [H, F], b1, W2 [F, H], b2.
    """

    def __init__(self, units: int, hidden_act: str = "gelu_new", initializer="zeros", **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True
        self.units, self.hidden_act = units, hidden_act
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        width = input_shape[-1]
        for number, rows, columns in ((1, width, self.units), (2, self.units, width)):
            kernel = self.add_weight(name=f"{self.name}_W{number}", shape=(rows, columns), initializer=self.initializer)
            setattr(self, f"W{number}", kernel)
            setattr(self, f"b{number}", self.add_weight(name=f"{self.name}_b{number}", shape=(columns,),
                                                        initializer="zeros"))
        super().build(input_shape)

    def call(self, inputs, training=None):
        return tf.cast(self.transform(inputs, training), tf.float32)

    def prepared(self) -> list:
        """Weights as `transform` multiplies them, in the traced precision."""
        return [_cast(weight) for weight in (self.W1, self.b1, self.W2, self.b2)]

    def transform(self, inputs, training, prepared=None):
        """[B, S, H] -> [B, S, H] in the traced precision."""
        kernel, bias, out, out_bias = self.prepared() if prepared is None else prepared
        act = activation(self.hidden_act)
        inner = act(product(inputs, kernel, bias)) if training else product(inputs, kernel, bias, then=act)  # [B, S, F]
        return product(inner, out, out_bias)

    def get_config(self):
        own = {"units": self.units, "hidden_act": self.hidden_act}
        return {**super().get_config(), **own, "initializer": keras.initializers.serialize(self.initializer)}


class Dense(keras.layers.Layer):
    """A dense layer over the last axis, multiplied in the traced precision, answered in float32.

    Weights: kernel [I, units], and bias [units] where `use_bias`.
    """

    def __init__(self, units: int, activation: str = "linear", initializer="zeros", use_bias: bool = True, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.units, self.activation, self.use_bias = units, activation, use_bias
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        shape = (input_shape[-1], self.units)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=self.initializer)
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros") if self.use_bias else None
        super().build(input_shape)

    def call(self, inputs):
        return activation(self.activation)(tf.cast(product(inputs, self.kernel, self.bias), tf.float32))

    def get_config(self):
        own = {"units": self.units, "activation": self.activation, "use_bias": self.use_bias}
        return {**super().get_config(), **own, "initializer": keras.initializers.serialize(self.initializer)}


class FirstToken(keras.layers.Layer):
    """[B, S, H] -> [B, H], the vector of [CLS] (keras-bert's "Extract")."""

    def call(self, inputs, mask=None):
        return inputs[:, 0]

    def compute_mask(self, inputs, mask=None):
        return None

"""Self-attention with one fused product for Q, K and V, any head size, and Google's dropout on attention weights; with
a bias by the tokens' distance, or talking heads, where an encoder has them.

Shapes in comments: B rows, S tokens, H width, N heads, D head size.
"""

from __future__ import annotations

import math

from bertfit import _env
from bertfit.network import kernels
from bertfit.network.noise import Noise, OwnNoise
from bertfit.network.products import cast, product

tf = _env.tensorflow()
keras = _env.keras()


@keras.saving.register_keras_serializable("bertfit")
class MultiHeadSelfAttention(keras.layers.Layer):
    """Self-attention with one product for Q, K and V.

    Weights, in keras-bert's order: Wq [H, N*D], bq, Wk, bk, Wv, bv, Wo [N*D, H], bo. Masked positions get no
    attention. Source: Vaswani et al. 2017; dropout on the attention weights as in Google's modeling.py.

    With `talking_heads` also two matrices [N, N]: pre_softmax mixes the scores of the heads, post_softmax their
    weights, before dropout. Source: Shazeer et al. 2020; order of operations as in tf-models-official.

    Inputs are token vectors [B, S, H], or these and a position bias [1, N, S, S] (see `RelativePositions`).

    Args:
        heads: N.
        head_size: D; N * D need not be H.
        dropout: Share of attention weights dropped in training.
        index, noise, seed: See `noise.Dropout`.
        talking_heads: Whether to mix the heads.
    """

    def __init__(self, heads: int, head_size: int, dropout: float, index: int, initializer="zeros",
                 noise: Noise | None = None, seed: int = 0, talking_heads: bool = False, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True
        self.heads, self.head_size, self.dropout, self.index = heads, head_size, dropout, index
        self._noise, self.talking_heads = noise or OwnNoise(seed), talking_heads
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        vectors = input_shape[0] if isinstance(input_shape, list) else input_shape
        width, inner = vectors[-1], self.heads * self.head_size
        into, out_of = (width, inner), (inner, width)
        for letter, (rows, columns) in {"q": into, "k": into, "v": into, "o": out_of}.items():
            kernel = self.add_weight(name=f"{self.name}_W{letter}", shape=(rows, columns), initializer=self.initializer)
            setattr(self, f"W{letter}", kernel)
            setattr(self, f"b{letter}", self.add_weight(name=f"{self.name}_b{letter}", shape=(columns,),
                                                        initializer="zeros"))
        for mixing in ("pre_softmax", "post_softmax") if self.talking_heads else ():
            setattr(self, mixing, self.add_weight(name=f"{self.name}_{mixing}", shape=(self.heads, self.heads),
                                                  initializer=self.initializer))
        super().build(input_shape)

    def compute_mask(self, inputs, mask=None):
        return mask[0] if isinstance(mask, list) else mask

    def call(self, inputs, mask=None, training=None, index=None):
        bias = None
        if isinstance(inputs, (list, tuple)):
            inputs, bias = inputs
            mask = None if mask is None else mask[0]
        return tf.cast(self.attend(inputs, mask, training, position_bias=bias, index=index), tf.float32)

    def prepared(self) -> list:
        """[Wqkv, bqkv, Wo, bo] in the traced precision, as `attend` uses them; Wqkv is [H, 3 * N * D].

        With talking heads also the two mixing matrices.
        """
        into, biases = ([cast(w) for w in weights] for weights in
                        ((self.Wq, self.Wk, self.Wv), (self.bq, self.bk, self.bv)))
        mixing = [cast(self.pre_softmax), cast(self.post_softmax)] if self.talking_heads else []
        return [tf.concat(into, axis=1), tf.concat(biases, axis=0), cast(self.Wo), cast(self.bo), *mixing]

    def attend(self, inputs, mask, training, first_only=False, prepared=None, position_bias=None, index=None):
        """[B, S, H] -> [B, Q, H] in the traced precision; Q is S, or 1 if `first_only` (the query of [CLS] alone).

        `position_bias` [1, N, S, S] is added to the scores. `index` replaces the layer's own for dropout: a layer that
        is applied several times drops other weights each time.
        """
        kernel, bias, out, out_bias, *mixing = self.prepared() if prepared is None else prepared

        def weigh(scores):
            return self._weights(scores, mask, training, mixing, position_bias, self.index if index is None else index)

        if first_only:
            if position_bias is not None:
                position_bias = position_bias[:, :, :1]
            return product(self._of_first(inputs, weigh, kernel, bias), out, out_bias)
        q, k, v = kernels.split_heads(product(inputs, kernel, bias), self.heads)  # each [B, N, S, D]
        weights = weigh(tf.matmul(q, k, transpose_b=True))  # [B, N, S, S]
        context = tf.transpose(tf.matmul(weights, v), [0, 2, 1, 3])  # [B, S, N, D]
        shape = tf.shape(context)
        context = tf.reshape(context, [shape[0], shape[1], self.heads * self.head_size])
        context.set_shape([*inputs.shape[:2], self.heads * self.head_size])
        return product(context, out, out_bias)

    def _of_first(self, inputs, weigh, kernel, bias):
        """The first token's context [B, 1, N*D], without computing keys and values for all tokens.

        q (x Wk)' = (q Wk') x', and a (x Wv) = (a x) Wv: two small products instead of two over all tokens. The keys'
        bias adds the same number to all scores of a head, which leaves the softmax unchanged.
        """
        x = cast(inputs)
        (of_q, of_k, of_v), (q_bias, _, v_bias) = tf.split(kernel, 3, axis=1), tf.split(bias, 3)
        of_k, of_v = (tf.reshape(w, [w.shape[0], self.heads, self.head_size]) for w in (of_k, of_v))
        q = tf.reshape(product(x[:, :1], of_q, q_bias), [-1, self.heads, self.head_size])  # [B, N, D]
        scores = tf.matmul(tf.einsum("bnd,hnd->bnh", q, of_k), x, transpose_b=True)  # [B, N, S]
        weights = weigh(scores[:, :, None])[:, :, 0]  # [B, N, S]
        context = tf.einsum("bnh,hnd->bnd", tf.matmul(weights, x), of_v)
        context += tf.reduce_sum(weights, axis=-1, keepdims=True) * tf.reshape(v_bias, [self.heads, self.head_size])
        return tf.reshape(context, [-1, 1, self.heads * self.head_size])

    def _weights(self, scores, mask, training, mixing, position_bias, index):
        (rate, key), scale = self._noise.draw(self.dropout, index, training), 1.0 / math.sqrt(self.head_size)
        if not mixing:
            return kernels.attention_weights(scores, mask, scale, rate, key, position_bias)
        before, after = mixing
        weights = kernels.attention_weights(_mixed(scores, before), mask, scale, 0.0, None, position_bias)
        weights = _mixed(weights, after)
        return kernels.drop(weights, rate, key) if rate else weights

    def get_config(self):
        own = {"heads": self.heads, "head_size": self.head_size, "dropout": self.dropout, "index": self.index,
               "seed": self._noise.seed, "talking_heads": self.talking_heads}
        return {**super().get_config(), **own, "initializer": keras.initializers.serialize(self.initializer)}


def _mixed(x, matrix):
    """[B, N, Q, S] with every head replaced by a weighted sum of all; `matrix` is [N, N], from heads to sums."""
    shape = tf.shape(x)
    flat = tf.reshape(x, [shape[0], shape[1], shape[2] * shape[3]])  # [B, N, Q*S]
    return tf.reshape(tf.matmul(matrix[None], flat, transpose_a=True), shape)

"""Attention's operations between its matrix products: splitting into heads, softmax with mask and dropout."""

from __future__ import annotations

import functools
import math

from bertfit import _env
from bertfit.network.compiling import is_compiling, kernel
from bertfit.network.kernels.dropping import drop, drop_kernel
from bertfit.network.kernels.sums import row_sums
from bertfit.network.tracing import custom_gradient

tf = _env.tensorflow()


#: Added to the scores of masked positions, as in Google's modeling.py.
MASKED = -10000.0


def split_heads(x, heads: int):
    """Split [B, S, 3 * N * D], the concatenated result of one product, into Q, K and V, each [B, N, S, D]."""
    if not is_compiling():
        return _split_heads.__wrapped__(x, heads=heads)

    @custom_gradient
    def forward(x):
        return _split_heads(x, heads=heads), _join_heads

    return forward(x)


@kernel
def _split_heads(x, *, heads: int):
    shape = tf.shape(x)
    x = tf.reshape(x, [shape[0], shape[1], 3, heads, x.shape[-1] // (3 * heads)])
    return tuple(tf.squeeze(part, 0) for part in tf.split(tf.transpose(x, [2, 0, 3, 1, 4]), 3))


@kernel
def _join_heads(*parts):
    joined = tf.concat([tf.transpose(part, [0, 2, 1, 3])[:, :, None] for part in parts], axis=2)  # [B, S, 3, N, D]
    return tf.reshape(joined, [*tf.unstack(tf.shape(joined)[:2]), math.prod(joined.shape[2:])])


def attention_weights(scores, mask, scale: float, rate: float, key, position_bias=None):
    """Softmax of scaled scores over the last axis, with masked positions excluded, then dropout.

    Args:
        scores: [B, N, Q, S], queries by keys, float32 or bfloat16; the softmax is computed in float32 in either case.
        mask: [B, S], true for keys that are not padding; None if there is no padding.
        scale: The scores are multiplied by this.
        rate: Share of weights dropped; 0 for none.
        key: See `drop`; None without dropout.
        position_bias: [1, N, Q, S], float32, added to the scaled scores of every row; None for none.

    Returns:
        Attention weights [B, N, Q, S], in the dtype of the scores.
    """
    bias = tf.zeros([1, 1]) if mask is None else (1.0 - tf.cast(mask, tf.float32)) * MASKED  # [B, S]
    if position_bias is not None:
        return _biased_weights(scores, bias, scale, rate, key, position_bias)
    if not is_compiling():
        # In this form oneDNN fuses the product, the factor and the mask, and rounds once.
        weights = _plain_softmax(scores * tf.cast(scale, scores.dtype) + tf.cast(bias, scores.dtype)[:, None, None, :])
        return drop(weights, rate, key) if rate else weights
    key = tf.zeros([2], tf.uint32) if key is None else key

    @custom_gradient
    def forward(scores):
        weights = _softmax(scores, bias, scale=scale)
        dropped = drop_kernel(weights, key, rate=rate) if rate else weights
        return dropped, lambda dy: _softmax_gradient(weights, dy, key, scale=scale, rate=rate)

    return forward(scores)


def _biased_weights(scores, bias, scale: float, rate: float, key, position_bias):
    """`attention_weights` with a position bias, whose gradient is summed over the rows in float32."""
    if not is_compiling():
        biased = tf.cast(scores, tf.float32) * scale + bias[:, None, None, :] + position_bias
        weights = tf.cast(_plain_softmax(biased), scores.dtype)
        return drop(weights, rate, key) if rate else weights
    key = tf.zeros([2], tf.uint32) if key is None else key

    @custom_gradient
    def forward(scores, position_bias):
        def backward(dy):
            gradient = _softmax_gradient(weights, dy, key, scale=scale, rate=rate)
            return gradient, tf.reduce_sum(tf.cast(gradient, tf.float32), axis=0, keepdims=True) / scale

        weights = _softmax(scores, bias, position_bias, scale=scale)
        return drop_kernel(weights, key, rate=rate) if rate else weights, backward

    return forward(scores, position_bias)


@custom_gradient
def _plain_softmax(scores):
    dtype = scores.dtype
    if _softmax_rounds_once(dtype):
        weights = tf.nn.softmax(scores)
    else:
        weights = tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32)), dtype)
    return weights, lambda dy: _softmax_gradient.__wrapped__(weights, dy, None, scale=1.0, rate=0.0)


@functools.cache
def _softmax_rounds_once(dtype) -> bool:
    """Whether this machine's softmax is computed in float32 internally: oneDNN's is, Eigen's sums in bfloat16."""
    with tf.init_scope():
        scores = tf.cast(tf.linspace(-3.0, 3.0, 512)[None], dtype)
        once = tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32)), dtype)
        return bool(tf.reduce_all(tf.abs(tf.nn.softmax(scores) - once) <= once * dtype.as_numpy_dtype(2**-8)))


@kernel
def _softmax(scores, bias, *position_bias, scale: float):
    biased = sum(position_bias, tf.cast(scores, tf.float32) * scale + bias[:, None, None, :])
    return tf.cast(tf.nn.softmax(biased), scores.dtype)


@kernel
def _softmax_gradient(weights, dy, key, *, scale: float, rate: float):
    dtype, weights, dy = weights.dtype, tf.cast(weights, tf.float32), tf.cast(dy, tf.float32)
    if rate:
        dy = drop_kernel.__wrapped__(dy, key, rate=rate)
    return tf.cast((dy - row_sums(dy * weights)) * weights * scale, dtype)

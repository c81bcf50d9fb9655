"""Layer normalization, alone or joined with the dropout and residual connection before it."""

from __future__ import annotations

from bertfit import _env
from bertfit.network.compiling import is_compiling, kernel
from bertfit.network.kernels.dropping import drop, drop_kernel
from bertfit.network.kernels.sums import column_sums, row_sums
from bertfit.network.tracing import custom_gradient

tf = _env.tensorflow()


def normalize(x, gamma, beta, epsilon: float):
    """Normalize x [..., H] to mean 0 and variance 1 over the last axis, times gamma [H], plus beta [H]; float32."""
    if not is_compiling():
        if _env.has_onednn():
            return _normalize_in_one(x, epsilon) * gamma + beta
        return _plain_normalize(x, gamma, beta, epsilon)

    def backward(dy):
        dx, product = _normalize_gradient(x, gamma, dy, epsilon=epsilon)
        return dx, column_sums(product), column_sums(dy)

    @custom_gradient
    def forward(x, gamma, beta):
        return _normalize(x, gamma, beta, epsilon=epsilon), backward

    return forward(x, tf.convert_to_tensor(gamma), tf.convert_to_tensor(beta))


def _plain_normalize(x, gamma, beta, epsilon: float):
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    scale = tf.math.rsqrt(variance + epsilon) * gamma
    return x * scale + (beta - mean * scale)


def _normalize_in_one(x, epsilon: float):
    """Layer normalization written as batch normalization, with rows as channels, which oneDNN recognizes.

    Without gradients TensorFlow runs it as one pass (4096 x 768 in 1.3 ms; 6.2 ms by `_plain_normalize`). Without
    oneDNN it is three times slower than `_plain_normalize`.
    """
    shape, empty = tf.shape(x), tf.constant([], tf.float32)
    rows = tf.reduce_prod(shape[:-1])
    normal = tf.raw_ops.FusedBatchNormV3(
        x=tf.reshape(x, [1, rows, x.shape[-1], 1]), scale=tf.ones([rows]), offset=tf.zeros([rows]), mean=empty,
        variance=empty, epsilon=epsilon, data_format="NCHW", is_training=True)
    normal = tf.reshape(normal.y, shape)
    normal.set_shape(x.shape)
    return normal


def _standard(x, epsilon: float):
    width = float(x.shape[-1])
    centred = x - row_sums(x) / width
    scale = tf.math.rsqrt(row_sums(centred * centred) / width + epsilon)
    return centred * scale, scale


@kernel
def _normalize(x, gamma, beta, *, epsilon: float):
    return _standard(x, epsilon)[0] * gamma + beta


@kernel
def _normalize_gradient(x, gamma, dy, *, epsilon: float):
    width = float(x.shape[-1])
    normal, scale = _standard(x, epsilon)
    inner = dy * gamma
    return scale * (inner - row_sums(inner) / width - normal * row_sums(inner * normal) / width), dy * normal


def residual_norm(x, y, gamma, beta, epsilon: float, rate: float, key):
    """The end of each half of an encoder layer: normalize(x + dropout(y)).

    Args:
        x: [..., H], float32.
        y: [..., H], result of a matrix product, float32 or bfloat16.
        gamma, beta, epsilon: See `normalize`.
        rate, key: See `drop`; 0 and None for no dropout.

    Returns:
        The result twice: in float32 for the next residual connection, and in y's dtype for the next product.
    """
    if not is_compiling():
        y32 = tf.cast(y, tf.float32)
        exact = normalize(x + (drop(y32, rate, key) if rate else y32), gamma, beta, epsilon)
        return exact, tf.cast(exact, y.dtype)
    key = tf.zeros([2], tf.uint32) if key is None else key

    def backward(d_exact, d_copy):
        dx, dy, product, total = _residual_norm_gradient(x, y, gamma, key, d_exact, d_copy, epsilon=epsilon, rate=rate)
        return dx, dy, column_sums(product), column_sums(total)

    @custom_gradient
    def forward(x, y, gamma, beta):
        return _residual_norm(x, y, gamma, beta, key, epsilon=epsilon, rate=rate), backward

    return forward(x, y, tf.convert_to_tensor(gamma), tf.convert_to_tensor(beta))


def _added(x, y, key, rate: float):
    y = tf.cast(y, tf.float32)
    return x + (drop_kernel.__wrapped__(y, key, rate=rate) if rate else y)


@kernel
def _residual_norm(x, y, gamma, beta, key, *, epsilon: float, rate: float):
    exact = _standard(_added(x, y, key, rate), epsilon)[0] * gamma + beta
    return exact, tf.cast(exact, y.dtype)


@kernel
def _residual_norm_gradient(x, y, gamma, key, d_exact, d_copy, *, epsilon: float, rate: float):
    total = d_exact + tf.cast(d_copy, tf.float32)
    dx, product = _normalize_gradient.__wrapped__(_added(x, y, key, rate), gamma, total, epsilon=epsilon)
    dy = drop_kernel.__wrapped__(dx, key, rate=rate) if rate else dx
    return dx, tf.cast(dy, y.dtype), product, total

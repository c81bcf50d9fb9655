"""The small operations between the matrix products, each as one pass over memory.

TensorFlow runs an expression such as GELU as a dozen operations that each read and write the whole tensor; on a
CPU they cost as much as the products. Within `compiling.compiled`, the functions here are one loop forward and one
backward, and keep less for the backward pass. Outside it they are the same formulas as plain operations: a compiled
loop belongs to one shape, and a short run does not win its compilation back (`shapes.plan_shapes`).

tests/python/test_kernels.py holds every compiled form against the plain one and against NumPy.
"""

from __future__ import annotations

import functools
import math

from bertfit import _env
from bertfit.network.compiling import is_compiling, kernel

tf = _env.tensorflow()

#: Subtracted from the scores of masked positions, as in Google's modeling.py.
MASKED = -10000.0

_TANH_SCALE = math.sqrt(2.0 / math.pi)


# -- GELU -----------------------------------------------------------------------------------------------


def gelu(x, approximate: bool):
    """x * Phi(x) (Hendrycks & Gimpel 2016), by erf, or by Google's tanh approximation; any shape, x's dtype."""
    if not is_compiling():
        return tf.nn.gelu(x, approximate=approximate)

    @tf.custom_gradient
    def forward(x):
        return _gelu(x, approximate=approximate), lambda dy: _gelu_gradient(x, dy, approximate=approximate)

    return forward(x)


@kernel
def _gelu(x, *, approximate: bool):
    return tf.cast(tf.nn.gelu(tf.cast(x, tf.float32), approximate=approximate), x.dtype)


@kernel
def _gelu_gradient(x, dy, *, approximate: bool):
    dtype, x, dy = x.dtype, tf.cast(x, tf.float32), tf.cast(dy, tf.float32)
    if approximate:
        tanh = tf.tanh(_TANH_SCALE * (x + 0.044715 * x * x * x))
        inner = _TANH_SCALE * (1.0 + 3.0 * 0.044715 * x * x)
        slope = 0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * inner
    else:
        slope = 0.5 * (1.0 + tf.math.erf(x / math.sqrt(2.0))) + x * tf.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    return tf.cast(dy * slope, dtype)


# -- Layer normalization --------------------------------------------------------------------------------


def normalize(x, gamma, beta, epsilon: float):
    """x [..., H] with mean 0 and variance 1 over the last axis, times gamma [H], plus beta [H]; float32."""
    if not is_compiling():
        if _env.has_onednn():
            return _normalize_in_one(x, epsilon) * gamma + beta
        return _plain_normalize(x, gamma, beta, epsilon)

    def backward(dy):
        dx, product = _normalize_gradient(x, gamma, dy, epsilon=epsilon)
        return dx, _column_sums(product), _column_sums(dy)

    @tf.custom_gradient
    def forward(x, gamma, beta):
        return _normalize(x, gamma, beta, epsilon=epsilon), backward

    return forward(x, tf.convert_to_tensor(gamma), tf.convert_to_tensor(beta))


def _plain_normalize(x, gamma, beta, epsilon: float):
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    scale = tf.math.rsqrt(variance + epsilon) * gamma
    return x * scale + (beta - mean * scale)


def _normalize_in_one(x, epsilon: float):
    """Rows as the channels of a batch of one: the form in which oneDNN knows layer normalization.

    Where no gradient is taken, TensorFlow makes one pass of it (4096 x 768 in 1.3 ms; 6.2 plainly). Without oneDNN
    it is three times slower than plainly.
    """
    shape, empty = tf.shape(x), tf.constant([], tf.float32)
    rows = tf.reduce_prod(shape[:-1])
    normal = tf.raw_ops.FusedBatchNormV3(
        x=tf.reshape(x, [1, rows, x.shape[-1], 1]), scale=tf.ones([rows]), offset=tf.zeros([rows]), mean=empty,
        variance=empty, epsilon=epsilon, data_format="NCHW", is_training=True)
    normal = tf.reshape(normal.y, shape)
    normal.set_shape(x.shape)
    return normal


def _sum(x):
    """The sum over the last axis, which is kept: a product with ones, because XLA's own sums are slow on CPUs."""
    shape = tf.shape(x)
    sums = tf.matmul(tf.reshape(x, [-1, shape[-1]]), tf.ones([shape[-1], 1]))
    return tf.reshape(sums, tf.concat([shape[:-1], [1]], axis=0))


def _column_sums(x):
    """The sums [H] of [..., H] over all its rows: TensorFlow's, because XLA's own are slow on CPUs."""
    return tf.reduce_sum(tf.reshape(x, [-1, x.shape[-1]]), axis=0)


def _standard(x, epsilon: float):
    width = float(x.shape[-1])
    centred = x - _sum(x) / width
    scale = tf.math.rsqrt(_sum(centred * centred) / width + epsilon)
    return centred * scale, scale


@kernel
def _normalize(x, gamma, beta, *, epsilon: float):
    return _standard(x, epsilon)[0] * gamma + beta


@kernel
def _normalize_gradient(x, gamma, dy, *, epsilon: float):
    width = float(x.shape[-1])
    normal, scale = _standard(x, epsilon)
    inner = dy * gamma
    return scale * (inner - _sum(inner) / width - normal * _sum(inner * normal) / width), dy * normal


# -- Residual connection, dropout and normalization -----------------------------------------------------


def residual_norm(x, y, gamma, beta, epsilon: float, rate: float, key):
    """What follows each half of an encoder layer: `y` dropped out, added to `x`, and the sum normalized.

    Args:
        x: [..., H], float32.
        y: [..., H], as it comes from a product, float32 or bfloat16.
        gamma, beta, epsilon: See `normalize`.
        rate, key: See `drop`; 0 and None for no dropout.

    Returns:
        The answer in float32, for the next residual connection, and in y's dtype, for the next product.
    """
    if not is_compiling():
        y32 = tf.cast(y, tf.float32)
        exact = normalize(x + (drop(y32, rate, key) if rate else y32), gamma, beta, epsilon)
        return exact, tf.cast(exact, y.dtype)
    key = tf.zeros([2], tf.uint32) if key is None else key

    def backward(d_exact, d_copy):
        dx, dy, product, total = _residual_norm_gradient(x, y, gamma, key, d_exact, d_copy, epsilon=epsilon, rate=rate)
        return dx, dy, _column_sums(product), _column_sums(total)

    @tf.custom_gradient
    def forward(x, y, gamma, beta):
        return _residual_norm(x, y, gamma, beta, key, epsilon=epsilon, rate=rate), backward

    return forward(x, y, tf.convert_to_tensor(gamma), tf.convert_to_tensor(beta))


def _added(x, y, key, rate: float):
    y = tf.cast(y, tf.float32)
    return x + (_drop.__wrapped__(y, key, rate=rate) if rate else y)


@kernel
def _residual_norm(x, y, gamma, beta, key, *, epsilon: float, rate: float):
    exact = _standard(_added(x, y, key, rate), epsilon)[0] * gamma + beta
    return exact, tf.cast(exact, y.dtype)


@kernel
def _residual_norm_gradient(x, y, gamma, key, d_exact, d_copy, *, epsilon: float, rate: float):
    total = d_exact + tf.cast(d_copy, tf.float32)
    dx, product = _normalize_gradient.__wrapped__(_added(x, y, key, rate), gamma, total, epsilon=epsilon)
    dy = _drop.__wrapped__(dx, key, rate=rate) if rate else dx
    return dx, tf.cast(dy, y.dtype), product, total


# -- Dropout --------------------------------------------------------------------------------------------


def drop(x, rate: float, key):
    """`x` with a `rate` of its values zeroed and the others scaled by 1 / (1 - rate), chosen by `key`.

    Args:
        x: Any shape, below 2^31 values.
        rate: Between 0 and 1.
        key: uint32 [2]; equal keys choose the same values.
    """
    apply = _drop if is_compiling() else _drop.__wrapped__

    @tf.custom_gradient
    def forward(x):
        return apply(x, key, rate=rate), lambda dy: apply(dy, key, rate=rate)

    return forward(x)


@kernel
def _drop(x, key, *, rate: float):
    scaled = tf.cast(tf.cast(x, tf.float32) * (1.0 / (1.0 - rate)), x.dtype)
    return tf.where(_kept(tf.shape(x), key, rate), scaled, tf.zeros([], x.dtype))


def _kept(shape, key, rate: float):
    """True for the values that stay: a hash of their place and the key is at least rate * 2^32."""
    place = tf.cast(tf.reshape(tf.range(tf.reduce_prod(shape)), shape), tf.uint32)
    bits = mix(mix(place + key[0]) ^ key[1])
    return bits >= tf.constant(min(round(rate * 2**32), 2**32 - 1), tf.uint32)


def mix(x):
    """A hash of uint32 to uint32, one to one, in which every bit of the input moves half of the output's.

    The shifts and factors are those of "lowbias32" (Wellons, Prospecting for Hash Functions, 2018). Unlike
    counter-based generators of proven quality (Philox), it is a dozen integer operations that compilers turn into
    vector instructions; what dropout needs of it is tested in test_noise.py.
    """
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = (x ^ tf.bitwise.right_shift(x, tf.constant(shift, tf.uint32))) * tf.constant(factor, tf.uint32)
    return x ^ tf.bitwise.right_shift(x, tf.constant(16, tf.uint32))


# -- Attention ------------------------------------------------------------------------------------------


def split_heads(x, heads: int):
    """[B, S, 3 * N * D], as one product gives them side by side, to Q, K and V, each [B, N, S, D]."""
    if not is_compiling():
        return _split_heads.__wrapped__(x, heads=heads)

    @tf.custom_gradient
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


def attention_weights(scores, mask, scale: float, rate: float, key):
    """Softmax of scaled scores over the last axis, masked positions left out, then dropout.

    Args:
        scores: [B, N, Q, S], queries by keys, float32 or bfloat16; the answer has their dtype. The softmax and its
            gradient are computed in float32.
        mask: [B, S], true where a key may be attended to; None for everywhere.
        scale: Factor of the scores.
        rate: Share of weights dropped; 0 for none.
        key: See `drop`; None without dropout.
    """
    bias = tf.zeros([1, 1]) if mask is None else (1.0 - tf.cast(mask, tf.float32)) * MASKED  # [B, S]
    if not is_compiling():
        # A product of its own dtype, a factor and a mask: oneDNN makes them one, and rounds once.
        weights = _plain_softmax(scores * tf.cast(scale, scores.dtype) + tf.cast(bias, scores.dtype)[:, None, None, :])
        return drop(weights, rate, key) if rate else weights
    key = tf.zeros([2], tf.uint32) if key is None else key

    @tf.custom_gradient
    def forward(scores):
        weights = _softmax(scores, bias, scale=scale)
        dropped = _drop(weights, key, rate=rate) if rate else weights
        return dropped, lambda dy: _softmax_gradient(weights, dy, key, scale=scale, rate=rate)

    return forward(scores)


@tf.custom_gradient
def _plain_softmax(scores):
    dtype = scores.dtype
    if _softmax_rounds_once(dtype):
        weights = tf.nn.softmax(scores)
    else:
        weights = tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32)), dtype)
    return weights, lambda dy: _softmax_gradient.__wrapped__(weights, dy, None, scale=1.0, rate=0.0)


@functools.cache
def _softmax_rounds_once(dtype) -> bool:
    """Whether this machine's softmax computes in float32 within: oneDNN's does, Eigen's adds up in bfloat16."""
    with tf.init_scope():
        scores = tf.cast(tf.linspace(-3.0, 3.0, 512)[None], dtype)
        once = tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32)), dtype)
        return bool(tf.reduce_all(tf.abs(tf.nn.softmax(scores) - once) <= once * dtype.as_numpy_dtype(2**-8)))


@kernel
def _softmax(scores, bias, *, scale: float):
    return tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32) * scale + bias[:, None, None, :]), scores.dtype)


@kernel
def _softmax_gradient(weights, dy, key, *, scale: float, rate: float):
    dtype, weights, dy = weights.dtype, tf.cast(weights, tf.float32), tf.cast(dy, tf.float32)
    if rate:
        dy = _drop.__wrapped__(dy, key, rate=rate)
    return tf.cast((dy - _sum(dy * weights)) * weights * scale, dtype)


# -- Losses over a vocabulary ---------------------------------------------------------------------------


def token_losses(logits, labels):
    """Cross-entropy [M] of float32 logits [M, V] against classes [M]."""
    if not is_compiling():
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)

    @tf.custom_gradient
    def forward(logits):
        losses, sums = _token_losses(logits, labels)
        return losses, lambda dy: _token_losses_gradient(logits, labels, sums, dy)

    return forward(logits)


@kernel
def _token_losses(logits, labels):
    sums = tf.reduce_logsumexp(logits, axis=-1)
    return sums - tf.gather(logits, labels, batch_dims=1), sums


@kernel
def _token_losses_gradient(logits, labels, sums, dy):
    own = tf.range(logits.shape[-1])[None] == labels[:, None]
    return (tf.exp(logits - sums[:, None]) - tf.cast(own, tf.float32)) * dy[:, None]

"""Matrix products and the number format in which they are computed.

Variables are always float32. What matrix products use is decided when a graph is traced, by `compute_in`; sums,
normalization and softmax stay in float32.
"""

from __future__ import annotations

import contextlib
import contextvars

from bertfit import _env
from bertfit.network import compiling

tf = _env.tensorflow()

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


def cast(x):
    """`x` in the traced precision."""
    return tf.cast(tf.convert_to_tensor(x), _compute_dtype.get())


def product(x, kernel, bias=None, then=None):
    """``x @ kernel + bias`` for x [..., I] and kernel [I, O], multiplied in the traced precision.

    The result keeps that precision: the next operation is either another product or casts back itself. `then`, applied
    to the result, is for graphs of which no gradient is taken: there TensorFlow makes it, the bias and the product one.
    """
    shape = tf.shape(x)
    flat = tf.matmul(tf.reshape(cast(x), [-1, kernel.shape[0]]), cast(kernel))  # [B*S, O]
    if then is not None:
        flat = then(tf.nn.bias_add(flat, cast(bias)))
    elif bias is not None:
        flat += cast(bias)  # not bias_add, whose gradient in bfloat16 adds up thousands of rows in bfloat16
    result = tf.reshape(flat, tf.concat([shape[:-1], [kernel.shape[1]]], axis=0))  # [..., O]
    result.set_shape([*x.shape[:-1], kernel.shape[1]])
    return result

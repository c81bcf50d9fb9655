"""Matrix products, and the number format in which they are computed (the "traced precision").

Variables are always float32. `compute_in` sets the number format of matrix products while a graph is traced; sums,
normalization and softmax are computed in float32, and so are the products of `layers.Dense` (pooler and heads).
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
    """Context in which graphs are traced with matrix products in `precision` ("float32", "bfloat16", "float16").

    With `compiled`, they are traced with compiled kernels too (see `kernels`).
    """
    token = _compute_dtype.set(precision)
    try:
        with compiling.compiled(compiled):
            yield
    finally:
        _compute_dtype.reset(token)


def cast(x, dtype: str | None = None):
    """`x` as `dtype`; None for the traced precision."""
    return tf.cast(tf.convert_to_tensor(x), dtype or _compute_dtype.get())


def product(x, kernel, bias=None, then=None, dtype: str | None = None):
    """``x @ kernel + bias`` for x [..., I] and kernel [I, O], multiplied in `dtype` (None: the traced precision).

    Returns [..., O] in that format: the next operation is another product, or casts to float32 itself. `then` is an
    activation, for graphs without gradients: there TensorFlow fuses product, bias and activation into one operation.
    """
    shape = tf.shape(x)
    flat = tf.matmul(tf.reshape(cast(x, dtype), [-1, kernel.shape[0]]), cast(kernel, dtype))  # [B*S, O]
    if then is not None:
        flat = then(tf.nn.bias_add(flat, cast(bias, dtype)))
    elif bias is not None:
        flat += cast(bias, dtype)  # not bias_add: its bfloat16 gradient sums thousands of rows in bfloat16
    result = tf.reshape(flat, tf.concat([shape[:-1], [kernel.shape[1]]], axis=0))  # [..., O]
    result.set_shape([*x.shape[:-1], kernel.shape[1]])
    return result

"""The GELU activation."""

from __future__ import annotations

import math

from bertfit import _env
from bertfit.network.compiling import is_compiling, kernel
from bertfit.network.tracing import custom_gradient

tf = _env.tensorflow()


_TANH_SCALE = math.sqrt(2.0 / math.pi)


def gelu(x, approximate: bool):
    """x * Phi(x) (Hendrycks & Gimpel 2016), with erf, or `approximate` with tanh as in Google's code.

    Takes any shape; the result has the shape and dtype of x.
    """
    if not is_compiling():
        return tf.nn.gelu(x, approximate=approximate)

    @custom_gradient
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

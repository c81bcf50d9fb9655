"""Dropout by a hash of each value's position and a key."""

from __future__ import annotations

from bertfit import _env
from bertfit.network.compiling import is_compiling, kernel
from bertfit.network.tracing import custom_gradient

tf = _env.tensorflow()


def drop(x, rate: float, key):
    """`x` with a `rate` of its values zeroed and the others scaled by 1 / (1 - rate), chosen by `key`.

    Args:
        x: Any shape, below 2^31 values.
        rate: Share of values dropped, between 0 and 1.
        key: uint32 [2], see `Noise.key`; equal keys choose the same values.
    """
    apply = drop_kernel if is_compiling() else drop_kernel.__wrapped__

    @custom_gradient
    def forward(x):
        return apply(x, key, rate=rate), lambda dy: apply(dy, key, rate=rate)

    return forward(x)


@kernel
def drop_kernel(x, key, *, rate: float):
    scaled = tf.cast(tf.cast(x, tf.float32) * (1.0 / (1.0 - rate)), x.dtype)
    return tf.where(_kept(tf.shape(x), key, rate), scaled, tf.zeros([], x.dtype))


def _kept(shape, key, rate: float):
    """True for the values that are kept: the hash of their position and the key is at least rate * 2^32."""
    position = tf.cast(tf.reshape(tf.range(tf.reduce_prod(shape)), shape), tf.uint32)
    bits = mix(mix(position + key[0]) ^ key[1])
    return bits >= tf.constant(min(round(rate * 2**32), 2**32 - 1), tf.uint32)


def mix(x):
    """One-to-one hash of uint32 to uint32: flipping one input bit flips about half of the output bits.

    The shifts and factors are those of "lowbias32" (Wellons, Prospecting for Hash Functions, 2018). It is
    less thoroughly studied than counter-based generators (Philox), but only a dozen integer operations, which compilers
    vectorize. test_noise.py tests the properties that dropout needs.
    """
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = (x ^ tf.bitwise.right_shift(x, tf.constant(shift, tf.uint32))) * tf.constant(factor, tf.uint32)
    return x ^ tf.bitwise.right_shift(x, tf.constant(16, tf.uint32))

"""Sums over rows and columns that are fast on CPUs; XLA's own sums are slow there."""

from __future__ import annotations

from bertfit import _env

tf = _env.tensorflow()


def row_sums(x):
    """Sums [..., 1] of [..., H] over the last axis, as a product with ones."""
    shape = tf.shape(x)
    sums = tf.matmul(tf.reshape(x, [-1, shape[-1]]), tf.ones([shape[-1], 1]))
    return tf.reshape(sums, tf.concat([shape[:-1], [1]], axis=0))


def column_sums(x):
    """Sums [H] of [..., H] over all rows, by TensorFlow outside the compiled kernel."""
    return tf.reduce_sum(tf.reshape(x, [-1, x.shape[-1]]), axis=0)

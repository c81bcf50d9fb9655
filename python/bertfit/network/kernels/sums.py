"""Sums over rows and columns, in the forms that are fast on CPUs beside compiled loops."""

from __future__ import annotations

from bertfit import _env

tf = _env.tensorflow()


def row_sums(x):
    """The sum over the last axis, which is kept: a product with ones, because XLA's own sums are slow on CPUs."""
    shape = tf.shape(x)
    sums = tf.matmul(tf.reshape(x, [-1, shape[-1]]), tf.ones([shape[-1], 1]))
    return tf.reshape(sums, tf.concat([shape[:-1], [1]], axis=0))


def column_sums(x):
    """The sums [H] of [..., H] over all its rows: TensorFlow's, because XLA's own are slow on CPUs."""
    return tf.reduce_sum(tf.reshape(x, [-1, x.shape[-1]]), axis=0)

"""Two ways to compute the same network, compared by values and gradients."""

from __future__ import annotations

import numpy as np

from bertfit import _env
from bertfit.network.products import compute_in

tf = _env.tensorflow()

TOKENS = tf.constant([[2, 9, 8, 7, 3, 0, 0], [2, 9, 30, 3, 0, 0, 0], [2, 4, 5, 6, 7, 8, 3]])
INPUTS = [TOKENS, tf.constant([[0] * 7, [0] * 7, [0, 0, 0, 1, 1, 1, 1]])]


def compare(encoder, ours, graph, *, precision="float32", compiled=False, value_atol, gradient_atol):
    """Values and the gradients of every weight, of two functions of the encoder that start from the same noise."""
    answers = []
    for function in (ours, graph):
        encoder.noise.reset(11)

        @tf.function
        @_env.as_written
        def traced(function=function):
            with compute_in(precision, compiled), tf.GradientTape() as tape:
                value = function()
                weight = tf.random.stateless_normal(tf.shape(value), [1, 2])
                total = tf.reduce_sum(value * weight)
            gradients = tape.gradient(total, encoder.trainable_weights)
            return value, [tf.convert_to_tensor(g) for g in gradients if g is not None]

        answers.append(traced())
    (value, gradients), (wanted, wanted_gradients) = answers
    np.testing.assert_allclose(value, wanted, atol=value_atol)
    assert len(gradients) == len(wanted_gradients)
    for got, right in zip(gradients, wanted_gradients, strict=True):
        np.testing.assert_allclose(got, right, rtol=2e-5, atol=gradient_atol * max(1.0, np.abs(right).max()))

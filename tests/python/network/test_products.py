"""Matrix products in bfloat16."""

import numpy as np

from bertfit import _env
from bertfit.network.products import compute_in, product

tf = _env.tensorflow()


def test_a_bias_gradient_in_bfloat16_is_no_sum_in_bfloat16():
    # 4,096 rows: added up in 8 bits, most of them would be lost.
    upstream = np.random.default_rng(0).normal(size=(4096, 3)).astype(np.float32) + 1.0
    bias = tf.Variable(tf.zeros([3]))
    with compute_in("bfloat16"), tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.cast(product(tf.ones([4096, 2]), tf.ones([2, 3]), bias), tf.float32) * upstream)
    np.testing.assert_allclose(tape.gradient(total, bias), upstream.sum(0), rtol=2**-7)

"""Compiled kernels against plain operations, and both against NumPy in float64."""

import math

import numpy as np
import pytest
from scipy.special import erf, logsumexp

from bertfit import _env
from bertfit.network import compiling, kernels

tf = _env.tensorflow()

pytestmark = pytest.mark.skipif(not compiling.can_compile(), reason="this TensorFlow has no XLA")
RNG = np.random.default_rng(3)
KEY = tf.constant([5, 7], tf.uint32)


def run(function, *arrays, compiled, dtype="float32", upstream=None):
    """The value and the gradient in the first array, traced with free shapes as the encoder is."""
    arrays = [tf.cast(tf.constant(a), dtype) if np.asarray(a).dtype.kind == "f" else tf.constant(a) for a in arrays]

    @tf.function(input_signature=[tf.TensorSpec([None] * (a.shape.rank - 1) + [a.shape[-1]], a.dtype) for a in arrays])
    def traced(*tensors):
        with compiling.compiled(compiled), tf.GradientTape() as tape:
            tape.watch(tensors[0])
            value = function(*tensors)
            total = tf.reduce_sum(tf.cast(value, tf.float32) * (1.0 if upstream is None else upstream))
        return value, tape.gradient(total, tensors[0])

    return [tf.cast(result, tf.float32).numpy() for result in traced(*arrays)]


def slope(function, x, upstream, step=1e-5):
    """The gradient of sum(upstream * function(x)) by differences, float64."""
    gradient = np.empty_like(x)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = ((function(up) - function(down)) * upstream).sum() / (2 * step)
    return gradient


X = RNG.normal(size=(3, 4)) * 2
UP = RNG.normal(size=(3, 4))
GAMMA, BETA = RNG.normal(size=4), RNG.normal(size=4)
NUMPY = {
    "gelu": lambda x: x * 0.5 * (1 + erf(x / math.sqrt(2))),
    "gelu_new": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "normalize": lambda x: (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-3) * GAMMA + BETA,
}
OURS = {
    "gelu": lambda x: kernels.gelu(x, approximate=False),
    "gelu_new": lambda x: kernels.gelu(x, approximate=True),
    "normalize": lambda x: kernels.normalize(x, tf.constant(GAMMA, tf.float32), tf.constant(BETA, tf.float32), 1e-3),
}


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", list(OURS))
def test_values_and_gradients_are_numpys(name, compiled):
    value, gradient = run(OURS[name], X, compiled=compiled, upstream=UP.astype(np.float32))
    np.testing.assert_allclose(value, NUMPY[name](X), atol=2e-6)
    np.testing.assert_allclose(gradient, slope(NUMPY[name], X, UP), atol=2e-5)


@pytest.mark.parametrize("onednn", [True, False])
@pytest.mark.parametrize("size", [1.0, 1e-5])  # variances down to 1e-10: epsilon is BERT's, not cuDNN's least
def test_normalization_has_one_answer_with_and_without_onednn(monkeypatch, onednn, size):
    monkeypatch.setattr(_env, "has_onednn", lambda: onednn)
    x, gamma, beta = RNG.normal(size=(5, 7, 32)) * size, *RNG.normal(size=(2, 32))
    ours = tf.function(lambda x: kernels.normalize(x, *(tf.constant(a, tf.float32) for a in (gamma, beta)), 1e-12),
                       input_signature=[tf.TensorSpec([None, None, 32])])
    expected = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12) * gamma + beta
    np.testing.assert_allclose(ours(tf.constant(x, tf.float32)), expected, atol=5e-6)
    assert ours(tf.zeros([0, 7, 32])).shape == (0, 7, 32)


@pytest.mark.parametrize("name", ["gelu", "gelu_new"])
def test_bfloat16_is_rounded_once(name):
    # Computed in float32 inside: the answer is the nearest bfloat16 of the right one (8 bits).
    value, gradient = run(OURS[name], X, compiled=True, dtype="bfloat16")
    rounded = tf.cast(tf.cast(tf.constant(X), tf.bfloat16), tf.float64).numpy()
    np.testing.assert_allclose(value, NUMPY[name](rounded), rtol=2**-8, atol=1e-6)
    np.testing.assert_allclose(gradient, slope(NUMPY[name], rounded, np.ones_like(X)), rtol=2**-8, atol=1e-4)


def test_gradients_of_gamma_and_beta():
    x, gamma, beta = (tf.constant(a, tf.float32) for a in (X, GAMMA, BETA))
    results = []
    for compiled in (False, True):
        with compiling.compiled(compiled), tf.GradientTape() as tape:
            tape.watch([gamma, beta])
            total = tf.reduce_sum(kernels.normalize(x, gamma, beta, 1e-3) * tf.constant(UP, tf.float32))
        results.append(tape.gradient(total, [gamma, beta]))
    standard = (X - X.mean(1, keepdims=True)) / np.sqrt(X.var(1, keepdims=True) + 1e-3)
    for of_gamma, of_beta in results:
        np.testing.assert_allclose(of_gamma, (UP * standard).sum(0), atol=1e-5)
        np.testing.assert_allclose(of_beta, UP.sum(0), atol=1e-5)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("rate", [0.0, 0.3])
@pytest.mark.parametrize("dtype, close", [("float32", 2e-5), ("bfloat16", 3e-2)])
def test_residual_norm_is_its_three_steps_and_both_outputs_pass_gradients(dtype, close, rate, compiled):
    y, up_exact, up_copy = (RNG.normal(size=(3, 4)) for _ in range(3))
    y = tf.cast(tf.cast(tf.constant(y), dtype), tf.float64).numpy()  # as bfloat16 has it
    key = KEY if rate else None
    factor = 1.0 if not rate else tf.cast(kernels.drop(tf.ones([3, 4]), rate, KEY), tf.float64).numpy()
    exact = NUMPY["normalize"]
    x32, gamma, beta = (tf.constant(a, tf.float32) for a in (X, GAMMA, BETA))
    y_in = tf.cast(tf.constant(y), dtype)

    @tf.function
    def traced(x, y, gamma, beta):
        with compiling.compiled(compiled), tf.GradientTape() as tape:
            tape.watch([x, y, gamma, beta])
            values = kernels.residual_norm(x, y, gamma, beta, 1e-3, rate, key)
            total = tf.reduce_sum(values[0] * up_exact) + tf.reduce_sum(tf.cast(values[1], tf.float32) * up_copy)
        return values, tape.gradient(total, [x, y, gamma, beta])

    (value, copy), (of_x, of_y, of_gamma, of_beta) = traced(x32, y_in, gamma, beta)
    assert (value.dtype, copy.dtype, of_y.dtype) == (tf.float32, y_in.dtype, y_in.dtype)
    np.testing.assert_allclose(value, exact(X + y * factor), atol=3e-6)
    np.testing.assert_array_equal(copy, tf.cast(value, dtype))
    upstream = up_exact + up_copy
    slopes = slope(exact, X + y * factor, upstream)
    np.testing.assert_allclose(of_x, slopes, atol=close)
    np.testing.assert_allclose(tf.cast(of_y, tf.float32), slopes * factor, atol=close)
    standard = (exact(X + y * factor) - BETA) / GAMMA
    np.testing.assert_allclose(of_gamma, (upstream * standard).sum(0), atol=close)
    np.testing.assert_allclose(of_beta, upstream.sum(0), atol=close)


def softmax(scores):
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_attention_weights_are_numpys(masked, compiled):
    scores, upstream = RNG.normal(size=(2, 3, 4, 4)) * 3, RNG.normal(size=(2, 3, 4, 4))
    mask = np.array([[True] * 4, [True, True, True, False]])
    bias = (1.0 - mask)[:, None, None, :] * kernels.MASKED if masked else 0.0

    def ours(scores):
        return kernels.attention_weights(scores, tf.constant(mask) if masked else None, 0.5, 0.0, None)

    value, gradient = run(ours, scores, compiled=compiled, upstream=upstream.astype(np.float32))
    np.testing.assert_allclose(value, softmax(scores * 0.5 + bias), atol=1e-6)
    expected = slope(lambda s: softmax(s * 0.5 + bias), scores, upstream)
    np.testing.assert_allclose(gradient, expected, atol=1e-5)
    assert not masked or (value[1, ..., 3] == 0).all()


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("within", [True, False])  # whether the machine's own softmax computes in float32
def test_softmax_over_many_bfloat16_scores_adds_up_in_float32(monkeypatch, within, compiled):
    if not within:
        monkeypatch.setattr("bertfit.network.kernels.attention._softmax_rounds_once", lambda dtype: False)
    scores, upstream = RNG.normal(size=(1, 2, 3, 512)), RNG.normal(size=(1, 2, 3, 512)) + 1.0
    rounded = tf.cast(tf.cast(tf.constant(scores), tf.bfloat16), tf.float64).numpy()
    upstream = tf.cast(tf.cast(tf.constant(upstream), tf.bfloat16), tf.float64).numpy()
    value, gradient = run(lambda s: kernels.attention_weights(s, None, 1.0, 0.0, None), scores, compiled=compiled,
                          dtype="bfloat16", upstream=upstream.astype(np.float32))
    weights = softmax(rounded)
    np.testing.assert_allclose(value, weights, rtol=2**-7)
    # From the weights as they are kept, in bfloat16: exact but for the last rounding.
    expected = (upstream - (upstream * value).sum(-1, keepdims=True)) * value
    np.testing.assert_allclose(gradient, expected, rtol=2**-7, atol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dtype, close", [("float32", 1e-5), ("bfloat16", 3e-2)])
def test_a_position_bias_is_added_and_gets_the_gradient_of_every_row(dtype, close, compiled):
    scores, upstream = RNG.normal(size=(5, 3, 4, 4)) * 3, RNG.normal(size=(5, 3, 4, 4))
    bias = RNG.normal(size=(1, 3, 4, 4)) * 2
    scores = tf.cast(tf.cast(tf.constant(scores), dtype), tf.float64).numpy()  # as bfloat16 has them
    mask = np.array([[True] * 4] * 4 + [[True, True, True, False]])
    low = (1.0 - mask)[:, None, None, :] * kernels.MASKED

    @tf.function
    def traced(scores, bias):
        with compiling.compiled(compiled), tf.GradientTape() as tape:
            tape.watch([scores, bias])
            weights = kernels.attention_weights(scores, tf.constant(mask), 0.5, 0.0, None, bias)
            total = tf.reduce_sum(tf.cast(weights, tf.float32) * tf.constant(upstream, tf.float32))
        return weights, tape.gradient(total, [scores, bias])

    weights, (of_scores, of_bias) = traced(tf.cast(tf.constant(scores), dtype), tf.constant(bias, tf.float32))
    assert (weights.dtype, of_scores.dtype, of_bias.dtype) == (dtype, dtype, tf.float32)
    np.testing.assert_allclose(tf.cast(weights, tf.float32), softmax(scores * 0.5 + bias + low), atol=close)
    expected = slope(lambda s: softmax(s * 0.5 + bias + low), scores, upstream)
    np.testing.assert_allclose(tf.cast(of_scores, tf.float32), expected, atol=close)
    slopes = (2 * expected).sum(0, keepdims=True)  # scores are halved before the bias is added
    np.testing.assert_allclose(of_bias, slopes, atol=5 * close)
    assert np.abs(slopes).max() > 0.5


@pytest.mark.parametrize("dtype, close", [("float32", 1e-6), ("bfloat16", 2e-2)])
def test_with_a_position_bias_weights_drop_alike_compiled_or_not(dtype, close):
    scores, upstream = RNG.normal(size=(4, 2, 16, 16)), RNG.normal(size=(4, 2, 16, 16)).astype(np.float32)
    bias = tf.constant(RNG.normal(size=(1, 2, 16, 16)), tf.float32)

    def ours(scores):
        return kernels.attention_weights(scores, None, 1.0, 0.25, KEY, bias)

    plain, ours_compiled = (run(ours, scores, compiled=c, dtype=dtype, upstream=upstream) for c in (False, True))
    assert (plain[0] == 0).mean() == pytest.approx(0.25, abs=0.04)
    np.testing.assert_array_equal(plain[0] == 0, ours_compiled[0] == 0)
    for one, other in zip(plain, ours_compiled, strict=True):
        np.testing.assert_allclose(one, other, atol=close)


@pytest.mark.parametrize("dtype, close", [("float32", 1e-6), ("bfloat16", 2e-2)])
def test_attention_drops_alike_compiled_or_not(dtype, close):
    scores, upstream = RNG.normal(size=(4, 2, 16, 16)), RNG.normal(size=(4, 2, 16, 16)).astype(np.float32)

    def ours(scores):
        return kernels.attention_weights(scores, None, 1.0, 0.25, KEY)

    plain, ours_compiled = (run(ours, scores, compiled=c, dtype=dtype, upstream=upstream) for c in (False, True))
    assert (plain[0] == 0).mean() == pytest.approx(0.25, abs=0.04)
    np.testing.assert_array_equal(plain[0] == 0, ours_compiled[0] == 0)
    for one, other in zip(plain, ours_compiled, strict=True):
        np.testing.assert_allclose(one, other, atol=close)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_dropout_is_one_thing_compiled_or_not_and_its_gradient_the_same_mask(dtype):
    x = RNG.normal(size=(40, 50)) + 9.0
    (a, slope_a), (b, slope_b) = (run(lambda x: kernels.drop(x, 0.4, KEY), x, compiled=c, dtype=dtype)
                                  for c in (False, True))
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(slope_a, slope_b)
    np.testing.assert_array_equal(slope_a == 0, a == 0)
    kept = a != 0
    np.testing.assert_allclose(slope_a[kept], 1 / 0.6, rtol=0.01)


@pytest.mark.parametrize("compiled", [False, True])
def test_token_losses_are_scipys(compiled):
    logits, labels = RNG.normal(size=(6, 11)) * 4, np.array([0, 3, 10, 3, 7, 1], np.int32)
    upstream = RNG.normal(size=6)

    def by_scipy(logits):
        return logsumexp(logits, axis=1) - logits[np.arange(6), labels]

    value, gradient = run(lambda x: kernels.token_losses(x, tf.constant(labels)), logits, compiled=compiled,
                          upstream=upstream.astype(np.float32))
    np.testing.assert_allclose(value, by_scipy(logits), atol=5e-6)
    np.testing.assert_allclose(gradient, slope(lambda x: by_scipy(x), logits, upstream), atol=1e-5)


def test_losses_of_large_logits_stay_finite():
    logits = np.array([[3e4, 0.0, -3e4]])
    for compiled in (False, True):
        value, gradient = run(lambda x: kernels.token_losses(x, tf.constant([2])), logits, compiled=compiled)
        assert value[0] == 6e4 and gradient[0].tolist() == [1.0, 0.0, -1.0]


def test_the_hash_is_one_to_one_and_moves_half_of_the_bits():
    x = np.random.default_rng(1).integers(2**32, size=200_000, dtype=np.uint32)
    x = np.unique(x)
    hashed = kernels.mix(tf.constant(x)).numpy()
    assert len(np.unique(hashed)) == len(x)
    for bit in range(32):
        flipped = kernels.mix(tf.constant(x ^ np.uint32(1 << bit))).numpy() ^ hashed
        share = np.unpackbits(flipped.view(np.uint8)).mean()
        assert share == pytest.approx(0.5, abs=0.002), bit


def test_outside_the_context_nothing_is_compiled():
    def operations(compiled):
        with compiling.compiled(compiled):
            traced = tf.function(lambda x: kernels.gelu(x, approximate=True)).get_concrete_function(tf.zeros([2, 3]))
        return {node.op for node in traced.graph.as_graph_def().node}

    assert "Tanh" in operations(False) and "Tanh" not in operations(True)

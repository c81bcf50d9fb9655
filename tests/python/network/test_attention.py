"""Self-attention against a slow form of it in NumPy, and the dropout of its weights."""

import math

import numpy as np
import pytest

from bertfit import _env
from bertfit.network.attention import MultiHeadSelfAttention
from bertfit.network.noise import Noise
from toys.models import fill_at_random

tf = _env.tensorflow()
RNG = np.random.default_rng(5)


def slow_attention(x, weights, heads, head_size, mask):
    """Self-attention one row, head, and token at a time, in float64; masked tokens are left out, not scored low."""
    Wq, bq, Wk, bk, Wv, bv, Wo, bo = (weight.astype(np.float64) for weight in weights)
    answer = np.zeros(x.shape)
    for row, vectors in enumerate(x.astype(np.float64)):
        kept = np.flatnonzero(mask[row])
        for token in range(len(vectors)):
            parts = []
            for head in range(heads):
                part = slice(head * head_size, (head + 1) * head_size)
                query = vectors[token] @ Wq[:, part] + bq[part]
                scores = [query @ (vectors[k] @ Wk[:, part] + bk[part]) / math.sqrt(head_size) for k in kept]
                share = np.exp(scores) / np.exp(scores).sum()
                parts.append(sum(s * (vectors[k] @ Wv[:, part] + bv[part]) for s, k in zip(share, kept, strict=True)))
            answer[row, token] = np.concatenate(parts) @ Wo + bo
    return answer


@pytest.mark.parametrize("heads, head_size", [(2, 4), (3, 5), (1, 1), (4, 2)])  # of width 8
def test_attention_of_any_head_size(heads, head_size):
    layer = MultiHeadSelfAttention(heads, head_size, 0.1, 1, noise=Noise())
    x = RNG.normal(0, 1, (3, 6, 8)).astype(np.float32)
    mask = np.arange(6) < np.array([6, 2, 4])[:, None]
    layer(x)
    fill_at_random([layer], seed=heads, scale=0.7)
    expected = slow_attention(x, layer.get_weights(), heads, head_size, mask)
    np.testing.assert_allclose(layer(x, mask=tf.constant(mask)).numpy(), expected, atol=2e-5)
    unmasked = slow_attention(x, layer.get_weights(), heads, head_size, np.ones_like(mask))
    np.testing.assert_allclose(layer(x).numpy(), unmasked, atol=2e-5)


def test_attention_weights_are_dropped_at_their_rate():
    # Queries of zero look at all tokens alike, values of one come back as the share of weights that is kept.
    layer = MultiHeadSelfAttention(1, 1, 0.25, 1, noise=Noise())
    x = tf.ones([200, 100, 1])
    layer(x)
    zero, one = np.zeros(1, np.float32), np.ones(1, np.float32)
    layer.set_weights([zero[None], zero, zero[None], zero, zero[None], one, one[None], zero])
    np.testing.assert_allclose(layer(x, training=False), 1, atol=1e-6)
    kept = layer(x, training=True).numpy() * 0.75
    assert kept.mean() == pytest.approx(0.75, abs=0.003)
    assert kept.std() == pytest.approx(math.sqrt(0.25 * 0.75 / 100), rel=0.1)  # a binomial's

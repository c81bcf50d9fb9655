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


def slow_biased_attention(x, weights, heads, head_size, mask, bias=0.0, mixing=None):
    """The same over whole matrices, float64, with a position bias or with talking heads (Shazeer et al. 2020: the
    scores J become J P, their softmax W becomes W Q, P and Q from heads to heads)."""
    Wq, bq, Wk, bk, Wv, bv, Wo, bo = (weight.astype(np.float64) for weight in weights[:8])
    split = [(x @ W + b).reshape(*x.shape[:2], heads, head_size) for W, b in ((Wq, bq), (Wk, bk), (Wv, bv))]
    scores = np.einsum("bqnd,bknd->bqkn", *split[:2]) / math.sqrt(head_size)
    if mixing is not None:
        scores = scores @ mixing[0]
    scores = scores + np.moveaxis(np.broadcast_to(bias, (1, heads, *scores.shape[1:3])), 1, 3)
    powers = np.exp(scores - scores.max(2, keepdims=True)) * mask[:, None, :, None]
    shares = powers / powers.sum(2, keepdims=True)
    if mixing is not None:
        shares = shares @ mixing[1]
    return np.einsum("bqkn,bknd->bqnd", shares, split[2]).reshape(*x.shape[:2], -1) @ Wo + bo


@pytest.mark.parametrize("first_only", [False, True])
def test_talking_heads_mix_scores_before_and_weights_after_the_softmax(first_only):
    layer = MultiHeadSelfAttention(3, 5, 0.1, 1, noise=Noise(), talking_heads=True)
    x = RNG.normal(0, 1, (3, 6, 8)).astype(np.float32)
    mask = np.arange(6) < np.array([6, 2, 4])[:, None]
    layer(x)
    fill_at_random([layer], seed=4, scale=0.7)
    weights = layer.get_weights()
    assert [weight.name.rsplit("/")[-1] for weight in layer.weights[8:]] == [
        f"{layer.name}_pre_softmax:0", f"{layer.name}_post_softmax:0"]
    expected = slow_biased_attention(x, weights, 3, 5, mask, mixing=weights[8:])
    ours = layer.attend(tf.constant(x), tf.constant(mask), False, first_only).numpy()
    np.testing.assert_allclose(ours, expected[:, :1] if first_only else expected, atol=2e-5)
    plain = slow_biased_attention(x, weights, 3, 5, mask)
    np.testing.assert_allclose(plain, slow_attention(x, weights[:8], 3, 5, mask), atol=1e-9)
    assert np.abs(plain - expected).max() > 0.1


@pytest.mark.parametrize("first_only", [False, True])
def test_a_position_bias_is_added_to_the_scores_of_every_row(first_only):
    layer = MultiHeadSelfAttention(3, 5, 0.1, 1, noise=Noise())
    x, bias = RNG.normal(0, 1, (3, 6, 8)).astype(np.float32), RNG.normal(0, 2, (1, 3, 6, 6)).astype(np.float32)
    mask = np.arange(6) < np.array([6, 2, 4])[:, None]
    layer([x, bias])
    fill_at_random([layer], seed=4, scale=0.7)
    expected = slow_biased_attention(x, layer.get_weights(), 3, 5, mask, bias)
    ours = layer.attend(tf.constant(x), tf.constant(mask), False, first_only, position_bias=tf.constant(bias)).numpy()
    np.testing.assert_allclose(ours, expected[:, :1] if first_only else expected, atol=2e-5)
    if not first_only:
        np.testing.assert_allclose(layer([x, bias], mask=[tf.constant(mask), None]), expected, atol=2e-5)


def test_talking_heads_drop_mixed_weights():
    layer = MultiHeadSelfAttention(2, 1, 0.25, 1, noise=Noise(), talking_heads=True)
    x = tf.ones([200, 100, 1])
    layer(x)
    zero, one = np.zeros((1, 2), np.float32), np.ones((1, 2), np.float32)
    layer.set_weights([zero, zero[0], zero, zero[0], zero, one[0], one.T / 2, np.zeros(1, np.float32),
                       np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)])
    np.testing.assert_allclose(layer(x, training=False), 1, atol=1e-6)
    kept = layer(x, training=True).numpy() * 0.75
    assert kept.mean() == pytest.approx(0.75, abs=0.003)
    assert kept.std() == pytest.approx(math.sqrt(0.25 * 0.75 / 200), rel=0.1)  # two heads of 100 weights each


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

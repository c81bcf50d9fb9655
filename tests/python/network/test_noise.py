"""Dropout by its statistics, and its random numbers by what they may depend on."""

import numpy as np
import pytest

from bertfit import _env
from bertfit.network.noise import Dropout, FreshNormal, Noise

tf = _env.tensorflow()


def dropped(layer):
    return layer(tf.ones([500, 40]), training=True).numpy()


def test_dropout_has_its_rate_and_keeps_the_sum():
    noise = Noise()
    noise.reset(11)
    out = dropped(Dropout(0.3, 1, noise))
    assert set(np.unique(out)) == {np.float32(0), np.float32(1 / 0.7)}
    assert (out == 0).mean() == pytest.approx(0.3, abs=0.02)  # 20,000 draws: six standard deviations


def test_dropout_follows_seed_step_and_layer():
    noise = Noise()
    first, second = Dropout(0.5, 1, noise), Dropout(0.5, 2, noise)
    noise.reset(11)
    a, b = dropped(first), dropped(second)
    noise.advance()
    c = dropped(first)
    noise.reset(12)
    d = dropped(first)
    for x, y in ((a, b), (a, c), (a, d), (b, c)):
        assert (x != y).mean() == pytest.approx(0.5, abs=0.03)  # as unlike as independent draws are
    noise.reset(11, step=1)
    np.testing.assert_array_equal(dropped(first), c)
    noise.reset(11)
    np.testing.assert_array_equal(dropped(first), a)


@pytest.mark.parametrize("training, drops", [(True, True), (False, False), (None, False), (1, True), (0, False)])
def test_dropout_is_for_training_only(training, drops):
    x = tf.ones([50, 40])
    layer = Dropout(0.5, 1, Noise())
    assert bool((layer(x, training=training).numpy() == 0).any()) is drops
    if training is not None:
        symbolic = tf.function(lambda flag: layer(x, training=flag))
        assert bool((symbolic(tf.constant(bool(training))).numpy() == 0).any()) is drops


def test_fresh_numbers_follow_the_seed_and_are_new_at_every_call():
    first = FreshNormal(0.02, seed=4)
    a, b = first([30, 30]).numpy(), first([30, 30]).numpy()
    again = FreshNormal(0.02, seed=4)
    np.testing.assert_array_equal(again([30, 30]), a)
    np.testing.assert_array_equal(again([30, 30]), b)
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.15  # 900 pairs: more than four standard deviations
    assert np.abs(a).max() <= 0.04 + 1e-6

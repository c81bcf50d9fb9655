"""Every row once, little padding, and an order in which nothing about the lengths can be foreseen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertfit.network import batches
from bertfit.network.batches import STEP, filled, inference_batches, padded_length, training_batches

row_lengths = st.lists(st.integers(1, 512), max_size=300).map(lambda values: np.array(values, np.int64))


def skewed(n, seed=0):
    """Lengths as texts have them: many short ones and a few long."""
    return np.clip(np.random.default_rng(seed).lognormal(3.5, 0.8, n).astype(np.int64), 3, 512)


@pytest.mark.parametrize("lengths, limit, expected", [
    ([1], 512, 8), ([8], 512, 8), ([9], 512, 16), ([3, 17, 4], 512, 24), ([50], 50, 50), ([50], 53, 53), ([], 512, 8),
])
def test_the_padded_length_is_the_next_multiple_of_8_within_the_limit(lengths, limit, expected):
    assert padded_length(np.array(lengths, np.int64), limit) == expected


@settings(deadline=None, max_examples=50)
@given(row_lengths, st.integers(1, 70), st.integers(0, 99))
def test_an_epoch_has_each_row_once(lengths, batch_size, seed):
    batches = training_batches(lengths, batch_size, np.random.default_rng(seed))
    assert np.sort(np.concatenate([*batches, np.zeros(0, int)])).tolist() == list(range(len(lengths)))
    sizes = sorted(map(len, batches))
    assert sizes[1:] == [batch_size] * (len(sizes) - 1) and all(1 <= size <= batch_size for size in sizes)


def test_the_order_is_the_generators():
    lengths = skewed(1000)

    def batches(seed):
        return [batch.tolist() for batch in training_batches(lengths, 16, np.random.default_rng(seed))]

    assert batches(1) == batches(1)
    assert batches(1) != batches(2)


@pytest.mark.parametrize("steps", [batches.POOL, 1000])
def test_lengths_do_not_drift_over_the_epoch(steps):
    # Were batches left in the order of their pools, or sorted, the length of a step would follow from the step's
    # number, or from the length of the step before it.
    lengths = skewed(16 * steps)
    drift, memory = [], []
    for seed in range(20):
        means = [lengths[batch].mean() for batch in training_batches(lengths, 16, np.random.default_rng(seed))]
        drift.append(np.corrcoef(np.arange(steps), means)[0, 1])
        memory.append(np.corrcoef(means[1:], means[:-1])[0, 1])
    chance = 1 / np.sqrt(steps)  # standard deviation of such a correlation among independent steps
    for correlations in (drift, memory):
        assert abs(np.mean(correlations)) < 4 * chance / np.sqrt(20)
        assert np.max(np.abs(correlations)) < 4 * chance


def test_batches_mix_the_rows_anew_in_every_epoch():
    # Two rows of the same length shall not meet again just because they met once.
    lengths = np.full(640, 20)
    first, second = (training_batches(lengths, 32, np.random.default_rng(seed)) for seed in (1, 2))
    together = [len(set(a) & set(b)) for a in first for b in second]
    assert max(together) < 10  # 32 * 32 / 640 = 1.6 by chance


def test_padding_is_a_fraction_of_that_of_random_batches():
    lengths = skewed(4000)
    batches = training_batches(lengths, 32, np.random.default_rng(0))
    tokens = sum(len(batch) * padded_length(lengths[batch], 512) for batch in batches)
    shuffled = np.random.default_rng(0).permutation(4000).reshape(-1, 32)
    by_chance = sum(32 * padded_length(lengths[batch], 512) for batch in shuffled)
    assert tokens < 1.25 * lengths.sum() and by_chance > 2 * lengths.sum()


@settings(deadline=None, max_examples=50)
@given(row_lengths, st.integers(1, 5000), st.sampled_from([512, 600]))
def test_inference_keeps_to_the_budget(lengths, budget, limit):
    batches = inference_batches(lengths, budget, limit)
    assert np.sort(np.concatenate([*batches, np.zeros(0, int)])).tolist() == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * padded_length(lengths[batch], limit) <= budget
    longest = [lengths[batch].max() for batch in batches]
    assert longest == sorted(longest, reverse=True)


def test_inference_fills_its_batches():
    batches = inference_batches(np.full(100, 2 * STEP), 10 * 2 * STEP, 512)
    assert [len(batch) for batch in batches] == [10] * 10


@pytest.mark.parametrize("shape", [(3,), (3, 2), (3, 2, 2)])
def test_filled_adds_rows_of_zeros(shape):
    array = np.ones(shape, np.float32)
    more = filled(array, 5)
    assert more.shape == (5, *shape[1:]) and more.dtype == np.float32
    assert more[:3].min() == 1 and not more[3:].any()
    assert filled(array, 3) is array

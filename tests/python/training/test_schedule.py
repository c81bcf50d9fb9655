"""The step count against keras-bert's own function, the schedule against hand-worked points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertfit import _env
from bertfit.errors import ArgumentError
from bertfit.training.schedule import learning_rate_at, train_steps


@pytest.fixture(scope="module")
def calc_train_steps():
    _env.tensorflow()  # keras-bert needs it to be started with Keras 2
    import keras_bert

    return keras_bert.calc_train_steps


@given(
    n=st.integers(0, 10**6), batch_size=st.integers(1, 512), epochs=st.integers(1, 40), warmup=st.floats(0, 1)
)
def test_counts_as_keras_bert(calc_train_steps, n, batch_size, epochs, warmup):
    assert train_steps(n, batch_size, epochs, warmup) == calc_train_steps(n, batch_size, epochs, warmup)


def test_reference_d_counts():
    # 2,000 rows in batches of 70, once: 29 steps, the last of 40 rows; two of them warm up.
    assert train_steps(2000, 70, 1) == (29, 2)


@pytest.mark.parametrize(
    "arguments, name",
    [((10, 0, 1), "batch_size"), ((10, 2.5, 1), "batch_size"), ((-1, 2, 1), "n"), ((10, 2, 0), "epochs"),
     ((10, 2, 1, 1.5), "warmup"), ((10, 2, 1, float("nan")), "warmup"), ((True, 2, 1), "n")],
)
def test_refuses_what_is_no_count(arguments, name):
    with pytest.raises(ArgumentError, match=f"`{name}`"):
        train_steps(*arguments)


def test_schedule_by_hand():
    rates = learning_rate_at(
        np.array([1, 5, 10, 11, 50, 100, 250]),
        decay_steps=100, warmup_steps=10, learning_rate=1e-3, min_learning_rate=1e-4,
    )
    # Rise: 1/10, 5/10, 10/10 of 1e-3. Fall: 1e-4 + 9e-4 * (1 - step / 100), flat after step 100.
    expected = [1e-4, 5e-4, 1e-3, 1e-4 + 9e-4 * 0.89, 1e-4 + 9e-4 * 0.5, 1e-4, 1e-4]
    np.testing.assert_allclose(rates, expected, rtol=1e-12)


def test_schedule_without_warmup_starts_on_the_falling_line():
    assert learning_rate_at(1, decay_steps=4, warmup_steps=0, learning_rate=1.0) == pytest.approx(0.75)


def test_highest_rate_is_reached_once_and_never_passed():
    steps = np.arange(1, 321)
    rates = learning_rate_at(steps, decay_steps=320, warmup_steps=32, learning_rate=5e-5)
    assert rates.argmax() == 31 and rates.max() == pytest.approx(5e-5)
    assert (np.diff(rates[:32]) > 0).all() and (np.diff(rates[32:]) < 0).all() and rates[-1] == 0

"""bert_train_steps() against the Python core and against keras-bert's own function."""

import numpy as np
import pytest

import bertfit


@pytest.mark.parametrize(
    ("n", "batch_size", "epochs", "warmup"),
    [(2000, 70, 1, 0.1), (1024, 32, 10, 0.1), (1, 1, 1, 0.0), (33, 32, 3, 0.5), (4000, 16, 2, 1.0)],
)
def test_steps_are_the_same_on_both_sides_and_in_keras_bert(r, n, batch_size, epochs, warmup):
    from keras_bert import calc_train_steps

    from_r = r(f"bert_train_steps({n}, {batch_size}, {epochs}, {warmup})")
    assert list(from_r.names) == ["decay_steps", "warmup_steps"]
    assert tuple(np.asarray(from_r)) == tuple(bertfit.train_steps(n, batch_size, epochs, warmup))
    assert tuple(np.asarray(from_r)) == calc_train_steps(n, batch_size, epochs, warmup)


def test_an_error_of_the_core_reaches_r_with_its_class(r):
    caught = r("tryCatch(bert_train_steps(10, 0, 1), error = function(e) class(e))")
    assert list(caught)[:2] == ["bertfit_error_argument", "bertfit_error"]

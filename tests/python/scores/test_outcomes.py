"""Probabilities and classes against values computed with math.exp, row by row."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertfit.config.task import Task
from bertfit.errors import ArgumentError
from bertfit.scores.outcomes import classes, probabilities, sigmoid

BINARY = Task("binary", ("ham", "spam"))
THREE = Task("multiclass", ("a", "b", "c"))
MULTI = Task("multilabel", ("x", "y"))
NUMBER = Task("regression", ("score",), center=3.0, scale=2.0)


@given(st.floats(-700, 700))
def test_sigmoid_as_math(x):
    assert sigmoid(np.array([x]))[0] == pytest.approx(1 / (1 + math.exp(-x)), rel=1e-12)


def test_sigmoid_does_not_overflow():
    with np.errstate(all="raise", under="ignore"):
        assert sigmoid(np.array([-1e5, 1e5])).tolist() == [0.0, 1.0]


def test_binary_keeps_small_probabilities_of_both_classes():
    p = probabilities(BINARY, np.array([[math.log(3)], [50.0]]))
    np.testing.assert_allclose(p[0], [0.25, 0.75])
    assert p[1, 0] == pytest.approx(math.exp(-50), rel=1e-6)  # 1 - p would be 0


def test_multiclass_is_a_softmax_that_survives_large_logits():
    p = probabilities(THREE, np.array([[1000.0, 1000.0 + math.log(2), 1000.0 + math.log(5)]]))
    np.testing.assert_allclose(p, [[1 / 8, 2 / 8, 5 / 8]])


def test_multilabel_columns_do_not_share_a_sum():
    np.testing.assert_allclose(probabilities(MULTI, np.array([[0.0, math.log(9)]])), [[0.5, 0.9]])


def test_regression_returns_to_the_scale_of_the_targets():
    assert probabilities(NUMBER, np.array([[0.5], [-1.0]])).tolist() == [4.0, 1.0]


def test_classes_count_the_threshold_as_positive():
    p = np.array([[0.3, 0.7], [0.5, 0.5], [0.6, 0.4]])
    assert classes(BINARY, p).tolist() == [1, 1, 0]
    assert classes(BINARY, p, threshold=0.7).tolist() == [1, 0, 0]
    assert classes(THREE, np.array([[0.4, 0.4, 0.2]])).tolist() == [0]
    assert classes(MULTI, np.array([[0.5, 0.49]])).tolist() == [[1, 0]]
    with pytest.raises(ArgumentError, match="numbers, not classes"):
        classes(NUMBER, np.array([1.0]))

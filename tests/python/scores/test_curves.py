"""Curves against scikit-learn's, and against the areas that the report has."""

import numpy as np
import pytest
import sklearn.calibration
import sklearn.metrics as sk

from bertfit.config.task import Task
from bertfit.scores.curves import BINS, MOST, POINTS, trace_curves
from bertfit.scores.metrics import report

BINARY = Task("binary", ("ham", "spam"))


def noisy(n, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    return y, np.clip(0.3 * y + rng.random(n) * 0.7, 0, 1)


def test_binary_curves_are_those_of_sklearn():
    y, p = noisy(200)
    found = trace_curves(BINARY, np.stack([1 - p, p], 1), y)
    fpr, tpr, _ = sk.roc_curve(y, p)
    np.testing.assert_array_equal([found["roc"]["fpr"], found["roc"]["tpr"]], [fpr, tpr])
    precision, recall, threshold = sk.precision_recall_curve(y, p)
    np.testing.assert_array_equal([found["pr"]["precision"], found["pr"]["recall"]], [precision, recall])
    np.testing.assert_array_equal(found["pr"]["threshold"][:-1], threshold)
    observed, predicted = sklearn.calibration.calibration_curve(y, p, n_bins=BINS)
    np.testing.assert_allclose(found["calibration"]["observed"], observed)
    np.testing.assert_allclose(found["calibration"]["predicted"], predicted)
    assert found["calibration"]["n"].sum() == 200 and set(found["roc"]["label"]) == {"spam"}


def test_thinned_curves_keep_their_area_and_their_ends():
    y, p = noisy(20_000)
    probs = np.stack([1 - p, p], 1)
    found = trace_curves(BINARY, probs, y)
    areas = report(BINARY, probs, y)["overall"]
    assert len(found["roc"]["fpr"]) <= MOST + 2 and len(found["pr"]["recall"]) <= MOST + 2
    assert sk.auc(found["roc"]["fpr"], found["roc"]["tpr"]) == pytest.approx(areas["auc"], abs=1e-3)
    assert sk.auc(found["pr"]["recall"], found["pr"]["precision"]) == pytest.approx(areas["pr_auc"], abs=1e-3)
    assert (found["roc"]["fpr"][[0, -1]].tolist(), found["roc"]["tpr"][[0, -1]].tolist()) == ([0, 1], [0, 1])


def test_each_class_is_drawn_against_the_rest_and_a_class_without_rows_is_not():
    rng = np.random.default_rng(1)
    probs = rng.dirichlet(np.ones(3), 60)
    y = rng.integers(0, 2, 60)  # no row is of the third class
    found = trace_curves(Task("multiclass", "abc"), probs, y)
    assert list(dict.fromkeys(found["roc"]["label"])) == ["a", "b"] == list(dict.fromkeys(found["pr"]["label"]))
    assert list(dict.fromkeys(found["calibration"]["label"])) == ["a", "b", "c"]
    of_b = np.array(found["roc"]["label"]) == "b"
    np.testing.assert_array_equal(found["roc"]["tpr"][of_b], sk.roc_curve(y == 1, probs[:, 1])[1])


def test_labels_have_curves_of_their_own_and_fractions_are_calibrated_as_fractions():
    y = np.array([[0.2, 1], [0.9, 0], [0.4, 1], [1, 0]])
    p = np.array([[0.31, 0.8], [0.95, 0.3], [0.35, 0.6], [0.99, 0.1]])
    found = trace_curves(Task("multilabel", ("x", "y")), p, y)
    of_x = np.array(found["roc"]["label"]) == "x"  # only the second and the fourth row are of x
    assert sk.auc(found["roc"]["fpr"][of_x], found["roc"]["tpr"][of_x]) == 1.0
    mine = np.array(found["calibration"]["label"]) == "x"
    np.testing.assert_allclose(found["calibration"]["observed"][mine], [0.3, 0.95])  # bins of 0.3 to 0.4, 0.9 to 1
    np.testing.assert_allclose(found["calibration"]["predicted"][mine], [0.33, 0.97])


def test_a_regression_has_its_points():
    y = np.arange(5000.0)
    found = trace_curves(Task("regression", ("score",)), y + 1, y)
    assert set(found) == {"points"} and len(found["points"]["truth"]) == POINTS
    np.testing.assert_array_equal(found["points"]["predicted"] - found["points"]["truth"], np.ones(POINTS))
    assert found["points"]["truth"][[0, -1]].tolist() == [0, 4999]

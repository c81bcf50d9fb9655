"""Metrics against scikit-learn's functions on random data, and against examples computed by hand."""

import math
import subprocess
import sys
import warnings

import numpy as np
import pytest
import sklearn.metrics as sk

from bertfit.config.task import Task
from bertfit.errors import ArgumentError, DataError
from bertfit.scores.metrics import epoch_metrics, log_loss, report
from bertfit.scores.outcomes import probabilities

BINARY = Task("binary", ("ham", "spam"))
FOUR = Task("multiclass", ("a", "b", "c", "d"))
MULTI = Task("multilabel", ("x", "y", "z"))
NUMBER = Task("regression", ("score",), center=10.0, scale=4.0)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_binary_by_hand():
    # Truth ham ham spam spam spam; predicted ham spam spam spam ham.
    p = np.array([0.1, 0.6, 0.9, 0.5, 0.3])
    result = report(BINARY, np.stack([1 - p, p], 1), [0, 0, 1, 1, 1])
    assert result["confusion"].tolist() == [[1, 1], [1, 2]]
    assert result["per_class"]["precision"].tolist() == [1 / 2, 2 / 3]
    assert result["per_class"]["recall"].tolist() == [1 / 2, 2 / 3]
    assert result["per_class"]["support"].tolist() == [2, 3]
    assert result["overall"]["accuracy"] == pytest.approx(3 / 5)
    # Of the six (ham, spam) pairs, 0.6 beats 0.5 and 0.3: four are in order.
    assert result["overall"]["auc"] == pytest.approx(4 / 6)
    assert result["overall"]["brier"] == pytest.approx((0.01 + 0.36 + 0.01 + 0.25 + 0.49) / 5)
    expected = -(math.log(0.9) + math.log(0.4) + math.log(0.9) + math.log(0.5) + math.log(0.3)) / 5
    assert result["overall"]["log_loss"] == pytest.approx(expected)
    assert result["averages"]["average"] == ["macro", "weighted"]
    np.testing.assert_allclose(result["averages"]["f1"], [7 / 12, (2 * 0.5 + 3 * 2 / 3) / 5])
    assert result["notes"] == []


def test_fractional_targets_use_the_fraction_for_loss_and_its_half_for_classes():
    p = np.array([0.2, 0.8])
    result = report(BINARY, np.stack([1 - p, p], 1), [0.4, 0.5])
    assert result["per_class"]["support"].tolist() == [1, 1] and result["overall"]["accuracy"] == 1.0
    expected = -(0.4 * math.log(0.2) + 0.6 * math.log(0.8) + 0.5 * math.log(0.8) + 0.5 * math.log(0.2)) / 2
    assert result["overall"]["log_loss"] == pytest.approx(expected)
    assert result["overall"]["brier"] == pytest.approx((0.04 + 0.09) / 2)
    assert any("fractions" in note for note in result["notes"])


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8])
def test_binary_as_sklearn(rng, threshold):
    y = rng.integers(0, 2, 500)
    p = np.round(np.clip(0.3 * y + rng.random(500) * 0.7, 0.01, 0.99), 2)  # rounding makes ties
    result = report(BINARY, np.stack([1 - p, p], 1), y, threshold)
    predicted = (p >= threshold).astype(int)
    assert result["overall"]["auc"] == pytest.approx(sk.roc_auc_score(y, p))
    assert result["overall"]["pr_auc"] == pytest.approx(sk.average_precision_score(y, p))
    assert result["overall"]["log_loss"] == pytest.approx(sk.log_loss(y, p))
    assert result["overall"]["brier"] == pytest.approx(sk.brier_score_loss(y, p))
    expect_table(result, y, predicted, 2)


def expect_table(result, y, predicted, k):
    precision, recall, f1, support = sk.precision_recall_fscore_support(y, predicted, labels=range(k))
    for name, values in zip(("precision", "recall", "f1", "support"), (precision, recall, f1, support), strict=True):
        np.testing.assert_allclose(result["per_class"][name], values)
    for i, average in enumerate(("macro", "weighted")):
        expected = sk.precision_recall_fscore_support(y, predicted, labels=range(k), average=average)
        got = [result["averages"][name][i] for name in ("precision", "recall", "f1")]
        np.testing.assert_allclose(got, expected[:3])
    np.testing.assert_array_equal(result["confusion"], sk.confusion_matrix(y, predicted, labels=range(k)))
    assert result["overall"]["accuracy"] == pytest.approx(sk.accuracy_score(y, predicted))


def test_multiclass_as_sklearn(rng):
    y = rng.integers(0, 4, 400)
    p = probabilities(FOUR, rng.normal(size=(400, 4)) + 1.5 * np.eye(4)[y])
    result = report(FOUR, p, y)
    expect_table(result, y, p.argmax(1), 4)
    assert result["overall"]["auc"] == pytest.approx(sk.roc_auc_score(y, p, multi_class="ovr", average="macro"))
    assert result["overall"]["log_loss"] == pytest.approx(sk.log_loss(y, p))
    areas = [sk.average_precision_score(y == j, p[:, j]) for j in range(4)]
    np.testing.assert_allclose(result["per_class"]["pr_auc"], areas)
    assert result["overall"]["brier"] == pytest.approx(((p - np.eye(4)[y]) ** 2).sum() / 400)
    assert result["threshold"] is None


def test_multilabel_as_sklearn(rng):
    y = (rng.random((300, 3)) < [0.5, 0.2, 0.7]).astype(float)
    p = np.clip(0.25 * y + 0.7 * rng.random((300, 3)), 0.01, 0.99)
    result = report(MULTI, p, y, 0.4)
    predicted = (p >= 0.4).astype(int)
    for name, values in zip(
        ("precision", "recall", "f1", "support"), sk.precision_recall_fscore_support(y, predicted), strict=True
    ):
        np.testing.assert_allclose(result["per_class"][name], values)
    for i, average in enumerate(("macro", "weighted", "micro")):
        expected = sk.precision_recall_fscore_support(y, predicted, average=average)
        np.testing.assert_allclose([result["averages"][n][i] for n in ("precision", "recall", "f1")], expected[:3])
    assert result["averages"]["support"].tolist() == [y.sum()] * 3
    assert result["overall"]["auc"] == pytest.approx(sk.roc_auc_score(y, p, average="macro"))
    assert result["overall"]["subset_accuracy"] == pytest.approx(sk.accuracy_score(y, predicted))
    assert result["overall"]["log_loss"] == pytest.approx(np.mean([sk.log_loss(y[:, j], p[:, j]) for j in range(3)]))
    cells = sk.multilabel_confusion_matrix(y, predicted)
    for name, (i, j) in {"tn": (0, 0), "fp": (0, 1), "fn": (1, 0), "tp": (1, 1)}.items():
        assert result["per_class"][name].tolist() == cells[:, i, j].tolist()


def test_regression_as_sklearn(rng):
    y = rng.normal(10, 4, 200)
    predicted = y + rng.normal(0, 1, 200)
    overall = report(NUMBER, predicted, y)["overall"]
    assert overall["rmse"] == pytest.approx(math.sqrt(sk.mean_squared_error(y, predicted)))
    assert overall["mae"] == pytest.approx(sk.mean_absolute_error(y, predicted))
    assert overall["r2"] == pytest.approx(sk.r2_score(y, predicted))
    # Spearman is Pearson on ranks; no ties here.
    ranks = np.corrcoef(y.argsort().argsort(), predicted.argsort().argsort())[0, 1]
    assert overall["spearman"] == pytest.approx(ranks)


def test_one_class_only_is_nan_with_a_note_and_no_warning():
    p = np.array([[0.9, 0.1], [0.8, 0.2]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = report(BINARY, p, [0, 0])
    assert math.isnan(result["overall"]["auc"]) and math.isnan(result["overall"]["pr_auc"])
    assert result["overall"]["accuracy"] == 1.0
    assert math.isnan(result["per_class"]["precision"][1]) and math.isnan(result["per_class"]["f1"][1])
    assert result["averages"]["f1"].tolist() == [1.0, 1.0]
    assert any("Only one class" in note for note in result["notes"])
    assert any('predicted as "spam"' in note for note in result["notes"])


def test_a_class_that_occurs_but_is_never_predicted_has_f1_zero_not_nan():
    p = np.array([[0.9, 0.1], [0.8, 0.2]])
    result = report(BINARY, p, [0, 1])
    assert result["per_class"]["f1"][1] == 0.0 and result["averages"]["f1"][0] == pytest.approx((2 / 3) / 2)


def test_constant_regression_target_is_nan_with_a_note():
    result = report(NUMBER, np.array([1.0, 2.0]), [5.0, 5.0])
    assert math.isnan(result["overall"]["r2"]) and math.isnan(result["overall"]["spearman"]) and result["notes"]
    result = report(NUMBER, np.array([2.0, 2.0]), [5.0, 6.0])
    assert math.isnan(result["overall"]["spearman"]) and "predictions are equal" in result["notes"][0]


def test_log_loss_of_a_certain_mistake_is_finite():
    assert log_loss([1.0], [0.0]) == pytest.approx(-math.log(1e-15))


def test_refuses_no_rows_and_no_threshold():
    with pytest.raises(DataError, match="At least one row"):
        report(BINARY, np.empty((0, 2)), [])
    with pytest.raises(ArgumentError, match="`threshold`"):
        report(BINARY, np.array([[0.5, 0.5]]), [1], threshold=1.5)


@pytest.mark.parametrize("task, outputs", [(BINARY, 1), (FOUR, 4), (MULTI, 3)])
def test_epoch_metrics_agree_with_the_report(rng, task, outputs):
    logits = rng.normal(size=(60, outputs))
    shape = (60, 3) if task is MULTI else 60
    y = rng.integers(0, 4 if task is FOUR else 2, shape).astype(float)
    full = report(task, probabilities(task, logits), y)
    watched = epoch_metrics(task, logits, y)
    assert set(watched) == {"accuracy", "auc", "f1_macro"}
    assert watched["accuracy"] == full["overall"]["accuracy"]
    assert watched["auc"] == full["overall"]["auc"]
    assert watched["f1_macro"] == full["averages"]["f1"][0]


def test_epoch_rmse_is_on_the_scale_of_the_targets():
    # Logits 0 and 1 mean 10 and 14.
    assert epoch_metrics(NUMBER, np.array([[0.0], [1.0]]), [10.0, 11.0]) == {"rmse": pytest.approx(math.sqrt(9 / 2))}


def test_epoch_metrics_without_rows_are_nan():
    assert all(math.isnan(v) for v in epoch_metrics(BINARY, np.empty((0, 1)), []).values())


def test_counts_have_an_integer_type_whatever_occurs():
    """Also for a label that never occurs and is never predicted, and for a single label."""
    p = np.array([[0.1, 0.9, 0.1], [0.2, 0.8, 0.6]])
    table = report(MULTI, p, [[0, 1, 1], [0, 1, 0]])["per_class"]
    assert {name: table[name].tolist() for name in ("tp", "fp", "fn", "tn", "support")} == {
        "tp": [0, 2, 0], "fp": [0, 0, 1], "fn": [0, 0, 1], "tn": [2, 0, 0], "support": [0, 2, 1]}
    assert all(table[name].dtype.kind == "i" for name in ("tp", "fp", "fn", "tn", "support"))
    np.testing.assert_array_equal(table["f1"], [math.nan, 1.0, 0.0])
    one = report(Task("multilabel", ("x",)), p[:, 1:2], [1, 0])["per_class"]
    assert [one[name].tolist() for name in ("precision", "recall", "tp", "fp")] == [[0.5], [1.0], [1], [1]]


def test_scikit_learn_is_imported_when_first_needed():
    code = ("import sys, bertfit.scores as s; [getattr(s, name) for name in s.__all__]; "
            "assert not [name for name in sys.modules if name.startswith('sklearn')]")
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})

"""Evaluation is the report of the predictions; targets are checked before the model runs."""

import numpy as np
import pytest
import sklearn.metrics as sk

from bertfit.errors import ArgumentError, DataError
from bertfit.inference.evaluation import evaluate, evaluate_groups
from bertfit.inference.prediction import predict
from bertfit.rows.table import Rows
from toys.models import TEXTS, toy_head, toy_model


def test_binary_report_on_the_models_own_predictions():
    model = toy_head()
    y = [0, 1, 0, 1, 1, 0]
    p = predict(model, Rows(TEXTS))[:, 1]
    got = evaluate(model, Rows.of(TEXTS, targets=y), threshold=float(np.median(p)))
    assert got["overall"]["auc"] == pytest.approx(sk.roc_auc_score(y, p))
    assert got["confusion"].tolist() == sk.confusion_matrix(y, p >= np.median(p)).tolist()
    assert got["n"] == 6 and got["labels"] == ["ham", "spam"]


def test_regression_report_is_on_the_scale_of_the_targets():
    model = toy_head("regression")
    y = predict(model, Rows(TEXTS)) + np.array([1, -1, 1, -1, 1, -1])
    assert evaluate(model, Rows.of(TEXTS, targets=y))["overall"]["rmse"] == pytest.approx(1.0, abs=1e-5)


def test_wrong_targets_are_refused_before_the_model_runs(monkeypatch):
    model = toy_head("multiclass")
    monkeypatch.setattr(model, "run", lambda *a, **k: pytest.fail("the model ran"))
    with pytest.raises(DataError, match="Row 5 "):
        evaluate(model, Rows.of(TEXTS, targets=[0, 1, 2, 0, 1, 3]))
    with pytest.raises(DataError, match="6 values"):
        evaluate(model, Rows.of(TEXTS, targets=[0, 1]))
    with pytest.raises(ArgumentError, match="must be fitted"):
        evaluate(toy_model(), Rows.of(TEXTS, targets=[0] * 6))
    with pytest.raises(ArgumentError, match="`pair` must be left out"):
        evaluate(model, Rows.of(TEXTS, TEXTS, [0] * 6))
    for threshold in (1.5, "0.5", True, 0.5):
        with pytest.raises(ArgumentError, match="`threshold`"):
            evaluate(model, Rows.of(TEXTS, targets=[0] * 6), threshold=threshold)


def test_a_threshold_is_refused_where_nothing_is_decided_by_one():
    for kind, targets in (("multiclass", [0, 1, 2, 0, 1, 2]), ("regression", [1.0] * 6)):
        with pytest.raises(ArgumentError, match=f"`threshold` must be left out for a {kind} model"):
            evaluate(toy_head(kind), Rows.of(TEXTS, targets=targets), threshold=0.2)
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        evaluate(toy_head(), Rows.of(TEXTS, targets=[0, 1] * 3), threshold=1.5)


def test_groups_are_evaluated_as_if_alone():
    model, y, groups = toy_head(), np.array([0, 1, 0, 1, 1, 0]), np.array([1, 0, 1, 0, 1, 0])
    got = evaluate_groups(model, Rows.of(TEXTS, targets=y), groups, threshold=0.4)
    assert got["n"].tolist() == [3, 3]
    for group in (0, 1):
        mine = np.flatnonzero(groups == group)
        alone = evaluate(model, Rows.of([TEXTS[i] for i in mine], targets=y[mine]), threshold=0.4)["overall"]
        assert {name: column[group] for name, column in got.items() if name != "n"} == pytest.approx(alone, abs=1e-6)


def test_curves_come_where_asked_for():
    rows = Rows.of(TEXTS, targets=[0, 1] * 3)
    assert "curves" not in evaluate(toy_head(), rows)
    assert set(evaluate(toy_head(), rows, with_curves=True)["curves"]) == {"roc", "pr", "calibration"}

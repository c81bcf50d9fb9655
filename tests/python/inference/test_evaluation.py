"""Evaluation is the report of the predictions; targets are checked before the model runs."""

import numpy as np
import pytest
import sklearn.metrics as sk

from bertfit.errors import ArgumentError, DataError
from bertfit.inference.evaluation import evaluate
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
    with pytest.raises(DataError, match="Row 6 "):
        evaluate(model, Rows.of(TEXTS, targets=[0, 1, 2, 0, 1, 3]))
    with pytest.raises(DataError, match="6 values"):
        evaluate(model, Rows.of(TEXTS, targets=[0, 1]))
    with pytest.raises(ArgumentError, match="must be fitted"):
        evaluate(toy_model(), Rows.of(TEXTS, targets=[0] * 6))
    with pytest.raises(ArgumentError, match="`pair` must be left out"):
        evaluate(model, Rows.of(TEXTS, TEXTS, [0] * 6))
    for threshold in (1.5, "0.5", True, None):
        with pytest.raises(ArgumentError, match="`threshold`"):
            evaluate(model, Rows.of(TEXTS, targets=[0] * 6), threshold=threshold)

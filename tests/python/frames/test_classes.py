"""Classes come back as the caller had them: predictions compare equal to the truth."""

import pickle

import numpy as np
import pandas as pd
import pytest

from bertfit.frames.bert import Bert
from bertfit.frames.classes import Classes
from bertfit.frames.fitting import fit
from bertfit.frames.opening import load
from bertfit.frames.targets import read_target
from toys.models import toy_head, toy_model, toy_rows

TEXTS, GOOD = toy_rows(40)
QUICK = {"epochs": 3, "seed": 1, "verbose": 0, "precision": "float32", "freeze": "encoder", "learning_rate": 0.05,
         "head": {"pooling": "mean"}, "validation": 0.0}
CODES = GOOD.astype(int)
TARGETS = {
    "int": CODES,
    "bool": CODES == 1,
    "float": CODES.astype(float),
    "str": np.where(CODES == 1, "yes", "no").astype(object),
    "category": pd.Categorical(np.where(CODES == 1, "yes", "no"), categories=["yes", "no"], ordered=True),
    "codes": pd.Categorical(np.where(CODES == 1, 7, 3)),
}


@pytest.fixture(scope="module")
def model():
    return toy_model()


@pytest.fixture(scope="module")
def fitted(model):
    return fit(pd.DataFrame({"text": TEXTS, "y": CODES}), "text", "y", model, **QUICK)


@pytest.mark.parametrize("kind", TARGETS)
def test_a_class_has_the_type_of_the_target(fitted, kind):
    frame = pd.DataFrame({"text": TEXTS, "y": TARGETS[kind]})
    target = read_target({"y": frame["y"]})
    positive = target.numbers[np.flatnonzero(CODES)[0]] == 1  # categories keep their order: "yes" may be the first
    fitted.model.record["classes"] = target.classes.to_record()
    got = fitted.predict(frame, type="class")[".pred_class"]
    assert got.dtype == frame["y"].dtype
    assert ((got == frame["y"]).mean() > 0.6) == positive  # false everywhere, when classes came back as text
    listed = fitted.predict(TEXTS, type="class")
    assert listed.tolist() == got.tolist() and listed.dtype == np.asarray(frame["y"]).dtype


@pytest.mark.parametrize("kind", ["int", "category"])
def test_bundles_and_pickles_keep_the_type(model, kind, tmp_path):
    frame = pd.DataFrame({"text": TEXTS, "y": TARGETS[kind]})
    fitted = fit(frame, "text", "y", model, **QUICK)
    for opened in (pickle.loads(pickle.dumps(fitted)), load(fitted.save(tmp_path / "bundle"))):
        got = opened.predict(frame, type="class")[".pred_class"]
        assert got.dtype == frame["y"].dtype and (got == frame["y"]).mean() > 0.6
        assert opened.classes.tolist() == fitted.classes.tolist() == {"int": [0, 1], "category": ["yes", "no"]}[kind]


def test_lists_of_booleans_and_their_weights(model):
    fitted = fit(None, TEXTS, [bool(code) for code in CODES], model, class_weights={False: 1, True: 2}, **QUICK)
    got = fitted.predict(TEXTS, type="class")
    assert got.dtype == bool and fitted.labels == ("FALSE", "TRUE") and fitted.classes.tolist() == [False, True]
    assert fitted.evaluate(TEXTS, got)["overall"]["accuracy"] == 1


def test_boolean_columns_of_several_labels(model):
    frame = pd.DataFrame({"text": TEXTS, "a": CODES == 1, "b": CODES == 0})
    got = fit(frame, "text", ["a", "b"], model, **QUICK).predict(frame, type="class")
    assert got.dtypes.tolist() == [bool, bool] and (got[".pred_class_a"] == frame["a"]).mean() > 0.6
    whole = fit(frame.astype({"b": int}), "text", ["a", "b"], model, **QUICK).predict(frame, type="class")
    assert whole.dtypes.tolist() == [np.int64, np.int64]


def test_a_model_of_an_earlier_version_predicts_categories_of_text():
    old = Bert(toy_head("multiclass"))
    assert "classes" not in old.model.record and old.classes.tolist() == ["a", "b", "c"]
    got = old.predict(pd.DataFrame({"text": TEXTS}), type="class")[".pred_class"]
    assert list(got.cat.categories) == ["a", "b", "c"] and not got.cat.ordered
    assert set(old.predict(TEXTS, type="class")) <= {"a", "b", "c"}
    assert Bert(toy_head("regression")).classes is None


def test_a_record_reads_back_as_the_classes():
    for classes in (Classes((False, True)), Classes((1, "b")), Classes((1.0, 2.5), "ordered")):
        assert Classes.recorded(None, {"classes": classes.to_record()}) == classes

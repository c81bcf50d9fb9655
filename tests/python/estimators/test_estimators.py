"""The estimators at work: searches, pipelines, clones, pickles, pairs, several labels, weights."""

import dataclasses
import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

import bertfit
from bertfit import BertClassifier, BertEmbedder, BertRegressor
from bertfit.errors import ArgumentError, DataError
from bertfit.estimators.base import RENAMED, read_texts
from toys.models import toy_model, toy_rows

TEXTS, GOOD = toy_rows(60)
WORDS = np.where(GOOD > 0, "yes", "no")
TOY = bertfit.Bert(toy_model())
FAST = {"validation": 0.0, "freeze": "encoder", "head": {"pooling": "mean"}, "learning_rate": 0.05, "epochs": 30,
        "precision": "float32", "random_state": 0}


@pytest.fixture(scope="module")
def fitted():
    return BertClassifier(TOY, **FAST).fit(TEXTS, WORDS)


def test_a_classifier_gives_classes_probabilities_and_logits(fitted):
    assert fitted.classes_.tolist() == ["no", "yes"] and fitted.score(TEXTS, WORDS) > 0.8
    p, logits = fitted.predict_proba(TEXTS), fitted.decision_function(TEXTS)
    np.testing.assert_array_equal(p, fitted.bert_.predict(TEXTS))
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), p[:, 1], rtol=1e-6)
    assert (fitted.predict(TEXTS) == fitted.classes_[p.argmax(axis=1)]).all()
    assert fitted.bert_.classes.tolist() == fitted.classes_.tolist()
    for column in (pd.Series(TEXTS), np.array(TEXTS), np.array(TEXTS)[:, None], pd.DataFrame({"text": TEXTS})):
        np.testing.assert_array_equal(fitted.predict(column), fitted.predict(TEXTS))


def test_clones_and_pickles(fitted):
    copy = clone(fitted)
    assert copy.model is TOY and copy.get_params() == fitted.get_params() and not hasattr(copy, "bert_")
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(TEXTS[:4]), fitted.predict_proba(TEXTS[:4]))


def test_a_grid_search_in_a_pipeline():
    pipe = make_pipeline(BertClassifier(TOY, **FAST))
    search = GridSearchCV(pipe, {"bertclassifier__learning_rate": [1e-6, 0.05]}, cv=2).fit(TEXTS, GOOD.astype(int))
    assert search.best_params_ == {"bertclassifier__learning_rate": 0.05}
    assert search.predict(TEXTS).dtype == int and search.score(TEXTS, GOOD.astype(int)) > 0.8


def test_an_embedder_feeds_another_estimator():
    scores = cross_val_score(make_pipeline(BertEmbedder(TOY), LogisticRegression(C=100)), TEXTS, WORDS, cv=3)
    assert scores.mean() > 0.8
    embedder = BertEmbedder(TOY, layers=(1, -1), pooling="cls").set_output(transform="pandas")
    vectors = embedder.fit_transform(TEXTS[:3])
    np.testing.assert_array_equal(vectors, TOY.embed(TEXTS[:3], layers=(1, -1), pooling="cls"))
    assert vectors.columns[-1] == "bertembedder31" and vectors.to_numpy().dtype == np.float32


def test_a_regressor_on_the_scale_of_the_target():
    y = 100 + 10 * GOOD
    fitted = BertRegressor(TOY, **{**FAST, "epochs": 30}).fit(TEXTS, y)
    assert fitted.score(TEXTS, y) > 0.5 and fitted.bert_.task.kind == "regression"


def test_pairs_several_labels_and_classes_of_numbers():
    pairs = pd.DataFrame({"first": TEXTS, "second": TEXTS[::-1]})
    y = np.stack([GOOD, 1 - GOOD], axis=1).astype(int)
    several = BertClassifier(TOY, **FAST).fit(pairs, y)
    assert several.predict(pairs).shape == several.predict_proba(pairs).shape == (60, 2)
    assert several.predict(pairs).tolist() == (several.predict_proba(pairs) >= 0.5).astype(int).tolist()
    assert several.bert_.model.record["pairs"] and several.classes_.tolist() == [0, 1]
    three = np.arange(60) % 3 * 5 - 5
    numbers = BertClassifier(TOY, **FAST).fit(TEXTS, three)
    assert numbers.classes_.tolist() == [-5, 0, 5] and numbers.decision_function(TEXTS).shape == (60, 3)
    assert set(numbers.predict(TEXTS)) <= {-5, 0, 5}


def test_weights_of_rows_and_classes():
    heavy = BertClassifier(TOY, **FAST).fit(TEXTS, WORDS, sample_weight=np.where(GOOD > 0, 1.0, 1e-6))
    assert (heavy.predict(TEXTS) == "yes").all()
    light = BertClassifier(TOY, class_weight={"no": 1, "yes": 1e-6}, **FAST).fit(TEXTS, WORDS)
    assert (light.predict(TEXTS) == "no").all()


@pytest.mark.parametrize(("X", "y", "parameters", "error", "message"), [
    ("a text", [1], {}, DataError, "`X` must be a list or a column"),
    ([[1.0, 2.0, 3.0]], [1], {}, DataError, "must be strings"),
    (np.zeros((4, 3)), [0, 1, 0, 1], {}, DataError, "3 columns"),
    (["a", None], [0, 1], {}, DataError, "Row 1 is missing"),
    ([], [], {}, ValueError, "0"),
    (["a", "b", "c"], [0, 1], {}, DataError, "3 texts and 2 targets"),
    (["a", "b"], [0.5, 1.2], {}, ValueError, "Unknown label type: continuous"),
    (["a", "b"], [0, 1], {"epochs": 0}, ArgumentError, "`epochs` must be a whole number"),
    (["a", "b"], [0, 1], {"head": 3}, ArgumentError, "`head` must be a HeadConfig"),
    (["a", "b"], [0, 1], {"model": "no-such-model"}, ArgumentError, "no-such-model"),
])
def test_parameters_and_data_are_checked_by_fit(X, y, parameters, error, message):
    estimator = BertClassifier(**{"model": TOY, **FAST, **parameters})
    with pytest.raises(error, match=message):
        estimator.fit(X, y)


#: Clones of an estimator cannot share the folder of a run.
SAVING = {"checkpoint", "save_steps", "resume", "overwrite"}


@pytest.mark.parametrize(("kind", "without"), [(BertClassifier, SAVING), (BertRegressor, SAVING | {"class_weight"})])
def test_parameters_are_the_settings_of_training_with_their_defaults(kind, without):
    parameters = inspect.signature(kind).parameters
    fields = {RENAMED.get(f.name, f.name): f.default for f in dataclasses.fields(bertfit.TrainConfig)}
    assert set(parameters) == {*fields, "model", "head", "callbacks"} - without
    assert {n: p.default for n, p in parameters.items() if n in fields} == {
        n: v for n, v in {**fields, "verbose": 0}.items() if n not in without}


def test_texts_are_read_from_what_pipelines_pass():
    assert read_texts(pd.DataFrame({"a": ["x"], "b": ["y"]})).pairs == ["y"]
    assert read_texts(np.array(["x", "y"])).texts == ["x", "y"]


def test_estimators_read_long_texts_in_windows():
    long = ["film the plot a very " * 5 + text for text in TEXTS]
    classifier = BertClassifier(TOY, max_len=12, long_text="windows", stride=2, window_pooling="max", **FAST)
    assert clone(classifier).get_params() == classifier.get_params()
    p = classifier.fit(long, WORDS).predict_proba(long)
    assert classifier.bert_.model.record["windows"] == 4 * 60  # 28 words in windows of ten, steps of 8
    assert not np.allclose(p, classifier.bert_.predict(long, window_pooling="mean"))
    regressor = BertRegressor(TOY, max_len=12, long_text="head_tail", **{**FAST, "epochs": 1}).fit(long, GOOD)
    assert regressor.bert_.model.record["settings"]["long_text"] == "head_tail"
    vectors = BertEmbedder(regressor.bert_, long_text="windows", stride=2).fit(long).transform(long)
    np.testing.assert_allclose(vectors, regressor.bert_.embed(long, long_text="windows", stride=2))

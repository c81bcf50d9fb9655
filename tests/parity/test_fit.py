"""What R users get from a fit, its predictions, measures and vectors is what Python users get, number by number."""

import numpy as np
import pandas as pd
import pytest

import bertfit
from bertfit.checks import label_text

SETTINGS = {"epochs": 2, "batch_size": 8, "learning_rate": 0.01, "validation": 0.25, "freeze": "encoder", "seed": 3,
            "precision": "float32", "verbose": 0}
TARGETS = {"binary": ["share"], "multiclass": ["kind"], "multilabel": ["share", "flag"], "regression": ["score"]}


def r_value(value) -> str:
    """Python's value as R code."""
    if isinstance(value, list):
        return f"c({', '.join(map(r_value, value))})"
    return f'"{value}"' if isinstance(value, str) else repr(value)


@pytest.fixture(scope="module")
def frame(r, tmp_path_factory) -> pd.DataFrame:
    """Forty rows, as `data` in R too."""
    rng = np.random.default_rng(1)
    texts = [" ".join(rng.choice(list("abcdefgh"), rng.integers(1, 9))) for _ in range(40)]
    has_a = np.array(["a" in text for text in texts], float)
    data = pd.DataFrame({
        "text": texts, "other": texts[::-1], "share": has_a * 0.75, "flag": has_a,
        "score": (10 * has_a + rng.random(40)).round(2),
        "kind": np.where(has_a > 0, "A", np.where(["b" in text for text in texts], "b", "é")),
    })
    path = tmp_path_factory.mktemp("data") / "data.csv"
    data.to_csv(path, index=False)
    r(f'data <- data.table::fread("{path}", encoding = "UTF-8")')
    return pd.read_csv(path, float_precision="round_trip")


def both(r, models, frame, target, **settings):
    """A model fitted from Python; the same fit is `fit` in R."""
    pair = settings.pop("pair", None)
    settings = {**SETTINGS, **settings}
    given = ", ".join(f"{name} = {r_value(value)}" for name, value in settings.items())
    r(f"fit <- bert_fit(data, text = 'text', target = {r_value(target)}, model = model, "
      f"pair = {r_value(pair) if pair else 'NULL'}, {given})")
    return bertfit.fit(frame, "text", target, models, pair=pair, **settings)


def matrix(r, code) -> np.ndarray:
    return np.asarray(r(f"as.matrix({code})"))


def assert_same_columns(r, code, expected: pd.DataFrame):
    assert list(r(f"names({code})")) == list(expected.columns)
    values = matrix(r, code).reshape(expected.shape, order="F")  # strings come without their shape
    np.testing.assert_array_equal(values, expected.to_numpy())


@pytest.mark.parametrize("kind", TARGETS)
def test_fit_predict_evaluate_and_embed(r, models, frame, kind):
    fitted = both(r, models, frame, TARGETS[kind])
    assert r("fit$task")[0] == fitted.task.kind == kind and list(r("fit$labels")) == list(fitted.labels)
    for name in fitted.history.columns.drop("seconds"):
        np.testing.assert_array_equal(np.asarray(r(f"fit$history${name}")), fitted.history[name])

    assert_same_columns(r, "predict(fit, data)", fitted.predict(frame))
    if kind != "regression":
        assert_same_columns(r, 'predict(fit, data, type = "link")', fitted.predict(frame, type="link"))
        classes = fitted.predict(frame, type="class")
        if kind != "multilabel":  # R's are a factor, Python's of the target's type
            classes = classes[".pred_class"].map(label_text).to_frame()
        assert_same_columns(r, 'predict(fit, data, type = "class")', classes)

    r("measured <- bert_evaluate(fit, data)")
    measured = fitted.evaluate(frame)
    assert dict(zip(r("names(measured$metrics)"), r("measured$metrics"), strict=True)) == measured["overall"]
    if kind != "regression":
        for name in ("precision", "recall", "f1", "support"):
            by_class = np.asarray(r(f"measured$per_class${name}"), float)
            np.testing.assert_array_equal(by_class, measured["per_class"][name])
    if kind in ("binary", "multiclass"):
        np.testing.assert_array_equal(matrix(r, "measured$confusion"), measured["confusion"])

    np.testing.assert_array_equal(matrix(r, "bert_embed(fit, data, layers = c(1, -1))"),
                                  fitted.embed(frame, layers=(1, -1)).astype(float))


def test_a_fit_of_all_layers_on_pairs(r, models, frame):
    fitted = both(r, models, frame, ["share"], pair="other", freeze="none", epochs=1, learning_rate=1e-3)
    assert_same_columns(r, "predict(fit, data)", fitted.predict(frame))
    assert np.ptp(fitted.predict(frame).to_numpy()[:, 1]) > 1e-3


def test_each_side_opens_what_the_other_saved(r, models, frame, tmp_path):
    fitted = both(r, models, frame, ["kind"], epochs=1)
    expected = fitted.predict(frame)
    r(f'path <- bert_save(fit, "{tmp_path / "from-r"}")')
    np.testing.assert_array_equal(bertfit.load(r("path")[0]).predict(frame), expected)
    fitted.save(tmp_path / "from-python")
    assert_same_columns(r, f'predict(bert_load("{tmp_path / "from-python"}"), data)', expected)


def test_vectors_of_a_model_that_was_only_loaded(r, models, frame):
    for pooling in ("nsp", "cls", "mean", "max"):
        np.testing.assert_array_equal(matrix(r, f'bert_embed(model, data$text, pooling = "{pooling}")'),
                                      models.embed(list(frame["text"]), pooling=pooling).astype(float))

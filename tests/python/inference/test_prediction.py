"""Predictions against the network called by hand, one text at a time without padding."""

import warnings

import numpy as np
import pytest

from bertfit import _env
from bertfit.errors import ArgumentError, DataError
from bertfit.inference.prediction import predict
from bertfit.notices import TruncationWarning
from bertfit.rows.table import Rows
from toys.models import TEXTS, toy_head, toy_model

LONG = " ".join(["good film"] * 20)


def by_hand(model, texts):
    """Logits of each text on its own, cut as the fit cut."""
    tf = _env.tensorflow()
    rows = []
    for text in texts:
        encoding = model.tokenizer.encode([text], max_len=model.record["max_len"])
        rows.append(model.graph()([tf.constant(encoding.ids[None]), tf.constant(encoding.segments[None])]).numpy()[0])
    return np.array(rows, np.float64)


def test_binary_predictions_are_the_sigmoid_of_the_logits():
    model = toy_head("binary")
    texts = [*TEXTS, LONG, TEXTS[0]]
    z = by_hand(model, texts)
    np.testing.assert_allclose(predict(model, Rows.of(texts), type="link"), z, atol=1e-5)
    p = predict(model, Rows.of(texts))
    assert p.shape == (8, 2) and p.dtype == np.float64
    np.testing.assert_allclose(p[:, 1], 1 / (1 + np.exp(-z[:, 0])), atol=1e-6)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    got = predict(model, Rows.of(texts), type="class")
    assert got.dtype == np.int32 and got.tolist() == (z[:, 0] >= 0).astype(int).tolist()
    np.testing.assert_array_equal(p[0], p[-1])


def test_multiclass_predictions_are_the_softmax_of_the_logits():
    model = toy_head("multiclass")
    z = by_hand(model, TEXTS)
    e = np.exp(z)
    np.testing.assert_allclose(predict(model, Rows.of(TEXTS)), e / e.sum(1, keepdims=True), atol=1e-6)
    assert predict(model, Rows.of(TEXTS), type="class").tolist() == z.argmax(1).tolist()


def test_multilabel_predictions_are_one_sigmoid_per_label():
    model = toy_head("multilabel")
    z = by_hand(model, TEXTS)
    np.testing.assert_allclose(predict(model, Rows.of(TEXTS)), 1 / (1 + np.exp(-z)), atol=1e-6)
    assert predict(model, Rows.of(TEXTS), type="class").tolist() == (z >= 0).astype(int).tolist()


def test_regression_is_on_the_scale_of_the_targets():
    model = toy_head("regression")
    got = predict(model, Rows.of(TEXTS))
    assert got.shape == (6,)
    np.testing.assert_allclose(got, 5 + 2 * by_hand(model, TEXTS)[:, 0], atol=1e-5)


def test_batches_do_not_change_the_answer():
    model = toy_head("multiclass")
    texts = TEXTS * 3 + [LONG]
    whole = predict(model, Rows.of(texts), type="link")
    np.testing.assert_allclose(predict(model, Rows.of(texts), type="link", batch_size=1), whole, atol=1e-5)
    order = np.random.default_rng(0).permutation(len(texts))
    np.testing.assert_allclose(predict(model, Rows.of([texts[i] for i in order]), type="link"), whole[order], atol=1e-5)


def test_no_texts_give_no_rows_and_one_string_is_one_text():
    model = toy_head("multiclass")
    assert predict(model, Rows.of([])).shape == (0, 3)
    np.testing.assert_array_equal(predict(model, Rows.of("fun")), predict(model, Rows.of(["fun"])))


@pytest.mark.parametrize(
    "kind, type, message",
    [("binary", "numeric", "binary target"), ("regression", "prob", "regression target"),
     ("regression", "class", '"numeric"'), ("binary", "probability", "'probability'")],
)
def test_types_of_prediction_that_do_not_fit_the_task_are_refused(kind, type, message):
    with pytest.raises(ArgumentError, match=message):
        predict(toy_head(kind), Rows.of(TEXTS), type=type)


def test_unfitted_models_missing_texts_and_unexpected_pairs_are_refused():
    with pytest.raises(ArgumentError, match="must be fitted"):
        predict(toy_model(), Rows.of(TEXTS))
    with pytest.raises(DataError, match="Row 1 is missing"):
        predict(toy_head(), Rows.of(["fun", None]))
    with pytest.raises(ArgumentError, match="`pair` must be left out"):
        predict(toy_head(), Rows.of(["fun"], ["dull"]))
    model = toy_head()
    model.record["pairs"] = True
    with pytest.raises(ArgumentError, match="`pair` must be given"):
        predict(model, Rows.of(["fun"]))
    assert predict(model, Rows.of(["fun"], ["dull"])).shape == (1, 2)


@pytest.mark.parametrize("kind", ["binary", "multilabel"])
def test_a_threshold_decides_the_classes(kind):
    model = toy_head(kind)
    p = predict(model, Rows.of(TEXTS))
    p = p[:, 1] if kind == "binary" else p
    for threshold in (0.0, float(np.median(p)), 1.0):
        got = predict(model, Rows.of(TEXTS), type="class", threshold=threshold)
        np.testing.assert_array_equal(got, p >= threshold)


@pytest.mark.parametrize("kind, options, message", [
    ("binary", {"type": "prob", "threshold": 0.5}, "left out unless type='class'"),
    ("regression", {"threshold": 0.5}, "left out unless type='class'"),
    ("multiclass", {"type": "class", "threshold": 0.5}, "left out for a multiclass model"),
    ("binary", {"type": "class", "threshold": 1.2}, "between 0 and 1"),
])
def test_a_threshold_that_would_do_nothing_is_refused(kind, options, message):
    with pytest.raises(ArgumentError, match=f"`threshold` must be .*{message}"):
        predict(toy_head(kind), Rows.of(TEXTS), **options)


def test_cut_texts_are_counted_row_by_row():
    model = toy_head()  # cuts at 16 tokens
    with pytest.warns(TruncationWarning, match=r"^2 of 7 rows were longer than 16 tokens and were cut\.$") as told:
        predict(model, Rows.of([*TEXTS[:5], LONG, LONG]))
    assert told[0].message.n == 2 and told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predict(model, Rows.of(TEXTS[:5]))
        warnings.simplefilter("ignore", TruncationWarning)
        predict(model, Rows.of([LONG]))

"""Predictions and vectors as R asks for them."""

import numpy as np

from bertfit.inference import prediction
from bertfit.r import boundary
from bertfit.rows.table import Rows
from toys.boundary import ask
from toys.models import TEXTS


def test_embeddings_are_in_float64_and_progress_counts_rows(handle):
    vectors = ask("embed", model=handle, rows={"texts": TEXTS}, layers=[-1.0, 1.0], pooling="cls")
    assert vectors.shape == (6, 32) and vectors.dtype == np.float64
    events = []
    ask("embed", model=handle, rows={"texts": TEXTS}, layers=-1.0, progress=events.append)
    assert events[-1] == {"event": "rows", "done": 6, "total": 6}


def test_predictions_are_those_of_the_inference_package(fitted):
    np.testing.assert_array_equal(ask("predict", model=fitted, rows={"texts": TEXTS}, type="class", batch_size=2.0),
                                  prediction.predict(boundary.models[fitted], Rows(TEXTS), type="class", batch_size=2))


def test_windows_are_asked_for_in_rs_numbers(fitted):
    rows = {"texts": ["a good film " * 20, "fun"], "targets": [1.0, 0.0]}
    model, plain = boundary.models[fitted], Rows(rows["texts"])
    reading = {"long_text": "windows", "stride": 4.0, "window_pooling": "max"}
    expected = prediction.predict(model, plain, long_text="windows", stride=4, window_pooling="max")
    np.testing.assert_array_equal(ask("predict", model=fitted, rows=rows, **reading), expected)
    report = ask("evaluate", model=fitted, rows=rows, **reading)
    assert report["overall"]["accuracy"] == np.mean((expected[:, 1] >= 0.5) == [1, 0])
    assert ask("evaluate_groups", model=fitted, rows=rows, groups=[0, 0], **reading)["n"].tolist() == [2]
    vectors = ask("embed", model=fitted, rows=rows, long_text="windows", stride=4.0)
    assert not np.allclose(vectors[0], ask("embed", model=fitted, rows=rows)[0])

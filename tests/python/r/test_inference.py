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

"""Fits as R asks for them, and what R needs to train a Keras model itself."""

import numpy as np
import pytest

from bertfit.r import boundary, functions
from bertfit.rows.table import Rows
from toys.boundary import ask, assert_plain, failure
from toys.models import TEXTS, toy_rows


def test_fit_predict_evaluate_save_and_load(handle, tmp_path):
    texts, y = toy_rows(40)
    events = []
    control = {"epochs": 2.0, "batch_size": 8.0, "learning_rate": 1e-2, "seed": 3.0, "verbose": 0.0, "freeze": 1.0,
               "precision": "float32", "validation": 0.25}
    description = ask(
        "fit", model=handle, rows={"texts": texts, "targets": y}, kind="binary", labels=["0", "1"],
        head={"hidden": 4.0}, control=control, columns={"text": ["comment"], "target": ["toxic"]},
        progress=events.append)
    assert description["fitted"] and description["handle"] != handle and description["sha256"] is None
    record = description["record"]
    assert record["columns"] == {"text": ["comment"], "target": ["toxic"]} and record["settings"]["epochs"] == 2
    assert description["head"]["hidden"] == [4] and record["validation_rows"] == 10
    row = record["best_epoch"] - 1
    assert record["metrics"]["val_loss"] == record["history"]["val_loss"][row]
    assert [e["event"] for e in events if e["event"] != "step"] == ["begin", "epoch", "epoch", "end"]
    for event in events:
        assert_plain(event, event["event"])
    fit = description["handle"]
    p = ask("predict", model=fit, rows={"texts": texts})
    assert p.shape == (40, 2) and p.flags.f_contiguous
    report = ask("evaluate", model=fit, rows={"texts": texts, "targets": y})
    assert report["overall"]["accuracy"] == np.mean((p[:, 1] >= 0.5) == y)
    path = ask("save", model=fit, path=str(tmp_path / "model"))
    assert failure("save", model=fit, path=path)["code"] == "argument"
    ask("save", model=fit, path=path, overwrite=True)
    loaded = ask("load", x=path)
    assert loaded["kind"] == "bundle" and loaded["path"] == path and loaded["fitted"]
    np.testing.assert_array_equal(ask("predict", model=loaded["handle"], rows={"texts": texts}), p)
    packed = ask("to_bytes", model=fit)
    assert type(packed) is bytearray
    again = ask("from_bytes", data=packed)
    assert again["path"] is None
    np.testing.assert_array_equal(ask("predict", model=again["handle"], rows={"texts": texts}), p)
    assert not ask("describe", handle=handle)["fitted"]  # the model that was fitted is as it was


def test_multilabel_targets_come_column_by_column(handle):
    texts, y = toy_rows(24)
    target = np.asfortranarray(np.stack([y, 1 - y], 1))
    target.flags.writeable = False  # R lends its memory
    description = ask("fit", model=handle, rows={"texts": texts, "targets": target}, kind="multilabel",
                      labels=["good", "other"],
                      control={"epochs": 1, "seed": 1, "validation": 0.0, "precision": "float32"})
    assert ask("predict", model=description["handle"], rows={"texts": texts}, type="class").shape == (24, 2)
    report = ask("evaluate", model=description["handle"], rows={"texts": texts, "targets": target})
    assert report["per_class"]["support"].tolist() == [y.sum(), (1 - y).sum()]


def test_regression_learns_center_and_scale_and_validation_rows_are_used(handle):
    texts, y = toy_rows(30)
    held = {"texts": texts[:5], "targets": 100 + 10 * y[:5]}
    description = ask("fit", model=handle, rows={"texts": texts, "targets": 100 + 10 * y}, kind="regression",
                      labels="score", control={"epochs": 1, "seed": 1, "precision": "float32"}, validation=held)
    values = 100 + 10 * y
    assert description["task"]["center"] == pytest.approx(values.mean())
    assert description["task"]["scale"] == pytest.approx(values.std())
    assert description["record"]["validation_rows"] == 5
    predicted = ask("predict", model=description["handle"], rows={"texts": texts})
    assert predicted.shape == (30,) and 80 < predicted.mean() < 130


@pytest.mark.parametrize(
    "changes, code, message",
    [({"control": {"epoch": 2}}, "argument", "Unknown: epoch"), ({"head": {"width": 2}}, "argument", "Unknown: width"),
     ({"control": {"epochs": 2.5}}, "argument", "epochs"), ({"labels": ["0"]}, "argument", "labels"),
     ({"rows": {"texts": ["a", None]}}, "data", "Row 1 is missing"),
     ({"rows": {"texts": ["a", "b"], "targets": np.array([0.0, 2.0])}}, "data", "between 0 and 1"),
     ({"kind": "ranking"}, "argument", "task")],
)
def test_wrong_settings_and_rows_of_a_fit_are_refused_by_code(handle, changes, code, message):
    rows = {"texts": ["a", "fun"], "targets": np.array([0.0, 1.0])}
    usual = {"rows": rows, "kind": "binary", "labels": ["0", "1"]}
    answer = failure("fit", model=handle, **{**usual, **changes})
    assert answer["code"] == code and message in answer["message"]


def test_the_keras_model_is_a_copy_with_the_names_of_keras_bert(handle, fitted):
    graph = functions.call("keras_model", {"model": handle, "max_len": 12.0})["value"]
    model = boundary.models[handle]
    assert [t.name for t in graph.inputs] == ["Input-Token", "Input-Segment"]
    assert graph.get_layer("NSP-Dense").output.shape[-1] == 16
    assert graph.count_params() == model.parameters - 20 * 16  # twenty positions fewer
    ids, segments, _ = model.encode(Rows(TEXTS), max_len=12).pad()
    wanted = model.encoder.graph()([ids, segments])[1].numpy()
    np.testing.assert_allclose(graph([ids, segments])[1].numpy(), wanted, atol=1e-6)
    graph.get_layer("NSP-Dense").set_weights([w * 0 for w in graph.get_layer("NSP-Dense").get_weights()])
    np.testing.assert_array_equal(model.encoder.graph()([ids, segments])[1].numpy(), wanted)
    whole = functions.call("keras_model", {"model": fitted, "training": False})["value"]
    assert whole.layers[-1].name == "output" and not whole.trainable_weights
    logits = boundary.models[fitted].graph()([ids, segments]).numpy()
    np.testing.assert_allclose(whole([ids, segments]).numpy(), logits, atol=1e-6)
    assert boundary.models[fitted].trainable_parameters > 0


def test_adam_warmup_has_its_settings_and_refuses_others():
    optimizer = functions.call("adam_warmup", {"decay_steps": 10.0, "warmup_steps": 2.0, "learning_rate": 1e-4,
                                         "weight_decay_pattern": "kernel"})["value"]
    assert type(optimizer).__name__ == "AdamWarmup" and optimizer.decay_pattern == ("kernel",)
    assert failure("adam_warmup", decay_steps=10, warmup_steps=2, rate=1)["code"] == "argument"


def test_a_keras_model_is_compiled_and_fitted_as_in_reference_d(handle):
    from bertfit import _env

    keras = _env.keras()
    texts, y = toy_rows(40)
    graph = functions.call("keras_model", {"model": handle, "max_len": 10})["value"]
    encoded = ask("tokenize", model=handle, rows={"texts": texts}, max_len=10, padding="max_len")
    steps, warmup = ask("train_steps", n=32, batch_size=8, epochs=15)
    inputs = [graph.get_layer(name).input for name in ("Input-Token", "Input-Segment")]
    dense = graph.get_layer("NSP-Dense").output
    kernel = keras.initializers.TruncatedNormal(stddev=0.02, seed=1)
    outputs = keras.layers.Dense(1, "sigmoid", kernel_initializer=kernel, name="output")(dense)
    model = keras.Model(inputs, outputs)
    settings = {"decay_steps": steps, "warmup_steps": warmup, "learning_rate": 2e-2}
    model.compile(functions.call("adam_warmup", settings)["value"], "binary_crossentropy", ["accuracy"])
    rows = [encoded["input_ids"], encoded["segment_ids"]]
    history = model.fit(rows, y, batch_size=8, epochs=15, validation_split=0.2, verbose=0).history
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert history["loss"][-1] < 0.8 * history["loss"][0]

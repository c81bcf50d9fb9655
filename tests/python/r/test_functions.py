"""Every function of the boundary as R calls it: plain values both ways, errors as data."""

import json
import subprocess
import sys

import numpy as np
import pytest

from bertfit.errors import CheckpointError
from bertfit.inference import prediction
from bertfit.r import boundary, functions
from bertfit.rows.table import Rows
from toys.models import TEXTS, toy_head, toy_model, toy_rows

PLAIN = (type(None), bool, int, float, str, bytearray)


def assert_plain(value, where="value"):
    """Nothing but what reticulate converts without loss."""
    if isinstance(value, dict):
        for key, item in value.items():
            assert type(key) is str
            assert_plain(item, f"{where}[{key!r}]")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            assert_plain(item, f"{where}[{i}]")
    elif isinstance(value, np.ndarray):
        assert value.dtype.kind in "biuf" and (value.ndim < 2 or value.flags.f_contiguous), where
    else:
        assert type(value) in PLAIN, f"{where} is {type(value)}"
        assert not isinstance(value, int) or abs(value) < 2**31, where


def ask(name, **arguments):
    answer = functions.call(name, arguments)
    assert answer["ok"], answer.get("traceback")
    assert_plain(answer["value"])
    return answer["value"]


def failure(name, **arguments):
    answer = functions.call(name, arguments)
    assert not answer["ok"]
    assert_plain(answer)
    return answer


@pytest.fixture
def handle():
    return boundary.keep(toy_model())["handle"]


@pytest.fixture
def fitted():
    return boundary.keep(toy_head("binary"))["handle"]


def test_the_table_is_the_contract():
    assert set(boundary.functions) == {
        "sitrep", "models", "download", "load", "describe", "release", "tokenize", "tokens", "decode", "fit", "predict",
        "evaluate", "embed", "layers", "save", "to_bytes", "from_bytes", "keras_model", "adam_warmup", "train_steps",
        "vocab_train", "vocab_handle", "config", "init", "pretrain_data", "pretrain", "fill_mask", "next_sentence",
        "export"}
    assert boundary.raw == {"keras_model", "adam_warmup"}


def test_description(handle, fitted):
    loaded = ask("describe", handle=float(handle))  # R's numbers are doubles
    assert loaded["kind"] == "huggingface" and loaded["lower_case"] is True and loaded["fitted"] is False
    assert loaded["config"]["hidden_size"] == 8 and loaded["vocab_size"] == 20 and loaded["max_len"] == 32
    assert type(loaded["parameters"]) is float and "task" not in loaded
    description = ask("describe", handle=fitted)
    assert description["kind"] == "fitted"
    assert description["task"]["labels"] == ["ham", "spam"] and description["head"]["pooling"] == "nsp"
    assert description["record"]["history"]["epoch"].tolist() == [1.0, 2.0]
    assert description["parameters"] == description["trainable_parameters"] == loaded["parameters"] + 9


def test_release_is_final_and_repeatable(handle):
    ask("release", handle=handle)
    ask("release", handle=handle)
    assert failure("describe", handle=handle)["code"] == "argument"
    assert failure("describe", handle=True)["code"] == "argument"


def test_failures_say_what_was_wrong():
    missing = failure("load", x="./no-such-folder")
    assert missing["code"] == CheckpointError.code and "no-such-folder" in missing["message"]
    assert failure("decode", model="one", ids=[1])["message"].startswith("`model` must be the number of a model")


def test_models_and_sitrep_and_steps(tmp_path):
    table = ask("models", cache_dir=str(tmp_path))
    assert len({len(column) for column in table.values()}) == 1
    assert "minilm-l6-uncased" in table["name"] and not any(table["cached"])
    report = ask("sitrep")
    assert report["keras2"] is True and report["problems"] == [] and report["packages"]["tensorflow"].startswith("2.")
    assert ask("train_steps", n=2000.0, batch_size=70.0, epochs=1.0) == [29, 2]


def test_tokenize(handle):
    padded = ask("tokenize", model=handle, rows={"texts": ["a good film", "fun"]})
    assert padded["input_ids"].tolist() == [[2, 11, 5, 7, 3], [2, 10, 3, 0, 0]]
    assert padded["input_ids"].dtype == np.int32
    assert padded["attention_mask"].sum(1).tolist() == [5, 3]
    assert ask("tokenize", model=handle, rows={"texts": "fun"}, padding="max_len")["input_ids"].shape == (1, 32)
    paired = {"texts": ["a good film"], "pairs": ["fun"]}
    cut = ask("tokenize", model=handle, rows=paired, max_len=5.0, padding="max_len")
    assert cut["input_ids"].shape == (1, 5) and cut["truncated"].tolist() == [True]
    ragged = ask("tokenize", model=handle, rows={"texts": ["fun", "a film"]}, padding="none")
    assert ragged["splits"].tolist() == [0, 3, 7] and ragged["ids"].tolist() == [2, 10, 3, 2, 11, 7, 3]
    assert failure("tokenize", model=handle, rows={"texts": ["a", None]})["code"] == "data"
    assert failure("tokenize", model=handle, rows={"texts": ["a"]}, max_len=64)["code"] == "argument"
    assert failure("tokenize", model=handle, rows={"texts": ["a"]}, padding="left")["code"] == "argument"


def test_tokens_and_decode(handle):
    columns = ask("tokens", model=handle, rows={"texts": ["Good films", "fun"]})
    assert columns["row"].tolist() == [0, 0, 0, 0, 0, 1, 1, 1]
    assert columns["token"][:5] == ["[CLS]", "good", "film", "##s", "[SEP]"]
    assert columns["start"][:5].tolist() == [-1, 0, 5, 9, -1] and columns["end"][1:4].tolist() == [4, 9, 10]
    assert columns["segment"].tolist() == [0] * 8
    ids = np.asfortranarray(np.array([[2, 11, 5, 7, 3], [2, 10, 3, 0, 0]], float))
    assert ask("decode", model=handle, ids=ids) == ["a good film", "fun"]
    assert ask("decode", model=handle, ids=np.array([2, 10, 3, 11]), splits=np.array([0, 3, 4])) == ["fun", "a"]
    assert ask("decode", model=handle, ids=[2, 10, 3], skip_special=False) == ["[CLS] fun [SEP]"]
    assert failure("decode", model=handle, ids=np.array([[1.5]]))["code"] == "data"
    assert failure("decode", model=handle, ids=np.array([[-(2**31)]]))["code"] == "data"  # R's NA


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
     ({"rows": {"texts": ["a", None]}}, "data", "Row 2"),
     ({"rows": {"texts": ["a", "b"], "targets": np.array([0.0, 2.0])}}, "data", "between 0 and 1"),
     ({"kind": "ranking"}, "argument", "task")],
)
def test_fit_refuses(handle, changes, code, message):
    rows = {"texts": ["a", "fun"], "targets": np.array([0.0, 1.0])}
    usual = {"rows": rows, "kind": "binary", "labels": ["0", "1"]}
    answer = failure("fit", model=handle, **{**usual, **changes})
    assert answer["code"] == code and message in answer["message"]


def test_embed(handle):
    vectors = ask("embed", model=handle, rows={"texts": TEXTS}, layers=[-1.0, 1.0], pooling="cls")
    assert vectors.shape == (6, 16) and vectors.dtype == np.float64
    events = []
    ask("embed", model=handle, rows={"texts": TEXTS}, layers=-1.0, progress=events.append)
    assert events[-1] == {"event": "rows", "done": 6, "total": 6}


def test_layers_add_up(fitted):
    table = ask("layers", model=fitted)
    assert sum(table["parameters"]) == ask("describe", handle=fitted)["parameters"]
    assert table["layer"][-1] == "output" and len({len(column) for column in table.values()}) == 1


def test_the_keras_model_is_a_copy_with_the_names_of_keras_bert(handle, fitted):
    graph = functions.call("keras_model", {"model": handle, "max_len": 12.0})["value"]
    model = boundary.models[handle]
    assert [t.name for t in graph.inputs] == ["Input-Token", "Input-Segment"]
    assert graph.get_layer("NSP-Dense").output.shape[-1] == 8
    assert graph.count_params() == model.parameters - 20 * 8  # twenty positions fewer
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


def test_adam_warmup():
    optimizer = functions.call("adam_warmup", {"decay_steps": 10.0, "warmup_steps": 2.0, "learning_rate": 1e-4,
                                         "weight_decay_pattern": "kernel"})["value"]
    assert type(optimizer).__name__ == "AdamWarmup" and optimizer.decay_pattern == ("kernel",)
    assert failure("adam_warmup", decay_steps=10, warmup_steps=2, rate=1)["code"] == "argument"


def test_reference_d_line_by_line(handle):
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


def test_importing_the_boundary_starts_no_tensorflow():
    code = "import sys, json, bertfit.r.functions; print(json.dumps('tensorflow' in sys.modules))"
    assert json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout) is False


def test_predict_is_the_modules_own(fitted):
    np.testing.assert_array_equal(ask("predict", model=fitted, rows={"texts": TEXTS}, type="class", batch_size=2.0),
                                  prediction.predict(boundary.models[fitted], Rows(TEXTS), type="class", batch_size=2))


# -- Vocabularies and fresh models ---------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "size", "special"), [("wordpiece", 20, 5), ("sentencepiece", 12, 7)])
def test_a_vocabulary_is_made_used_and_put_under_a_model(kind, size, special, tmp_path):
    texts = ["a good film", "a bad film", "good film good", "bad bad film"] * 20
    facts = ask("vocab_train", rows={"texts": texts}, size=float(size), type=kind, unused=1.0, out=str(tmp_path / "v"))
    assert (facts["type"], facts["size"], facts["lower_case"]) == (kind, size + special + 1, True)
    assert bytes(facts["data"]) == (tmp_path / "v").read_bytes() and facts["path"] == str(tmp_path / "v")
    (tmp_path / "texts.txt").write_text("\n".join(texts))
    from_file = ask("vocab_train", files=[str(tmp_path / "texts.txt")], size=size, type=kind, unused=1)
    assert from_file["data"] == facts["data"]
    words = ask("vocab_handle", data=facts["data"], lower_case=True)
    ids = ask("tokenize", model=words, rows={"texts": ["Good film"]}, padding="longest")["input_ids"]
    assert ask("decode", model=words, ids=ids) == ["good film"]
    names = ask("tokens", model=words, rows={"texts": ["Good film"]})["token"]
    assert "".join(names).replace("▁", "").startswith("[CLS]")
    config = ask("config", sizes={"vocab_size": float(facts["size"]), "hidden_size": 8.0, "num_hidden_layers": 1.0,
                                  "num_attention_heads": 2.0, "intermediate_size": 8.0})
    assert config["preset"] is None and config["heads"] == {"mlm": "transform", "nsp": "google"}
    model = ask("init", config=config["config"], vocab=facts["data"], lower_case=True, seed=1.0)
    assert (model["kind"], model["path"], model["vocab_type"]) == ("fresh", None, kind)
    assert model["parameters"] == config["parameters"]
    again = ask("init", config=config["config"], vocab_of=model["handle"], seed=1.0,
                heads={"mlm": "tied", "nsp": "plain"})
    first, second = (ask("embed", model=m["handle"], rows={"texts": ["film"]}) for m in (model, again))
    np.testing.assert_array_equal(first, second)
    ask("release", handle=words)
    assert failure("tokenize", model=words, rows={"texts": ["a"]})["code"] == "argument"


def test_presets_and_what_is_refused_of_them():
    made = ask("config", preset="KOR-tiny", sizes={"vocab_size": 99.0})
    assert (made["preset"], made["config"]["vocab_size"], made["heads"]["mlm"]) == ("kor-tiny", 99, "tied")
    assert failure("config", preset="kor-tinny")["code"] == "argument"
    assert "width" in failure("vocab_train", rows={"texts": ["a"]}, size=3, width=1)["message"]
    assert failure("vocab_train", rows={"texts": ["a", None]}, size=3)["code"] == "data"
    assert failure("init", config="kor-tiny", vocab="/no/such.txt")["code"] == "vocabulary"

"""Opening models by what is found; fitting leaves a record of columns, kept measures and origin."""

import numpy as np
import pytest

from bertfit import loading, persist
from bertfit.config import HeadConfig, TrainConfig
from bertfit.errors import ArgumentError, BundleError, CheckpointError, DownloadError
from bertfit.loading import make_task, open_model
from toy_models import TEXTS, toy_head, toy_model, toy_rows


def test_a_bundle_is_found_by_its_description(tmp_path, monkeypatch):
    path = persist.save(toy_head(), tmp_path / "minilm-l6-uncased")
    assert open_model(path).fitted
    assert open_model(path, name="mine").name == "mine"
    monkeypatch.chdir(tmp_path)
    assert open_model("minilm-l6-uncased").name == "toy"  # a folder goes before a name of the registry
    (tmp_path / "minilm-l6-uncased" / "vocab.txt").unlink()
    with pytest.raises(BundleError, match=r"lacks vocab\.txt"):
        open_model(path)


def test_what_a_saved_model_does_not_take(tmp_path):
    fitted, plain = persist.save(toy_head(), tmp_path / "a"), persist.save(toy_model(), tmp_path / "b")
    with pytest.raises(ArgumentError, match="`max_len`"):
        open_model(fitted, max_len=8)
    with pytest.raises(ArgumentError, match="`lower_case`"):
        open_model(fitted, lower_case=False)
    assert open_model(fitted, max_len=32, lower_case=True).fitted
    assert open_model(plain, max_len=8).max_len == 8


def test_errors_of_names_and_paths(tmp_path):
    with pytest.raises(CheckpointError, match="nowhere"):
        open_model(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError):
        open_model(tmp_path / "empty")
    with pytest.raises(ArgumentError, match="minilm-l6-uncased"):
        open_model("minilm-l6-uncasd")
    with pytest.raises(ArgumentError, match="`x`"):
        open_model(3)
    with pytest.raises(DownloadError, match="bert_download"):
        open_model("minilm-l6-uncased", cache_dir=tmp_path, download_missing=False)


def test_regression_center_and_scale():
    task = make_task("regression", ["y"], [1.0, 3.0, np.nan])
    assert (task.center, task.scale) == (2.0, 1.0)
    assert make_task("regression", ["y"], [5.0, 5.0]).scale == 1.0
    assert make_task("binary", ["n", "p"], [0, 1]).center == 0.0


def test_the_record_of_a_fit(tmp_path):
    texts, y = toy_rows(32)
    base = toy_model()
    config = TrainConfig(epochs=3, batch_size=8, seed=2, learning_rate=1e-2, precision="float32")
    model = loading.fit(base, texts, y, task=make_task("binary", ["0", "1"], y), head=HeadConfig(), config=config,
                        columns={"text": ["t"]})
    record = model.record
    row = record["best_epoch"] - 1
    assert record["metrics"]["loss"] == record["history"]["loss"][row] and "seconds" not in record["metrics"]
    assert record["metrics"]["val_loss"] == min(record["history"]["val_loss"])
    assert record["columns"] == {"text": ["t"]} and record["pairs"] is False
    assert model.source == {"kind": "fitted", "path": None, "sha256": None,
                            "origin": {"name": "toy", "kind": "huggingface", "sha256": "ab" * 32}}
    assert base.source["kind"] == "huggingface" and not base.fitted
    again = persist.load(persist.save(model, tmp_path / "model"))
    assert again.record["history"] == record["history"] and again.record["settings"] == record["settings"]
    encoding = model.encode(TEXTS)
    np.testing.assert_array_equal(again.logits(encoding, "float32"), model.logits(encoding, "float32"))


def test_without_restoring_the_last_epoch_is_the_kept_one():
    history = {"epoch": [1, 2], "loss": [0.1, 0.9], "seconds": [1.0, 1.0]}
    record = {"history": history, "best_epoch": 1, "restored_best": False}
    assert loading._kept_metrics(record) == {"loss": 0.9}
    assert loading._kept_metrics({**record, "restored_best": True}) == {"loss": 0.1}
    assert loading._kept_metrics({"history": {}, "best_epoch": None}) == {}

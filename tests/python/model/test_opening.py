"""Opening models by what is found; fitting leaves a record of columns, kept measures and origin."""

import pytest

from bertfit.errors import ArgumentError, BundleError, CheckpointError, DownloadError
from bertfit.model import persist
from bertfit.model.opening import open_model
from toys.models import toy_head, toy_model


def test_a_bundle_is_found_by_its_description(tmp_path, monkeypatch):
    path = persist.save(toy_head(), tmp_path / "minilm-l6-uncased")
    assert open_model(path).fitted
    assert open_model(path, name="mine").name == "mine"
    monkeypatch.chdir(tmp_path)
    assert open_model("minilm-l6-uncased").name == "toy"  # a folder goes before a name of the registry
    (tmp_path / "minilm-l6-uncased" / "vocab.txt").unlink()
    with pytest.raises(BundleError, match=r"lacks vocab\.txt"):
        open_model(path)


def test_a_saved_fit_refuses_another_length_or_casing(tmp_path):
    fitted, plain = persist.save(toy_head(), tmp_path / "a"), persist.save(toy_model(), tmp_path / "b")
    with pytest.raises(ArgumentError, match="`max_len`"):
        open_model(fitted, max_len=8)
    with pytest.raises(ArgumentError, match="`lower_case`"):
        open_model(fitted, lower_case=False)
    assert open_model(fitted, max_len=32, lower_case=True).fitted
    assert open_model(plain, max_len=8).max_len == 8


def a_run(folder, *names, history=None, **record):
    model = toy_model()
    model.record = {"history": history or {}, **record}
    for name in names:
        persist.save(model, folder / name)
    return folder


def test_of_a_run_the_best_model_is_opened_and_said(tmp_path):
    said = []
    run = a_run(tmp_path / "run", "best", "last", history={"epoch": [1, 2], "loss": [9.2, 7.9]}, best_epoch=2,
                settings={"monitor": "loss"})
    model = open_model(run, say=said.append)
    assert model.source["path"] == str(run / "best")
    assert said.pop() == (f"{run} is a run: {run / 'best'} is opened, the model of epoch 2, the best by loss (7.9000) "
                          f"on the training data. {run / 'last'} is the model of its last epoch.")
    run = a_run(tmp_path / "validated", "best", best_epoch=1, settings={"monitor": "mlm_accuracy"},
                history={"epoch": [1], "loss": [9.2], "mlm_accuracy": [0.25], "val_mlm_accuracy": [0.125]})
    open_model(run, say=said.append)
    assert "the best by mlm_accuracy (0.1250) on the validation data." in said.pop()
    assert open_model(a_run(tmp_path / "other", "last"), say=said.append).source["path"].endswith("last")
    assert said == [f"{tmp_path / 'other'} is a run: {tmp_path / 'other' / 'last'} is opened."]
    persist.save(toy_head(), tmp_path / "other" / "best" / "deeper")  # no model: only a folder of that name
    assert open_model(tmp_path / "other").source["path"].endswith("last")


def test_a_run_without_a_model_is_told(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(BundleError, match="has the state of a run, from which training is resumed"):
        open_model(tmp_path)


def test_unknown_names_and_paths_are_errors_that_name_them(tmp_path):
    with pytest.raises(CheckpointError, match="nowhere"):
        open_model(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError):
        open_model(tmp_path / "empty")
    with pytest.raises(ArgumentError, match="minilm-l6-uncased"):
        open_model("minilm-l6-uncasd")
    with pytest.raises(ArgumentError, match="`x`"):
        open_model(3)
    with pytest.raises(DownloadError, match=r"bertfit\.download"):
        open_model("minilm-l6-uncased", cache_dir=tmp_path, download_missing=False)

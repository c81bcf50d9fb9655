"""Files that an earlier version wrote open, answer as they did then, and are written again as they were.

`stored/README.md` says what the files are. Texts, answers and settings are in `stored/expected.json`, arrays in
`stored/expected.npz`.
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy

import bertfit
from toys.server import serve

STORED = Path(__file__).parent / "stored"
FITTED = ("binary", "multiclass", "multilabel", "regression", "pairs", "head", "frozen", "names", "interrupted",
          "interrupted-at-once")
UNFITTED = ("loaded", "fresh", "google-heads", "plain-heads")
NAMES = FITTED + UNFITTED
CACHED = "bert-uncased-l2-h128"

site = pytest.fixture(serve)


# -- Names that are not public --------------------------------------------------------------------------

def from_bytes(data: bytes):
    """A `Bert` of the bytes that R's objects and pickles carry."""
    from bertfit.model import persist

    return bertfit.Bert(persist.from_bytes(data))


def to_bytes(model) -> bytes:
    from bertfit.model import persist

    return bytes(persist.to_bytes(model.model))


def columns_of(model) -> dict:
    """Names of the columns that a model was fitted on, by role."""
    return model.model.record["columns"]


def has_heads(model) -> bool:
    """Whether a model has MLM and NSP heads."""
    return model.model.pretraining is not None


# -- What is asked --------------------------------------------------------------------------------------

def facts(model, asked: dict) -> dict:
    """What a model says of itself, and what it answers in words."""
    said = {"name": model.name, "repr": repr(model), "fitted": model.fitted, "labels": list(model.labels),
            "task": model.task.to_dict() if model.fitted else None, "max_len": model.max_len,
            "parameters": model.parameters, "interrupted": model.interrupted, "metrics": model.metrics,
            "history": model.history.to_dict("list")}
    if model.fitted:
        columns = columns_of(model)
        values = {columns["text"][0]: asked["texts"]}
        if "pair" in columns:
            values[columns["pair"][0]] = asked["second"]
        frame = pd.DataFrame(values)
        said["columns"] = {role: list(names) for role, names in columns.items()}
        said["predicted"] = list(model.predict(frame, precision="float32").columns)
        if model.task.kind != "regression":
            said["classes"] = model.predict(frame, type="class", precision="float32").to_numpy().tolist()
    if has_heads(model):
        said["tokens"] = list(model.fill_mask(asked["masked"], top=3)["token"])
    return said


def arrays(model, asked: dict) -> dict[str, np.ndarray]:
    """What a model answers in numbers."""
    pair = asked["second"] if model.fitted and "pair" in columns_of(model) else None
    texts = asked["texts"]
    found = {"tokens": np.stack(model.tokenize(texts, pair))}
    for pooling, layers in (("mean", (1, -1)), ("nsp", -1)):
        found[pooling] = model.embed(texts, pair, layers=layers, pooling=pooling, precision="float32")
    if model.fitted:
        for type in ("numeric",) if model.task.kind == "regression" else ("link", "prob"):
            found[type] = model.predict(texts, pair, type=type, precision="float32")
    if has_heads(model):
        found["fill_mask"] = model.fill_mask(asked["masked"], top=3)["probability"].to_numpy()
        found["next_sentence"] = model.next_sentence(texts, asked["second"])
    return found


@functools.cache
def expected() -> tuple[dict, dict]:
    with np.load(STORED / "expected.npz") as file:
        return json.loads((STORED / "expected.json").read_text("utf-8")), dict(file)


def plain(value) -> str:
    """JSON, in which NaN equals NaN and a tuple a list."""
    return json.dumps(value, ensure_ascii=False, indent=1)


def check_answers(model, name: str) -> None:
    words, numbers = expected()
    assert plain(facts(model, words["asked"])) == plain(words["models"][name])
    found = arrays(model, words["asked"])
    wanted = {key.removeprefix(f"{name}/"): value for key, value in numbers.items() if key.startswith(f"{name}/")}
    assert sorted(found) == sorted(wanted)
    for key, value in wanted.items():
        assert found[key].shape == value.shape
        # The pooler's tanh differed by 2e-6 between two instruction sets of one CPU, everything else by less than 1e-6.
        near = 1e-5 if key == "nsp" else 1e-6
        np.testing.assert_allclose(found[key], value, rtol=near, atol=near, err_msg=key)


def description(folder: Path) -> dict:
    """bertfit.json without what differs between two versions that save the same model."""
    body = json.loads((folder / "bertfit.json").read_text("utf-8"))
    return {key: value for key, value in body.items() if key not in ("packages", "checksum")}


def check_same_files(folder: Path, other: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())
    assert sorted(path.name for path in other.iterdir()) == names
    for name in set(names) - {"bertfit.json"}:
        assert (other / name).read_bytes() == (folder / name).read_bytes(), name
    assert plain(description(other)) == plain(description(folder))


# -- Saved models ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_answers_as_before_and_is_saved_as_before(tmp_path, name):
    model = bertfit.load(STORED / "bundles" / name)
    check_answers(model, name)
    check_same_files(STORED / "bundles" / name, Path(model.save(tmp_path / "again")))


def test_every_bundle_is_tested():
    assert sorted(path.name for path in (STORED / "bundles").iterdir()) == sorted(NAMES)


@pytest.mark.parametrize("name, form", [("multiclass", "bytes"), ("google-heads", "bytes"), ("multiclass", "pickle")])
def test_a_model_in_memory_answers_as_before(tmp_path, name, form):
    data = gzip.decompress((STORED / "memory" / f"{name}.{form}.gz").read_bytes())
    model = from_bytes(data) if form == "bytes" else pickle.loads(data)
    check_answers(model, name)
    check_same_files(STORED / "bundles" / name, Path(model.save(tmp_path / "again")))
    check_answers(from_bytes(to_bytes(model)), name)


# -- A pretraining run ----------------------------------------------------------------------------------

def resume(folder: Path):
    """The stored run, gone on with in `folder`, a copy of it."""
    settings = expected()[0]["pretraining"]
    words = bertfit.Vocabulary.from_file(folder / "vocab.txt", lower_case=True)
    start = bertfit.init(bertfit.BertConfig(**settings["config"]), words, seed=1, name="toy")
    return bertfit.pretrain_model(start, folder / "data", out_dir=folder / "run", resume=True, verbose=0,
                                  **settings["control"])


def test_a_run_that_was_interrupted_goes_on_to_the_same_weights(tmp_path):
    folder = Path(shutil.copytree(STORED / "pretraining", tmp_path / "pretraining"))
    assert sorted(path.name for path in (folder / "run").iterdir()) == ["best", "epoch-001", "last", "state-000000006"]
    made = resume(folder)
    history = made.history.drop(columns="seconds").to_dict("list")
    wanted = expected()[0]["pretraining"]["history"]
    assert list(history) == list(wanted)
    for column, values in wanted.items():
        np.testing.assert_allclose(history[column], values, rtol=1e-5, err_msg=column)
    assert not made.interrupted
    assert sorted(path.name[:15] for path in (folder / "run").iterdir()) == [
        "best", "epoch-001", "epoch-002", "epoch-003", "last", "run.json", "state-000000012"]
    for place in (made.save(tmp_path / "made"), folder / "run" / "last"):
        found = safetensors.numpy.load_file(Path(place) / "model.safetensors")
        weights = safetensors.numpy.load_file(STORED / "pretraining" / "resumed.safetensors")
        assert sorted(found) == sorted(weights)
        for name, value in weights.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-6, atol=1e-6, err_msg=name)


def test_a_run_is_resumed_with_its_own_settings_only(tmp_path, monkeypatch):
    folder = Path(shutil.copytree(STORED / "pretraining", tmp_path / "pretraining"))
    monkeypatch.setitem(expected()[0]["pretraining"]["control"], "learning_rate", 0.5)
    with pytest.raises(bertfit.BertfitError, match="`learning_rate` was"):
        resume(folder)


@pytest.mark.parametrize("name", ["best", "last", "epoch-001"])
def test_the_models_of_a_run_answer_as_before(tmp_path, name):
    model = bertfit.load(STORED / "pretraining" / "run" / name)
    check_answers(model, "run")
    check_same_files(STORED / "pretraining" / "run" / name, Path(model.save(tmp_path / "again")))


def test_pretraining_data_are_read_as_before(tmp_path):
    """One epoch over the stored rows from a stored model, without dropout or new masks, is what it was."""
    wanted = expected()[0]["pretraining"]["static"]
    start = bertfit.load(STORED / "bundles" / "google-heads")
    made = bertfit.pretrain_model(start, STORED / "pretraining" / "data", verbose=0, **wanted["control"])
    for column, values in wanted["history"].items():
        np.testing.assert_allclose(made.history[column], values, rtol=1e-5, err_msg=column)


# -- The cache ------------------------------------------------------------------------------------------

def test_a_downloaded_model_opens_without_a_connection(tmp_path, monkeypatch):
    monkeypatch.setenv("BERTFIT_MIRROR", "http://127.0.0.1:9")  # nobody answers there
    cache = Path(shutil.copytree(STORED / "cache", tmp_path / "cache"))
    folder = cache / "models" / CACHED
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert bertfit.download_model("bert-tiny-uncased", cache) == str(folder)
    model = bertfit.load("bert-tiny-uncased", cache_dir=cache, download=False)
    check_answers(model, "cached")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    known = bertfit.models(cache)
    assert [name for name, cached in zip(known["name"], known["cached"], strict=True) if cached] == [CACHED]


@pytest.mark.parametrize("name", ["vocab.txt", "bert_model.ckpt.data-00000-of-00001"])
def test_a_changed_file_of_a_downloaded_model_is_noticed(tmp_path, name):
    cache = Path(shutil.copytree(STORED / "cache", tmp_path / "cache"))
    flip(cache / "models" / CACHED / name)
    with pytest.raises(bertfit.BertfitError, match=f"{name} has changed"):
        bertfit.load(CACHED, cache_dir=cache)


def test_half_a_download_is_gone_on_with(site, tmp_path, monkeypatch):
    cache = Path(shutil.copytree(STORED / "half", tmp_path / "cache"))
    half = (cache / "partial" / f"{CACHED}.zip").read_bytes()
    site.body = half + (cache / "rest.bin").read_bytes()
    site.headers = {"x-goog-hash": f"md5={base64.b64encode(hashlib.md5(site.body).digest()).decode()}"}
    # The address that the half was fetched from leads to the server on this machine.
    monkeypatch.setenv("http_proxy", os.environ["BERTFIT_MIRROR"])
    monkeypatch.setenv("BERTFIT_MIRROR", "http://models.example")
    monkeypatch.setattr("urllib.request._opener", None)  # an earlier test's would not know of the proxy
    folder = Path(bertfit.download_model(CACHED, cache))
    assert [request["Range"] for request in site.requests] == [f"bytes={len(half)}-"]
    assert site.sent == [len(site.body) - len(half)]
    stored = STORED / "cache" / "models" / CACHED
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in stored.iterdir())
    for path in stored.iterdir():
        assert (folder / path.name).read_bytes() == path.read_bytes(), path.name
    assert list((cache / "partial").iterdir()) == []


# -- Damage ---------------------------------------------------------------------------------------------

def flip(path: Path) -> None:
    """Change the lowest bit of the byte in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["bertfit.json", "vocab.txt", "model.safetensors", "history.csv"])
def test_a_flipped_bit_of_a_bundle_is_noticed(tmp_path, name):
    folder = Path(shutil.copytree(STORED / "bundles" / "binary", tmp_path / "binary"))
    flip(folder / name)
    with pytest.raises(bertfit.BertfitError, match=name):
        bertfit.load(folder)

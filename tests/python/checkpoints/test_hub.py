"""Models of the hub, from a server on this machine that answers as the hub does (`toys.hub`)."""

import json
from pathlib import Path

import huggingface_hub
import pandas as pd
import pytest

import bertfit
from bertfit.checkpoints import hub, hub_settings
from bertfit.errors import ArgumentError, DownloadError
from bertfit.notices import OfflineWarning
from toys import hub as toy

NAME = toy.NAME
TABLE = pd.DataFrame({"text": ["a b", "c d"] * 4, "target": [0, 1] * 4})
site, files = pytest.fixture(toy.site), pytest.fixture(scope="module")(toy.files)


# -- What is an id ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("x", ["a/b", "google-bert/bert-base-uncased", "A_1/x.y-z", "a/b@main", "a/b@refs/pr/1"])
def test_ids(x):
    assert hub.is_hub_id(x)


@pytest.mark.parametrize("x", ["a", "a/b/c", "./a", "../a", "/a/b", "~/a", "a/", "a/.", "a/..", "a/b@", "C:/x y",
                               "a b/c", "a/b\n", "é/b", "a\\b", ""])
def test_no_ids(x):
    assert not hub.is_hub_id(x)


def test_a_revision_stands_once():
    assert hub.parse("a/b") == ("a/b", None)
    assert hub.parse("a/b@v1", "v1") == hub.parse("a/b", "v1") == hub.parse("a/b@v1") == ("a/b", "v1")
    with pytest.raises(ArgumentError, match="`revision` must be left out where the id"):
        hub.parse("a/b@v1", "v2")
    with pytest.raises(ArgumentError, match="`revision` must be a branch, a tag or a commit"):
        hub.parse("a/b", 3)


# -- What is fetched, and kept ------------------------------------------------------------------------------------

def test_a_model_is_fetched_once(site, files, tmp_path):
    others = ("tf_model.h5", "flax_model.msgpack", "rust_model.ot", "model.onnx", "onnx/model.onnx", "README.md",
              "pytorch_model.bin")
    commit = site.add(NAME, files | dict.fromkeys(others, b"not read")).refs["main"]
    folder = Path(hub.fetch(NAME))
    assert folder == toy.cache(tmp_path) / "models--toys--bert-uncased" / "snapshots" / commit
    assert toy.files_of(folder) == files
    assert hub.origin(folder) == (NAME, commit) and hub.cached(NAME) == str(folder)
    assert [word for word in site.asked("/resolve/") if word.startswith("GET")] == [
        "GET config.json", "GET vocab.txt", "GET model.safetensors"]
    assert site.asked("/cdn/") == ["GET model.safetensors"] and not site.asked("xet")
    site.requests.clear()
    assert hub.fetch(NAME) == str(folder)
    assert len(site.requests) == 1  # where is main?
    site.requests.clear()
    assert hub.fetch(NAME, commit) == hub.fetch(f"{NAME}@{commit}") == str(folder)
    assert site.requests == []
    site.close()
    with pytest.warns(OfflineWarning, match=f"could not be reached .* commit {commit}"):
        assert hub.fetch(NAME) == str(folder)


def test_a_branch_that_moves_is_followed_and_only_the_change_is_fetched(site, files):
    repository = site.add(NAME, files)
    first = hub.fetch(NAME)
    second = repository.commit({**files, "vocab.txt": files["vocab.txt"] + b"more\n"})
    site.requests.clear()
    folder = hub.fetch(NAME)
    assert hub.origin(folder)[1] == second and folder != first
    assert site.asked("/cdn/") == [] and "GET vocab.txt" in site.asked("/resolve/")
    assert (Path(folder) / "vocab.txt").read_bytes().endswith(b"more\n")
    assert hub.origin(hub.fetch(NAME, online=False))[1] == second


def test_branches_tags_and_commits(site, files, monkeypatch):
    repository = site.add(NAME, files)
    old = repository.commit({**files, "vocab.txt": files["vocab.txt"] + b"old\n"}, "v1.0", "refs/pr/1")
    assert hub.origin(hub.fetch(NAME, "v1.0"))[1] == hub.origin(hub.fetch(f"{NAME}@{old}"))[1] == old
    assert hub.origin(hub.fetch(NAME))[1] == repository.refs["main"] != old
    with pytest.raises(DownloadError, match=r"`revision` must be a branch, a tag or a commit.*\n.*gave 'v3'") as told:
        hub.fetch(NAME, "v3")
    assert told.value.argument == "revision" and NAME in str(told.value)
    with pytest.raises(DownloadError, match=r"You gave '0{40}'"):
        hub.fetch(NAME, "0" * 40)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert hub.origin(hub.fetch(NAME, "v1.0"))[1] == old


def test_what_transformers_fetched_is_used_and_completed(site, files, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    site.add(NAME, files)
    settings = {"endpoint": site.address, "cache_dir": hub_settings.cache_path()}
    huggingface_hub.hf_hub_download(NAME, "config.json", **settings)
    assert hub.cached(NAME) is None
    huggingface_hub.snapshot_download(NAME, allow_patterns=["config.json", "model.safetensors"], **settings)
    site.requests.clear()
    assert toy.files_of(hub.fetch(NAME)) == files
    assert [word for word in site.asked("/resolve/") if word.startswith("GET")] == ["GET vocab.txt"]


def test_cache_dir_is_a_cache_of_the_hub(site, files, tmp_path):
    site.add(NAME, files)
    folder = hub.fetch(NAME, cache_dir=tmp_path / "own")
    assert folder.startswith(str(tmp_path / "own" / "models--toys--bert-uncased"))
    assert not toy.cache(tmp_path).exists() and hub.cached(NAME) is None
    assert bertfit.download(NAME, cache_dir=tmp_path / "own", revision="main") == folder


def test_force_fetches_again(site, files):
    site.add(NAME, files)
    hub.fetch(NAME)
    site.requests.clear()
    hub.fetch(NAME, force=True)
    assert site.asked("/cdn/") == ["GET model.safetensors"]


# -- The model, and what it remembers -------------------------------------------------------------------------------

def test_the_commit_is_in_the_model_the_bundle_and_print(site, files, tmp_path):
    commit = site.add(NAME, files).refs["main"]
    model = bertfit.load(NAME)
    assert model.name == NAME and repr(model).endswith(f", uncased, from {NAME}@{commit}>")
    source = model.model.source
    assert (source["repository"], source["revision"], source["kind"]) == (NAME, commit, "huggingface")
    model.save(tmp_path / "bundle")
    written = json.loads((tmp_path / "bundle" / "bertfit.json").read_text())["provenance"]
    assert written == {"name": NAME, "kind": "huggingface", "sha256": source["sha256"], "repository": NAME,
                       "revision": commit}
    again = bertfit.load(tmp_path / "bundle")
    fitted = bertfit.fit(TABLE, "text", "target", model=again, epochs=1, validation=0)
    fitted.save(tmp_path / "fitted")
    assert repr(fitted).endswith(f"from {NAME}@{commit}>")
    kept = json.loads((tmp_path / "fitted" / "bertfit.json").read_text())["provenance"]
    assert kept == written
    assert bertfit.load(Path(source["path"])).model.source == source  # by its path in the cache


def test_an_existing_folder_wins(site, files, tmp_path, monkeypatch, recwarn):
    site.add(NAME, files)
    folder = tmp_path / NAME
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    model = bertfit.load(NAME)
    assert model.model.source["path"] == str(folder) and "revision" not in model.model.source
    assert site.requests == [] and not recwarn.list
    with pytest.raises(ArgumentError, match="`revision`"):
        bertfit.load(NAME, revision="main")


def test_every_function_that_takes_a_model_takes_an_id(site, files):
    repository = site.add(NAME, files)
    old = repository.commit({**files, "vocab.txt": files["vocab.txt"]}, "old")
    fitted = bertfit.fit(TABLE, "text", "target", model=f"{NAME}@{old}", epochs=1, validation=0)
    assert fitted.model.source["origin"]["revision"] == old


def test_environment_variables_are_read_at_every_call(site, files, monkeypatch, tmp_path):
    other = toy.serve()
    other.add(NAME, files)
    with pytest.raises(DownloadError):
        hub.fetch(NAME)
    monkeypatch.setenv("HF_ENDPOINT", f"{other.address}/")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "second"))
    assert hub.fetch(NAME).startswith(str(tmp_path / "second" / "hub"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "third"))
    assert hub.fetch(NAME).startswith(str(tmp_path / "third"))
    other.close()

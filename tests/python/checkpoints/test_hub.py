"""Models of the hub, from a server on this machine that answers as the hub does (`toys.hub`)."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import huggingface_hub
import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

import bertfit
from bertfit.checkpoints import hub, hub_settings
from bertfit.errors import ArgumentError, DownloadError
from bertfit.notices import OfflineWarning
from toys import hub as toy
from toys.checkpoints import write_huggingface

NAME = "toys/bert-uncased"
TABLE = pd.DataFrame({"text": ["a b", "c d"] * 4, "target": [0, 1] * 4})
SMALL = ["config.json", "vocab.txt"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A tiny BERT as Hugging Face stores one."""
    return toy.files_of(write_huggingface(tmp_path_factory.mktemp("hub") / "toy"))


site = pytest.fixture(toy.site)


def cache(tmp_path):
    return tmp_path / "home" / "hub"


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
    assert folder == cache(tmp_path) / "models--toys--bert-uncased" / "snapshots" / commit
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
    assert not cache(tmp_path).exists() and hub.cached(NAME) is None
    assert bertfit.download(NAME, cache_dir=tmp_path / "own", revision="main") == folder


def test_force_fetches_again(site, files):
    site.add(NAME, files)
    hub.fetch(NAME)
    site.requests.clear()
    hub.fetch(NAME, force=True)
    assert site.asked("/cdn/") == ["GET model.safetensors"]


def shards_of(files, tmp_path):
    """The files with the weights in two shards and their index."""
    (tmp_path / "whole.safetensors").write_bytes(files["model.safetensors"])
    tensors = load_file(tmp_path / "whole.safetensors")
    names, made = sorted(tensors), {name: data for name, data in files.items() if name != "model.safetensors"}
    places = {}
    for i, part in enumerate((names[::2], names[1::2])):
        file = f"model-0000{i + 1}-of-00002.safetensors"
        save_file({name: np.ascontiguousarray(tensors[name]) for name in part}, tmp_path / file)
        made[file] = (tmp_path / file).read_bytes()
        places.update(dict.fromkeys(part, file))
    return {**made, "model.safetensors.index.json": json.dumps({"weight_map": places}).encode()}


def test_shards(site, files, tmp_path):
    made = shards_of(files, tmp_path)
    site.add(NAME, {**made, "pytorch_model.bin": b"not read"})
    folder = hub.fetch(NAME)
    assert toy.files_of(folder) == made
    (Path(folder) / "model-00002-of-00002.safetensors").unlink()
    assert hub.cached(NAME) is None
    assert toy.files_of(hub.fetch(NAME)) == made


def test_bin_where_there_is_nothing_else(site, files):
    made = {**{name: files[name] for name in SMALL}, "pytorch_model.bin": b"weights", "tf_model.h5": b"x"}
    site.add(NAME, made)
    assert set(toy.files_of(hub.fetch(NAME))) == {*SMALL, "pytorch_model.bin"}


# -- Progress, interrupts, and broken downloads -------------------------------------------------------------------

def test_progress_counts_the_bytes_of_all_files(site, files, tmp_path):
    site.add(NAME, files)
    events = []
    bertfit.download(NAME, progress=events.append)
    total = sum(map(len, files.values()))
    assert all(event["event"] == "download" and event["name"] == NAME and event["folder"] == str(cache(tmp_path))
               and event["total_bytes"] == total for event in events)
    counts = [event["done_bytes"] for event in events]
    assert counts == sorted(counts) and counts[-1] == total
    events.clear()
    bertfit.download(NAME, progress=events.append)
    assert events == []


def test_the_package_shows_no_bar_of_its_own(site, files, capfd):
    site.add(NAME, files)
    hub.fetch(NAME)
    assert capfd.readouterr() == ("", "")
    assert not huggingface_hub.utils.are_progress_bars_disabled()


def test_a_connection_that_breaks_is_resumed(site, files, monkeypatch):
    monkeypatch.setattr(hub_settings, "_PIECE", 1000)
    site.add(NAME, files)
    half = 12_000
    site.cuts = [half + 1]
    assert toy.files_of(hub.fetch(NAME)) == files
    ranges = [headers.get("Range") for _, path, headers in site.requests if "/cdn/" in path]
    assert ranges[0] is None and ranges[1] == f"bytes={half}-"


def test_a_connection_that_breaks_again_and_again(site, files, monkeypatch):
    site.add(NAME, files)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    site.cuts = [10] * 20
    with pytest.raises(DownloadError, match=r"must arrive whole\.\n- toys/bert-uncased: .*\n- Call again"):
        hub.fetch(NAME)
    site.cuts = []
    assert toy.files_of(hub.fetch(NAME)) == files


def test_a_file_that_is_not_the_published_one_is_deleted(site, files):
    site.add(NAME, files)
    site.spoiled = True
    with pytest.raises(DownloadError, match=r"published size and checksum.*\n- model.safetensors of toys"):
        hub.fetch(NAME)
    assert hub.cached(NAME) is None
    site.spoiled = False
    assert toy.files_of(hub.fetch(NAME)) == files


def test_a_truncated_file_in_the_cache_is_fetched_again(site, files):
    site.add(NAME, files)
    path = Path(hub.fetch(NAME)) / "model.safetensors"
    path.resolve().write_bytes(files["model.safetensors"][:1000])
    assert toy.files_of(hub.fetch(NAME)) == files
    path.resolve().write_bytes(files["model.safetensors"][:1000])
    with pytest.raises(bertfit.errors.CheckpointError, match=r"model\.safetensors"):
        bertfit.load(NAME, download=False)


def test_ctrl_c_ends_a_download_and_leaves_no_parts(site, files, tmp_path):
    site.add(NAME, files)
    site.pause, site.pieces = 0.2, 200  # 40 seconds
    code = f"import bertfit; print('begins', flush=True); bertfit.download({NAME!r})"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env=os.environ | {"PYTHONPATH": str(Path(bertfit.__file__).parents[1])})
    while not site.asked("/cdn/"):
        assert child.poll() is None, child.communicate()
        time.sleep(0.05)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, err = child.communicate(timeout=30)
    assert time.monotonic() - began < 10 and err.rstrip().endswith("KeyboardInterrupt")
    assert not list(cache(tmp_path).rglob("*.incomplete"))
    site.pause, site.requests = 0.0, []
    assert toy.files_of(hub.fetch(NAME)) == files
    assert not [word for word in site.asked("/resolve/") if word == "GET config.json"]  # it had come


def test_two_processes_at_once(site, files):
    site.add(NAME, files)
    site.pause, site.pieces = 0.05, 10
    folders = []
    threads = [threading.Thread(target=lambda: folders.append(hub.fetch(NAME))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(folders) == 2 and toy.files_of(folders[0]) == files


# -- Refusals -----------------------------------------------------------------------------------------------------

def test_no_such_model_says_what_else_it_may_be(site, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DownloadError) as told:
        bertfit.load("models/reviews")
    text = str(told.value)
    assert f"There is no folder {tmp_path / 'models' / 'reviews'}." in text
    assert f"The hub ({site.address}) has no model models/reviews, or does not show it." in text
    assert 'os.environ["HF_TOKEN"] = "hf_..."' in text
    with pytest.raises(DownloadError, match="Did you mean unitary/toxic-bert"):
        bertfit.load("unitary/toxicbert")
    with pytest.raises(DownloadError, match="Did you mean bert-base-uncased"):
        bertfit.load("bert/bert-base-uncased")
    with pytest.raises(ArgumentError, match="Did you mean distilbert/distilbert-base-uncased"):
        bertfit.load("distilbert-base-uncased")


def test_gated_and_private_models_need_a_token(site, files, monkeypatch):
    site.add("toys/gated", files, gated=True)
    site.add("toys/private", files, private=True)
    with pytest.raises(DownloadError, match=r"gated.*\n.*on its page, .*/toys/gated\.\n.*No token was sent") as told:
        hub.fetch("toys/gated")
    assert "HF_TOKEN" in str(told.value) and "hf auth login" in str(told.value)
    with pytest.raises(DownloadError, match="no model toys/private, or does not show it"):
        hub.fetch("toys/private")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(DownloadError, match="The token that was sent has no access"):
        hub.fetch("toys/gated")
    monkeypatch.setenv("HF_TOKEN", site.token)
    for name in ("toys/gated", "toys/private"):
        assert toy.files_of(hub.fetch(name)) == files
    assert not [path for _, path, headers in site.requests if "/cdn/" in path and "authorization" in headers]


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline(site, files, monkeypatch, variable):
    site.add(NAME, files)
    monkeypatch.setenv(variable, "1")
    with pytest.raises(DownloadError, match=r"not in .*home/hub.*\n.*unset it, or fetch it once with bertfit\.down"):
        hub.fetch(NAME)
    with pytest.raises(DownloadError, match=r"with bertfit\.download\('toys/bert-uncased', revision='v1'\)"):
        bertfit.load(NAME, revision="v1", download=False)
    monkeypatch.delenv(variable)
    folder = hub.fetch(NAME)
    site.requests.clear()
    monkeypatch.setenv(variable, "1")
    assert hub.fetch(NAME) == folder == hub.fetch(NAME, online=False) and site.requests == []


def test_a_hub_that_does_not_answer(site, files, monkeypatch):
    site.add(NAME, files)
    site.status = [503]
    with pytest.raises(DownloadError, match=r"reachable.*\n.* answered 503\.\n.*No proxy was asked.*\n.*HF_ENDPOINT"):
        hub.fetch(NAME)
    folder = hub.fetch(NAME)
    site.status = [503]
    with pytest.warns(OfflineWarning, match="it answered 503"):
        assert hub.fetch(NAME) == folder
    site.close()
    with pytest.raises(DownloadError, match="hub must be reachable"):
        hub.fetch("toys/other")
    with pytest.raises(DownloadError, match="hub must be reachable"):
        hub.fetch(NAME, force=True)
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", "http://me:secret@127.0.0.1:9")
    with pytest.raises(DownloadError, match=r"The proxy http://127\.0\.0\.1:9 was asked") as told:
        hub.fetch("toys/other")
    assert "secret" not in str(told.value)


def test_a_repository_without_weights_that_are_read(site, files):
    small = {name: files[name] for name in SMALL}
    site.add("toys/tf", {**small, "tf_model.h5": b"x", "flax_model.msgpack": b"x"})
    with pytest.raises(DownloadError, match=r"have model.safetensors or .*\n.*has flax_model.msgpack, tf_model.h5"):
        hub.fetch("toys/tf")
    site.add("toys/none", small)
    with pytest.raises(DownloadError, match=r"must have model.safetensors.*\n- toys/none has config.json, vocab.txt"):
        hub.fetch("toys/none")
    site.add("toys/adapter", {"adapter_model.safetensors": b"x"})
    with pytest.raises(DownloadError, match=r"must have config.json.*\n.*has adapter_model.safetensors"):
        hub.fetch("toys/adapter")


def test_a_full_disk_and_a_cache_that_may_not_be_written(site, files, monkeypatch, tmp_path):
    site.add(NAME, files)

    def fail(*_, **__):
        raise OSError(28, "No space left on device", "model.safetensors")

    with monkeypatch.context() as patch:
        patch.setattr(huggingface_hub, "hf_hub_download", fail)
        with pytest.raises(DownloadError, match=r"room for the model\.\n- model.*: No space.*\n.*\n.*HF_HOME"):
            hub.fetch(NAME)
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match="The cache must be writable"):
        hub.fetch(NAME, cache_dir=tmp_path / "file")


def test_revision_is_for_the_hub_only(tmp_path):
    for x in (tmp_path, "minilm-l6-uncased", "/no/such/folder"):
        with pytest.raises(ArgumentError, match="`revision` must be left out for a model that is not of the hub"):
            bertfit.load(x, revision="main")
    with pytest.raises(ArgumentError, match="`revision` must be left out"):
        bertfit.download("minilm-l6-uncased", revision="main")


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

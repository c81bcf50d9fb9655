"""Which files of a model of the hub are fetched, progress, Ctrl-C, and downloads that break."""

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
import pytest
from safetensors.numpy import load_file, save_file

import bertfit
from bertfit.checkpoints import hub, hub_settings, open_checkpoint
from bertfit.errors import CheckpointError, DownloadError
from toys import hub as toy
from toys.families import FAMILIES

NAME = toy.NAME
SMALL = ["config.json", "vocab.txt"]
site, files = pytest.fixture(toy.site), pytest.fixture(scope="module")(toy.files)


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


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_all_its_files(site, families, family):
    folder = families.folder(family, "mlm")
    site.add(f"toys/{family}", {**toy.files_of(folder), "README.md": b"", "tf_model.h5": b"", "onnx/model.onnx": b""})
    fetched = Path(hub.fetch(f"toys/{family}"))
    assert toy.files_of(fetched) == {name: data for name, data in toy.files_of(folder).items()
                                     if name != "generation_config.json"}
    opened, here = open_checkpoint(fetched), open_checkpoint(folder)
    assert (opened.config, opened.sha256) == (here.config, here.sha256)
    assert opened.vocabulary.tokens == here.vocabulary.tokens
    assert (opened.name, opened.repository) == (f"toys/{family}", f"toys/{family}")


# -- Progress, interrupts, and broken downloads -------------------------------------------------------------------

def test_progress_counts_the_bytes_of_all_files(site, files, tmp_path):
    site.add(NAME, files)
    events = []
    bertfit.download(NAME, progress=events.append)
    total = sum(map(len, files.values()))
    assert all(event["event"] == "download" and event["name"] == NAME and event["folder"] == str(toy.cache(tmp_path))
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
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        bertfit.load(NAME, download=False)


def test_ctrl_c_ends_a_download_and_leaves_no_parts(site, files, tmp_path):
    site.add(NAME, files)
    site.pause, site.pieces = 0.2, 200  # 40 seconds
    # A background shell's jobs ignore SIGINT.
    code = ("import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            f"import bertfit; print('begins', flush=True); bertfit.download({NAME!r})")
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
    assert not list(toy.cache(tmp_path).rglob("*.incomplete"))
    site.pause, site.requests = 0.0, []
    assert toy.files_of(hub.fetch(NAME)) == files
    assert not [word for word in site.asked("/resolve/") if word == "GET config.json"]  # it had come


def test_two_threads_at_once(site, files):
    site.add(NAME, files)
    site.pause, site.pieces = 0.05, 10
    before = huggingface_hub.constants.HF_HUB_DISABLE_XET
    folders = []
    threads = [threading.Thread(target=lambda: folders.append(hub.fetch(NAME))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(folders) == 2 and toy.files_of(folders[0]) == files
    assert not huggingface_hub.utils.are_progress_bars_disabled()
    assert huggingface_hub.constants.HF_HUB_DISABLE_XET is before

"""A model's files are fetched once, verified, and appear only when complete."""

import errno
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bertfit.checkpoints import archive, downloads, registry
from bertfit.errors import DownloadError
from toys.checkpoints import minilm
from toys.server import FILES, environment, get, make_zip, no_model_in, serve

site = pytest.fixture(serve)


def test_files_arrive_without_the_archives_folder(site, tmp_path):
    events = []
    path = get(tmp_path, progress=events.append)
    names = {name.removeprefix("toy/"): data for name, data in FILES.items()}
    assert {p.name: p.read_bytes() for p in path.iterdir() if p.name != registry.MANIFEST} == names
    assert path == registry.folder(registry.find("bert-tiny-uncased"), tmp_path)
    assert events[0]["done_bytes"] == 0 and events[-1]["done_bytes"] == events[-1]["total_bytes"] == len(site.body)
    assert events[-1]["event"] == "download" and events[-1]["name"] == "bert-uncased-l2-h128"
    assert list((tmp_path / "partial").iterdir()) == []


def test_a_second_call_asks_nobody_and_force_asks_again(site, tmp_path):
    get(tmp_path)
    get(tmp_path)
    assert len(site.requests) == 1
    site.body, site.etag = make_zip({**FILES, "toy/vocab.txt": b"[PAD]\nnew\n"}), '"v2"'
    assert (get(tmp_path, force=True) / "vocab.txt").read_bytes() == b"[PAD]\nnew\n"
    assert len(site.requests) == 2


@pytest.mark.parametrize("damage", ["changed", "missing", "manifest"])
def test_later_loads_notice_changed_files(site, tmp_path, damage):
    path = get(tmp_path)
    assert downloads.verify(path)
    if damage == "changed":
        (path / "vocab.txt").write_bytes(b"[CAT]\n")  # of the same length as before
    elif damage == "missing":
        (path / "vocab.txt").unlink()
    else:
        (path / registry.MANIFEST).write_text("{")
    with pytest.raises(DownloadError, match=r"bertfit\.download\('[^/]*', force=True\)"):
        get(tmp_path)
    assert downloads.verify(get(tmp_path, force=True))


def test_an_archive_without_a_checkpoint_is_refused(site, tmp_path):
    site.body = make_zip({"toy/readme.txt": b"hello"})
    with pytest.raises(DownloadError, match=r"must contain bert_config\.json"):
        get(tmp_path)
    assert no_model_in(tmp_path)


def test_a_full_disk_keeps_what_arrived(site, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
        with pytest.raises(DownloadError, match="must have room") as caught:
            get(tmp_path)
    assert "1,000 are free" in str(caught.value) and "BERTFIT_CACHE" in str(caught.value)

    def unpack(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device", "x")

    with monkeypatch.context() as full:  # enough space for the archive, not for its contents
        full.setattr(archive, "unpack", unpack)
        with pytest.raises(DownloadError, match="must have room"):
            get(tmp_path)
    fetched = len(site.requests)
    assert downloads.verify(get(tmp_path)) and len(site.requests) == fetched  # the whole archive was still there


def test_an_unwritable_cache_is_refused(site, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(DownloadError, match="must be writable"):
        get(tmp_path / "file")


OTHER = """
import sys; from bertfit.checkpoints import downloads
print(downloads.download("bert-tiny-uncased", sys.argv[1]))
"""


def test_two_processes_fetch_once(site, tmp_path):
    lock = tmp_path / "locks" / "bert-uncased-l2-h128.lock"
    command = [sys.executable, "-c", OTHER, str(tmp_path)]
    with archive.lock(lock):
        other = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) for _ in range(2)
        ]
        with pytest.raises(subprocess.TimeoutExpired):
            other[0].wait(1.0)
        assert site.requests == []  # both wait for the lock held here
    paths = {process.communicate(timeout=60)[0].strip() for process in other}
    assert paths == {str(registry.folder(registry.find("bert-tiny-uncased"), tmp_path))}
    assert len(site.requests) == 1


def test_leftovers_of_a_dead_process_are_cleared(site, tmp_path):
    leftover = tmp_path / "models" / ".bert-uncased-l2-h128.99999"
    leftover.mkdir(parents=True)
    (leftover / "half").write_text("x")
    get(tmp_path)
    assert not leftover.exists()


@pytest.mark.real
def test_minilm_has_its_published_checksums():
    path = Path(minilm())
    digest = hashlib.sha256((path / "model.safetensors").read_bytes()).hexdigest()
    assert digest == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    digest = hashlib.sha256((path / "vocab.txt").read_bytes()).hexdigest()
    assert digest == "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"

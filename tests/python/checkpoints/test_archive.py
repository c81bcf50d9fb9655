"""Unpacking refuses files outside of its folder; a lock excludes other processes and ends with its own."""

import io
import stat
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from bertfit.checkpoints import archive
from bertfit.errors import DownloadError
from toys.server import FILES, environment, get, make_zip, no_model_in, serve

site = pytest.fixture(serve)


def link_entry(name, target, kind=stat.S_IFLNK):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    return info, target


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.txt", "outside"),
        ("toy/../../evil.txt", "outside"),
        ("/tmp/bertfit-evil.txt", "outside"),
        ("C:/evil.txt", "outside"),
        ("toy\\..\\evil.txt", "outside"),
        ("./evil.txt", "outside"),
        ("toy//evil.txt", "outside"),
        ("TOY/VOCAB.TXT", "twice"),
    ],
)
def test_entries_that_leave_the_folder_are_refused(site, tmp_path, name, reason):
    site.body = make_zip({**FILES, name: b"evil"})
    with pytest.raises(DownloadError, match=reason):
        get(tmp_path)
    assert no_model_in(tmp_path)
    assert not list(tmp_path.rglob("evil*")) and not Path("/tmp/bertfit-evil.txt").exists()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(site, tmp_path, kind):
    buffer = io.BytesIO(site.body)
    with zipfile.ZipFile(buffer, "a") as opened:
        opened.writestr(*link_entry("toy/link", "/etc/passwd", kind))
    site.body = buffer.getvalue()
    with pytest.raises(DownloadError, match="link or a device"):
        get(tmp_path)
    assert no_model_in(tmp_path)


def test_a_zip_bomb_is_refused_whatever_it_declares(tmp_path):
    bomb = make_zip({"zeros": b"\0" * 2_000_000}, zipfile.ZIP_DEFLATED)
    (tmp_path / "bomb.zip").write_bytes(bomb)
    with pytest.raises(DownloadError, match="more than 1,000,000 bytes"):
        archive.unpack(tmp_path / "bomb.zip", tmp_path / "a", 1_000_000)
    lying = bomb.replace((2_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))  # declares 10 bytes
    assert lying != bomb
    (tmp_path / "lying.zip").write_bytes(lying)
    with pytest.raises(DownloadError):
        archive.unpack(tmp_path / "lying.zip", tmp_path / "b", 1_000_000)
    assert sum(p.stat().st_size for p in (tmp_path / "b").rglob("*")) <= 1_000_000


@pytest.mark.parametrize("where", [100, 600_000, -10])
def test_a_truncated_archive_is_refused(site, tmp_path, where):
    site.body = site.body[:where]
    with pytest.raises(DownloadError, match="whole zip file"):
        get(tmp_path)
    assert no_model_in(tmp_path)


def test_a_flipped_byte_is_noticed_by_the_archives_own_checksum(site, tmp_path):
    site.body = site.body[:500_000] + bytes([site.body[500_000] ^ 1]) + site.body[500_001:]
    with pytest.raises(DownloadError, match="whole zip file"):
        get(tmp_path)


def test_a_lock_is_waited_for_and_given_up(tmp_path):
    with archive.lock(tmp_path / "x.lock") as waited:
        assert waited is False
        with pytest.raises(DownloadError, match="one process"), archive.lock(tmp_path / "x.lock", timeout=0.2):
            raise AssertionError("the lock was given twice")
    with archive.lock(tmp_path / "x.lock", timeout=0.2) as waited:
        assert waited is False


def test_a_dead_process_leaves_no_lock(tmp_path):
    code = "import os, sys; from pathlib import Path; from bertfit.checkpoints import archive\n" \
           "with archive.lock(Path(sys.argv[1])): os._exit(1)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "x.lock")], env=environment(), check=False)
    with archive.lock(tmp_path / "x.lock", timeout=0.2) as waited:
        assert waited is False


def test_a_lock_that_had_to_be_waited_for_says_so(tmp_path):
    """Also from another thread of the same process."""
    held, done, told = threading.Event(), threading.Event(), []

    def hold():
        with archive.lock(tmp_path / "x.lock"):
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    threading.Timer(0.3, done.set).start()
    with archive.lock(tmp_path / "x.lock", timeout=10) as waited:
        told.append(waited)
    thread.join()
    assert told == [True]

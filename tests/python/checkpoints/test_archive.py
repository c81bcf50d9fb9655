"""Unpacking refuses files outside of its folder; a lock excludes other processes and ends with its own."""

import io
import stat
import subprocess
import sys
import tarfile
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


# ---- tar archives ----


def make_tar(path, entries, mode="w:gz", **fields):
    """A tar archive of `entries` (name, content or type of a link or device); `fields` change the last one."""
    with tarfile.open(path, mode) as opened:
        for number, (name, content) in enumerate(entries):
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
            else:
                info.type, info.linkname = content.encode(), "/etc/passwd"
            if number == len(entries) - 1:
                for field, value in fields.items():
                    setattr(info, field, value)
            opened.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_archive_is_unpacked(tmp_path, mode, form):
    (tmp_path / "in/assets").mkdir(parents=True)
    (tmp_path / "in/assets/vocab.txt").write_bytes(b"a\n")
    (tmp_path / "in" / ("x" * 60)).write_bytes(b"123" * 1000)
    with tarfile.open(tmp_path / "a.tar", mode, format=form) as opened:
        opened.add(tmp_path / "in", "./")
    written = archive.unpack(tmp_path / "a.tar", tmp_path / "out", 4000)
    assert {str(path.relative_to(tmp_path / "out")) for path in written} == {"assets/vocab.txt", "x" * 60}
    assert (tmp_path / "out" / ("x" * 60)).read_bytes() == b"123" * 1000


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [("../evil.txt", b"evil", "outside"), ("a/../../evil.txt", b"evil", "outside"),
     ("/tmp/bertfit-evil", b"", "outside"), ("C:/evil.txt", b"evil", "outside"), ("a\\..\\evil", b"evil", "outside"),
     ("GOOD.TXT", b"evil", "twice"), ("link", tarfile.SYMTYPE.decode(), "link or a device"),
     ("link", tarfile.LNKTYPE.decode(), "link or a device"),
     ("pipe", tarfile.FIFOTYPE.decode(), "link or a device"), ("device", tarfile.CHRTYPE.decode(), "link or a device")],
)
def test_tar_entries_that_leave_the_folder_are_refused(tmp_path, name, content, reason):
    path = make_tar(tmp_path / "evil.tar.gz", [("good.txt", b"good"), (name, content)])
    with pytest.raises(DownloadError, match=reason):
        archive.unpack(path, tmp_path / "out", 10_000)
    assert not list(tmp_path.rglob("evil*.txt")) and not Path("/tmp/bertfit-evil").exists()


def test_tar_bombs_are_refused(tmp_path):
    def refused(path, match):
        with pytest.raises(DownloadError, match=match):
            archive.unpack(path, tmp_path / "out", 1_000_000)
        assert sum(p.stat().st_size for p in (tmp_path / "out").rglob("*")) <= 1_000_000

    refused(make_tar(tmp_path / "a.tgz", [("zeros", b"\0" * 2_000_000)]), "more than 1,000,000 bytes")
    refused(make_tar(tmp_path / "b.tgz", [(f"{i}", b"") for i in range(1001)]), "more than 1000 entries")
    # An extended header of 5 MB, which tarfile would read into memory.
    with tarfile.open(tmp_path / "c.tgz", "w:gz", format=tarfile.PAX_FORMAT) as opened:
        info = tarfile.TarInfo("x")
        info.pax_headers = {"comment": "a" * 5_000_000}
        opened.addfile(info)
    refused(tmp_path / "c.tgz", "header of")
    sparse = tarfile.TarInfo("hole")
    sparse.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "99999999999"}
    with tarfile.open(tmp_path / "d.tgz", "w:gz", format=tarfile.PAX_FORMAT) as opened:
        body = b"1\n0\n0\n".ljust(512, b"\0")
        sparse.size = len(body)
        opened.addfile(sparse, io.BytesIO(body))
    refused(tmp_path / "d.tgz", "link or a device|whole tar")


def test_a_damaged_tar_archive_is_refused(tmp_path):
    content = make_tar(tmp_path / "a.tgz", [("a", bytes(range(256)) * 100), ("b", b"b" * 5000)]).read_bytes()
    for bad in (content[:200], content[:-9], content[:-1], content[:100] + b"x" + content[101:]):
        (tmp_path / "bad.tgz").write_bytes(bad)
        with pytest.raises(DownloadError, match="whole tar file"):
            archive.unpack(tmp_path / "bad.tgz", tmp_path / f"out{len(bad)}{bad[100]}", 100_000)


# ---- locks ----


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

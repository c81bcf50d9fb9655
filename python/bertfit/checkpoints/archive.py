"""File utilities for downloads: digests, a lock between processes, and safe unpacking of zip and tar files.

Knows nothing of models or the network.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import hashlib
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import filelock

from bertfit.errors import DownloadError

_MOST_ENTRIES = 1000
_PIECE = 2**20
_LONGEST_NAME = 255  # bytes
_GZIP = b"\x1f\x8b"


def file_digest(path: str | os.PathLike, algorithm: str = "sha256") -> str:
    """The file's digest in hexadecimal. Measured once per process for a file that has not changed since."""
    info = os.stat(path)
    return _digest(os.path.abspath(path), algorithm, info.st_size, info.st_mtime_ns, info.st_ino)


@functools.lru_cache(maxsize=256)
def _digest(path: str, algorithm: str, *_identity: int) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


@contextlib.contextmanager
def lock(path: Path, timeout: float = 3600.0) -> Iterator[bool]:
    """Hold `path` against every other process and thread; yields whether it had to wait.

    The operating system drops the lock when its process dies, so a crash leaves nothing stale behind.

    Raises:
        DownloadError: Another process kept the lock for `timeout` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    guard, waited = filelock.FileLock(path), False
    try:
        try:
            guard.acquire(timeout=0)
        except filelock.Timeout:
            waited = True
            guard.acquire(timeout=timeout, poll_interval=0.1)
    except filelock.Timeout as error:
        raise DownloadError(
            "Only one process may download a model at a time.",
            [f"Another process has held {path} for {timeout:.0f} seconds.", "End it, then try again."],
        ) from error
    try:
        yield waited
    finally:
        guard.release()


def unpack(archive: Path, target: Path, limit: int, keep: Callable[[str], bool] = lambda name: True) -> list[Path]:
    """Unpack the plain files of a zip or tar archive (compressed by gzip or not) into the new folder `target`.

    Every entry of a zip archive is looked at before the first byte is written, every entry of a tar archive before its
    own. Refused: absolute names, "..", drive letters, backslashes, links and devices, names that differ only in case,
    encryption, more than `limit` bytes.

    Args:
        archive: The file.
        target: A folder that does not exist yet.
        limit: Most bytes that may come out, counted while they do; the archive's own figures are not believed.
        keep: Which entries to unpack, by name; the others are still checked.

    Returns:
        The files written.

    Raises:
        DownloadError: The archive is damaged, or breaks a rule above.
    """
    if is_tar(archive):
        return _unpack_tar(archive, target, limit, keep)
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not _is_clutter(entry.filename)]
            _check_entries(archive, entries, limit)
            written, left = [], limit
            for entry in entries:
                if entry.is_dir() or not keep(entry.filename):
                    continue
                with opened.open(entry) as source:
                    path = target.joinpath(*PurePosixPath(entry.filename).parts)
                    left -= _write(archive, source, path, entry.filename, left)
                written.append(path)
            return written
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DownloadError("The archive must be a whole zip file.", [f"{archive}: {error}."]) from error


def _unpack_tar(archive: Path, target: Path, limit: int, keep: Callable[[str], bool]) -> list[Path]:
    written, left, seen, entries = [], limit, set(), 0
    try:
        with open(archive, "rb") as raw, _decompressed(raw) as stream, \
                tarfile.open(fileobj=_Bounded(stream), mode="r:") as opened:
            for entry in opened:
                entries += 1
                if entries > _MOST_ENTRIES:
                    raise _refused(archive, f"it has more than {_MOST_ENTRIES} entries")
                name = entry.name.removeprefix("./")
                if name in ("", ".") or _is_clutter(name):
                    continue
                if entry.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE) or entry.sparse is not None:
                    raise _refused(archive, f"{entry.name!r} is a link or a device, not a plain file")
                _check_name(archive, name, seen)
                if entry.size > left:
                    raise _refused(archive, f"it would unpack to more than {limit:,} bytes")
                if entry.isdir() or not keep(name):
                    left -= entry.size
                    continue
                path = target.joinpath(*PurePosixPath(name).parts)
                size = _write(archive, opened.extractfile(entry), path, name, left)
                if size != entry.size:
                    raise EOFError(f"cut short in {name!r}")
                left -= size
                written.append(path)
            for _ in range(_MOST_ENTRIES):  # to the end, where gzip has its checksum
                if not stream.read(_PIECE):
                    break
        return written
    except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, ValueError, OverflowError,
            RecursionError) as error:
        raise DownloadError("The archive must be a whole tar file.", [f"{archive}: {error}."]) from error


def is_file_name(name: str) -> bool:
    """Whether `name`, which a downloaded file gives, is that of a file in one folder on every system.

    >>> [is_file_name(name) for name in ("vocab.txt", "../vocab.txt", "C:x", "")]
    [True, False, False, False]
    """
    plain = name not in ("", ".", "..") and not any(mark in name for mark in "/\\:\0")
    return plain and len(name.encode("utf-8", "replace")) <= _LONGEST_NAME


def is_tar(path: Path) -> bool:
    """Whether a file begins as a tar archive does, or one that gzip compressed."""
    with open(path, "rb") as file:
        start = file.read(262)
    return start[:2] == _GZIP or start[257:] == b"ustar"


def _decompressed(raw: BinaryIO) -> BinaryIO:
    start = raw.read(2)
    raw.seek(0)
    return gzip.GzipFile(fileobj=raw) if start == _GZIP else raw


class _Bounded:
    """A file to read a tar archive from. A header that says that it is very long is not read into memory."""

    def __init__(self, file: BinaryIO):
        self._file, self.seek, self.tell = file, file.seek, file.tell

    def read(self, size: int) -> bytes:
        if size > _PIECE:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        return self._file.read(size)


def _write(archive: Path, source: BinaryIO, path: Path, name: str, left: int) -> int:
    """Copy at most `left` bytes to a new file; returns how many there were."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with open(path, "xb") as file:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > left:
                raise _refused(archive, f"{name} brings it above the allowed size")
            file.write(piece)
    return size


def _is_clutter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and (parts[0] == "__MACOSX" or parts[-1] == ".DS_Store")


def _check_entries(archive: Path, entries: list[zipfile.ZipInfo], limit: int) -> None:
    if len(entries) > _MOST_ENTRIES:
        raise _refused(archive, f"it has {len(entries)} entries")
    if sum(entry.file_size for entry in entries) > limit:
        raise _refused(archive, f"it would unpack to more than {limit:,} bytes")
    seen: set[str] = set()
    for entry in entries:
        # `orig_filename`: ZipInfo cuts `filename` at a NUL and may turn backslashes into slashes.
        name, mode = entry.orig_filename, entry.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _refused(archive, f"{name!r} is a link or a device, not a plain file")
        if entry.flag_bits & 0x1:
            raise _refused(archive, f"{name!r} is encrypted")
        _check_name(archive, name, seen)


def _check_name(archive: Path, name: str, seen: set[str]) -> None:
    """Refuse a name that leads out of the folder, or that is there already; else add it to `seen`."""
    plain = name.rstrip("/")
    if any(mark in name for mark in "\\:\0") or any(part in ("", ".", "..") for part in plain.split("/")):
        raise _refused(archive, f"{name!r} points outside the folder it is unpacked into")
    if plain.lower() in seen:
        raise _refused(archive, f"{name!r} is there twice")
    seen.add(plain.lower())


def _refused(archive: Path, reason: str) -> DownloadError:
    return DownloadError("The archive must hold plain files that stay inside their folder.", [f"{archive}: {reason}."])

"""Replace a folder or a file atomically: the new one appears complete under its name, or the old one stays.

The new one is written under a hidden name beside the target, synced to the disk and then renamed, in one step where the
system can exchange two names. The caller checks beforehand whether the target may be replaced; what appears there, or
changes, after that is not replaced.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import stat
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from bertfit.errors import OccupiedError
from bertfit.system.disk import full_disk_told
from bertfit.system.interrupts import held

_AGE = 3600.0  # seconds after which a draft in which no file was made is taken for abandoned


@contextlib.contextmanager
def replacement(target: str | os.PathLike, kind: Literal["folder", "file"] = "folder") -> Iterator[Path]:
    """A draft to write; on leaving the block it takes the name `target`, unless an error was raised.

    After any exception, Ctrl-C included, the old or the new stands whole under the name. A process that is killed
    leaves its draft, which a later call removes after an hour; where the system cannot exchange two names, a process
    killed between two renames leaves the old as "-old" beside the target. Other users cannot read a draft.

    Args:
        target: The name to take. Missing parents are made.
        kind: "folder", or "file".

    Yields:
        The draft: an empty folder, or the path of a file to create.

    Raises:
        DiskError: The disk is full; `target` is as it was.
        OSError: The system refuses; `target` is as it was.
        OccupiedError: Something else stands at `target` than before the block. It stays, and the draft gets another
            name beside it, which the error tells.
    """
    target = Path(target)
    with full_disk_told(target), _replacement(target, kind) as draft:
        yield draft


@contextlib.contextmanager
def _replacement(target: Path, kind: str) -> Iterator[Path]:
    before = _seen(target)
    draft = _beside(target)
    old = draft.with_name(f"{draft.name}-old")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        draft.mkdir()
        mode = stat.S_IMODE(draft.stat().st_mode)  # what the umask allows
        draft.chmod(mode & ~0o077 | 0o700)
        content = draft if kind == "folder" else draft / "file"  # a file has the umask's mode from the beginning
        yield content
        _sync(content)
        with held():
            if kind == "folder":
                draft.chmod(mode)
            if _seen(target) != before:
                raise _kept_beside(content, target)
            if kind == "file":
                os.replace(content, target)
            else:
                _take_name(draft, target, old)
            _sync_one(target.parent)
    finally:
        with held():
            if os.path.lexists(old) and not os.path.lexists(target):
                os.rename(old, target)  # stopped between the two renames
            _delete(old)
            _delete(draft)


def remove(folder: str | os.PathLike) -> None:
    """Delete a folder, which goes from its name in one step: interrupted, no half of it is left there.

    Raises:
        OSError: The disk refuses; the folder is as it was.
    """
    folder = Path(folder)
    gone = _beside(folder)
    try:
        os.rename(folder, gone)
    finally:
        _delete(gone)


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.bertfit-{uuid.uuid4().hex[:12]}")


def _seen(path: Path) -> tuple | None:
    """What tells the file or folder at a path from another one, and from itself after a change; None for nothing."""
    try:
        facts = path.lstat()
        entries = sorted(os.scandir(path), key=lambda entry: entry.name) if path.is_dir() else ()
        inside = [(entry.name, entry.stat(follow_symlinks=False).st_mtime_ns) for entry in entries]
    except FileNotFoundError:
        return None
    return (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, inside)


def _kept_beside(content: Path, target: Path) -> OccupiedError:
    """Give what was written a free name beside the target; returns the error that tells it."""
    place = free_beside(target)
    os.rename(content, place)
    error = OccupiedError("What is being written must find its place as it was.", [
        f"{target} appeared or was changed in the meantime, and was left alone.",
        f"What was written is whole, in {place}."])
    error.kept = str(place)
    return error


def free_beside(target: Path) -> Path:
    """A free path beside a target, for what cannot be put there: "name-kept", "name-kept-2", ..."""
    number, place = 1, target.with_name(f"{target.name}-kept")
    while os.path.lexists(place):
        number += 1
        place = target.with_name(f"{target.name}-kept-{number}")
    return place


def _sweep(target: Path) -> None:
    """Delete what killed processes have left of this target; the old one only where a newer has its name."""
    drafts = f".{_glob_escape(target.name)}.bertfit-{'[0-9a-f]' * 12}"
    for path in [*target.parent.glob(drafts), *target.parent.glob(f"{drafts}-old")]:
        with contextlib.suppress(FileNotFoundError):
            is_old = path.name.endswith("-old")
            # The contents of an old one may be of any age: ctime is when it was renamed.
            since = path.lstat().st_ctime if is_old else path.lstat().st_mtime
            if time.time() - since > _AGE and (not is_old or os.path.lexists(target)):
                _delete(path)


def _glob_escape(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _take_name(draft: Path, target: Path, old: Path) -> None:
    """Give `draft` the name of `target`; what stood there ends up under the draft's name, or as `old`."""
    if not os.path.lexists(target):
        os.rename(draft, target)
    elif not _exchange(draft, target):
        os.rename(target, old)
        os.rename(draft, target)


def _exchange(a: Path, b: Path) -> bool:
    """Swap two names in one step where the system can (Linux, most file systems)."""
    if not sys.platform.startswith("linux"):
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of linux/fs.h
    return renameat2 is not None and renameat2(here, os.fsencode(a), here, os.fsencode(b), exchange) == 0


def _sync(path: Path) -> None:
    """Bring a file, or a folder with all that is in it, to the disk."""
    for folder, _, names in os.walk(path, topdown=False):
        for name in names:
            _sync_one(Path(folder, name))
        _sync_one(Path(folder))
    if path.is_file():
        _sync_one(path)
        _sync_one(path.parent)


def _sync_one(path: Path) -> None:
    folder, windows = path.is_dir(), os.name == "nt"
    if path.is_symlink() or (folder and windows):
        return
    # Some file systems cannot sync a folder; a file that cannot be synced is an error.
    with contextlib.suppress(OSError) if folder else contextlib.nullcontext():
        descriptor = os.open(path, os.O_RDWR if windows else os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

"""Replace a folder atomically: the new one appears complete under its name, or the old one stays.

The new folder is filled under a hidden name beside the target and then renamed, in one step where the system can
exchange two names. The caller checks beforehand whether the target may be replaced.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacement(target: Path) -> Iterator[Path]:
    """A draft directory to fill; on leaving it takes the name `target`, unless an error was raised.

    A run that is killed leaves `target` as it was, and the draft, which a later call removes after an hour.

    Raises:
        OSError: The disk refuses; `target` is as it was.
    """
    draft = target.parent / f".{target.name}.bertfit-{uuid.uuid4().hex[:12]}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target)
        draft.mkdir()
        yield draft
        _take_name(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _remove_abandoned(target: Path, age: float = 3600.0) -> None:
    """Drafts of this bundle left behind by runs that were killed."""
    for draft in target.parent.glob(f".{_glob_escape(target.name)}.bertfit-{'[0-9a-f]' * 12}"):
        if time.time() - draft.stat().st_mtime > age:
            shutil.rmtree(draft, ignore_errors=True)


def _glob_escape(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _take_name(draft: Path, target: Path) -> None:
    """Give `draft` the name of `target`; what stood there ends up under the draft's name, or nowhere."""
    if not target.exists() or not os.listdir(target):
        if sys.platform == "win32" and target.exists():  # elsewhere an empty directory is replaced by rename
            target.rmdir()
        os.rename(draft, target)
        return
    if _exchange(draft, target):
        return
    # No atomic swap on this system: two renames, undone if the second fails.
    old = draft.with_name(draft.name + "-old")
    os.rename(target, old)
    try:
        os.rename(draft, target)
    except BaseException:
        os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(a: Path, b: Path) -> bool:
    """Swap two names in one step where the system can (Linux, most file systems)."""
    if not sys.platform.startswith("linux"):
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of linux/fs.h
    return renameat2 is not None and renameat2(here, os.fsencode(a), here, os.fsencode(b), exchange) == 0

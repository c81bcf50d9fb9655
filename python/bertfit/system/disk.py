"""A full disk: told from other errors, and named."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from bertfit.errors import BertfitError, DiskError

_FULL = {errno.ENOSPC: "is full", errno.EDQUOT: "has no more room for this user",
         errno.EFBIG: "does not take a file of this size"}


@contextlib.contextmanager
def full_disk_told(target: str | os.PathLike) -> Iterator[None]:
    """Raise a `DiskError` in place of the error of a full disk that comes up in the block, also a library's.

    Args:
        target: What is being written; it is as it was before.
    """
    try:
        yield
    except BertfitError:
        raise
    except Exception as error:
        reason = _reason(error)
        if reason is None:
            raise
        raise _named(Path(target), reason) from error


def _reason(error: Exception) -> str | None:
    """What is wrong with the disk; None for another error. TensorFlow and safetensors only quote the system's."""
    if isinstance(error, OSError):
        return _FULL.get(error.errno)
    text = str(error)
    return next((reason for number, reason in _FULL.items() if os.strerror(number) in text), None)


def _named(target: Path, reason: str) -> DiskError:
    folder = Path(os.path.realpath(target)).parent
    while not folder.exists():
        folder = folder.parent
    disk = folder
    while not os.path.ismount(disk) and disk != disk.parent:
        disk = disk.parent
    usage = shutil.disk_usage(folder)
    return DiskError("The disk must have room for what is written.", [
        f"The disk of {folder} ({disk}) {reason}: {_size(usage.free)} of {_size(usage.total)} are free.",
        f"{target} {'is as it was before' if os.path.lexists(target) else 'was not made'}.",
        "Free some space, or choose a folder on another disk."])


def _size(count: int) -> str:
    """A number of bytes to read.

    >>> _size(1536), _size(3 * 2**30)
    ('1.5 KB', '3.0 GB')
    """
    value, units = float(count), ["bytes", "KB", "MB", "GB", "TB"]
    while value >= 1024 and len(units) > 1:
        value, units = value / 1024, units[1:]
    return f"{value:.0f} bytes" if units[0] == "bytes" else f"{value:.1f} {units[0]}"

"""Lines of files that may be gzipped, read in bounded memory: half a megabyte may unpack to one line of gigabytes."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import BinaryIO

#: Most bytes of a line, its end included.
LONGEST_LINE = 2**26


def unpacked(file: BinaryIO) -> BinaryIO:
    """The file itself, or its unpacked content if it is gzipped, which its first bytes tell."""
    return gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == b"\x1f\x8b" else file


def read_lines(file: BinaryIO, longest: int | None = None) -> Iterator[bytes]:
    """The lines of a file from `unpacked`, which end at a line feed only and keep it.

    Args:
        file: The file.
        longest: Most bytes of a line; None for `LONGEST_LINE`.

    Raises:
        OSError: A line is longer (the message has its number), the file cannot be read, or its gzip data are damaged.
    """
    longest, number = longest or LONGEST_LINE, 0
    try:
        while line := file.readline(longest + 1):
            number += 1
            if len(line) > longest:
                raise OSError(f"line {number} has more than {longest:,} bytes")
            yield line
    except (EOFError, zlib.error) as error:
        raise OSError(str(error)) from error

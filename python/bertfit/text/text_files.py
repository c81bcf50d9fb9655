"""Read texts from files one by one: plain lines or JSON lines, optionally gzipped.

Files are streamed and never held in memory as a whole. Errors name the file and the line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence

from bertfit.errors import DataError
from bertfit.system import read_lines, unpacked

_BYTE_ORDER_MARK = "\ufeff"


def read_texts(files: Sequence[str | os.PathLike], field: str | None = None) -> Iterator[str]:
    """Yield the texts of files, one per line. A blank line is an empty text in plain text, and skipped in JSON lines.

    Args:
        files: Paths. Gzipped files are recognized by their first bytes.
        field: The field of each line's JSON object that holds the text. None reads plain lines, or the field "text" of
            files named .jsonl or .ndjson (also with .gz).

    Raises:
        DataError: A file cannot be read, is not UTF-8, is a damaged gzip file, has a line of more than 64 MiB, or has a
            line that is not a JSON object with that field as a string. The message names file and line.
    """
    for path in map(os.fspath, files):
        named = os.path.basename(path).lower().removesuffix(".gz").endswith((".jsonl", ".ndjson"))
        key = field or ("text" if named else None)
        for number, line in _lines(path):
            if key is None:
                yield line
            elif line.strip():
                yield _field(line, key, path, number)


def _lines(path: str) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with open(path, "rb") as file:
            for line in read_lines(unpacked(file)):
                number += 1
                text = line.decode("utf-8").rstrip("\r\n")
                yield number, text.removeprefix(_BYTE_ORDER_MARK) if number == 1 else text
    except UnicodeDecodeError as error:
        raise DataError("A text file must be UTF-8.",
                        [f"{path}: line {number} is not ({error.reason} at byte {error.start + 1} of the line).",
                         "iconv converts a file whose encoding you know."]) from error
    except OSError as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError("A text file must be readable.", [f"{path}: {reason.rstrip('.')}."]) from error


def _field(line: str, key: str, path: str, number: int) -> str:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise DataError("Every line must be a JSON object.", [f"{path}: line {number} is not ({error})."]) from error
    if not isinstance(value, dict) or not isinstance(value.get(key), str):
        has = f"has {', '.join(value) or 'nothing'}" if isinstance(value, dict) else f"is {json.dumps(value):.40}"
        key = json.dumps(key, ensure_ascii=False)
        raise DataError(f"Every line must be a JSON object with the string {key}.",
                        [f"{path}: line {number} is not.", f"It {has}."])
    return value[key]

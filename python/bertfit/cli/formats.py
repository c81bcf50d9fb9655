"""The format of a table: from a file's name, or, on stdin, from its first line where that leaves no doubt."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Collection
from typing import Any

from bertfit.errors import ArgumentError, Sentence, Value

_FORMATS = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".txt": "txt"}
_LIKE_A_NAME = re.compile(r"[^\W\d][\w.]*")  # of a column, as programs write them


def format_of(path: str, argument: str) -> str | None:
    """The format of a file by its extension; "folders" for a folder, None for "-".

    Args:
        path: The file.
        argument: Name of the argument that sets the format, for the error.

    Raises:
        ArgumentError: The extension is unknown.

    >>> format_of("texts.csv.gz", "format")
    'csv'
    """
    if path == "-":
        return None
    if os.path.isdir(path):
        return "folders"
    ending = os.path.splitext(os.path.basename(path).lower().removesuffix(".gz"))[1]
    if ending not in _FORMATS:
        raise ArgumentError("must be given for a file that is not called .csv, .tsv, .jsonl or .txt.",
                            [f"It is called {os.path.basename(path)}."], argument=argument)
    return _FORMATS[ending]


def format_told(line: str, names: Collection[str]) -> str:
    """The format of rows whose first line is `line`.

    A JSON object tells JSON lines; tabs or commas tell a header if one of the fields is among `names`, and no field
    begins or ends with a space. A line that may be a header or a text tells nothing; any other is a text.

    Args:
        line: The first line; empty if there is none.
        names: Names that the column of texts may have, lower-cased.

    Raises:
        ArgumentError: The line may be a header or a text.

    >>> [format_told(line, {"text"}) for line in ('{"text": "a"}', "id\\ttext", "id,text", "a film, a good one")]
    ['jsonl', 'tsv', 'csv', 'txt']
    """
    line = line.removeprefix("\ufeff").rstrip("\r\n")
    if _is_object(line):
        return "jsonl"
    for format, fields in (("tsv", line.split("\t")), ("csv", next(csv.reader([line]), []))):
        fields = [field.strip('"') for field in fields]
        if len(fields) > 1 and names & {field.lower() for field in fields} and all(f == f.strip() for f in fields):
            return format
    doubtful = "\t" in line or line.strip('"').lower() in names or (
        len(fields) > 1 and all(map(_LIKE_A_NAME.fullmatch, fields)))
    if doubtful:
        raise ArgumentError("must be given: the first line may be a header or a text.",
                            [Sentence("It is {}.", Value(line[:60]))], argument="format")
    return "txt"


def _is_object(line: str) -> bool:
    try:
        return line.lstrip().startswith("{") and isinstance(json.loads(line), dict)
    except ValueError:
        return False


class TwiceError(Exception):
    """A JSON object has a name, `args[0]`, twice."""


def json_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The dict of a JSON object; a `TwiceError` if it has a name twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise TwiceError(repr(next(name for name in names if names.count(name) > 1)))
    return found

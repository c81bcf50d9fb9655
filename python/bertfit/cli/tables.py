"""Reads and writes tables of text: csv, tsv, JSON lines and plain text, row by row.

Cells are not converted to numbers, dates or missing values. Errors name the file and the line. The format follows from
the file's extension: .csv, .tsv, .jsonl (.ndjson), .txt, each optionally with .gz; on stdin from the first line
(`formats`).

- csv: RFC 4180, rows may span lines.
- tsv: one row per line. A field in quotation marks, with those inside doubled, is unquoted, because R's and Python's
  writers quote this way; any other quotation mark is part of the text.
- jsonl: one object per line.
- txt: one text per line, in the column "text".
- folders: a folder with a folder of texts per label (`rows.folders`), in the columns "text", "label" and "file".
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import json
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from bertfit.cli.formats import TwiceError, format_of, format_told, json_object
from bertfit.errors import Arg, ArgumentError, DataError, Sentence, Value
from bertfit.rows import folder_texts
from bertfit.system import LONGEST_LINE, read_lines, replacement, unpacked

_QUOTED = re.compile(r'"((?:[^"]|"")*)"')

Row = dict[str, Any]


# -- Reading --------------------------------------------------------------------------------------------

class Table:
    """A file whose rows (dicts by column name) can be iterated over once. Use it in a `with` statement.

    Args:
        path: The file; "-" for stdin.
        format: "csv", "tsv", "jsonl" or "txt"; None to use the extension, or for stdin the first line.
        known: Names that the column of texts may have, by which a first line on stdin is told to be a header.
        folders: Arguments of `folder_texts`, for a folder.

    Attributes:
        names: Names of the columns; for JSON lines, those of the first line.
        size: Size of the file in bytes, or None.
        notes: What was left out of a folder.

    Raises:
        ArgumentError: Its format is not given, and the extension, or the first line, does not tell it.
        DataError: It cannot be read, is not UTF-8, or has rows that do not fit its header.
    """

    def __init__(self, path: str, format: str | None = None, known: Collection[str] = (),
                 folders: Mapping[str, Any] | None = None):
        self.path, self.format = path, format or format_of(path, "format")
        self._known = {name.lower() for name in known}
        self.label = "stdin" if path == "-" else path
        self.size: int | None = None
        self.notes: list[str] = []
        self._folder_options = dict(folders or {})
        self._raw: Any = None
        self._strings: dict[str, tuple[str, bool]] = {}

    def __enter__(self) -> Table:
        self._stack = contextlib.ExitStack()
        with self._faults():
            if self.path == "-":
                self._raw = file = sys.stdin.buffer
            elif self.format == "folders":
                file = None
            else:
                self._raw = file = self._stack.enter_context(open(self.path, "rb"))
                self.size = os.path.getsize(self.path)
                file = unpacked(file)
            lines = iter(()) if file is None else read_lines(file)
            if self.format is None:
                first = next(lines, b"")
                lines = itertools.chain([first] if first else [], lines)
                self.format = format_told(first.decode("utf-8", "replace"), self._known)
        self._file = lines
        self._number = self._bytes = 0
        rows = {"csv": self._csv, "tsv": self._tsv, "jsonl": self._jsonl, "txt": self._txt,
                "folders": self._folders}[self.format]()
        self.names = next(rows)
        self._rows = rows
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def require_strings(self, name: str, role: str, or_missing: bool = False) -> None:
        """Require a string in column `name` of every following row; the DataError names the argument `role`.

        With `or_missing`, null and no value at all are allowed.
        """
        self._strings[name] = role, or_missing

    def is_missing(self, cell: Any) -> bool:
        """Whether a cell has no value: null in JSON lines, empty elsewhere."""
        return cell is None or (cell == "" and self.format != "jsonl")

    def position(self) -> int:
        """Bytes read so far."""
        return 0 if self.size is None else self._raw.tell()

    def chunks(self, size: int) -> Iterator[list[Row]]:
        """The rows in lists of up to `size`, which end after `LONGEST_LINE` bytes: rows may be long."""
        chunk: list[Row] = []
        begun = self._bytes
        for row in self:
            chunk.append(row)
            if len(chunk) == size or self._bytes - begun >= LONGEST_LINE:
                yield chunk
                chunk, begun = [], self._bytes
        if chunk:
            yield chunk

    def fault(self, rule: str, what: str, argument: str | None = None) -> DataError:
        """The error for the line that was read last."""
        return DataError(rule, [f"{self.label}: line {self._number} {what}."], argument=argument)

    @contextlib.contextmanager
    def _faults(self):
        try:
            yield
        except OSError as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise DataError("A table must be readable.", [f"{self.label}: {reason.rstrip('.')}."]) from error

    def _lines(self) -> Iterator[str]:
        with self._faults():
            for line in self._file:
                self._number += 1
                self._bytes += len(line)
                try:
                    text = line.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise self.fault("A table must be UTF-8.", f"is not (byte {error.start + 1} of the line)") from None
                yield text.removeprefix("\ufeff") if self._number == 1 else text

    def _csv(self) -> Iterator[Any]:
        csv.field_size_limit(LONGEST_LINE)
        reader = csv.reader(self._lines(), strict=True)
        try:
            yield from self._under_header(row for row in reader if row)
        except csv.Error as error:
            raise self.fault("A csv file must be well-formed.", f"is not ({error})") from error

    def _tsv(self) -> Iterator[Any]:
        lines = (line.rstrip("\r\n") for line in self._lines())
        yield from self._under_header([_unquoted(field) for field in line.split("\t")] for line in lines if line)

    def _under_header(self, rows: Iterator[list[str]]) -> Iterator[Any]:
        names = next(rows, None)
        if names is None:
            raise DataError("A table must have a header.", [f"{self.label} is empty."])
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DataError("Columns of a table must have different names.",
                            [Sentence("{} has {} twice.", self.label, Value(twice[0]))])
        yield names
        for row in rows:
            if len(row) != len(names):
                raise self.fault("Every row must have as many fields as the header.",
                                 f"has {len(row)}, the header {len(names)}")
            yield dict(zip(names, row, strict=True))

    def _jsonl(self) -> Iterator[Any]:
        first = True
        for line in self._lines():
            if not line.strip():
                continue
            try:
                row = json.loads(line, object_pairs_hook=json_object)
            except TwiceError as error:
                raise self.fault("An object must have different names.", f"has {error} twice") from None
            except ValueError as error:
                raise self.fault("Every line must be a JSON object.", f"is not ({error})") from None
            if not isinstance(row, dict):
                raise self.fault("Every line must be a JSON object.", f"is {json.dumps(row):.40}")
            if first:
                yield list(row)
                first = False
            for name, (role, or_missing) in self._strings.items():
                if not isinstance(row.get(name), str) and not (or_missing and row.get(name) is None):
                    found = json.dumps(row.get(name))
                    raise self.fault("must be a column of strings.", f"has {found:.40} as '{name}'", role)
            yield row
        if first:
            yield []

    def _txt(self) -> Iterator[Any]:
        yield ["text"]
        for line in self._lines():
            yield {"text": line.rstrip("\r\n")}


    def _folders(self) -> Iterator[Any]:
        read = folder_texts(self.path, **self._folder_options)
        self.notes = read.notes
        yield ["text", "label", "file"]
        for text, label, file in zip(read.texts, read.labels, read.files, strict=True):
            yield {"text": text, "label": label, "file": file}


def _unquoted(field: str) -> str:
    whole = _QUOTED.fullmatch(field) if field.startswith('"') else None
    return whole[1].replace('""', '"') if whole else field


# -- Writing --------------------------------------------------------------------------------------------

def check_output(path: str, overwrite: bool, argument: str = "output") -> None:
    """Raise an ArgumentError if `path` is a folder, or exists and `overwrite` is false."""
    if path != "-" and os.path.lexists(path) and (os.path.isdir(path) or not overwrite):
        raise ArgumentError(Sentence("must be a new file, or any file when {} is given.", Arg("overwrite")),
                            [f"{path} {'is a folder' if os.path.isdir(path) else 'exists'}."], argument=argument)


@contextlib.contextmanager
def output(path: str) -> Iterator[Callable[[str], None]]:
    """Context with a function that writes text to a file, or to stdout ("-").

    The file appears at `path` only when the context ends without an error.

    Raises:
        DataError: The file cannot be written.
    """
    if path == "-":
        yield lambda text: _to_stdout(text)
        return
    try:
        os.stat(os.path.dirname(path) or ".")  # a missing folder is an error: it is probably misspelled
        with replacement(path, "file") as draft, open(draft, "xb") as file:
            yield lambda text: file.write(text.encode("utf-8", "replace")) and None
    except OSError as error:
        raise DataError("The output must be writable.", [f"{path}: {error.strerror or error}."]) from error


def _to_stdout(text: str) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def rows_as_text(rows: Iterable[Row], names: Sequence[str], format: str, header: bool) -> str:
    """Rows as text in a format, with a header if `header`.

    Raises:
        DataError: For csv and tsv, a row has a column that is not in `names`. Missing columns are left empty.

    >>> rows_as_text([{"text": "a, b", "n": 1}], ["text", "n"], "csv", header=True)
    'text,n\\n"a, b",1\\n'
    """
    if format == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    lines = [list(names)] if header else []
    known = set(names)
    for row in rows:
        if not known.issuperset(row):
            raise DataError("Rows of a csv or tsv file must have the columns of the first.",
                            [Sentence("One has {} too.", Value(sorted(set(row) - known)[0])), "Write jsonl instead."])
        lines.append([_shown(row.get(name)) for name in names])
    if format == "tsv":
        return "".join("\t".join(map(_tsv_field, line)) + "\n" for line in lines)
    written = _Lines()
    csv.writer(written, lineterminator="\r\n").writerows(lines)  # so that fields with \r or \n are quoted
    return "".join(line.removesuffix("\r\n") + "\n" for line in written)


class _Lines(list):
    """A list that csv.writer can write to, one item per row."""

    write = list.append


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _tsv_field(field: str) -> str:
    needed = field.startswith('"') or re.search("[\t\r\n]", field)
    return '"' + field.replace('"', '""') + '"' if needed else field

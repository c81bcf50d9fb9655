"""Read a text corpus of any size as blocks of documents.

Two forms are read, recognized by the file's name or its first line:

- text: one sentence per line, a blank line between documents; the end of a file also ends its document;
- JSON lines: one document per line, as a string, a list of strings (sentences), or an object with a string
  or a list under one of `FIELDS` (or the given field). A string is split at line feeds; lists may be nested.

Files may be gzipped. Lines end at a line feed only. Memory holds one block: a document larger than a block is
split over several blocks. Does not tokenize.
"""

from __future__ import annotations

import dataclasses
import json
import os
import zlib
from collections.abc import Iterator, Sequence

from bertfit.errors import ArgumentError, DataError
from bertfit.system import unpacked

#: Fields of a JSON object that may hold its text; the first one present is used.
FIELDS = ("sentences", "text", "doc", "document", "content", "contents", "paragraphs", "body")
BLOCK_CHARACTERS = 2**21
LONGEST_LINE = {"text": 2**20, "jsonl": 2**26}  # bytes

_GUEST_SENTENCES, _GUEST_CHARACTERS = 256, 2**16


@dataclasses.dataclass(frozen=True)
class Block:
    """Some documents of a corpus.

    Args:
        number: Number of the block, from 0.
        sentences: The sentences of all documents.
        counts: Sentences per document.
        guest: Whether the last document belongs to another block and gives no rows of its own, only random second
            sentences. A block of one document gets such a guest, since half of the pairs need another document.
        done: Bytes of the corpus read so far.
    """

    number: int
    sentences: list[str]
    counts: list[int]
    guest: bool
    done: int


class Corpus:
    """A corpus of one or more text files, read as a stream.

    Args:
        paths: A file, or files in order.
        form: "text", "jsonl", or "auto" to recognize the form of each file (`detect`).
        field: The field of JSON objects that holds the text; None for the first of `FIELDS`.
        bad_lines: "error" raises DataError at a line that cannot be used; "skip" leaves it out and counts it.
        longest_line: Most bytes of a line; None for 1 MiB (text) or 64 MiB (JSON lines).

    Attributes:
        size: Bytes of all files.
        skipped: Number of lines left out, by reason: "too_long", "not_utf8", "not_a_document".
        first_skipped: Place and reason of the first of them, or None.

    Raises:
        ArgumentError: An option is unknown.
        DataError: A file cannot be read.
    """

    def __init__(self, paths: str | os.PathLike | Sequence[str | os.PathLike], form: str = "auto",
                 field: str | None = None, bad_lines: str = "error", longest_line: int | None = None):
        if isinstance(paths, (str, os.PathLike)):
            paths = [paths]
        self.paths = [os.fspath(path) for path in paths]
        for name, value, allowed in (("form", form, ("auto", "text", "jsonl")),
                                     ("bad_lines", bad_lines, ("error", "skip"))):
            if value not in allowed:
                raise ArgumentError(f"must be one of {', '.join(allowed)}.", argument=name, received=value)
        if longest_line is not None and longest_line < 1:
            raise ArgumentError("must be at least 1 byte.", argument="longest_line", received=longest_line)
        if not self.paths:
            raise ArgumentError("must name at least one file.", argument="corpus")
        self.form, self.field, self.bad_lines, self.longest_line = form, field, bad_lines, longest_line
        self.size = 0
        for path in self.paths:
            try:
                with open(path, "rb"):
                    self.size += os.path.getsize(path)
            except OSError as error:
                raise DataError("A corpus file must be readable.", [f"{path}: {error.strerror}."]) from error
        self._restart()

    def _restart(self) -> None:
        self.skipped = {"too_long": 0, "not_utf8": 0, "not_a_document": 0}
        self.first_skipped: str | None = None
        self._done = 0

    def blocks(self, block_size: int = BLOCK_CHARACTERS) -> Iterator[Block]:
        """Yield the documents in blocks of `block_size` characters or a little more.

        Raises:
            DataError: There are fewer than two documents, a file cannot be read, or a line cannot be used and
                `bad_lines` is "error".
        """
        second = self._second_document()
        self._restart()
        number, sentences, counts, size = 0, [], [], 0
        previous, begun = second, -1  # the guest of the first document is the second
        head: list[str] = []
        for document, piece, piece_size in self._pieces(block_size):
            if document != begun:
                if begun >= 0:
                    previous = head
                begun, head = document, _beginning(piece)
            sentences += piece
            counts.append(len(piece))
            size += piece_size
            if size >= block_size:
                yield self._block(number, sentences, counts, previous)
                number, sentences, counts, size = number + 1, [], [], 0
        if counts:
            yield self._block(number, sentences, counts, previous)

    def _block(self, number, sentences, counts, guest) -> Block:
        alone = len(counts) == 1
        return Block(number, sentences + guest if alone else sentences, [*counts, len(guest)] if alone else counts,
                     alone, self._done)

    def _second_document(self) -> list[str]:
        """The first sentences of the corpus's second document; DataError if there is none."""
        begun = None
        for document, piece, _ in self._pieces(_GUEST_CHARACTERS):
            if begun is None:
                begun = document
            elif document != begun:
                return _beginning(piece)
        details = [", ".join(self.paths[:3]) + "."]
        if self.first_skipped:
            details.append(f"{sum(self.skipped.values())} lines were skipped, the first: {self.first_skipped}.")
        if begun is None:
            raise DataError("A corpus must have text.", ["There is none in " + details[0], *details[1:]])
        raise DataError(
            "A corpus must have at least two documents: half of the sentence pairs come from another document.",
            ["There is one in " + details[0], "Documents are separated by a blank line.", *details[1:]])

    def _pieces(self, limit: int) -> Iterator[tuple[int, list[str], int]]:
        """Yield (document number, sentences, characters); a document of more than `limit` characters in pieces."""
        document, sentences, size = 0, [], 0
        for line in self._sentences():
            if line is not None:
                sentences.append(line)
                size += len(line)
            if sentences and (line is None or size >= limit):
                yield document, sentences, size
                sentences, size = [], 0
            document += line is None
        # nothing is left here, since every file ends with a None

    def _sentences(self) -> Iterator[str | None]:
        """Yield every sentence, and None at the end of every document."""
        for path in self.paths:
            form = self.form if self.form != "auto" else detect(path)
            for number, line in self._lines(path, self.longest_line or LONGEST_LINE[form]):
                if form == "text":
                    yield line or None
                    continue
                if not line:
                    continue
                try:
                    yield from _sentences_of(json.loads(line), self.field)
                    yield None
                except ValueError as error:
                    self._refuse("not_a_document", path, number, _reason(error))
            yield None

    def _lines(self, path: str, limit: int) -> Iterator[tuple[int, str]]:
        """Yield (line number from 1, line stripped of white space)."""
        begun = self._done  # bytes of the files before
        try:
            with open(path, "rb") as plain, unpacked(plain) as file:
                number = 0
                while raw := file.readline(limit + 1):
                    number += 1
                    self._done = self._done + len(raw) if file is plain else begun + plain.tell()
                    if len(raw) > limit and raw[-1:] != b"\n":
                        while raw and raw[-1:] != b"\n":  # skip the rest of the line, in parts
                            raw = file.readline(limit + 1)
                            self._done += len(raw) * (file is plain)
                        self._refuse("too_long", path, number, f"it has more than {limit:,} bytes")
                        continue
                    if number == 1:
                        raw = raw.removeprefix(b"\xef\xbb\xbf")
                    try:
                        yield number, raw.decode("utf-8").strip()
                    except UnicodeDecodeError as error:
                        self._refuse("not_utf8", path, number, f"byte {error.start + 1} is no UTF-8")
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or str(error).rstrip(".")
            raise DataError("A corpus file must be readable.", [f"{path}: {reason}."]) from error

    def _refuse(self, kind: str, path: str, number: int, why: str) -> None:
        rule = {"too_long": "A line of a corpus must not be too long.",
                "not_utf8": "A corpus must be UTF-8.",
                "not_a_document": "A line of a JSON lines corpus must be a document."}[kind]
        where = f"{path}, line {number}: {why}"
        if self.bad_lines == "error":
            raise DataError(rule, [f"{where}.", 'With `bad_lines = "skip"` such lines are left out and counted.'])
        self.skipped[kind] += 1
        self.first_skipped = self.first_skipped or where


def detect(path: str | os.PathLike) -> str:
    """The form of a file: "jsonl" if its name ends in .jsonl, .ndjson or .json, or its first line is a JSON list or
    object; else "text"."""
    if os.path.splitext(os.fspath(path).removesuffix(".gz"))[1].lower() in (".jsonl", ".ndjson", ".json"):
        return "jsonl"
    with open(path, "rb") as plain, unpacked(plain) as file:
        start = file.readline(2**16).lstrip(b"\xef\xbb\xbf").strip()
    if start[:1] not in (b"{", b"["):
        return "text"
    try:
        json.loads(start)
    except ValueError:  # a long document's first bytes; or text such as "[1] is a footnote"
        return "jsonl" if start[:2] in (b'{"', b'["') else "text"
    return "jsonl"


def _sentences_of(value, field: str | None) -> Iterator[str]:
    """The sentences of a JSON document; ValueError if it is not a document."""
    if isinstance(value, dict):
        names = [name for name in ((field,) if field else FIELDS) if name in value]
        if not names:
            wanted = f'"{field}"' if field else "any of " + ", ".join(f'"{name}"' for name in FIELDS)
            raise ValueError(f"the object has no field {wanted}")
        value = value[names[0]]
    found: list[str] = []
    _collect(value, found)
    return iter(found)


def _collect(value, found: list[str]) -> None:
    if isinstance(value, str):
        value.encode("utf-8")  # fails for a lone surrogate, which JSON can escape; UnicodeError is a ValueError
        found.extend(line for line in (part.strip() for part in value.split("\n")) if line)
    elif isinstance(value, list):
        for part in value:
            _collect(part, found)
    else:
        raise ValueError(f"text was expected, not {type(value).__name__}")


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON ({error.msg}, character {error.pos + 1})"
    return "a half surrogate pair is no text" if isinstance(error, UnicodeError) else str(error)


def _beginning(sentences: list[str]) -> list[str]:
    """The first sentences of a document, as many as a guest has."""
    kept, size = [], 0
    for sentence in sentences[:_GUEST_SENTENCES]:
        if kept and size > _GUEST_CHARACTERS:
            break
        kept.append(sentence)
        size += len(sentence)
    return kept

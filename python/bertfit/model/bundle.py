"""The files of a saved model: written completely or not at all, and verified when they are read.

A bundle is four files. ``bertfit.json`` describes the model and lists the size and sha256 of the other three
(``vocab.txt``, ``vocab.model`` or ``tokenizer.json``; ``model.safetensors``; ``history.csv``); its ``checksum`` covers
its other fields. The same files, in that order, form an uncompressed tar for a model kept in memory.

This module handles files and checksums; for the meaning of the description see `model.persist`. A bundle contains no
code, and nothing read from one is executed, or unpacked to a path that it names.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from bertfit.errors import Arg, ArgumentError, BundleError, Sentence, Value
from bertfit.plain import plain_copy
from bertfit.settings import is_whole
from bertfit.system import replacement

FORMAT = "bertfit model"
#: The newest format. Version 1 has plain BERT encoders with MLM and NSP heads, and a vocab.txt or vocab.model; version
#: 2 says more in the same fields: other encoders, an MLM head alone, another tokenizer.
FORMAT_VERSION = 2
DESCRIPTION = "bertfit.json"
IN_MEMORY = "the model in memory"  # in errors, in place of a path
VOCABULARIES = ("vocab.txt", "vocab.model", "tokenizer.json")  # a bundle has one of them
PARTS = ("vocab.txt", "model.safetensors", "history.csv")
Writer = Callable[[BinaryIO], None]  # writes one file's bytes


# -- JSON -----------------------------------------------------------------------------------------------

def plain(value: Any) -> Any:
    """A copy that strict JSON can represent: NaN becomes {"number": "nan"}, infinities likewise."""
    return plain_copy(value, number=lambda x: x if isinstance(x, int) or math.isfinite(x) else {"number": str(x)})


def unplain(value: Any) -> Any:
    """The inverse of `plain`, for dicts, lists and numbers."""
    if isinstance(value, dict):
        return float(value["number"]) if set(value) == {"number"} else {k: unplain(v) for k, v in value.items()}
    return [unplain(v) for v in value] if isinstance(value, list) else value


def _own_checksum(description: Mapping[str, Any]) -> str:
    body = {k: v for k, v in description.items() if k != "checksum"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _dump(description: Mapping[str, Any], files: Mapping[str, Any]) -> bytes:
    body = {"format": FORMAT, "format_version": 1, **plain(description), "files": dict(files)}
    body["checksum"] = _own_checksum(body)
    return (json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


class _Hashing(io.RawIOBase):
    """A file that writes to `sink`, and counts and hashes the bytes."""

    def __init__(self, sink: BinaryIO):
        self.sink, self.sha, self.bytes = sink, hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.sha.update(data)
        self.bytes += len(data)
        self.sink.write(data)
        return len(data)

    def facts(self) -> dict[str, Any]:
        return {"bytes": self.bytes, "sha256": self.sha.hexdigest()}


# -- Writing --------------------------------------------------------------------------------------------

def write_directory(path: str | os.PathLike, description: Mapping[str, Any], parts: Mapping[str, Writer],
                    overwrite: bool = False) -> str:
    """Write a bundle to the directory `path`, completely or not at all.

    If the process is killed, `path` stays as it was (see `system.replacement`).

    Args:
        path: The directory to make; missing parents are made, too.
        description: Fields of bertfit.json. Its "format_version" is 1 unless it is among them.
        parts: For each of `PARTS` (another of `VOCABULARIES` may stand for vocab.txt), a function that writes its
            bytes to an open file.
        overwrite: Replace a bundle at `path`. Anything else there is never replaced.

    Returns:
        The absolute path.

    Raises:
        ArgumentError: `path` exists and may not be replaced.
        DiskError: The disk is full.
        BundleError: The files cannot be written.
    """
    if not isinstance(path, (str, os.PathLike)) or not str(path):
        raise ArgumentError("must be the path of a directory.", argument="path", received=path)
    target = Path(os.path.realpath(path))
    _check_target(target, overwrite)
    try:
        with replacement(target) as draft:
            files = {name: _write_file(draft / name, parts[name]) for name in _parts(parts)}
            _write_file(draft / DESCRIPTION, lambda file: file.write(_dump(description, files)))
    except OSError as error:
        raise BundleError("The model could not be saved.", [f"{target}: {error.strerror or error}."]) from error
    return str(target)


def _check_target(target: Path, overwrite: bool) -> None:
    if not os.path.lexists(target):
        return
    rule = Sentence("must be a new directory, or a bertfit bundle when {} is true.", Arg("overwrite"))
    if not target.is_dir():
        raise ArgumentError(rule, [f"{target} is a file."], argument="path")
    inside = set(os.listdir(target))
    if not inside:
        return
    if DESCRIPTION not in inside:
        raise ArgumentError(rule, [f"{target} is a directory with other things in it."], argument="path")
    if not overwrite:
        raise ArgumentError(rule, [f"{target} holds a saved model.",
                                   Sentence("Choose another path, or set {}.", Arg("overwrite"))], argument="path")
    others = sorted(inside - {DESCRIPTION, *PARTS, *VOCABULARIES})
    if others:
        raise ArgumentError(rule, [Sentence("{} holds {} too, which would be lost.", target, Value(others[0])),
                                   "Move it away first."], argument="path")


def _write_file(path: Path, write: Writer) -> dict[str, Any]:
    with open(path, "xb") as file:
        hashing = _Hashing(file)
        write(hashing)
    return hashing.facts()


class _Pieces(io.RawIOBase):
    """A file in memory that keeps the pieces it is given, so that large `bytes` are not copied."""

    def __init__(self):
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def tell(self) -> int:
        return sum(map(len, self.pieces))


def write_bytes(description: Mapping[str, Any], parts: Mapping[str, Writer]) -> bytearray:
    """The same files as an uncompressed tar. Arguments as for `write_directory`."""
    contents, files = {}, {}
    for name in _parts(parts):
        sink = _Pieces()
        hashing = _Hashing(sink)
        parts[name](hashing)
        contents[name], files[name] = b"".join(sink.pieces), hashing.facts()
    archive = _Pieces()
    # With a buffer larger than any part, each part is passed on in one piece and copied only by the join.
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT, copybufsize=2**62) as tar:
        for name, data in ((DESCRIPTION, _dump(description, files)), *contents.items()):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return bytearray().join(archive.pieces)


# -- Reading --------------------------------------------------------------------------------------------

def read_directory(path: str | os.PathLike, fields: set[str]) -> tuple[dict[str, Any], dict[str, Path]]:
    """Read a bundle and verify it.

    Args:
        path: The bundle's directory.
        fields: The fields that bertfit.json must have besides format, version, files and checksum.

    Returns:
        The description, and the path of each part.

    Raises:
        BundleError: It is missing, incomplete, altered or of a newer format. The error names the file and the
            difference.
    """
    root = Path(path)
    if not root.is_dir():
        raise BundleError("A bertfit bundle must be a directory.", [f"There is no directory at {root}."])
    names = _parts({path.name for path in root.iterdir()})
    missing = [name for name in (DESCRIPTION, *names) if not (root / name).is_file()]
    if missing:
        raise BundleError("A bertfit bundle must be complete.", [f"{root} lacks {', '.join(missing)}."])
    description = _parse((root / DESCRIPTION).read_bytes(), fields, str(root), names)
    for name in names:
        file = root / name
        facts = description["files"][name]
        _check_size(name, facts, file.stat().st_size, str(root))
        sha = hashlib.sha256()
        with open(file, "rb") as stream:
            while block := stream.read(1 << 20):
                sha.update(block)
        _check_sha(name, facts, sha.hexdigest(), str(root))
    return description, {name: root / name for name in names}


def read_bytes(data: bytes | bytearray | memoryview, fields: set[str]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read and verify the result of `write_bytes`; nothing is written to disk.

    Returns:
        The description, and the content of each file.

    Raises:
        BundleError: As `read_directory`, or the archive holds anything but the four files.
    """
    where = IN_MEMORY
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for member in tar:
                known = {DESCRIPTION, *PARTS, *VOCABULARIES}
                if not member.isreg() or member.name not in known or member.name in contents:
                    raise BundleError("A saved model must hold its four files only.",
                                      [Sentence("It also holds {}.", Value(member.name))])
                contents[member.name] = tar.extractfile(member).read()
    except tarfile.TarError as error:
        raise BundleError("A saved model must be a whole bertfit bundle.", [f"It cannot be read: {error}."]) from error
    names = _parts(contents)
    if extra := sorted(set(contents) - {DESCRIPTION, *names}):
        raise BundleError("A saved model must hold its four files only.",
                          [Sentence("It also holds {}.", Value(extra[0]))])
    missing = [name for name in (DESCRIPTION, *names) if name not in contents]
    if missing:
        raise BundleError("A bertfit bundle must be complete.", [f"{where} lacks {', '.join(missing)}."])
    description = _parse(contents[DESCRIPTION], fields, where, names)
    for name in names:
        _check_size(name, description["files"][name], len(contents[name]), where)
        _check_sha(name, description["files"][name], hashlib.sha256(contents[name]).hexdigest(), where)
    return description, contents


def _parts(present) -> tuple[str, ...]:
    """The names of the files beside the description, for a bundle in which these names are present."""
    vocabulary = next((name for name in VOCABULARIES if name in present), VOCABULARIES[0])
    return (vocabulary, *PARTS[1:])


def _parse(data: bytes, fields: set[str], where: str, parts: tuple[str, ...]) -> dict[str, Any]:
    def refuse(*details: str, rule: str = "The description of a saved model must be as it was written."):
        raise BundleError(rule, [f"{DESCRIPTION} in {where}: {details[0]}", *details[1:]])

    try:
        raw = json.loads(data)
    except ValueError as error:
        refuse(f"not valid JSON ({error}).")
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        refuse("it does not describe a bertfit model.")
    version = raw.get("format_version")
    if not is_whole(version, 1):
        refuse(f"format_version is {json.dumps(version)}.")
    if version > FORMAT_VERSION:
        refuse(f"its format is {version}; this bertfit reads up to {FORMAT_VERSION}.", "Update bertfit to load it.",
               rule="The model must have been saved by this version of bertfit or an older one.")
    known = fields | {"format", "format_version", "files", "checksum"}
    unknown, missing = sorted(set(raw) - known), sorted(known - set(raw))
    if unknown:
        refuse(f"unknown fields {', '.join(unknown)}.")
    if missing:
        refuse(f"fields {', '.join(missing)} are missing.")
    if raw["checksum"] != _own_checksum(raw):
        refuse("its text was altered after it was saved (its checksum differs).")
    files = raw["files"]
    if not isinstance(files, dict) or set(files) != set(parts):
        refuse("its list of files is not that of a bundle.")
    return {k: unplain(v) for k, v in raw.items()}


def _check_size(name: str, facts: Mapping[str, Any], size: int, where: str) -> None:
    if size != facts["bytes"]:
        raise BundleError("The files of a saved model must be as they were written.",
                          [f"{name} in {where} has {size:,} bytes; it was saved with {facts['bytes']:,}."])


def _check_sha(name: str, facts: Mapping[str, Any], sha: str, where: str) -> None:
    if sha != facts["sha256"]:
        raise BundleError("The files of a saved model must be as they were written.",
                          [f"{name} in {where} was altered: its sha256 is {sha}, it was saved as {facts['sha256']}."])

"""Texts of a folder with a folder per label, as Stanford's aclImdb has them: train/pos/0_9.txt, train/neg/0_3.txt.

What is not a text with a label is left out, and named and counted in `FolderTexts.notes`.
"""

from __future__ import annotations

import codecs
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from bertfit.errors import Arg, ArgumentError, DataError, Sentence, Value
from bertfit.settings import require

#: The folder of texts without a label in aclImdb.
UNLABELLED = "unsup"


@dataclasses.dataclass(frozen=True)
class FolderTexts:
    """The texts of labelled folders, ordered by label and file name.

    Args:
        texts, labels, files: n strings each; a label is the name of a folder, a file "<label>/<name>".
        notes: What was left out, and which texts are empty; a sentence each.
    """

    texts: list[str]
    labels: list[str]
    files: list[str]
    notes: list[str]


def folder_texts(path: str | os.PathLike, *, labels: Sequence[str] | None = None, encoding: str = "utf-8",
                 bad_files: str = "error") -> FolderTexts:
    """Read every .txt file of the folders in a folder.

    Args:
        path: The folder. Each folder in it is a label, if it has .txt files.
        labels: Names of the folders to read; None for all but `UNLABELLED` and hidden ones.
        encoding: Encoding of the files. A byte order mark is left out.
        bad_files: What to do with files that are not of this encoding, or have a null character: "error" or "skip".

    Raises:
        ArgumentError: `encoding` is unknown, or `bad_files` is neither.
        DataError: There is no such folder, or none with .txt files in it, or a file cannot be read.
    """
    require(bad_files in ("error", "skip"), "bad_files", "error or skip", bad_files)
    try:
        codecs.lookup(encoding)
    except (LookupError, TypeError):
        raise ArgumentError("must be an encoding that Python knows.", argument="encoding", received=encoding) from None
    root = Path(os.path.expanduser(path))
    try:
        return _read(root, labels, encoding, bad_files)
    except OSError as error:
        raise DataError("A folder of texts must be readable.",
                        [f"{error.filename or root}: {error.strerror or error}."]) from error


def _read(root: Path, labels: Sequence[str] | None, encoding: str, bad_files: str) -> FolderTexts:
    entries = sorted(root.iterdir())
    folders = [entry for entry in entries if entry.is_dir()]
    texts, own, files, notes = [], [], [], []
    beside = [entry.name for entry in entries if not entry.is_dir()]
    other, nested, bad, empty, without = [], [], [], [], []
    if missing := sorted(set(labels or ()) - {folder.name for folder in folders}):
        raise DataError("must be names of folders.", [f"{root} has {_named([f.name for f in folders]) or 'none'}."],
                        argument="labels", received=missing[0])
    for folder in folders:
        inside = sorted(folder.iterdir())
        named = [entry for entry in inside if entry.suffix.lower() == ".txt" and entry.is_file()]
        hidden = folder.name.startswith(".") or folder.name == UNLABELLED
        if hidden if labels is None else folder.name not in labels:
            notes.append(f"The folder {folder.name} was left out: its {_count(len(named), 'text')} "
                         f"{'have' if len(named) != 1 else 'has'} no label."
                         if labels is None else f"The folder {folder.name} was left out.")
            continue
        if not named:
            without.append(folder.name)
            continue
        nested += [f"{folder.name}/{entry.name}" for entry in inside if entry.is_dir()]
        other += [f"{folder.name}/{entry.name}" for entry in inside if entry not in set(named) and not entry.is_dir()]
        for file in named:
            text, name = _text(file, encoding), f"{folder.name}/{file.name}"
            if text is None:
                bad.append(name)
                continue
            empty += [] if text.strip() else [name]
            texts.append(text)
            own.append(folder.name)
            files.append(name)
    if bad and bad_files == "error":
        raise DataError(f"Every text must be {encoding.upper()}, without null characters.", [
            f"{_count(len(bad), 'file')} of {len(bad) + len(texts):,} {'is' if len(bad) == 1 else 'are'} not: "
            f"{_named(bad)}.",
            Sentence("Give {} if you know theirs, or set {} to {}.", Arg("encoding"), Arg("bad_files"),
                     Value("skip"))])
    if not texts:
        raise DataError("A folder of texts must have a folder of .txt files for each label.",
                        [f"{root} has {_named([entry.name for entry in entries]) or 'nothing'} in it."])
    for what, names in ((" beside the folders", beside), (" in the folders not called .txt", other),
                        (f" not {encoding.upper()}", bad)):
        if names:
            notes.append(f"Left out: {_count(len(names), 'file')}{what}: {_named(names)}.")
    for what, names in (("within the folders", nested), ("without .txt files", without)):
        if names:
            notes.append(f"Left out: {_count(len(names), 'folder')} {what}: {_named(names)}.")
    if empty:
        notes.append(f"Empty: {_count(len(empty), 'text')}: {_named(empty)}.")
    return FolderTexts(texts, own, files, notes)


def _text(file: Path, encoding: str) -> str | None:
    try:
        text = file.read_bytes().decode(encoding).removeprefix("\ufeff")
    except UnicodeError:
        return None
    return None if "\0" in text else text


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")

"""Functions for R about text: train a vocabulary, tokenize, decode."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bertfit.errors import ArgumentError, DataError
from bertfit.r.boundary import exported, find, hold
from bertfit.r.values import read_arguments
from bertfit.rows import Rows

if TYPE_CHECKING:
    from bertfit.model import Model


@exported
def read_folders(path: str, labels: Sequence[str] | None = None, encoding: str = "utf-8", bad_files: str = "error"):
    """Texts, labels, files and notes of a folder with a folder per label, see `bertfit.rows.folder_texts`."""
    from bertfit.rows import folder_texts

    return dataclasses.asdict(folder_texts(path, labels=labels, encoding=encoding, bad_files=bad_files))


@exported
def vocab_train(size: int, rows: Rows | None = None, files: Sequence[str] | None = None,
                progress: Callable | None = None, **settings):
    """Train a vocabulary on texts or files, see `bertfit.train_vocabulary`; a dict of its properties and its bytes."""
    from bertfit.text import train_vocabulary

    settings = read_arguments(train_vocabulary, settings, find, without=("source", "size", "progress"))
    source = rows.texts if files is None else [Path(file) for file in files]
    return _vocabulary_facts(train_vocabulary(source, size, progress=progress, **settings))


@exported
def vocab_handle(data, lower_case: bool):
    """Register a vocabulary; returns a number that `tokenize`, `tokens` and `decode` accept in place of a model's."""
    from bertfit.model import BareVocabulary
    from bertfit.text import Vocabulary

    return hold(BareVocabulary(Vocabulary.from_bytes(data, lower_case)))


def _vocabulary_facts(vocabulary) -> dict[str, Any]:
    return {"path": vocabulary.path, "type": vocabulary.type, "size": len(vocabulary),
            "lower_case": vocabulary.lower_case, "sha256": vocabulary.sha256, "data": bytearray(vocabulary.data)}


@exported
def tokenize(model: Model, rows: Rows, max_len: int | None = None, padding: str = "longest"):
    """Token ids of texts.

    Returns:
        input_ids, segment_ids and attention_mask, int32 [n, L], and truncated, bool [n]. With padding "none": ids and
        segments, flat; splits [n + 1], where each row starts and ends in them; and truncated.
    """
    if padding not in ("max_len", "longest", "none"):
        raise ArgumentError('must be "max_len", "longest" or "none".', argument="padding", received=padding)
    encoding = model.encode(rows, max_len)
    if padding == "none":
        return {"ids": encoding.ids, "segments": encoding.segments, "splits": encoding.splits,
                "truncated": encoding.truncated}
    length = _max_len(model, max_len) if padding == "max_len" else None
    ids, segments, mask = encoding.pad(length=length, pad_id=model.pad_id)
    return {"input_ids": ids, "segment_ids": segments, "attention_mask": mask, "truncated": encoding.truncated}


@exported
def tokens(model: Model, rows: Rows, max_len: int | None = None):
    """Token strings as columns: row (from 0), token, start, end, segment (0 or 1).

    A token covers the characters [start, end) of its text; both are -1 for special tokens.
    """
    found = model.tokenizer.tokens(rows.texts, rows.pairs, _max_len(model, max_len))
    columns: dict[str, Any] = {"row": np.repeat(np.arange(len(found)), [len(r["token"]) for r in found])}
    columns["token"] = [token for row in found for token in row["token"]]
    for name in ("start", "end", "segment"):
        columns[name] = np.array([value for row in found for value in row[name]], np.int32)
    return columns


def _max_len(model: Model, max_len: int | None) -> int:
    return model.text_len if max_len is None else max_len


@exported
def decode(model: Model, ids, splits=None, skip_special: bool = True):
    """Token ids to texts: one per row of a matrix [n, L], or of a flat vector with `splits` [n + 1]."""
    ids = np.asarray(ids)
    if not np.array_equal(ids, np.floor(ids)):
        raise DataError("Ids must be whole numbers.")
    ids = ids.astype(np.int64)
    if splits is not None:
        rows = np.split(ids, np.asarray(splits, np.int64)[1:-1])
    else:
        rows = ids if ids.ndim == 2 else ids.reshape(1, -1)
    return model.tokenizer.decode(rows, skip_special)

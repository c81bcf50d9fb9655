"""Vocabularies and tokens, as R asks for them."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from bertfit.checks import as_list, whole
from bertfit.errors import ArgumentError, DataError
from bertfit.r.boundary import exported, find, hold


@exported
def vocab_train(size, texts=None, files=None, progress=None, **settings):
    """Make a vocabulary of texts or files, see `vocab_train.train_vocabulary`; its facts, its bytes included."""
    from bertfit.text import train_vocabulary

    known = set(inspect.signature(train_vocabulary).parameters) - {"source", "size", "progress"}
    if unknown := sorted(set(settings) - known):
        raise ArgumentError("must be an argument of train_vocabulary.", [f"Known: {', '.join(sorted(known))}."],
                            argument=unknown[0])
    for name in ("min_frequency", "unused", "sample_size"):
        if name in settings:
            settings[name] = whole(settings[name])
    source = as_list(texts) if files is None else [Path(file) for file in as_list(files)]
    return _vocabulary_facts(train_vocabulary(source, whole(size), progress=progress, **settings))


@exported
def vocab_handle(data, lower_case):
    """The number of a vocabulary that `tokenize`, `tokens` and `decode` take in a model's place."""
    from bertfit.text import Tokenizer, Vocabulary

    words = Vocabulary.from_bytes(data, bool(lower_case))
    tokenizer = Tokenizer(words)
    longest = 512  # tokens, as BERT has positions
    return hold(SimpleNamespace(
        vocabulary=words, tokenizer=tokenizer, record={}, max_len=longest,
        config=SimpleNamespace(pad_token_id=words.pad_id),
        encode=lambda texts, pairs=None, max_len=None: tokenizer.encode(texts, pairs, max_len=max_len or longest),
    ))


def _vocabulary_facts(vocabulary) -> dict[str, Any]:
    return {"path": vocabulary.path, "type": vocabulary.kind, "size": len(vocabulary),
            "cased": not vocabulary.lower_case, "sha256": vocabulary.sha256, "data": bytearray(vocabulary.data)}


@exported
def tokenize(handle, texts, pairs=None, max_len=None, padding="longest"):
    """Ids of texts. Padded: input_ids, segment_ids, attention_mask int32 [n, L] and truncated [n]; with
    padding "none": ids, segments (flat), splits [n + 1] and truncated."""
    from bertfit.checks import check_texts

    model = find(handle)
    if padding not in ("max_len", "longest", "none"):
        raise ArgumentError('must be "max_len", "longest" or "none".', argument="padding", received=padding)
    encoding = model.encode(*check_texts(texts, pairs), whole(max_len))
    if padding == "none":
        return {"ids": encoding.ids, "segments": encoding.segments, "splits": encoding.splits,
                "truncated": encoding.truncated}
    length = None
    if padding == "max_len":
        length = whole(max_len) if max_len is not None else model.record.get("max_len", model.max_len)
    ids, segments, mask = encoding.pad(length=length, pad_id=model.config.pad_token_id)
    return {"input_ids": ids, "segment_ids": segments, "attention_mask": mask, "truncated": encoding.truncated}


@exported
def tokens(handle, texts, pairs=None, max_len=None):
    """Token strings as columns row (from 1), token, start, end (characters, [start, end), -1 for special
    tokens) and segment (0 or 1)."""
    from bertfit.checks import check_texts

    model = find(handle)
    limit = whole(max_len) if max_len is not None else model.record.get("max_len", model.max_len)
    rows = model.tokenizer.tokens(*check_texts(texts, pairs), limit)
    columns: dict[str, Any] = {"row": np.repeat(np.arange(1, len(rows) + 1), [len(r["token"]) for r in rows])}
    columns["token"] = [token for row in rows for token in row["token"]]
    for name in ("start", "end", "segment"):
        columns[name] = np.array([value for row in rows for value in row[name]], np.int32)
    return columns


@exported
def decode(handle, ids, splits=None, skip_special=True):
    """Texts of ids: a matrix's rows, or a flat vector cut at `splits`."""
    model = find(handle)
    ids = np.asarray(ids)
    if not np.array_equal(ids, np.floor(ids)):
        raise DataError("Ids must be whole numbers.")
    ids = ids.astype(np.int64)
    if splits is not None:
        rows = np.split(ids, np.asarray(splits, np.int64)[1:-1])
    else:
        rows = ids if ids.ndim == 2 else ids.reshape(1, -1)
    return model.tokenizer.decode(rows, bool(skip_special))

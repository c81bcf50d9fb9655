"""Read pretraining data back as batches: bertfit's files and those of Google's create_pretraining_data.py.

`PretrainingData.batches` streams: memory holds one pool of rows, which is shuffled as a whole. Batch k of an
epoch is a function of the files, the seed and the epoch, so an interrupted run can resume at any step. Rows can
be masked anew as they are read, because the files store the original id of every masked token.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from bertfit.corpus import records
from bertfit.corpus.masking import Masked, MaskRule, ids_of, mask_tokens
from bertfit.corpus.writer import DESCRIPTION, read_description
from bertfit.errors import ArgumentError, DataError
from bertfit.text import Vocabulary

_POOL_ROWS, _POOL_TOKENS = 16384, 2**22

_FEATURES = ("input_ids", "input_mask", "segment_ids", "masked_lm_positions", "masked_lm_ids", "masked_lm_weights",
             "next_sentence_labels")


class PretrainBatch(NamedTuple):
    """A batch of B rows of up to L tokens, of which up to P are to be predicted.

    Args:
        input_ids: int32 [B, L]; ids after masking, padded with [PAD].
        segment_ids: int32 [B, L]; 1 for the second sentence and the [SEP] after it, else 0.
        positions: int32 [B, P]; columns of the tokens to predict, then 0 if there are fewer than P.
        labels: int32 [B, P]; the original ids of these tokens.
        weights: float32 [B, P]; 1 for a token to predict, 0 for filling.
        next_labels: int32 [B]; 1 if the second sentence comes from another document, 0 if it follows the first.
    """

    input_ids: np.ndarray
    segment_ids: np.ndarray
    positions: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    next_labels: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class PretrainingData:
    """Pretraining data on disk. Open them with `open_pretraining_data`.

    Args:
        files: The TFRecord files.
        n: Number of rows.
        max_len: Most tokens of a row, L.
        max_predictions: Most tokens to predict in a row, P.
        description: The content of data.json; {} for files that bertfit did not make.
    """

    files: tuple[str, ...]
    n: int
    max_len: int
    max_predictions: int
    description: dict[str, Any]

    def __len__(self) -> int:
        return self.n

    def steps(self, batch_size: int, drop_last: bool = False) -> int:
        """Number of batches of an epoch; `drop_last` leaves out a last, smaller one."""
        return self.n // batch_size if drop_last else -(-self.n // batch_size)

    @property
    def digest(self) -> str:
        """A sha256 of what tells these data from others: names and sizes of the files, and the content of data.json."""
        facts = [[os.path.basename(path), os.path.getsize(path)] for path in self.files]
        made = {name: value for name, value in self.description.items() if name != "seconds"}
        return hashlib.sha256(json.dumps([facts, made], sort_keys=True).encode()).hexdigest()

    def check_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Raise DataError if the rows were made with another vocabulary. Google's files do not say, and pass."""
        made = self.description.get("vocabulary", {})
        if made.get("sha256", vocabulary.sha256) != vocabulary.sha256:
            # Name and size may be the same: two files called vocab.txt.
            raise DataError("Pretraining data must be made with the model's vocabulary.", [
                f"They were made with {made['name']} ({made['size']:,} tokens, sha256 {made['sha256'][:12]}...).",
                f"The model's is {vocabulary.name} ({len(vocabulary):,} tokens, sha256 {vocabulary.sha256[:12]}...)."])

    def batches(self, batch_size: int, *, seed: int = 0, epoch: int = 0, shuffle: bool = True, skip: int = 0,
                drop_last: bool = False, rule: MaskRule | None = None) -> Iterator[PretrainBatch]:
        """Yield the batches of one epoch.

        Args:
            batch_size: Rows per batch.
            seed, epoch: Determine the order of the rows and the new masks.
            shuffle: False keeps the order of the files, reading a part of each in turn.
            skip: Batches to leave out at the beginning; the others are the same as without it.
            drop_last: Leave out a last, smaller batch.
            rule: Mask anew by this rule, differently in every epoch; None for the masks in the files.

        Raises:
            ArgumentError: A number is out of range.
            DataError: A file is damaged, or has fewer rows than were counted.
        """
        for name, value, least in (("batch_size", batch_size, 1), ("skip", skip, 0), ("seed", seed, 0),
                                   ("epoch", epoch, 0)):
            if value < least:
                raise ArgumentError(f"must be at least {least}.", argument=name, received=value)
        step, stop = skip, self.steps(batch_size, drop_last)
        if step >= stop:
            return
        held: dict[str, np.ndarray] = {}
        for pool in self._rows(skip * batch_size, seed, epoch, shuffle):
            # Rows that did not fill a batch come before the next pool's.
            held = {name: np.concatenate([held[name], values]) if held else values for name, values in pool.items()}
            have, start = len(held["input_ids"]), 0
            while step < stop and have - start >= batch_size:
                part = {name: values[start : start + batch_size] for name, values in held.items()}
                yield _batch(part, rule, (seed, epoch, step))
                start, step = start + batch_size, step + 1
            held = {name: values[start:] for name, values in held.items()}
        if step < stop and held and len(held["input_ids"]):
            yield _batch(held, rule, (seed, epoch, step))
            step += 1
        if step < stop:
            raise DataError("Pretraining data must have the rows that were counted.",
                            [f"There are {self.n:,} by the count, and the files end before."])

    def _rows(self, skip: int, seed: int, epoch: int, shuffle: bool) -> Iterator[dict[str, np.ndarray]]:
        """Yield the rows from number `skip` on, one pool at a time."""
        spec = dict.fromkeys(_FEATURES[:3], (self.max_len, "int"))
        spec |= dict.fromkeys(_FEATURES[3:5], (self.max_predictions, "int"))
        spec |= {_FEATURES[5]: (self.max_predictions, "float"), _FEATURES[6]: (1, "int")}
        del spec["input_mask"]  # not needed: it is 1 for tokens other than [PAD]
        size = max(1024, min(_POOL_ROWS, _POOL_TOKENS // self.max_len))
        number, skip = divmod(skip, size)  # a pool's shuffling depends only on its number: skipped pools are not read
        files = self.files
        if shuffle:
            files = [files[i] for i in np.random.default_rng([seed, epoch, 0]).permutation(len(files))]
        for pool in _regrouped(records.stream(files, spec, number * size), size):
            if shuffle:
                order = np.random.default_rng([seed, epoch, 1, number]).permutation(len(pool["input_ids"]))
                pool = {name: values[order] for name, values in pool.items()}
            number += 1
            yield {name: values[skip:] for name, values in pool.items()}
            skip = 0


def _regrouped(parts: Iterator[dict[str, np.ndarray]], size: int) -> Iterator[dict[str, np.ndarray]]:
    """Yield the same rows, `size` at a time; `size` is a multiple of the number of rows of all parts but the last."""
    held, have = [], 0
    for part in parts:
        held.append(part)
        have += len(part["input_ids"])
        if have >= size:
            yield {name: np.concatenate([p[name] for p in held]) for name in part}
            held, have = [], 0
    if held:
        yield {name: np.concatenate([p[name] for p in held]) for name in held[0]}


def _batch(rows: dict[str, np.ndarray], rule: MaskRule | None, seed: tuple[int, int, int]) -> PretrainBatch:
    masked = Masked(rows["input_ids"], rows["masked_lm_positions"], rows["masked_lm_ids"], rows["masked_lm_weights"])
    if rule is not None:
        masked = mask_tokens(ids_of(masked), rule, np.random.default_rng([*seed, 2]))
    return PretrainBatch(masked.ids, rows["segment_ids"], *masked[1:], rows["next_sentence_labels"][:, 0])


def open_pretraining_data(path: str | os.PathLike | Sequence[str | os.PathLike]) -> PretrainingData:
    """Open pretraining data; rows are read by `PretrainingData.batches`.

    Args:
        path: A folder that `make_pretraining_data` made; or a folder of, or a list of, TFRecord files from
            Google's create_pretraining_data.py.

    Raises:
        DataError: There are no files, a file is truncated, or its records lack Google's features.
    """
    if isinstance(path, (str, os.PathLike)) and os.path.isdir(path):
        folder = os.fspath(path)
        if os.path.isfile(os.path.join(folder, DESCRIPTION)):
            return _open_described(folder)
        names = sorted(name for name in os.listdir(folder) if "tfrecord" in name and not name.startswith("."))
        paths = [os.path.join(folder, name) for name in names]
    else:
        paths = [os.fspath(path)] if isinstance(path, (str, os.PathLike)) else [os.fspath(p) for p in path]
        folder = ", ".join(paths[:3])
    counts = [records.examine(p) for p in paths]
    filled = [p for p, count in zip(paths, counts, strict=True) if count]
    if not filled:
        raise DataError("Pretraining data must have rows.", [f"There are none in {folder}."])
    sizes = records.first_example(filled[0]) or {}
    missing = [name for name in _FEATURES if name not in sizes]
    if missing:
        raise DataError("Records of pretraining data must have Google's features.",
                        [f"{filled[0]} has no {', '.join(missing)}."])
    return PretrainingData(tuple(filled), sum(counts), sizes["input_ids"], sizes["masked_lm_positions"], {})


def _open_described(folder: str) -> PretrainingData:
    description = read_description(folder)
    files = []
    for facts in description["files"]:
        path = os.path.join(folder, os.path.basename(facts["name"]))
        size = os.path.getsize(path) if os.path.isfile(path) else None
        if size != facts["bytes"]:
            found = "is missing" if size is None else f"has {size:,} bytes instead of {facts['bytes']:,}"
            raise DataError("A file of pretraining data must be whole.", [f"{path} {found}."])
        files.append(path)
    settings = description["settings"]
    return PretrainingData(tuple(files), sum(facts["instances"] for facts in description["files"]),
                           settings["max_len"], settings["max_predictions"], description)

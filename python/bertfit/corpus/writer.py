"""Write pretraining data: a text corpus to files of masked sentence pairs in Google's format.

`make_pretraining_data` reads the corpus in blocks (`corpus.reader`), makes records of them on every core
(`corpus.blocks`) and distributes each block's records over all files (shards), in an order that depends on the
seed and the corpus but not on the number of cores. `corpus.data` reads the files back.

Differences from Google's create_pretraining_data.py: "another document" comes from the same block of two million
characters rather than from the whole corpus, and rows are shuffled within a block, so that memory is bounded. Every
shard has rows of all blocks, and reading shuffles again.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bertfit import _env
from bertfit.corpus.blocks import COUNTS, BlockResult, BlockSettings, block_maker, write_all
from bertfit.corpus.masking import MaskRule, default_predictions
from bertfit.corpus.reader import BLOCK_CHARACTERS, Corpus
from bertfit.errors import Arg, ArgumentError, DataError, Sentence, Value
from bertfit.settings import is_number, is_whole, keywords_told, require
from bertfit.system import cores, interrupts, ordered_map, replacement
from bertfit.text import Vocabulary

FORMAT = "bertfit pretraining data"
FORMAT_VERSION = 1
DESCRIPTION = "data.json"

_WORTH_WORKERS = 16  # blocks: fewer are done before new processes would have started TensorFlow


@keywords_told
@interrupts.listening()
def make_pretraining_data(
    corpus: str | os.PathLike | Sequence[str | os.PathLike], vocabulary: Vocabulary, out_dir: str | os.PathLike, *,
    max_len: int = 128, mask_prob: float = 0.15, max_predictions: int | None = None, dup_factor: int = 5,
    short_seq_prob: float = 0.1, whole_word: bool = False, seed: int | None = None, workers: int | None = None,
    shards: int = 8, form: str = "auto", field: str | None = None, bad_lines: str = "error",
    longest_line: int | None = None, overwrite: bool = False,
    progress: Callable[[dict[str, Any]], Any] | None = None,
) -> dict[str, Any]:
    """Make pretraining data for BERT's two tasks.

    Args:
        corpus: A file or files; see `corpus.Corpus` for the two forms.
        vocabulary: With [MASK], or another mask token. Of any type.
        out_dir: A new or empty folder for part-00000-of-00008.tfrecord, ... and data.json.
        max_len: Tokens of a row, special ones included.
        mask_prob: Share of a row's tokens to predict.
        max_predictions: Most tokens to predict in a row; None for `max_len` times `mask_prob`, rounded up.
        dup_factor: How often each document is gone through, each time with other pairs and masks.
        short_seq_prob: Share of passes through a document with a shorter length aimed at.
        whole_word: Hide words as a whole.
        seed: Of all chance; None draws one. The same seed gives the same files.
        workers: Processes; None for one per core where the corpus is worth it, else this one.
        shards: Files, at most.
        form, field, bad_lines, longest_line: Of the corpus, see `corpus.Corpus`.
        overwrite: Replace pretraining data that stand at `out_dir`.
        progress: Called with dict(event="data", done_bytes, total_bytes, instances), a few times a second.

    Returns:
        What data.json says: settings, counts, statistics and files. Also "path", the folder.

    Raises:
        ArgumentError: A setting is out of range, or something stands at `out_dir`.
        DataError: The corpus is empty, has one document, or a line that cannot be used.
        DiskError: The disk is full. What stood at `out_dir` is as it was, after any of these errors.
        OccupiedError: Something appeared at `out_dir` in the meantime; the data are beside it, as the error says.
        VocabularyError: The vocabulary has no [MASK].
    """
    shortest = 4 + vocabulary.special.pair_separators  # a token of each text, between the special ones
    for name, value, low in (("max_len", max_len, shortest), ("dup_factor", dup_factor, 1), ("shards", shards, 1),
                             ("workers", 1 if workers is None else workers, 1)):
        require(is_whole(value, low), name, f"a whole number of at least {low}", value)
    require(is_number(short_seq_prob, 0, 1), "short_seq_prob", "between 0 and 1", short_seq_prob)
    if max_predictions is None and is_number(mask_prob, 0, 1, open_low=True):
        max_predictions = default_predictions(max_len, mask_prob)
    max_predictions = min(max_predictions or 1, max_len)
    rule = MaskRule.of(vocabulary, mask_prob, max_predictions, whole_word)
    seed = _env.draw_seed(seed)
    if seed < 0:
        raise ArgumentError("must be at least 0.", argument="seed", received=seed)
    source = Corpus(corpus, form, field, bad_lines, longest_line)
    settings = {
        "max_len": max_len, "mask_prob": float(mask_prob), "max_predictions": max_predictions,
        "dup_factor": dup_factor, "short_seq_prob": float(short_seq_prob), "whole_word": bool(whole_word),
        "seed": seed, "shards": shards, "block_characters": BLOCK_CHARACTERS, "bad_lines": bad_lines,
    }
    words = {"size": len(vocabulary), "kind": getattr(vocabulary, "type", "wordpiece"), "sha256": vocabulary.sha256,
             "name": os.path.basename(vocabulary.name)}
    begun = time.monotonic()
    with _new_folder(out_dir, overwrite) as (draft, target):
        made = BlockSettings(vocabulary, max_len, rule, dup_factor, short_seq_prob, seed, str(draft))
        processes = workers or _fitting_workers(source.size)
        totals, lengths, files = _write_shards(source, made, processes, shards, draft, progress)
        if not totals["instances"]:
            raise DataError("A corpus must have at least two documents with tokens.",
                            [f"There are {totals['documents']}."])
        description = {
            "format": FORMAT, "format_version": FORMAT_VERSION, "settings": settings, "vocabulary": words,
            "corpus": [os.path.basename(path) for path in source.paths],
            "counts": {name: totals[name] for name in ("instances", "documents", "sentences", "corpus_tokens",
                                                       "lonely_documents")},
            "skipped": {**source.skipped, "first": source.first_skipped},
            "statistics": _statistics(totals, lengths), "files": files,
            "seconds": round(time.monotonic() - begun, 3),
        }
        text = json.dumps(description, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        (draft / DESCRIPTION).write_text(text, "utf-8")
    return {**description, "path": str(target)}


def _fitting_workers(size: int) -> int:
    blocks = size // BLOCK_CHARACTERS  # bytes for characters: near enough
    return cores() if blocks >= _WORTH_WORKERS else 1


# -- Shards ---------------------------------------------------------------------------------------------

class _Shards:
    """Open shards; every block's records go to all of them in equal shares, larger shares to other ones each time."""

    def __init__(self, folder: Path, count: int, stack: contextlib.ExitStack):
        self.paths = [folder / f"shard-{i:05d}" for i in range(count)]
        self._files = [stack.enter_context(path.open("wb", buffering=0)) for path in self.paths]
        self.held = np.zeros(count, np.int64)  # records

    def sink(self, number: int, records: int) -> Callable[[np.ndarray], None]:
        """Takes the `records` records of a block bit by bit."""
        count = len(self._files)
        ends = np.arange(1, count + 1) * records // count
        turn = done = 0

        def take(rows: np.ndarray) -> None:
            nonlocal turn, done
            while len(rows):
                while done == ends[turn]:
                    turn += 1
                now = rows[: ends[turn] - done]
                shard = (number + turn) % count
                write_all(self._files[shard], now)
                self.held[shard] += len(now)
                rows, done = rows[len(now) :], done + len(now)

        return take

    def deal(self, result: BlockResult, number: int) -> None:
        """The records of a file that another process wrote."""
        records = result.counts["instances"]
        take, record = self.sink(number, records), os.path.getsize(result.path) // max(records, 1)
        with open(result.path, "rb") as file:
            while data := file.read(max(1, 2**22 // record) * record if record else 1):
                take(np.frombuffer(data, np.uint8).reshape(-1, record))
        os.remove(result.path)

    def named(self, folder: Path) -> list[dict[str, Any]]:
        """Give the shards that hold records their names; facts of each."""
        filled, facts = np.flatnonzero(self.held), []
        for i, shard in enumerate(filled):
            name = f"part-{i:05d}-of-{len(filled):05d}.tfrecord"
            os.rename(self.paths[shard], folder / name)
            facts.append({"name": name, "instances": int(self.held[shard]), "bytes": os.path.getsize(folder / name)})
        for shard in np.flatnonzero(self.held == 0):
            os.remove(self.paths[shard])
        return facts


def _write_shards(source: Corpus, made: BlockSettings, processes: int, count: int, draft: Path, progress):
    """Every block's records into the shards: (sums of `COUNTS`, rows by length, facts of the files)."""
    totals = dict.fromkeys(COUNTS, 0)
    lengths = np.zeros(made.max_len + 1, np.int64)
    told = 0.0
    with contextlib.ExitStack() as stack:
        shards = _Shards(draft, count, stack)
        if processes == 1:
            results = map(block_maker(made, shards.sink), source.blocks())
        else:
            results = ordered_map("corpus.blocks:block_maker", made, source.blocks(), processes)
            stack.enter_context(contextlib.closing(results))  # ends the processes, whatever happens here
        for number, result in enumerate(results):
            interrupts.check()
            os.utime(draft)  # in use: another process that sweeps drafts goes by their time
            if result.path is not None:
                shards.deal(result, number)
            for name, value in result.counts.items():
                totals[name] += value
            lengths += result.lengths
            if progress is not None and (time.monotonic() >= told or result.done == source.size):
                told = time.monotonic() + 0.2
                progress({"event": "data", "done_bytes": result.done, "total_bytes": source.size,
                          "instances": totals["instances"]})
    return totals, lengths, shards.named(draft)


def _statistics(totals: dict[str, int], lengths: np.ndarray) -> dict[str, Any]:
    """Shares and lengths; `random_next` of rows, `predicted` of tokens, the three fates of predicted ones."""
    rows, predicted = totals["instances"], max(totals["predicted"], 1)
    below = np.cumsum(lengths)
    return {
        "random_next": totals["random_next"] / rows,
        "predicted": totals["predicted"] / totals["tokens"],
        "predicted_per_row": totals["predicted"] / rows,
        "became_mask": totals["became_mask"] / predicted,
        "kept": totals["kept"] / predicted,
        "became_random": totals["became_random"] / predicted,
        "shortened": totals["shortened"] / rows,
        "mean_length": totals["tokens"] / rows,
        "length_quartiles": [int(np.searchsorted(below, share * rows)) for share in (0.25, 0.5, 0.75)],
        "full_rows": int(lengths[-1]) / rows,
    }


# -- The folder -----------------------------------------------------------------------------------------

@contextlib.contextmanager
def _new_folder(path: str | os.PathLike, overwrite: bool) -> Iterator[tuple[Path, Path]]:
    """A draft that takes the name `path` when all went well, and that name as a whole path."""
    target = Path(os.path.realpath(path))
    occupied = os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir()))
    if occupied and not (overwrite and (target / DESCRIPTION).is_file()):
        rule = Sentence("must be a new or empty folder, or pretraining data when {} is true.", Arg("overwrite"))
        raise ArgumentError(rule, [f"{target} is {'not empty' if target.is_dir() else 'a file'}."], argument="out_dir")
    try:
        with replacement(target) as draft:
            yield draft, target
    except OSError as error:
        raise DataError("Pretraining data could not be written.",
                        [f"{target}: {error.strerror or error}.", "It is as it was before."]) from error


def read_description(folder: str | os.PathLike) -> dict[str, Any]:
    """What data.json says.

    Raises:
        DataError: It cannot be read, is damaged or of a newer format.
    """
    path = os.path.join(folder, DESCRIPTION)
    try:
        with open(path, encoding="utf-8") as file:
            description = json.load(file)
    except OSError as error:
        raise DataError("Pretraining data must be readable.", [f"{path}: {error.strerror}."]) from error
    except ValueError as error:
        raise DataError("The description of pretraining data must be whole.", [f"{path}: {error}."]) from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise DataError("The description of pretraining data must be bertfit's.", [f"{path} is not."])
    if description.get("format_version") != FORMAT_VERSION:
        raise DataError("Pretraining data must be of a format that this version knows.",
                        [Sentence("{} has format version {}; known is {}.", path,
                                  Value(description.get("format_version")), FORMAT_VERSION)])
    return description

"""Turn one block of a corpus into pretraining records: tokenize, draw sentence pairs, mask, serialize.

`corpus.reader` splits the corpus into blocks and `corpus.writer` distributes their records over files (shards);
this module runs on every core. The records of a block depend only on the settings, the seed and the block.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from bertfit.corpus.masking import MaskRule, mask_tokens
from bertfit.corpus.pairs import Documents, draw_pairs, fill_rows
from bertfit.corpus.reader import Block
from bertfit.corpus.records import Field, RecordFormat
from bertfit.system import interrupts
from bertfit.text import Tokenizer, Vocabulary

_TOKENS_AT_ONCE = 2**17  # rows of this many tokens are made at a time: matrices that fit into a core's cache
COUNTS = ("instances", "random_next", "shortened", "tokens", "predicted", "became_mask", "kept", "became_random",
          "documents", "sentences", "corpus_tokens", "lonely_documents")


@dataclasses.dataclass(frozen=True, eq=False)
class BlockSettings:
    """Settings for making records of blocks; see `writer.make_pretraining_data`. `folder` is for the block files."""

    vocabulary: Vocabulary
    max_len: int
    rule: MaskRule
    dup_factor: int
    short_seq_prob: float
    seed: int
    folder: str


@dataclasses.dataclass(frozen=True, eq=False)
class BlockResult:
    """The result of one block.

    Args:
        path: The file with its records in random order; None if a sink took them.
        counts: A number for each name in `COUNTS`.
        lengths: int64 [max_len + 1]; the number of rows of each length in tokens.
        done: Bytes of the corpus read so far.
    """

    path: str | None
    counts: dict[str, int]
    lengths: np.ndarray
    done: int


def record_format(max_len: int, max_predictions: int, vocab_size: int) -> RecordFormat:
    """The layout of a record, with the features of Google's create_pretraining_data.py."""
    highest = max(vocab_size - 1, 2)
    return RecordFormat([
        Field("input_ids", max_len, highest),
        Field("input_mask", max_len),
        Field("segment_ids", max_len),
        Field("masked_lm_positions", max_predictions, max(max_len - 1, 2)),
        Field("masked_lm_ids", max_predictions, highest),
        Field("masked_lm_weights", max_predictions, real=True),
        Field("next_sentence_labels", 1),
    ])


#: Called with a block's number and its number of records; returns a function that takes these in parts.
Sink = Callable[[int, int], Callable[[np.ndarray], None]]


def block_maker(settings: BlockSettings, sink: Sink | None = None) -> Callable[[Block], BlockResult]:
    """Make the function that turns a block into its result.

    Args:
        settings: See `BlockSettings`.
        sink: Takes the records. None, in worker processes (`system.ordered_map`), writes one file per block into
            `settings.folder`, which the parent process distributes over the shards.
    """
    tokenizer = Tokenizer(settings.vocabulary)
    records = record_format(settings.max_len, settings.rule.max_predictions, settings.rule.vocab_size)

    def make(block: Block) -> BlockResult:
        if sink is not None:
            return _make(block, settings, tokenizer, records, sink)
        path = os.path.join(settings.folder, f"block-{block.number:08d}")
        with open(path, "wb", buffering=0) as file:
            result = _make(block, settings, tokenizer, records, lambda *_: lambda rows: write_all(file, rows))
        return dataclasses.replace(result, path=path)

    return make


def _make(block: Block, settings: BlockSettings, tokenizer: Tokenizer, records: RecordFormat, sink) -> BlockResult:
    rng = np.random.default_rng([settings.seed, block.number])
    data, walked = tokenized(block, tokenizer)
    counts = dict.fromkeys(COUNTS, 0)
    lengths = np.zeros(settings.max_len + 1, np.int64)
    counts["documents"], counts["sentences"] = walked, int(data.documents[walked])
    counts["corpus_tokens"] = int(data.sentences[counts["sentences"]])
    if len(data) < 2:
        counts["lonely_documents"] = walked
        return BlockResult(None, counts, lengths, block.done)
    pairs = draw_pairs(data, settings.max_len, settings.short_seq_prob, settings.dup_factor, rng, walked,
                       settings.vocabulary.special.pair_separators)
    counts.update(instances=len(pairs), random_next=int(pairs.random_next.sum()), shortened=pairs.shortened)
    step = max(1, _TOKENS_AT_ONCE // settings.max_len)
    take = sink(block.number, len(pairs))
    for start in range(0, len(pairs), step):
        columns, row_lengths = _rows(data, pairs, slice(start, start + step), settings, rng, counts)
        lengths += np.bincount(row_lengths, minlength=len(lengths))
        take(records.encode(columns))
        interrupts.check()
    return BlockResult(None, counts, lengths, block.done)


def tokenized(block: Block, tokenizer: Tokenizer) -> tuple[Documents, int]:
    """A block's documents as token ids, without empty ones, and how many of them give rows (a guest does not)."""
    encoding = tokenizer.encode(block.sentences)
    inner = np.ones(len(encoding.ids), bool)
    inner[encoding.splits[:-1]] = False  # [CLS]
    inner[encoding.splits[1:] - 1] = False  # [SEP]
    counts = np.array(block.counts, np.int64)
    data = Documents.without_empty(encoding.ids[inner], encoding.lengths - 2, counts)
    guest_tokens = encoding.splits[-1] - encoding.splits[len(block.sentences) - block.counts[-1]] - 2 * block.counts[-1]
    return data, len(data) - int(block.guest and guest_tokens > 0)


def _rows(data, pairs, rows: slice, settings: BlockSettings, rng, counts: dict[str, Any]):
    rule = settings.rule
    ids, segments, lengths = fill_rows(data, pairs, rows, settings.max_len, rule.never,
                                       settings.vocabulary.special.pair_separators)
    masked = mask_tokens(ids, rule, rng)
    new = np.take_along_axis(masked.ids, masked.positions, axis=1)
    used = masked.weights > 0
    became_mask = used & (new == rule.mask_id)
    kept = used & (new == masked.labels) & ~became_mask
    counts["tokens"] += int(lengths.sum())
    counts["predicted"] += int(used.sum())
    counts["became_mask"] += int(became_mask.sum())
    counts["kept"] += int(kept.sum())
    counts["became_random"] += int((used & ~became_mask & ~kept).sum())
    return {
        "input_ids": masked.ids,
        "input_mask": np.arange(settings.max_len) < lengths[:, None],
        "segment_ids": segments,
        "masked_lm_positions": masked.positions,
        "masked_lm_ids": masked.labels,
        "masked_lm_weights": masked.weights,
        "next_sentence_labels": pairs.random_next[rows, None],
    }, lengths


def write_all(file, rows: np.ndarray) -> None:
    """Write all bytes of `rows`: a nearly full disk accepts a part of them before it raises an error."""
    left = memoryview(np.ascontiguousarray(rows)).cast("B")
    while left:
        left = left[file.write(left):]

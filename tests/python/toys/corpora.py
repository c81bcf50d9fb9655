"""Toy corpora and vocabularies for pretraining data, and what tests read of what was made of them."""

from __future__ import annotations

import numpy as np

from bertfit.corpus.writer import make_pretraining_data
from bertfit.text.vocabulary import Vocabulary

LENGTH, MOST = 32, 5


def toy_vocabulary(mask=True) -> Vocabulary:
    """Words d0 to d39 of a document, s0 to s19 of a sentence, and pieces."""
    words = [f"d{i}" for i in range(40)] + [f"s{i}" for i in range(20)]
    pieces = ["a", "b", "c", "un", "##like", "##ly", "."]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(["[MASK]"] if mask else [])]
    return Vocabulary.from_bytes("\n".join([*special, *words, *pieces, ""]).encode(), True)


def toy_sentences(documents=40, seed=0) -> list[list[str]]:
    """Documents in which every token identifies its document and sentence."""
    rng = np.random.default_rng(seed)
    return [[" ".join(f"d{d} s{s % 20}" for _ in range(rng.integers(1, 6))) for s in range(rng.integers(1, 15))]
            for d in range(documents)]


def write_corpus(path, documents):
    path.write_text("\n\n".join("\n".join(d) for d in documents) + "\n", "utf-8")
    return path


def every_row(data, **options):
    """All rows as one batch."""
    (batch,) = data.batches(data.n, shuffle=False, **options)
    return batch


def original(batch):
    """The ids before masking."""
    ids = batch.input_ids.copy()
    rows, columns = np.nonzero(batch.weights)
    ids[rows, batch.positions[rows, columns]] = batch.labels[rows, columns]
    return ids


def keys(batches):
    return [tuple(row.tolist()) for batch in batches for row in np.concatenate(
        [batch.input_ids, batch.positions, batch.labels, batch.next_labels[:, None]], axis=1)]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def make_toy(folder):
    """A folder with a corpus, and the data made from it."""
    corpus = write_corpus(folder / "corpus.txt", toy_sentences())
    made = make_pretraining_data(corpus, toy_vocabulary(), folder / "data", max_len=LENGTH, dup_factor=30, seed=1)
    return folder, made

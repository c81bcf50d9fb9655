"""Pretraining data read back: bertfit's files and Google's, from any step on, damaged ones refused."""

from __future__ import annotations

import random

import numpy as np
import pytest

from bertfit import _env
from bertfit.corpus.data import open_pretraining_data
from bertfit.corpus.masking import MaskRule
from bertfit.errors import DataError
from toys import google as google_reference
from toys.corpora import (
    LENGTH,
    MOST,
    every_row,
    keys,
    make_toy,
    original,
    same,
    toy_sentences,
    toy_vocabulary,
    write_corpus,
)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A folder with a corpus, and the data made from it."""
    return make_toy(tmp_path_factory.mktemp("toy"))


def test_an_epoch_has_every_row_once_in_its_own_order(toy, monkeypatch):
    folder, _ = toy
    monkeypatch.setattr("bertfit.corpus.data._POOL_ROWS", 1024)  # several pools
    data = open_pretraining_data(folder / "data")
    plain = keys(data.batches(100, shuffle=False))
    asked = ((1, 0), (1, 0), (1, 1), (2, 0))
    first, again, second, other = (keys(data.batches(100, seed=seed, epoch=epoch)) for seed, epoch in asked)
    assert len(plain) == data.n
    assert sorted(plain) == sorted(first) == sorted(second) == sorted(other)
    assert first == again
    assert len({tuple(order) for order in (plain, first, second, other)}) == 4
    sizes = [len(batch.input_ids) for batch in data.batches(100)]
    assert sizes == [100] * (data.n // 100) + [data.n % 100] and len(sizes) == data.steps(100)
    assert sum(1 for _ in data.batches(100, drop_last=True)) == data.steps(100, drop_last=True) == len(sizes) - 1
    assert [len(b.next_labels) for b in data.batches(data.n + 5)] == [data.n]


@pytest.mark.parametrize("dynamic", [False, True])
def test_reading_goes_on_at_any_step(toy, monkeypatch, dynamic):
    folder, _ = toy
    monkeypatch.setattr("bertfit.corpus.data._POOL_ROWS", 1024)
    _env.tensorflow().random.set_seed(5)  # must not change the batches
    data = open_pretraining_data(folder / "data")
    options = {"seed": 3, "epoch": 2, "rule": MaskRule.of(toy_vocabulary(), 0.3, 8) if dynamic else None}
    whole = list(data.batches(90, **options))
    _env.tensorflow().random.set_seed(6)
    for skip in (1, 11, 12, 23, len(whole) - 1, len(whole)):
        rest = list(data.batches(90, skip=skip, **options))
        assert len(rest) == len(whole) - skip
        assert all(same(a, b) for a, b in zip(whole[skip:], rest, strict=True))


def test_masks_are_new_every_epoch_and_the_texts_are_not(toy):
    folder, _ = toy
    data, rule = open_pretraining_data(folder / "data"), MaskRule.of(toy_vocabulary(), 0.3, 8)
    files = every_row(data)
    one, two, again = (every_row(data, rule=rule, epoch=epoch) for epoch in (0, 1, 0))
    assert same(one, again)
    assert not np.array_equal(one.positions, two.positions)
    for batch in (one, two):
        assert np.array_equal(original(batch), original(files))
        assert np.array_equal(batch.next_labels, files.next_labels)
        assert batch.positions.shape == (data.n, 8)
        lengths = (batch.input_ids != 0).sum(axis=1)
        assert np.array_equal(batch.weights.sum(axis=1), np.clip(np.rint(lengths * 0.3), 1, np.minimum(8, lengths - 3)))


def test_damaged_data_are_refused(toy, tmp_path):
    import shutil

    source, _ = toy
    folder = tmp_path / "data"
    shutil.copytree(source / "data", folder)
    part = folder / "part-00003-of-00008.tfrecord"
    whole = part.read_bytes()
    part.write_bytes(whole[:-10])
    with pytest.raises(DataError, match=r"part-00003-of-00008\.tfrecord has .* bytes instead of"):
        open_pretraining_data(folder)
    with pytest.raises(DataError, match="ends within record"):
        open_pretraining_data([part])
    part.write_bytes(whole[:500] + b"\x55\xaa" + whole[502:])
    data = open_pretraining_data(folder)
    with pytest.raises(DataError, match=r"part-00003-of-00008\.tfrecord: record \d is damaged"):
        list(data.batches(50))
    part.unlink()
    with pytest.raises(DataError, match="is missing"):
        open_pretraining_data(folder)
    (folder / "data.json").write_text("{")
    with pytest.raises(DataError, match="must be whole"):
        open_pretraining_data(folder)
    (folder / "data.json").write_text('{"format": "bertfit pretraining data", "format_version": 99}')
    with pytest.raises(DataError, match="format version 99"):
        open_pretraining_data(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="must have rows"):
        open_pretraining_data(tmp_path / "empty")


def test_we_read_googles_files(tmp_path):
    google, tokenization = google_reference.google_pretraining(), google_reference.google_tokenization()
    corpus = write_corpus(tmp_path / "c", toy_sentences(documents=8))
    (tmp_path / "vocab.txt").write_bytes(toy_vocabulary().to_bytes())
    tokenizer = tokenization.FullTokenizer(str(tmp_path / "vocab.txt"), do_lower_case=True)
    rows = google.create_training_instances([str(corpus)], tokenizer, LENGTH, 2, 0.1, 0.15, MOST, random.Random(1))
    files = [str(tmp_path / f"g{i}.tfrecord") for i in range(2)]
    google.tf.logging.set_verbosity(google.tf.logging.ERROR)
    google.write_instance_to_example_files(rows, tokenizer, LENGTH, MOST, files)
    data = open_pretraining_data(tmp_path)
    assert (data.n, data.max_len, data.max_predictions, data.description) == (len(rows), LENGTH, MOST, {})
    for part, path in enumerate(files):  # written in turns
        batch = every_row(open_pretraining_data(path))
        for i, row in enumerate(rows[part::2]):
            n = len(row.tokens)
            assert tokenizer.convert_ids_to_tokens(batch.input_ids[i, :n].tolist()) == row.tokens
            assert batch.segment_ids[i, :n].tolist() == row.segment_ids
            k = int(batch.weights[i].sum())
            assert batch.positions[i, :k].tolist() == row.masked_lm_positions
            assert tokenizer.convert_ids_to_tokens(batch.labels[i, :k].tolist()) == row.masked_lm_labels
            assert batch.next_labels[i] == row.is_random_next
    data.check_vocabulary(toy_vocabulary())  # the files do not record their vocabulary, so any passes

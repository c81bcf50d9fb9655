"""Pretraining data: Google's recipe and format, equal for any number of cores, and written completely or not at all."""

from __future__ import annotations

import collections
import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from bertfit import _env
from bertfit.corpus.blocks import tokenized
from bertfit.corpus.data import open_pretraining_data
from bertfit.corpus.masking import MaskRule
from bertfit.corpus.reader import Corpus
from bertfit.corpus.writer import make_pretraining_data
from bertfit.errors import ArgumentError, DataError, VocabularyError
from bertfit.text import vocabulary_training
from bertfit.text.tokenizer import Tokenizer
from bertfit.text.vocabulary import Vocabulary
from toys import google as google_reference

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


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A folder with a corpus, and the data made from it."""
    folder = tmp_path_factory.mktemp("toy")
    corpus = write_corpus(folder / "corpus.txt", toy_sentences())
    made = make_pretraining_data(corpus, toy_vocabulary(), folder / "data", max_len=LENGTH, dup_factor=30, seed=1)
    return folder, made


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


# -- What is in a row -----------------------------------------------------------------------------------

def test_rows_are_real_or_foreign_pairs_as_they_say(toy):
    folder, made = toy
    vocabulary = toy_vocabulary()
    data = open_pretraining_data(folder / "data")
    batch = every_row(data)
    ids = original(batch)
    assert data.n == made["counts"]["instances"] == len(ids) > 2000
    joined = 0
    flat = {d: [t for s in sentences for t in s.split()] for d, sentences in enumerate(toy_sentences())}
    for row, segments, next_label in zip(ids, batch.segment_ids, batch.next_labels, strict=True):
        tokens = [vocabulary.tokens[i] for i in row if i != vocabulary.pad_id]
        assert tokens[0] == "[CLS]" and tokens[-1] == "[SEP]" and tokens.count("[SEP]") == 2
        cut = tokens.index("[SEP]")
        a, b = tokens[1:cut], tokens[cut + 1 : -1]
        assert segments.tolist() == [0] * (cut + 1) + [1] * (len(b) + 1) + [0] * (LENGTH - len(tokens))
        owners = [{t for t in part if t[0] == "d"} for part in (a, b)]
        assert len(owners[0] | owners[1]) == 1 + next_label
        text = " ".join(flat[int(min(owners[0], default="d0")[1:])])
        assert " ".join(a) in text
        if not next_label:
            assert " ".join(b) in text
            joined += " ".join(a + b) in text  # nothing was truncated between them
    assert joined > 300


def test_a_foreign_second_sentence_displaces_none(tmp_path):
    """As in Google's code, the sentences that a random B replaced begin a later row."""
    documents = [[f"d{d} s{s}" for s in range(20)] for d in range(40)]
    corpus = write_corpus(tmp_path / "c", documents)
    make_pretraining_data(corpus, toy_vocabulary(), tmp_path / "out", max_len=63, dup_factor=1,
                          short_seq_prob=0, seed=4)
    batch = every_row(open_pretraining_data(tmp_path / "out"))
    vocabulary = toy_vocabulary()
    seen = collections.Counter()
    for row, segments, next_label in zip(original(batch), batch.segment_ids, batch.next_labels, strict=True):
        own = [vocabulary.tokens[i] for i, s in zip(row, segments, strict=True) if not (s and next_label)]
        own = [t for t in own if t[0] != "["]
        seen.update(zip(own[::2], own[1::2], strict=True))
    assert len(seen) == 800  # every sentence of every document is in a row of its own document
    assert set(seen.values()) == {1}  # once


def test_statistics_are_those_of_the_rows(toy):
    folder, made = toy
    vocabulary, batch = toy_vocabulary(), every_row(open_pretraining_data(folder / "data"))
    ids, lengths = original(batch), (batch.input_ids != 0).sum(axis=1)
    used = batch.weights > 0
    new = np.take_along_axis(batch.input_ids, batch.positions, axis=1)[used]
    true = batch.labels[used]
    stats = made["statistics"]
    n = len(ids)
    assert stats["random_next"] == pytest.approx(batch.next_labels.mean())
    assert stats["predicted"] == pytest.approx(used.sum() / lengths.sum())
    assert stats["became_mask"] == pytest.approx((new == vocabulary.mask_id).mean())
    assert stats["kept"] == pytest.approx((new == true).mean())
    assert stats["became_mask"] + stats["kept"] + stats["became_random"] == pytest.approx(1)
    assert stats["mean_length"] == pytest.approx(lengths.mean())
    assert stats["length_quartiles"] == [np.sort(lengths)[int(np.ceil(q * n)) - 1] for q in (0.25, 0.5, 0.75)]
    # and near what they should be
    assert abs(stats["became_mask"] - 0.8) < 0.02 and abs(stats["kept"] - 0.1) < 0.02
    wanted = np.minimum(MOST, np.maximum(1, np.rint(lengths * 0.15)))
    assert np.array_equal(used.sum(axis=1), wanted)


def test_statistics_are_googles(tmp_path):
    google, tokenization = google_reference.google_pretraining(), google_reference.google_tokenization()
    corpus = write_corpus(tmp_path / "c", toy_sentences(documents=40, seed=3))
    vocabulary = toy_vocabulary()
    (tmp_path / "vocab.txt").write_bytes(vocabulary.to_bytes())
    tokenizer = tokenization.FullTokenizer(str(tmp_path / "vocab.txt"), do_lower_case=True)
    rows = google.create_training_instances([str(corpus)], tokenizer, LENGTH, 100, 0.1, 0.15, MOST, random.Random(1))
    made = make_pretraining_data(corpus, vocabulary, tmp_path / "out", max_len=LENGTH, dup_factor=100, seed=1)
    stats, n = made["statistics"], len(rows)
    lengths = np.array([len(row.tokens) for row in rows])
    ours = (every_row(open_pretraining_data(tmp_path / "out")).input_ids != 0).sum(axis=1)
    assert n > 5000 and abs(made["counts"]["instances"] / n - 1) < 0.01
    assert abs(np.mean([row.is_random_next for row in rows]) - stats["random_next"]) < 0.015
    assert abs(lengths.mean() - stats["mean_length"]) < 0.15
    grid = np.arange(LENGTH + 1)
    ecdf = [np.searchsorted(np.sort(x), grid, side="right") / len(x) for x in (lengths, ours)]
    assert np.abs(ecdf[0] - ecdf[1]).max() < 0.02
    fates = collections.Counter()
    for row in rows:
        fates.update("mask" if row.tokens[p] == "[MASK]" else "kept" if row.tokens[p] == t else "random"
                     for p, t in zip(row.masked_lm_positions, row.masked_lm_labels, strict=True))
    total = sum(fates.values())
    assert abs(total / lengths.sum() - stats["predicted"]) < 0.002
    assert abs(fates["mask"] / total - stats["became_mask"]) < 0.012
    assert abs(fates["kept"] / total - stats["kept"]) < 0.012
    first = [row.segment_ids.index(1) for row in rows]
    batch = every_row(open_pretraining_data(tmp_path / "out"))
    assert abs(np.mean(first) - np.argmax(batch.segment_ids, axis=1).mean()) < 0.2


def test_short_rows_have_their_share(tmp_path):
    corpus = write_corpus(tmp_path / "c", [[f"d{d} " * 3] * 60 for d in range(40)])
    shares = {}
    for share in (0.0, 1.0):
        made = make_pretraining_data(corpus, toy_vocabulary(), tmp_path / str(share), max_len=LENGTH, dup_factor=5,
                                     short_seq_prob=share, seed=1)
        shares[share] = made["statistics"]["full_rows"]
    assert shares[0.0] > 0.85 and shares[1.0] < 0.5


def test_whole_words_in_both_kinds_of_vocabulary(tmp_path):
    texts = [[f"unlikely a b unlikely c unlikely . {w}" for w in ("a b", "c", "un")] * 3 for _ in range(30)]
    corpus = write_corpus(tmp_path / "c", texts)
    vocabulary = toy_vocabulary()
    make_pretraining_data(corpus, vocabulary, tmp_path / "out", max_len=LENGTH, dup_factor=5, whole_word=True, seed=1)
    batch = every_row(open_pretraining_data(tmp_path / "out"))
    ids, like = original(batch), vocabulary.ids["##like"]
    hidden = np.zeros(ids.shape, bool)
    rows, columns = np.nonzero(batch.weights)
    hidden[rows, batch.positions[rows, columns]] = True
    middle = np.argwhere(ids == like)
    middle = middle[(ids[middle[:, 0], middle[:, 1] - 1] > 4)]  # its word was not truncated
    assert np.array_equal(hidden[middle[:, 0], middle[:, 1]], hidden[middle[:, 0], middle[:, 1] - 1])
    assert hidden[middle[:, 0], middle[:, 1]].any()


def test_sentencepiece_vocabularies_make_data_too(tmp_path):
    pytest.importorskip("sentencepiece")
    texts = ["이 영화는 정말 재미있다", "배우들의 연기가 아주 좋았다", "지루하고 재미없는 영화",
             "다시 보고 싶은 명작입니다"]
    corpus = write_corpus(tmp_path / "c", [[texts[(i + j) % 4] for j in range(5)] for i in range(30)])
    vocabulary = vocabulary_training.train_vocabulary(texts * 30, 36, "sentencepiece")
    made = make_pretraining_data(corpus, vocabulary, tmp_path / "out", max_len=LENGTH, seed=1, whole_word=True,
                                 workers=2)
    assert made["vocabulary"]["kind"] == "sentencepiece"
    batch = every_row(open_pretraining_data(tmp_path / "out"))
    text = " ".join(Tokenizer(vocabulary).decode(original(batch)[:50]))
    assert "재미있다" in text and "[CLS]" not in text


# -- Files ----------------------------------------------------------------------------------------------

def test_google_reads_our_files(toy):
    folder, made = toy
    tf = _env.tensorflow()
    spec = {  # run_pretraining.py's
        "input_ids": tf.io.FixedLenFeature([LENGTH], tf.int64),
        "input_mask": tf.io.FixedLenFeature([LENGTH], tf.int64),
        "segment_ids": tf.io.FixedLenFeature([LENGTH], tf.int64),
        "masked_lm_positions": tf.io.FixedLenFeature([MOST], tf.int64),
        "masked_lm_ids": tf.io.FixedLenFeature([MOST], tf.int64),
        "masked_lm_weights": tf.io.FixedLenFeature([MOST], tf.float32),
        "next_sentence_labels": tf.io.FixedLenFeature([1], tf.int64),
    }
    count = 0
    for facts in made["files"]:
        ours = every_row(open_pretraining_data([folder / "data" / facts["name"]]))
        for i, record in enumerate(tf.data.TFRecordDataset([str(folder / "data" / facts["name"])])):
            row = {name: value.numpy() for name, value in tf.io.parse_single_example(record, spec).items()}
            assert np.array_equal(row["input_ids"], ours.input_ids[i])
            assert np.array_equal(row["input_mask"], ours.input_ids[i] != 0)
            assert np.array_equal(row["segment_ids"], ours.segment_ids[i])
            assert np.array_equal(row["masked_lm_positions"], ours.positions[i])
            assert np.array_equal(row["masked_lm_ids"], ours.labels[i])
            assert np.array_equal(row["masked_lm_weights"], ours.weights[i])
            assert row["next_sentence_labels"] == ours.next_labels[i]
            count += 1
    assert count == made["counts"]["instances"]


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


def test_data_json_tells_what_was_done(toy):
    folder, made = toy
    said = json.loads((folder / "data" / "data.json").read_text("utf-8"))
    assert {**said, "path": str(folder / "data")} == made
    assert said["vocabulary"]["sha256"] == toy_vocabulary().sha256
    assert said["settings"]["max_predictions"] == MOST and said["settings"]["seed"] == 1
    documents = toy_sentences()
    assert said["counts"]["documents"] == len(documents)
    assert said["counts"]["sentences"] == sum(map(len, documents))
    assert said["counts"]["corpus_tokens"] == sum(len(s.split()) for d in documents for s in d)
    names = sorted(os.listdir(folder / "data"))
    assert names == sorted(["data.json", *(f"part-{i:05d}-of-00008.tfrecord" for i in range(8))])
    counts = [facts["instances"] for facts in said["files"]]
    assert sum(counts) == said["counts"]["instances"] and max(counts) - min(counts) <= 1
    data = open_pretraining_data(folder / "data")
    data.check_vocabulary(toy_vocabulary())
    with pytest.raises(DataError, match="model's vocabulary"):
        data.check_vocabulary(toy_vocabulary(mask=False))


def test_any_number_of_cores_gives_the_same_files(tmp_path, monkeypatch):
    monkeypatch.setattr("bertfit.corpus.reader.Corpus.blocks", small_blocks(Corpus.blocks))
    corpus = write_corpus(tmp_path / "c", toy_sentences(documents=40))
    files = {}
    for name, workers, seed in (("one", 1, 1), ("two", 2, 1), ("other", 1, 2)):
        made = make_pretraining_data(corpus, toy_vocabulary(), tmp_path / name, max_len=LENGTH, seed=seed,
                                     workers=workers, shards=3)
        assert sorted(os.listdir(tmp_path / name)) == ["data.json", *(f["name"] for f in made["files"])]
        files[name] = [(tmp_path / name / f["name"]).read_bytes() for f in made["files"]]
    assert len(files["one"]) == 3
    assert files["one"] == files["two"]
    assert files["one"] != files["other"]


def small_blocks(blocks):
    return lambda self, size=700: blocks(self, size)


def test_blocks_of_one_document_borrow_from_another(tmp_path, monkeypatch):
    monkeypatch.setattr("bertfit.corpus.reader.Corpus.blocks", small_blocks(Corpus.blocks))
    documents = [[f"d{d} s{s % 20}" for s in range(400)] for d in range(3)]
    corpus = write_corpus(tmp_path / "c", documents)
    made = make_pretraining_data(corpus, toy_vocabulary(), tmp_path / "out", max_len=LENGTH, dup_factor=2, seed=1)
    assert made["counts"]["sentences"] == 1200 and made["counts"]["lonely_documents"] == 0
    batch = every_row(open_pretraining_data(tmp_path / "out"))
    ids = original(batch)
    names = np.array(toy_vocabulary().tokens)[ids]
    owners = [len({t for t in row if t[0] == "d"}) for row in names]
    assert owners == (1 + batch.next_labels).tolist()
    assert 0.4 < batch.next_labels.mean() < 0.6


def test_documents_without_tokens_are_gone(tmp_path):
    corpus = Corpus(write_corpus(tmp_path / "c", [["\u200b", "a"], ["\u200b"], ["b", "c"]]))
    (block,) = corpus.blocks()
    data, walked = tokenized(block, Tokenizer(toy_vocabulary()))
    assert walked == len(data) == 2
    assert data.documents.tolist() == [0, 1, 3] and data.sentences.tolist() == [0, 1, 2, 3]
    with pytest.raises(DataError, match="two documents with tokens"):
        make_pretraining_data(write_corpus(tmp_path / "d", [["\u200b"], ["b", "c"]]), toy_vocabulary(),
                              tmp_path / "out")
    assert not (tmp_path / "out").exists()


# -- Reading --------------------------------------------------------------------------------------------

def keys(batches):
    return [tuple(row.tolist()) for batch in batches for row in np.concatenate(
        [batch.input_ids, batch.positions, batch.labels, batch.next_labels[:, None]], axis=1)]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


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


# -- What goes wrong while making -----------------------------------------------------------------------

def assert_nothing_left(folder):
    assert not (folder / "out").exists()
    assert [name for name in os.listdir(folder) if name.startswith(".")] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [(b"", "must have text"), (b"one\ntwo\n", "at least two documents"), (b"a\n\nb \xff c\n", "must be UTF-8"),
     (b"a\n\n" + b"b " * 2**20, "must not be too long")],
)
def test_a_bad_corpus_leaves_nothing(tmp_path, text, message):
    (tmp_path / "c").write_bytes(text)
    with pytest.raises(DataError, match=message):
        make_pretraining_data(tmp_path / "c", toy_vocabulary(), tmp_path / "out")
    assert_nothing_left(tmp_path)


def test_skipped_lines_are_reported(tmp_path):
    (tmp_path / "c").write_bytes(b"a\n\xff\n\nb\n\xfe\n")
    made = make_pretraining_data(tmp_path / "c", toy_vocabulary(), tmp_path / "out", bad_lines="skip")
    assert made["skipped"]["not_utf8"] == 2 and made["skipped"]["first"].endswith("line 2: byte 1 is no UTF-8")


def test_a_vocabulary_without_mask_and_wrong_settings(tmp_path):
    corpus = write_corpus(tmp_path / "c", [["a"], ["b"]])
    with pytest.raises(VocabularyError, match=r"\[MASK\]"):
        make_pretraining_data(corpus, toy_vocabulary(mask=False), tmp_path / "out")
    for name, value in (("max_len", 4), ("dup_factor", 0), ("short_seq_prob", 1.1), ("mask_prob", 0), ("workers", 0),
                        ("shards", 0), ("max_len", 1.5), ("seed", -1), ("bad_lines", "x"), ("form", "x")):
        with pytest.raises(ArgumentError, match=name):
            make_pretraining_data(corpus, toy_vocabulary(), tmp_path / "out", **{name: value})
    assert_nothing_left(tmp_path)


def test_what_stands_there_is_not_replaced_unasked(tmp_path):
    corpus, out = write_corpus(tmp_path / "c", [["a b c"] * 9, ["b"]]), tmp_path / "out"
    out.mkdir()  # empty: fine
    make_pretraining_data(corpus, toy_vocabulary(), out, seed=1)
    before = (out / "data.json").read_bytes()
    with pytest.raises(ArgumentError, match="new or empty"):
        make_pretraining_data(corpus, toy_vocabulary(), out, seed=2)
    with pytest.raises(DataError):
        make_pretraining_data(write_corpus(tmp_path / "bad", [["a"]]), toy_vocabulary(), out, seed=2, overwrite=True)
    assert (out / "data.json").read_bytes() == before
    make_pretraining_data(corpus, toy_vocabulary(), out, seed=2, overwrite=True)
    assert open_pretraining_data(out).description["settings"]["seed"] == 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(ArgumentError, match="not empty"):
        make_pretraining_data(corpus, toy_vocabulary(), tmp_path / "mine", overwrite=True)
    assert sorted(os.listdir(tmp_path)) == ["bad", "c", "mine", "out"]


SCRIPT = """
import resource, sys, signal
sys.path[:0] = [{tests!r}]
from test_writer import toy_vocabulary
from bertfit.errors import DataError
from bertfit.corpus import make_pretraining_data
{before}
try:
    make_pretraining_data({corpus!r}, toy_vocabulary(), {out!r}, workers={workers}, dup_factor=50)
except DataError as error:
    print("DataError", error)
"""


def script(tmp_path, before, workers):
    corpus = write_corpus(tmp_path / "c", toy_sentences() * 20)
    code = SCRIPT.format(tests=os.path.dirname(__file__), corpus=str(corpus), out=str(tmp_path / "out"), before=before,
                         workers=workers)
    (tmp_path / "unguarded.py").write_text(code)  # a script without `if __name__ == "__main__"`
    path = os.pathsep.join(sys.path)
    return subprocess.Popen([sys.executable, str(tmp_path / "unguarded.py")], stdout=subprocess.PIPE, text=True,
                            env={**os.environ, "PYTHONPATH": path}, start_new_session=True, preexec_fn=heed_interrupts)


def heed_interrupts():
    """What a shell starts in the background ignores SIGINT, and its children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_disk_that_refuses_leaves_nothing(tmp_path, workers):
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))"  # Python ignores the signal: an OSError
    process = script(tmp_path, limit, workers)
    output, _ = process.communicate(timeout=120)
    assert output.startswith("DataError Pretraining data could not be written.") and "too large" in output
    assert_nothing_left(tmp_path)


def test_an_interrupt_leaves_nothing(tmp_path):
    process = script(tmp_path, "", 2)
    deadline = time.monotonic() + 60
    while not any(name.startswith(".out") for name in os.listdir(tmp_path)):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert_nothing_left(tmp_path)


def test_a_failure_in_a_worker_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr("bertfit.corpus.blocks.BlockSettings.__getstate__", spoiled, raising=False)
    corpus = write_corpus(tmp_path / "c", [["a"], ["b"]])
    with pytest.raises(RuntimeError, match="worker process failed"):
        make_pretraining_data(corpus, toy_vocabulary(), tmp_path / "out", workers=2)
    assert_nothing_left(tmp_path)


def spoiled(self):
    return {**self.__dict__, "dup_factor": None}


def test_progress_comes_to_an_end(tmp_path, toy):
    folder, made = toy
    events = []
    make_pretraining_data(folder / "corpus.txt", toy_vocabulary(), tmp_path / "out", max_len=LENGTH, dup_factor=30,
                          seed=1, progress=events.append)
    size = os.path.getsize(folder / "corpus.txt")
    assert events[-1] == {"event": "data", "done_bytes": size, "total_bytes": size,
                          "instances": made["counts"]["instances"]}


@pytest.mark.slow
def test_memory_does_not_grow_with_the_corpus(tmp_path):
    code = """
import resource, sys
sys.path[:0] = [sys.argv[1]]
from test_writer import toy_vocabulary
from bertfit.corpus import make_pretraining_data
from bertfit.corpus import open_pretraining_data
make_pretraining_data(sys.argv[2], toy_vocabulary(), sys.argv[3], workers=1, dup_factor=1, max_len=64)
for batch in open_pretraining_data(sys.argv[3]).batches(64): pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    peaks = []
    for i, times in enumerate((320, 1600)):
        corpus = write_corpus(tmp_path / f"c{i}", toy_sentences(seed=5) * times * 2)
        command = [sys.executable, "-c", code, os.path.dirname(__file__), str(corpus), str(tmp_path / f"o{i}")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        peaks.append((os.path.getsize(corpus) / 2**20, int(run.stdout)))
    (small, before), (large, after) = peaks
    assert large > small + 10 and after < before + 60, peaks  # MiB

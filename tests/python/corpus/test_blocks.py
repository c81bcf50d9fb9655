"""Rows: Google's recipe, in every block of a corpus."""

from __future__ import annotations

import collections
import random

import numpy as np
import pytest

from bertfit.corpus.blocks import tokenized
from bertfit.corpus.data import open_pretraining_data
from bertfit.corpus.reader import Corpus
from bertfit.corpus.writer import make_pretraining_data
from bertfit.errors import DataError
from bertfit.text import vocabulary_training
from bertfit.text.tokenizer import Tokenizer
from toys import google as google_reference
from toys.corpora import (
    LENGTH,
    MOST,
    every_row,
    make_toy,
    original,
    toy_sentences,
    toy_vocabulary,
    write_corpus,
)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A folder with a corpus, and the data made from it."""
    return make_toy(tmp_path_factory.mktemp("toy"))


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
            joined += " ".join(a + b) in text  # nothing was cut between them
    assert joined > 300


def test_a_foreign_second_sentence_displaces_none(tmp_path):
    """Google goes back: every sentence that is not the last of its chunk's A begins a later row."""
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

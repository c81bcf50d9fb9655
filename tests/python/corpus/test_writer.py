"""Pretraining data: files for Google's code, the same for any number of cores, whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bertfit import _env
from bertfit.corpus.data import open_pretraining_data
from bertfit.corpus.reader import Corpus
from bertfit.corpus.writer import make_pretraining_data
from bertfit.errors import ArgumentError, DataError, DiskError, OccupiedError, VocabularyError
from bertfit.text.vocabulary import Vocabulary
from toys.corpora import (
    LENGTH,
    MOST,
    every_row,
    make_toy,
    toy_sentences,
    toy_vocabulary,
    write_corpus,
)

TESTS = str(Path(__file__).resolve().parents[1])


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A folder with a corpus, and the data made from it."""
    return make_toy(tmp_path_factory.mktemp("toy"))


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
    made, other = toy_vocabulary(), Vocabulary.from_bytes("\n".join(reversed(toy_vocabulary().tokens)).encode())
    with pytest.raises(DataError) as caught:  # of one size; both may be called vocab.txt
        data.check_vocabulary(other)
    for vocabulary in (made, other):
        assert f"({len(made):,} tokens, sha256 {vocabulary.sha256[:12]}...)" in str(caught.value)


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


def test_a_vocabulary_without_mask_and_wrong_settings_are_refused(tmp_path):
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
from toys.corpora import toy_vocabulary
from bertfit.errors import DiskError
from bertfit.corpus import make_pretraining_data
{before}
try:
    make_pretraining_data({corpus!r}, toy_vocabulary(), {out!r}, workers={workers}, dup_factor=50)
except DiskError as error:
    print("DiskError", error)
"""


def script(tmp_path, before, workers):
    corpus = write_corpus(tmp_path / "c", toy_sentences() * 20)
    code = SCRIPT.format(tests=TESTS, corpus=str(corpus), out=str(tmp_path / "out"), before=before,
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
    assert output.startswith("DiskError The disk must have room")
    assert f"The disk of {tmp_path} " in output and "does not take a file of this size" in output
    assert f"{tmp_path / 'out'} was not made." in output
    assert_nothing_left(tmp_path)


def test_a_full_disk_leaves_the_data_that_were_to_be_replaced(toy, tmp_path, monkeypatch):
    shutil.copytree(toy[0] / "data", tmp_path / "data")
    before = open_pretraining_data(tmp_path / "data").digest

    def full(file, rows):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("bertfit.corpus.blocks.write_all", full)
    monkeypatch.setattr("bertfit.corpus.writer.write_all", full)
    with pytest.raises(DiskError, match="is as it was before") as caught:
        make_pretraining_data(toy[0] / "corpus.txt", toy_vocabulary(), tmp_path / "data", workers=1, overwrite=True)
    assert "is full" in str(caught.value) and "Nothing" not in str(caught.value)
    assert open_pretraining_data(tmp_path / "data").digest == before and os.listdir(tmp_path) == ["data"]


@pytest.mark.parametrize("there", [True, False])
def test_what_appears_at_the_target_in_the_meantime_is_left_alone(toy, tmp_path, there):
    target = tmp_path / "data"
    if there:
        shutil.copytree(toy[0] / "data", target)

    def appear(event):
        target.mkdir(exist_ok=True)
        (target / "mine.txt").write_text("mine")

    with pytest.raises(OccupiedError, match="was left alone") as caught:
        make_pretraining_data(toy[0] / "corpus.txt", toy_vocabulary(), target, overwrite=there, progress=appear)
    assert (target / "mine.txt").read_text() == "mine" and (target / "data.json").exists() == there
    assert caught.value.kept == str(tmp_path / "data-kept") and caught.value.kept in str(caught.value)
    assert len(open_pretraining_data(tmp_path / "data-kept")) > 0
    assert sorted(os.listdir(tmp_path)) == ["data", "data-kept"]


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
from toys.corpora import toy_vocabulary
from bertfit.corpus import make_pretraining_data
from bertfit.corpus import open_pretraining_data
make_pretraining_data(sys.argv[2], toy_vocabulary(), sys.argv[3], workers=1, dup_factor=1, max_len=64)
for batch in open_pretraining_data(sys.argv[3]).batches(64): pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    peaks = []
    for i, times in enumerate((320, 1600)):
        corpus = write_corpus(tmp_path / f"c{i}", toy_sentences(seed=5) * times * 2)
        command = [sys.executable, "-c", code, TESTS, str(corpus), str(tmp_path / f"o{i}")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        peaks.append((os.path.getsize(corpus) / 2**20, int(run.stdout)))
    (small, before), (large, after) = peaks
    assert large > small + 10 and after < before + 60, peaks  # MiB

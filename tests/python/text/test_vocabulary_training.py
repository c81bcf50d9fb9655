"""Trained vocabularies: their content, that it depends on the texts alone, and errors."""

import gzip
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from bertfit.errors import ArgumentError, DataError, DiskError, VocabularyError
from bertfit.text import vocabulary_training, wordpiece_training
from bertfit.text.normalize import words
from bertfit.text.tokenizer import Tokenizer
from bertfit.text.vocabulary import Vocabulary
from bertfit.text.vocabulary_training import train_vocabulary

TEXTS = ["low lower lowest", "new newer newest wide wider widest", "Ünïcode, low-key: 10!", "한국어 영화 영화가"] * 12
TYPES = pytest.mark.parametrize("kind", ["wordpiece", "sentencepiece"])
SIZE = {"wordpiece": 70, "sentencepiece": 36}


def train(kind, texts=TEXTS, size=None, **settings):
    if kind == "sentencepiece":
        settings.setdefault("character_coverage", 1.0)
    return train_vocabulary(texts, size or SIZE[kind], kind, **settings)


# -- What is in them -----------------------------------------------------------------------------------------


@TYPES
@pytest.mark.parametrize("lower_case", [True, False])
def test_special_tokens_come_first_and_on_top_of_the_size(kind, lower_case):
    vocabulary = train(kind, lower_case=lower_case, unused=2)
    special = {
        "wordpiece": ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
        "sentencepiece": ("[PAD]", "[UNK]", "[BOS]", "[EOS]", "[SEP]", "[CLS]", "[MASK]"),
    }[kind]
    assert vocabulary.tokens[: len(special) + 2] == (*special, "[unused0]", "[unused1]")
    assert len(vocabulary) == SIZE[kind] + len(special) + 2
    assert (vocabulary.kind, vocabulary.lower_case) == (kind, lower_case)
    assert len(set(vocabulary.tokens)) == len(vocabulary)


@TYPES
def test_the_texts_themselves_have_no_unknown_token(kind):
    vocabulary = train(kind, character_coverage=1.0)
    assert vocabulary.unk_id not in Tokenizer(vocabulary).encode(TEXTS).ids


def test_wordpiece_joins_the_most_frequent_pair_first_by_hand():
    # The letters a, b, c, at the start of a word or after another. "ab" occurs 6 times, "##bc" 5 times, then "abc".
    vocabulary = train("wordpiece", ["ab"] * 1 + ["abc"] * 5, 6)
    assert vocabulary.tokens[5:] == ("a", "b", "c", "##b", "##c", "ab")
    assert train("wordpiece", ["ab"] * 1 + ["abc"] * 5, 7).tokens[-1] == "abc"


def test_wordpiece_is_trained_on_our_own_words():
    texts = ["Ça\u00adva, 中文中文! \u0000x"] * 3
    for lower_case in (True, False):
        letters = {char for text in texts for word in words(text, lower_case) for char in word}
        vocabulary = train("wordpiece", texts, 12, lower_case=lower_case)
        single = {token.removeprefix("##") for token in vocabulary.tokens[5:] if len(token.removeprefix("##")) == 1}
        assert single == letters
        assert not any(token in ("中文", "va,") for token in vocabulary.tokens)  # words end there


def test_korean_syllables_stay_whole_unless_wordpiece_lower_cases():
    has = {kind: any("\uac00" <= c <= "\ud7a3" for token in train(*kind).tokens for c in token)
           for kind in (("sentencepiece",), ("wordpiece",))}
    assert has == {("sentencepiece",): True, ("wordpiece",): False}
    assert any("\uac00" <= c <= "\ud7a3" for token in train("wordpiece", lower_case=False).tokens for c in token)


def test_rare_characters_are_left_out_by_coverage():
    texts = ["ab ba"] * 500 + ["a\u2603"]
    full, most = (train("wordpiece", texts, 6 if share == 1 else 4, character_coverage=share) for share in (1, 0.999))
    assert any("\u2603" in token for token in full.tokens) and not any("\u2603" in token for token in most.tokens)
    assert most.unk_id in Tokenizer(most).encode(["a\u2603"]).ids


def test_min_frequency_is_where_joining_ends():
    texts = ["xy"] * 3 + ["zy"] * 9
    assert train("wordpiece", texts, 5, min_frequency=4).tokens[5:] == ("x", "y", "z", "##y", "zy")
    with pytest.raises(ArgumentError, match="at most 5 for these texts"):
        train("wordpiece", texts, 6, min_frequency=4)
    assert train("wordpiece", texts, 6, min_frequency=3).tokens[-1] == "xy"


def test_byte_pair_encoding_is_another_vocabulary():
    assert train("sentencepiece", algorithm="bpe").tokens != train("sentencepiece").tokens


# -- What decides them -----------------------------------------------------------------------------------------


@TYPES
def test_every_way_in_gives_the_same(kind, tmp_path):
    path, packed = tmp_path / "a.txt", tmp_path / "b.txt.gz"
    path.write_text("\n".join(TEXTS) + "\n", "utf-8")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    expected = train(kind).data
    halves = [tmp_path / "1.txt", tmp_path / "2.txt"]
    for part, lines in zip(halves, (TEXTS[:20], TEXTS[20:]), strict=True):
        part.write_text("\n".join(lines), "utf-8")
    for source in (iter(TEXTS), str(path), path, packed, halves, tuple(TEXTS), (t for t in [*TEXTS, "", "  "])):
        assert train(kind, source).data == expected


@TYPES
def test_runs_agree_in_processes_of_their_own(kind):
    code = f"""
import sys
from bertfit.text import train_vocabulary
words = [chr(97 + i % 26) + chr(97 + j % 26) * (i % 3) + chr(97 + (i * j) % 26) for i in range(40) for j in range(40)]
texts = [" ".join(words[i:i + 9]) for i in range(0, len(words), 3)]
print(train_vocabulary(texts, 200, {kind!r}, character_coverage=1.0).sha256)
"""
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    assert len({run.stdout for run in runs}) == 1 and len(runs[0].stdout) == 65
    assert {run.stderr for run in runs} == {""}


def test_the_order_of_texts_does_not_matter_to_wordpiece():
    assert train("wordpiece", TEXTS[::-1]).data == train("wordpiece").data


def test_texts_that_the_libraries_would_skip_are_used():
    long = "word " * 30_000 + "zebra"
    texts = ["tab\tone\x00two\nthree", "lone \ud800 surrogate", long] * 3
    vocabulary = train("sentencepiece", texts, 21)
    letters = {char for token in vocabulary.tokens[7:] for char in token} - {"▁"}
    assert letters == set("tabonewhr" + "lonesurgat" + "wordzeba")


def test_one_pass_and_no_more_is_held_than_needed(monkeypatch):
    seen = Counter()

    def stream():
        for i in range(3000):
            seen["texts"] += 1
            yield f"word{i} common words here"

    monkeypatch.setattr(wordpiece_training, "_MOST_WORDS", 100)
    counted = wordpiece_training._count_words(stream(), True)
    assert seen["texts"] == 3000 and len(counted) <= 100
    assert counted["common"] == counted["words"] == 3000


def test_sample_size_bounds_what_sentencepiece_learns_from():
    syllables = [chr(0xAC00 + i) for i in range(1500)]  # each of them and the mark of a word's beginning are needed
    for sample_size, least in ((1000, "1,001"), (2000, "1,501")):
        with pytest.raises(ArgumentError, match=f"`size` must be at least {least} for these texts"):
            train("sentencepiece", iter(syllables), 3, sample_size=sample_size)


# -- Files -----------------------------------------------------------------------------------------------------


@TYPES
def test_the_file_is_the_vocabulary(kind, tmp_path):
    out = tmp_path / "new" / "vocab.any"
    vocabulary = train(kind, out=out)
    assert vocabulary.path == str(out) and out.read_bytes() == vocabulary.data
    assert Vocabulary.from_file(out, True) == vocabulary
    assert os.listdir(out.parent) == ["vocab.any"]
    with pytest.raises(ArgumentError, match="exists"):
        train(kind, out=out)
    train(kind, out=out, unused=1, overwrite=True)
    assert len(Vocabulary.from_file(out)) == len(vocabulary) + 1


@pytest.mark.parametrize("number, kind", [(5, VocabularyError), (28, DiskError)])
def test_nothing_is_left_under_the_name_when_the_disk_refuses(tmp_path, monkeypatch, number, kind):
    def refused(self, data):
        with open(self, "wb") as file:
            file.write(data[:10])
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", refused)
    with pytest.raises(kind, match="Input/output error" if number == 5 else "is full"):
        train("wordpiece", out=tmp_path / "v.txt")
    assert os.listdir(tmp_path) == []


def test_an_existing_file_is_refused_before_any_text_is_read(tmp_path):
    def never():
        raise AssertionError("was read")
        yield

    with pytest.raises(ArgumentError, match="is a folder"):
        train("wordpiece", never(), out=tmp_path)


# -- What cannot be --------------------------------------------------------------------------------------------


@TYPES
@pytest.mark.parametrize("texts", [[], ["", " \n"]])
def test_no_text_is_an_error(kind, texts):
    with pytest.raises(DataError, match="There must be text"):
        train(kind, texts)


def test_texts_without_words_are_no_text_to_wordpiece():
    with pytest.raises(DataError, match="no words"):
        train("wordpiece", ["\u200b\u200d"])


@TYPES
def test_a_size_out_of_reach_says_what_is_in_reach(kind):
    for size, word in ((3, "least"), (3000, "most")):
        with pytest.raises(ArgumentError, match=f"`size` must be at {word}") as error:
            train(kind, size=size)
        possible = int(re.search(rf"at {word} ([\d,]+)", str(error.value))[1].replace(",", ""))
        beyond = possible - 1 if word == "least" else possible + 1
        assert len(train(kind, size=possible)) == possible + (5 if kind == "wordpiece" else 7)
        with pytest.raises(ArgumentError, match=f"`size` must be at {word}"):
            train(kind, size=beyond)


@TYPES
def test_bytes_that_are_not_utf8_are_located(kind, tmp_path):
    path = tmp_path / "bad.txt"
    path.write_bytes(b"fine\n" * 4 + b"caf\xe9\n")
    with pytest.raises(DataError, match=r"bad\.txt: line 5 is not"):
        train(kind, path)


@TYPES
def test_a_missing_text_is_named(kind):
    with pytest.raises(DataError, match="Row 2 is None"):
        train(kind, ["a", "b", None])


@TYPES
def test_an_interrupt_comes_through(kind):
    def interrupted():
        yield from TEXTS
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(kind, interrupted())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 0}, "`size`"), ({"size": 10.5}, "`size`"), ({"type": "bpe"}, "`type`"),
        ({"algorithm": "words"}, "`algorithm`"), ({"min_frequency": 0}, "`min_frequency`"),
        ({"unused": -1}, "`unused`"), ({"lower_case": "yes"}, "`lower_case`"), ({"sample_size": 0}, "`sample_size`"),
        ({"character_coverage": 0}, "`character_coverage`"), ({"field": "text"}, "`field`"),
        ({"source": 3}, "`source`"), ({"source": b"bytes"}, "`source`"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ArgumentError, match=message):
        train_vocabulary(**{"source": TEXTS, "size": 50, **settings})


@TYPES
def test_progress_is_told(kind, monkeypatch):
    monkeypatch.setattr(vocabulary_training, "_REPORT_EVERY", 20)
    events = []
    vocabulary = train(kind, progress=events.append)
    assert events[:3] == [{"event": "texts", "done": done} for done in (20, 40, 48)]
    assert events[3:] == [{"event": "pieces"}, {"event": "end", "size": len(vocabulary)}]


# -- Real --------------------------------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.slow
def test_korean_reviews_give_reference_as_vocabulary(shared_data, capsys):
    corpus = shared_data / "nsmc_corpus.txt"
    if not corpus.is_file():
        pytest.skip("no nsmc_corpus.txt")
    start = time.perf_counter()
    vocabulary = train_vocabulary(corpus, 8000, "sentencepiece")
    seconds = time.perf_counter() - start
    assert len(vocabulary) == 8007
    assert vocabulary.tokens[:7] == ("[PAD]", "[UNK]", "[BOS]", "[EOS]", "[SEP]", "[CLS]", "[MASK]")
    lines = corpus.read_text("utf-8").split("\n")
    tokenizer = Tokenizer(vocabulary)
    start = time.perf_counter()
    encoding = tokenizer.encode(lines)
    took = time.perf_counter() - start
    unknown = float((encoding.ids == vocabulary.unk_id).mean())
    with capsys.disabled():
        print(f"\n8,000 pieces of {len(lines):,} lines in {seconds:.1f} s; {len(lines) / took:,.0f} lines encoded a "
              f"second; {unknown:.2%} unknown")
    assert unknown < 0.002
    assert {"▁영화", "▁재미있", "▁너무"} & set(vocabulary.tokens) >= {"▁영화", "▁너무"}


@pytest.mark.parametrize("type, algorithm", [("wordpiece", "bpe"), ("sentencepiece", "unigram"),
                                             ("sentencepiece", "bpe")])
def test_a_size_that_no_text_has_is_an_error_and_no_end_of_the_process(type, algorithm):
    # In a process of its own: the trainers reserved memory for every entry, and aborted.
    code = f"""
from bertfit.text import train_vocabulary
from bertfit.errors import ArgumentError
for size in (10**9, 2**31 - 1, 10**19):
    try: train_vocabulary(["a b c"], size, "{type}", algorithm="{algorithm}")
    except ArgumentError as error: print(error.argument)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["size"] * 3


@pytest.mark.parametrize("name", ["min_frequency", "unused", "sample_size"])
def test_other_counts_that_do_not_fit_32_bits_are_refused(name):
    with pytest.raises(ArgumentError, match=f"`{name}` must be at most"):
        train_vocabulary(["a b c"], 5, **{name: 2**31})

"""Corpora: both file forms, blocks and their guest documents, and lines that cannot be used."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertfit.corpus.reader import Corpus, detect
from bertfit.errors import ArgumentError, DataError


def write(folder, data: bytes | str, name="corpus.txt"):
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def documents(corpus: Corpus, size=2**21):
    """Each block as (documents, guest)."""
    found = []
    for block in corpus.blocks(size):
        sentences = iter(block.sentences)
        inside = [[next(sentences) for _ in range(count)] for count in block.counts]
        assert next(sentences, None) is None
        found.append((inside[:-1], inside[-1]) if block.guest else (inside, None))
    return found


def test_lines_are_sentences_and_blank_lines_end_documents(tmp_path):
    path = write(tmp_path, "\ufeffone\r\n  two \n\n \n\t\nthree\u2028still three\u0085\n\nfour")
    assert documents(Corpus(path)) == [([["one", "two"], ["three\u2028still three"], ["four"]], None)]


def test_a_file_ends_its_document(tmp_path):
    paths = [write(tmp_path, "one\ntwo", "a"), write(tmp_path, "three\n", "b")]
    corpus = Corpus(paths)
    assert corpus.size == 13
    assert documents(corpus) == [([["one", "two"], ["three"]], None)]


def test_json_lines_in_every_form(tmp_path):
    lines = ['"one\\n two"', '["three", "four"]', '{"title": "x", "text": "five\\n\\nsix"}', "",
             '{"doc": [["seven"], ["eight", "nine"]]}', '{"sentences": ["\\u00e9"], "text": "not this"}']
    expected = [["one", "two"], ["three", "four"], ["five", "six"], ["seven", "eight", "nine"], ["é"]]
    path = write(tmp_path, "\n".join(lines), "corpus.jsonl")
    assert documents(Corpus(path)) == [(expected, None)]
    named = write(tmp_path, '{"a": "x", "text": "y"}\n{"a": ["z"]}\n', "n.jsonl")
    assert documents(Corpus(named, field="a")) == [([["x"], ["z"]], None)]


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [("a.jsonl", "plain", "jsonl"), ("a.json", "", "jsonl"), ("a.txt", '{"text": "a"}\n', "jsonl"),
     ("a.txt", '["a", "b"]\n', "jsonl"), ("a.txt", "[1] is a footnote\n", "text"), ("a.txt", "{curly} words", "text"),
     ("a.txt", '\ufeff{"text": "' + "a" * 70_000 + '"}', "jsonl"), ("a.txt", '"Quoted," he said.', "text"),
     ("a.txt", "", "text")],
)
def test_the_form_is_told(tmp_path, name, text, form):
    assert detect(write(tmp_path, text, name)) == form


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=12), min_size=2, max_size=12),
       limit=st.integers(1, 200))
def test_blocks_have_every_sentence_once_in_order(tmp_path_factory, sizes, limit):
    corpus = [[f"{d}.{s}." + "x" * size for s, size in enumerate(sentences)] for d, sentences in enumerate(sizes)]
    path = write(tmp_path_factory.mktemp("c"), "\n\n".join("\n".join(d) for d in corpus) + "\n")
    blocks = documents(Corpus(path), limit)
    seen = [sentence for inside, _ in blocks for document in inside for sentence in document]
    assert seen == [sentence for document in corpus for sentence in document]
    longest = max(len(sentence) for document in corpus for sentence in document)
    for inside, guest in blocks:
        assert sum(len(sentence) for document in inside for sentence in document) < 2 * limit + longest
        owners = [document[0].split(".")[0] for document in inside]
        assert all(len({sentence.split(".")[0] for sentence in document}) == 1 for document in inside)
        assert len(set(owners)) == len(owners)  # no block has two pieces of one document
        assert (guest is not None) == (len(inside) == 1)
        if guest is not None:
            (owner,) = {sentence.split(".")[0] for sentence in guest}
            assert owner != owners[0] and guest == corpus[int(owner)][: len(guest)]


def test_one_huge_document_is_read_in_bounded_pieces(tmp_path):
    path = write(tmp_path, "abcdefghi\n" * 5000 + "\nlast\n")
    blocks = documents(Corpus(path), 1000)
    assert len(blocks) == 45
    assert all(sum(map(len, inside[0])) <= 1008 for inside, _ in blocks)
    assert [guest for _, guest in blocks] == [["last"]] * 44 + [None]


@pytest.mark.parametrize("text", ["", "\n\n  \n", "\ufeff\n"])
def test_an_empty_corpus_is_refused(tmp_path, text):
    with pytest.raises(DataError, match="must have text"):
        documents(Corpus(write(tmp_path, text)))


def test_one_document_is_refused(tmp_path):
    with pytest.raises(DataError, match="at least two documents"):
        documents(Corpus(write(tmp_path, "one\ntwo\n\n\n")))
    with pytest.raises(DataError, match="at least two documents"):
        documents(Corpus(write(tmp_path, '{"text": "one"}\n', "a.jsonl")))


@pytest.mark.parametrize(
    ("name", "bad", "kind", "message"),
    [("a.txt", b"x" * 50, "too_long", "line 4: it has more than 40 bytes"),
     ("a.txt", b"x" * 500, "too_long", "line 4: it has more than 40 bytes"),
     ("a.txt", b"ab\xff\xfe", "not_utf8", "line 4: byte 3 is no UTF-8"),
     ("a.jsonl", b'{"x": 1}', "not_a_document", 'line 4: the object has no field any of "sentences"'),
     ("a.jsonl", b'{"text": 1}', "not_a_document", "line 4: text was expected, not int"),
     ("a.jsonl", b'{"text": ', "not_a_document", "line 4: no JSON"),
     ("a.jsonl", b'"\\ud800"', "not_a_document", "line 4: a half surrogate pair"),
     ("a.jsonl", b"12", "not_a_document", "line 4: text was expected, not int")],
)
def test_bad_lines_are_named_or_skipped_and_counted(tmp_path, name, bad, kind, message):
    good = [b'"one"', b'"two"', b'"three"', b'"four"'] if name.endswith("l") else [b"one", b"", b"three", b"four"]
    path = write(tmp_path, b"\n".join([*good[:3], bad, good[3], b"", bad]), name)
    with pytest.raises(DataError) as caught:
        documents(Corpus(path, longest_line=40))
    assert message in str(caught.value) and 'bad_lines = "skip"' in str(caught.value)
    corpus = Corpus(path, longest_line=40, bad_lines="skip")
    ((inside, _),) = documents(corpus)
    flat = [sentence for document in inside for sentence in document]
    assert flat == ["one", "two", "three", "four"] if name.endswith("l") else ["one", "three", "four"]
    assert {k: n for k, n in corpus.skipped.items() if n} == {kind: 2}
    assert message in corpus.first_skipped


def test_a_line_of_just_the_limit_is_taken(tmp_path):
    path = write(tmp_path, b"x" * 40 + b"\n\n" + b"y" * 40)
    assert documents(Corpus(path, longest_line=40)) == [([["x" * 40], ["y" * 40]], None)]


def test_progress_counts_every_byte(tmp_path):
    path = write(tmp_path, "one\n\n" + "x" * 100 + "\ntwo\n")
    *_, last = Corpus(path, longest_line=10, bad_lines="skip").blocks()
    assert last.done == path.stat().st_size


def test_wrong_options_and_missing_files(tmp_path):
    path = write(tmp_path, "a\n\nb")
    for options in ({"form": "csv"}, {"bad_lines": "ignore"}, {"longest_line": 0}):
        with pytest.raises(ArgumentError, match=next(iter(options))):
            Corpus(path, **options)
    with pytest.raises(ArgumentError, match="at least one file"):
        Corpus([])
    with pytest.raises(DataError, match="No such file"):
        Corpus([path, tmp_path / "absent.txt"])
    with pytest.raises(DataError, match="directory"):
        Corpus(tmp_path)


def test_every_script_survives(tmp_path):
    texts = ["한국어 문장입니다.", "日本語。", "العربية", "emoji 😀", "e\u0301"]
    for name, data in (("a.txt", "\n\n".join(texts)), ("a.jsonl", "\n".join(json.dumps(t) for t in texts))):
        assert documents(Corpus(write(tmp_path, data, name))) == [([[t] for t in texts], None)]


def test_gzipped_files_are_unpacked(tmp_path):
    text = "one\ntwo\n\nthree\n" * 500
    plain, packed = write(tmp_path, text), write(tmp_path, gzip.compress(text.encode()), "corpus.txt.gz")
    assert documents(Corpus(packed)) == documents(Corpus(plain))
    *_, last = Corpus(packed).blocks()
    assert last.done == packed.stat().st_size
    lines = write(tmp_path, gzip.compress(b'"one"\n"two"'), "a.jsonl.gz")
    assert documents(Corpus(lines)) == [([["one"], ["two"]], None)]
    cut = write(tmp_path, packed.read_bytes()[:-20], "cut.gz")
    with pytest.raises(DataError, match="must be readable"):
        documents(Corpus(cut))

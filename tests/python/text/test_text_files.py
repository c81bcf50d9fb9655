"""Texts from files: which lines are texts, and that errors name file and line."""

import gzip

import pytest

from bertfit.errors import DataError
from bertfit.text.text_files import read_texts


def write(path, data: bytes):
    path.write_bytes(data)
    return path


def test_lines_end_at_line_feeds_only(tmp_path):
    path = write(tmp_path / "a.txt", "\ufeffone\r\ntwo\u2028still\x0btwo\n\nlast".encode())
    assert list(read_texts([path])) == ["one", "two\u2028still\x0btwo", "", "last"]


def test_gzip_is_told_by_its_bytes(tmp_path):
    path = write(tmp_path / "a.txt", gzip.compress("하나\n둘\n".encode()))
    assert list(read_texts([path, path])) == ["하나", "둘"] * 2


def test_a_field_of_json_lines(tmp_path):
    data = b'{"text": "a \\u00e9", "n": 1}\n\n{"text": "b"}\n'
    assert list(read_texts([write(tmp_path / "a.jsonl", data)])) == ["a é", "b"]
    assert list(read_texts([write(tmp_path / "a.jsonl.gz", gzip.compress(data))])) == ["a é", "b"]
    assert list(read_texts([write(tmp_path / "a.json", data.replace(b"text", b"doc"))], field="doc")) == ["a é", "b"]
    assert list(read_texts([write(tmp_path / "a.txt", b'{"text": "b"}\n')])) == ['{"text": "b"}']


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"fine\ncaf\xe9\n", r"a\.txt: line 2 is not .*byte 4"),
        ("a.jsonl", b'{"text": "a"}\n{"text": \n', r"a\.jsonl: line 2"),
        ("a.jsonl", b'{"text": 3}\n', r"line 1 is not"),
        ("a.jsonl", b'{"doc": "a"}\n', r"It has doc\."),
        ("a.jsonl", b"[1]\n", r"It is \[1\]"),
        ("a.txt.gz", gzip.compress(b"one\n" * 50, mtime=0)[:-9], r"a\.txt\.gz: "),
    ],
)
def test_a_fault_is_located(tmp_path, name, data, message):
    with pytest.raises(DataError, match=message):
        list(read_texts([write(tmp_path / name, data)]))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"absent\.txt: No such file"):
        list(read_texts([tmp_path / "absent.txt"]))


def test_nothing_is_read_ahead(tmp_path):
    path = write(tmp_path / "a.txt", b"one\n" * 100_000 + b"\xff\n")
    texts = read_texts([path])
    assert next(texts) == "one"
    with pytest.raises(DataError, match="line 100001"):
        list(texts)

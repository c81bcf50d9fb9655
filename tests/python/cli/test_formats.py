"""Formats told from names, and from the first line of stdin."""

import pytest

from bertfit.cli.formats import format_of, format_told
from bertfit.errors import ArgumentError

NAMES = {"text", "document", "review"}


def test_a_name_says_the_format():
    assert [format_of(name, "format") for name in ("A.CSV", "b.tsv.gz", "c.ndjson", "d.txt", "-")] == [
        "csv", "tsv", "jsonl", "txt", None]
    with pytest.raises(ArgumentError, match="`format` must be given"):
        format_of("table.xlsx", "format")


@pytest.mark.parametrize(("line", "told"), [
    ("id\tdocument\tlabel\n", "tsv"), ("\ufeffid\tDocument\r\n", "tsv"), ('"id"\t"text"\n', "tsv"),
    ("id,document,label\n", "csv"), ('"id","text"\n', "csv"), ("Text,a long name\n", "csv"),
    ('{"id": 1, "text": "a"}\n', "jsonl"), (' {"words": "a"}', "jsonl"),
    ("a good film\n", "txt"), ("Review, not a good one\n", "txt"), ("{not JSON}\n", "txt"), ("[1, 2]", "txt"),
    ("", "txt"), ("\n", "txt"), ('She said "no", twice', "txt"), ("texts", "txt"),
])
def test_a_first_line_tells_the_format(line, told):
    assert format_told(line, NAMES) == told


@pytest.mark.parametrize("line", ["text\n", "Document", '"text"', "id\twords\n", "a film\tgood\n", "id,words\n"])
def test_a_first_line_that_may_be_a_header_or_a_text_is_asked_about(line):
    with pytest.raises(ArgumentError, match="`format` must be given: the first line may be a header or a text"):
        format_told(line, NAMES)

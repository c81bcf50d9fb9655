"""Tables read and written; csv is compared with pandas."""

import io
import os

import pandas as pd
import pytest

from bertfit.cli.tables import Table, check_output, output, rows_as_text
from bertfit.errors import ArgumentError, DataError

HARD = ['plain', 'a "quoted" word', '"all of it"', "comma, semicolon;", "", " space ", "NA", "007", "영화\u2028끝"]


def read(path, format=None):
    with Table(str(path), format) as table:
        return table.names, list(table)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_is_what_pandas_wrote_and_pandas_reads_what_is_written(tmp_path, end):
    frame = pd.DataFrame({"id": [str(i) for i in range(len(HARD) + 1)], "text": [*HARD, "two\nlines"]})
    frame.to_csv(tmp_path / "a.csv", index=False, lineterminator=end)
    names, rows = read(tmp_path / "a.csv")
    assert names == ["id", "text"] and rows == frame.to_dict("records")
    text = rows_as_text(rows, names, "csv", header=True)
    assert pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False).equals(frame)


def test_tsv_reads_marks_as_they_were_meant(tmp_path):
    raw = ['1\t"시작만 따옴표', '2\t안에 "따옴표" 있음', '3\t"he said ""no"""', '4\t"one" and "two"', '5\t"whole"']
    (tmp_path / "a.tsv").write_text("\ufeffid\ttext\r\n" + "".join(line + "\r\n" for line in raw))
    assert [row["text"] for row in read(tmp_path / "a.tsv")[1]] == [
        '"시작만 따옴표', '안에 "따옴표" 있음', 'he said "no"', '"one" and "two"', "whole"]


def test_tsv_reads_back_what_it_writes(tmp_path):
    rows = [{"a": text, "b": "x"} for text in HARD]
    (tmp_path / "a.tsv").write_text(rows_as_text(rows, ["a", "b"], "tsv", header=True), newline="")
    assert read(tmp_path / "a.tsv") == (["a", "b"], rows)


def test_json_lines_keep_what_is_in_them():
    row = {"text": "영화", "n": 3, "share": 0.1, "none": None, "list": [1, "a"], "flag": True}
    assert rows_as_text([row], list(row), "jsonl", False) == (
        '{"text": "영화", "n": 3, "share": 0.1, "none": null, "list": [1, "a"], "flag": true}\n')
    assert rows_as_text([row], list(row), "csv", False) == '영화,3,0.1,,"[1, ""a""]",true\n'
    with pytest.raises(DataError, match="'extra' too"):
        rows_as_text([{"text": "a", "extra": 1}], ["text"], "csv", False)


@pytest.mark.parametrize(("name", "data", "message"), [
    ("a.csv", b'x,y\n1,"open\n', "line 2 is not"),
    ("a.csv", b"x,y\n1,2,3\n", "line 2 has 3, the header 2"),
    ("a.csv", b"x,x\n", "has 'x' twice"), ("a.jsonl", b'{"text": "a", "text": "b"}\n', "line 1 has 'text' twice"),
    ("a.tsv", b"", "is empty"),
    ("a.jsonl", b"[1]\n", "line 1 is [1]"),
    ("a.csv", b"x\n\xff\n", "line 2 is not (byte 1 of the line)"),
    ("a.txt.gz", b"\x1f\x8bnot gzip at all", "a.txt.gz: "),
])
def test_a_fault_is_named_with_its_line(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError) as caught:
        read(tmp_path / name)
    assert message in str(caught.value)


def test_rows_come_in_chunks_with_the_place_in_the_file(tmp_path):
    (tmp_path / "a.txt").write_text("".join(f"{i}\n" for i in range(7)))
    with Table(str(tmp_path / "a.txt")) as table:
        assert [[row["text"] for row in chunk] for chunk in table.chunks(3)] == [list("012"), list("345"), ["6"]]
        assert table.position() == table.size == 14


def test_a_chunk_of_long_rows_ends_early(tmp_path, monkeypatch):
    monkeypatch.setattr("bertfit.cli.tables.LONGEST_LINE", 10)
    (tmp_path / "a.txt").write_text("".join(f"{i}xxx\n" for i in range(5)))
    with Table(str(tmp_path / "a.txt")) as table:
        assert [[row["text"][0] for row in chunk] for chunk in table.chunks(9)] == [["0", "1"], ["2", "3"], ["4"]]


def test_csv_quotes_what_would_not_be_read_back(tmp_path):
    rows = [{"a": text, "b": "x"} for text in ("carriage\rreturn", "line\nfeed", 'a "mark"', "a,b", " a ", "a'b", "")]
    text = rows_as_text(rows, ["a", "b"], "csv", False)
    assert text == '"carriage\rreturn",x\n"line\nfeed",x\n"a ""mark""",x\n"a,b",x\n a ,x\na\'b,x\n,x\n'
    (tmp_path / "a.csv").write_text(rows_as_text([{"a": "x"}, {"a": ""}, {"a": "y"}], ["a"], "csv", True))
    assert [row["a"] for row in read(tmp_path / "a.csv")[1]] == ["x", "", "y"]


def test_output_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), output(str(path)) as write:
        write("new")
        raise RuntimeError
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["out.csv"]
    with output(str(path)) as write:
        write("new")
    assert path.read_text() == "new" and os.listdir(tmp_path) == ["out.csv"]


def test_what_stands_there_is_not_replaced_unasked(tmp_path):
    (tmp_path / "a").write_text("")
    check_output(str(tmp_path / "a"), True)
    check_output("-", False)
    for path, overwrite in ((tmp_path / "a", False), (tmp_path, True)):
        with pytest.raises(ArgumentError):
            check_output(str(path), overwrite)

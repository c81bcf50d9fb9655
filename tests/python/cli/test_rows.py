"""Columns chosen and targets read. Predictions of files are in test_commands.py."""

import argparse
import csv

import pytest

from bertfit.cli.rows import labelled, predict_file, values_of
from bertfit.config.task import Task
from bertfit.errors import DataError
from toys.models import toy_head


def options(**chosen):
    return argparse.Namespace(**{"text": None, "pair": None, "target": None, "format": None, "encoding": "utf-8",
                                 "bad_files": "error", "quiet": False, **chosen})


@pytest.mark.parametrize(("cells", "labels", "expected"), [
    (["0", "1", " 1 "], (), [0, 1, 1]),
    (["0", "1.0"], (), [0.0, 1.0]),
    (["0.5", "-1e3", ".5"], (), [0.5, -1000.0, 0.5]),
    (["true", "FALSE"], (), [True, False]),
    (["ham", "spam", "1"], (), ["ham", "spam", "1"]),
    (["nan", "inf"], (), ["nan", "inf"]),  # words, not numbers
    (["1_000"], (), ["1_000"]),
    (["1", "", None], (), [1, None, None]),
    (["007", "1"], ("007", "1"), ["007", "1"]),  # classes that a model has are not taken for numbers
    ([1, 0, True], (), [1, 0, True]),
])
def test_cells_become_numbers_truth_values_or_classes(cells, labels, expected):
    found = values_of(cells, labels)
    assert found == expected and list(map(type, found)) == list(map(type, expected))


@pytest.mark.parametrize(("header", "chosen", "expected"), [
    ("id,document,label", {}, ("document", ["label"])),
    ("comment_text,target,Text", {}, ("Text", ["target"])),  # "text" goes before "comment_text"
    ("id,comment_text,target", {"text": "id"}, ("id", ["target"])),
    ("text,a,b", {"target": ["a", "b"]}, ("text", ["a", "b"])),
])
def test_columns_are_chosen_by_their_names(tmp_path, header, chosen, expected):
    (tmp_path / "a.csv").write_text(f"{header}\n1,1,1\n")
    rows = labelled(str(tmp_path / "a.csv"), options(**chosen))
    assert (rows.text, rows.targets) == expected and rows.pair is None


def test_a_models_own_columns_go_first(tmp_path):
    (tmp_path / "a.csv").write_text("text,label,first,second,a,b\n1,2,x,y,0,1\n")
    own = {"text": ["first"], "pair": ["second"], "target": ["a", "b"]}
    rows = labelled(str(tmp_path / "a.csv"), options(), remembered=own, paired=True)
    found = rows.rows(Task("multilabel", ("a", "b")))
    assert (found.texts, found.pairs, rows.targets) == (["x"], ["y"], ["a", "b"])
    assert found.targets.tolist() == [[0.0, 1.0]]


def test_the_truth_is_coded_by_the_models_classes(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\na,spam\nb,ham\n")
    rows = labelled(str(tmp_path / "a.csv"), options())
    assert rows.rows(Task("binary", ("ham", "spam"))).targets.tolist() == [1.0, 0.0]
    with pytest.raises(DataError, match="must be one of eggs, spam"):
        rows.rows(Task("binary", ("eggs", "spam")))


def test_a_header_alone_is_no_data(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n")
    with pytest.raises(DataError, match="at least one row"):
        labelled(str(tmp_path / "a.csv"), options())


def test_folders_are_rows_with_notes(tmp_path, capsys):
    for name in ("pos/1.txt", "pos/2.txt", "neg/1.txt", "unsup/1.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"a\nfilm, {name}")
    rows = labelled(str(tmp_path), options())
    assert (rows.text, rows.targets, len(rows.frame)) == ("text", ["label"], 3)
    assert rows.rows(Task("binary", ("neg", "pos"))).targets.tolist() == [0, 1, 1]
    assert capsys.readouterr().err == f"{tmp_path}: The folder unsup was left out: its 1 text has no label.\n"
    (tmp_path / "neg" / "2.txt").write_bytes(b"\xff")
    with pytest.raises(DataError, match="neg/2"):
        labelled(str(tmp_path), options())
    assert len(labelled(str(tmp_path), options(bad_files="skip", quiet=True)).frame) == 3

    model = toy_head()
    model.record["classes"] = {"values": [False, True], "category": None}
    out = tmp_path / "out.csv"
    asked = options(input=str(tmp_path), output=str(out), type="class", threshold=None, batch_size=None,
                    precision="float32", encoding="latin-1", quiet=True)
    assert predict_file(model, asked, None) == (4, 0)
    with open(out, newline="") as file:
        written = list(csv.DictReader(file))
    assert [row["file"] for row in written] == ["neg/1.txt", "neg/2.txt", "pos/1.txt", "pos/2.txt"]
    assert written[2]["text"] == "a\nfilm, pos/1.txt" and {row[".pred_class"] for row in written} <= {"true", "false"}
def test_labelled_rows_without_a_text_are_left_out_and_counted(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("text,label\ngood,1\n,0\nawful,0\n")
    (tmp_path / "a.jsonl").write_text('{"text": "good", "label": 1}\n{"text": null, "label": 0}\n'
                                      '{"text": "awful", "label": 0}\n')
    for name in ("a.csv", "a.jsonl"):
        read = labelled(str(tmp_path / name), options())
        assert list(read.frame["text"]) == ["good", "awful"] and list(read.frame["label"]) == [1, 0]
        assert f"{name}: rows without a text, left out: 1\n" in capsys.readouterr().err

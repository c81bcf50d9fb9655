"""Columns chosen and targets read. Predictions of files are in test_commands.py."""

import argparse

import pytest

from bertfit.cli.rows import labelled, values_of
from bertfit.config.task import Task
from bertfit.errors import DataError


def options(**chosen):
    return argparse.Namespace(**{"text": None, "pair": None, "target": None, "format": None, **chosen})


@pytest.mark.parametrize(("cells", "labels", "expected"), [
    (["0", "1", " 1 "], (), [0.0, 1.0, 1.0]),
    (["0.5", "-1e3", ".5"], (), [0.5, -1000.0, 0.5]),
    (["true", "FALSE"], (), [True, False]),
    (["ham", "spam", "1"], (), ["ham", "spam", "1"]),
    (["nan", "inf"], (), ["nan", "inf"]),  # words, not numbers
    (["1_000"], (), ["1_000"]),
    (["1", "", None], (), [1.0, None, None]),
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


def test_labelled_rows_without_a_text_are_left_out_and_counted(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("text,label\ngood,1\n,0\nawful,0\n")
    (tmp_path / "a.jsonl").write_text('{"text": "good", "label": 1}\n{"text": null, "label": 0}\n'
                                      '{"text": "awful", "label": 0}\n')
    for name in ("a.csv", "a.jsonl"):
        read = labelled(str(tmp_path / name), options())
        assert list(read.frame["text"]) == ["good", "awful"] and list(read.frame["label"]) == [1, 0]
        assert f"{name}: rows without a text, left out: 1\n" in capsys.readouterr().err

"""What the command line tells about answers: cut texts, thresholds, and errors in its own words."""

import csv
import io

import numpy as np
import pytest

import bertfit
from bertfit.cli import main
from bertfit.cli import rows as cli_rows
from bertfit.model import persist
from toys.models import TEXTS, toy_head, toy_model

LONG = "very " * 30


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for kind in ("binary", "multiclass"):
        persist.save(toy_head(kind), tmp_path / kind)
    persist.save(toy_model(), tmp_path / "plain")
    (tmp_path / "new.csv").write_text("text,y\n" + "".join(f"{text},ham\n" for text in ("fun", LONG, LONG)))
    return tmp_path


def test_cut_texts_are_one_line_on_stderr(here, capfd, monkeypatch):
    monkeypatch.setattr(cli_rows, "_CHUNK", 2)  # several calls of the model
    assert main(["predict", "--model", "binary", "--input", "new.csv"]) == 0
    assert capfd.readouterr().err == "bertfit: 2 of 3 rows were longer than 16 tokens and were cut.\n"
    assert main(["predict", "--model", "binary", "--input", "new.csv", "--quiet"]) == 0
    assert capfd.readouterr().err == ""
    assert main(["evaluate", "--model", "binary", "--input", "new.csv", "--target", "y"]) == 0
    assert capfd.readouterr().err == "bertfit: 2 of 3 rows were longer than 16 tokens and were cut.\n"


def test_a_threshold_moves_the_predicted_classes(here, capfd):
    p = bertfit.load("binary").predict(TEXTS)[:, 1]
    (here / "texts.txt").write_text("".join(f"{text}\n" for text in TEXTS))
    middle = float(np.median(p))
    assert main(["predict", "--model", "binary", "--input", "texts.txt", "--type", "class", "--output_format", "csv",
                 "--threshold", str(middle)]) == 0
    rows = csv.DictReader(io.StringIO(capfd.readouterr().out))
    assert [row[".pred_class"] for row in rows] == ["spam" if value >= middle else "ham" for value in p]


@pytest.mark.parametrize("line, said", [
    ("predict --model binary --input new.csv --threshold 0.2",
     "`--threshold` must be left out unless `--type class`."),
    ("evaluate --model multiclass --input new.csv --target y --threshold 0.2",
     "`--threshold` must be left out for a multiclass model."),
    ("predict --model plain --input new.csv", "Fit it with `bertfit train`."),
    ("predict --model no-such-model --input new.csv", "one of bertfit.models() in Python, a folder, or the id"),
])
def test_errors_name_options_and_commands(here, capfd, line, said):
    if "multiclass" in line:
        (here / "new.csv").write_text("text,y\nfun,a\ndull,b\n")
    assert main(line.split()) == 1
    assert said in capfd.readouterr().err

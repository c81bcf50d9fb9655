"""Options of long texts: `train` fits on windows, `predict` and `evaluate` read as the fit did, or as they are told."""

import json

import numpy as np
import pandas as pd
import pytest

import bertfit
from bertfit.cli.program import main
from bertfit.model import persist
from toys.models import NO_DROPOUT, toy_model

FIT = "--epoch 12 --batch 16 --learning_rate 2e-2 --pooling mean --max_len 16 --validation 0 --quiet"


@pytest.fixture()
def folder(tmp_path, monkeypatch):
    """Texts of 26 words, of which the 21st decides, and a toy to start from."""
    rng = np.random.default_rng(0)
    words = rng.choice(["good", "bad"], 120)
    texts = [" ".join([*rng.choice(["film", "a", "the", "was"], 20), word, *rng.choice(["is", "plot"], 5)])
             for word in words]
    pd.DataFrame({"text": texts, "label": words}).to_csv(tmp_path / "rows.csv", index=False)
    persist.save(toy_model(num_hidden_layers=1, **NO_DROPOUT), tmp_path / "toy")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def predicted(*options):
    assert main(["predict", "--model", "fit", "--input", "rows.csv", "--output", "out.csv", "--overwrite",
                 "--type", "class", *options]) == 0
    table = pd.read_csv("out.csv")
    return (table[".pred_class"] == table["label"]).mean()


def test_train_predict_and_evaluate_on_windows(folder, capsys):
    assert main(["train", "--pretrain", "toy", "--train", "rows.csv", "--save", "fit", *FIT.split(),
                 "--long_text", "windows", "--stride", "3", "--window_pooling", "mean"]) == 0
    settings = bertfit.load("fit").model.record["settings"]
    assert (settings["long_text"], settings["stride"], settings["window_pooling"]) == ("windows", 3, "mean")
    capsys.readouterr()
    assert predicted() > 0.9
    assert "were cut" not in capsys.readouterr().err
    assert predicted("--long_text", "truncate") < 0.7
    assert "120 of 120 rows were longer than 16 tokens and were cut." in capsys.readouterr().err
    assert predicted("--stride", "0") > 0.7
    capsys.readouterr()
    assert main(["evaluate", "--model", "fit", "--input", "rows.csv", "--quiet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["overall"]["accuracy"] > 0.9
    assert main(["evaluate", "--model", "fit", "--input", "rows.csv", "--quiet", "--json",
                 "--long_text", "head_tail"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 120
    assert main(["predict", "--model", "fit", "--input", "rows.csv", "--quiet",
                 "--long_text", "truncate", "--stride", "3"]) == 1
    out, err = capsys.readouterr()
    assert "`--stride` must be left out unless `--long_text windows`" in err and out == ""


def test_the_default_is_truncation(folder, capsys):
    options = [*FIT.split(), "--epoch", "1"]
    assert main(["train", "--pretrain", "toy", "--train", "rows.csv", "--save", "fit", *options]) == 0
    settings = bertfit.load("fit").model.record["settings"]
    assert (settings["long_text"], settings["stride"], settings["window_pooling"]) == ("truncate", None, "mean")
    capsys.readouterr()
    for wrong in (["--long_text", "cut"], ["--stride", "a quarter"]):
        assert main(["train", "--pretrain", "toy", "--train", "rows.csv", "--save", "other", *FIT.split(), *wrong]) == 2

"""Folders whose names have umlauts, Korean letters and spaces, as users' names give them: everything works in them.

The command line runs with LC_ALL=C, where the system's own character set has none of these letters.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import bertfit
from toys import checkpoints as toy_checkpoints
from toys import cli
from toys.server import get, serve

NAME = "Jürgen 김 of home"
site = pytest.fixture(serve)


@pytest.fixture
def home(tmp_path) -> Path:
    folder = tmp_path / NAME
    folder.mkdir()
    return folder


@pytest.mark.parametrize("format", ["google", "huggingface"])
def test_a_model_is_opened_fitted_saved_and_exported(home, format):
    write = {"google": toy_checkpoints.write_google, "huggingface": toy_checkpoints.write_huggingface}[format]
    model = bertfit.load(write(home / "größe 모델"))
    data = pd.DataFrame({"text": ["a b", "c d"] * 8, "target": ["ä", "ö"] * 8})
    fitted = bertfit.fit(data, "text", "target", model, epochs=1, max_len=8, validation=0, seed=1, verbose=0)
    expected = fitted.predict(data)
    fitted.save(home / "saved é")
    pd.testing.assert_frame_equal(bertfit.load(home / "saved é").predict(data), expected)
    fitted.export(home / "exported é", format)
    assert bertfit.load(home / "exported é").config == fitted.config


def test_a_model_is_downloaded_and_a_copy_of_the_cache_needs_no_network(home, site):
    folder = get(home / "cache ß")
    (home / "cache ß").rename(home / "copied 캐시")
    asked = len(site.requests)
    copy = get(home / "copied 캐시")
    assert len(site.requests) == asked
    assert copy == home / "copied 캐시" / folder.relative_to(home / "cache ß")


def test_the_command_line_from_a_corpus_to_predictions(home):
    cli.write_files(home)
    (home / "corpus.txt").rename(home / "wörter.txt")
    (home / "toy.json").rename(home / "größe.json")
    rows = pd.DataFrame({"text": ["good plot", "awful plot"] * 8, "label": ["gut", "übel"] * 8})
    rows.to_csv(home / "zeilen ä.csv", index=False)
    env = cli.environment() | {"HOME": str(home), "LC_ALL": "C", "LANG": "C"}
    del env["PYTHONIOENCODING"]
    env.pop("BERTFIT_CACHE", None)
    for command in (
        ("vocab", "--input", "wörter.txt", "--output", "wörter.model", "--size", "40", "--type", "sentencepiece"),
        ("data", "--input", "wörter.txt", "--output", "daten ü", "--vocab", "wörter.model", "--n-seq", "32"),
        ("pretrain", "--config", "größe.json", "--vocab", "wörter.model", "--input", "daten ü", "--save", "läufe 학습",
         "--epoch", "1", "--gpu", "-1"),
        ("train", "--pretrain", "läufe 학습", "--train", "zeilen ä.csv", "--save", "modell ö", "--epoch", "1",
         "--gpu", "-1"),
        ("predict", "--model", "modell ö", "--input", "zeilen ä.csv", "--output", "antwort ß.csv", "--gpu", "-1"),
    ):
        run = subprocess.run([sys.executable, "-m", "bertfit", *command], env=env, cwd=home, capture_output=True,
                             check=False)
        assert run.returncode == 0, (command, run.stderr.decode(errors="replace"))
    predicted = pd.read_csv(home / "antwort ß.csv", encoding="utf-8")
    assert list(predicted["label"]) == list(rows["label"])
    assert {".pred_gut", ".pred_übel"} <= set(predicted.columns)


def test_the_users_cache_is_found_in_such_a_home(home, monkeypatch):
    from bertfit.checkpoints import registry

    for name in ("BERTFIT_CACHE", "R_USER_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    assert os.fspath(registry.cache_path()).startswith(str(home))

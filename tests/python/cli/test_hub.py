"""Models of the hub on the command line: `bertfit download`, and ids as --model and --pretrain."""

import csv
import io
import json

import pytest

from bertfit.cli.program import main
from toys import hub as toy
from toys.checkpoints import write_huggingface

site = pytest.fixture(toy.site)
NAME = "toys/bert-uncased"


def test_download_prints_the_folder(site, tmp_path, capfd):
    commit = site.add(NAME, toy.files_of(write_huggingface(tmp_path / "toy"))).refs["main"]
    assert main(["download", NAME]) == 0
    folder = tmp_path / "home" / "hub" / "models--toys--bert-uncased" / "snapshots" / commit
    assert capfd.readouterr() == (f"{folder}\n", "")
    assert main(["download", NAME, "--revision", commit, "--cache_dir", str(tmp_path / "own")]) == 0
    assert capfd.readouterr().out.startswith(str(tmp_path / "own"))
    site.requests.clear()
    assert main(["download", f"{NAME}@{commit}", "--force"]) == 0
    assert site.asked("/cdn/") == ["GET model.safetensors"]


def test_refusals_name_options_and_commands(site, tmp_path, capsys, monkeypatch):
    site.add(NAME, toy.files_of(write_huggingface(tmp_path / "toy")))
    assert main(["download", NAME, "--revision", "v9"]) == 1
    assert "bertfit: `--revision` must be a branch, a tag or a commit of the model." in capsys.readouterr().err
    assert main(["download", "toys/other"]) == 1
    assert "`export HF_TOKEN=hf_...`" in capsys.readouterr().err
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(["predict", "--model", NAME, "--revision", "main"]) == 1
    assert "fetch it once with `bertfit download toys/bert-uncased`" in capsys.readouterr().err
    assert main(["predict", "--model", str(tmp_path / "toy"), "--revision", "main"]) == 1
    assert "`--revision` must be left out for a model that is not of the hub." in capsys.readouterr().err


def test_training_starts_from_a_model_of_the_hub(site, tmp_path, capfd):
    commit = site.add(NAME, toy.files_of(write_huggingface(tmp_path / "toy"))).refs["main"]
    (tmp_path / "train.csv").write_text("text,label\n" + "a b,x\nc d,y\n" * 8)
    argv = ["train", "--pretrain", NAME, "--revision", commit, "--train", tmp_path / "train.csv", "--save",
            tmp_path / "saved", "--epoch", "1", "--max_len", "8", "--freeze", "encoder", "--precision", "float32"]
    assert main(list(map(str, argv))) == 0, capfd.readouterr().err
    assert f'"revision": "{commit}"' in (tmp_path / "saved" / "bertfit.json").read_text()


def test_a_finished_classifier_of_the_hub_predicts(site, families, tmp_path, capfd):
    labels = {0: "fine", 1: "rude", 2: "awful"}
    made = toy.files_of(families.folder("bert", "classifier", num_labels=3, id2label=labels))
    ids = json.loads(made["tokenizer.json"])["model"]["vocab"]
    made["vocab.txt"] = "".join(f"{token}\n" for token in sorted(ids, key=ids.get)).encode()
    site.add("toys/classifier", made)
    folder = tmp_path / "classifier"
    folder.mkdir()
    for name, data in made.items():
        (folder / name).write_bytes(data)
    (tmp_path / "new.csv").write_text("text\na good film\nit was dull\n")
    answers = []
    for model in ("toys/classifier", "toys/classifier@main", str(folder)):
        assert main(["predict", "--model", model, "--input", str(tmp_path / "new.csv")]) == 0
        answers.append(list(csv.DictReader(io.StringIO(capfd.readouterr().out))))
    assert list(answers[0][0]) == ["text", ".pred_fine", ".pred_rude", ".pred_awful"]
    assert answers[0] == answers[1] == answers[2]

"""The commands, from a corpus to predictions in processes of their own. Errors and usage are in test_program.py."""

import csv
import gzip
import io
import json
import os
import re
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

import bertfit
from bertfit.cli.program import main
from toys.cli import TRAIN, bertfit_run, start


def in_(folder, *argv):
    """`main` with file names in a folder: words that start with "@"."""
    return main([str(folder / word[1:]) if word.startswith("@") else word for word in argv])


# -- The way from a corpus to predictions ---------------------------------------------------------------

def test_the_vocabulary_has_the_pieces_and_seven_special_tokens(chain):
    folder, said = chain
    from bertfit.text.vocabulary import Vocabulary

    words = Vocabulary.from_file(folder / "vocab.model")
    assert (words.kind, len(words), words.lower_case) == ("sentencepiece", 47, True)
    assert said["vocab"][0] == f"{folder / 'vocab.model'}: 47 entries, sentencepiece, uncased\n"
    assert said["vocab"][1] == ""  # no bar where there is no terminal


def test_the_data_are_what_was_asked_for(chain):
    folder, said = chain
    made = json.loads((folder / "data" / "data.json").read_text())
    assert made["settings"]["max_len"] == 32 and made["settings"]["mask_prob"] == 0.15
    assert made["settings"]["dup_factor"] == 2 and made["settings"]["seed"] == 5
    assert made["counts"]["documents"] == 40 and made["counts"]["sentences"] == 240
    assert f"{made['counts']['instances']:,} rows of up to 32 tokens" in said["data"][0]


def test_pretraining_leaves_best_and_last(chain):
    folder, said = chain
    rows = json.loads((folder / "data" / "data.json").read_text())["counts"]["instances"]
    steps = 2 * -(-rows // 28)
    last = bertfit.load(folder / "pre" / "last").model
    assert last.record["steps"] == steps and last.record["seed"] == 42 and last.config.hidden_size == 16
    assert last.pretrain_heads.to_dict() == {"mlm": "transform", "nsp": "google"}
    assert f"after {steps:,} steps" in said["pretrain"][0] and "val_mlm_accuracy" in said["pretrain"][0]
    assert "epoch 2/2" in said["pretrain"][1]
    assert (folder / "pre" / "best" / "bertfit.json").is_file()


def test_training_starts_from_the_best_pretrained_weights_and_says_so(chain, here, capfd):
    run = chain[0] / "pre"
    assert main(["train", "--pretrain", str(run), "--train", "train.tsv", "--save", "frozen", "--freeze", "encoder",
                 "--epoch", "1"]) == 0
    said = re.escape(f"{run} is a run: {run / 'best'} is opened, the model of epoch ")
    assert re.search(said + r"\d, the best by mlm_accuracy \(0\.\d{4}\) on the validation data", capfd.readouterr().err)
    best, fitted = bertfit.load(chain[0] / "pre" / "best").model, bertfit.load("frozen").model
    assert fitted.vocabulary.sha256 == best.vocabulary.sha256
    pairs = list(zip(best.encoder.graph().get_weights(), fitted.encoder.graph().get_weights(), strict=True))
    assert len(pairs) > 30 and all((a[: len(b)] == b).all() for a, b in pairs)  # positions may be fewer


def test_training_says_what_it_used_and_judges_the_test_rows(chain):
    folder, said = chain
    fitted = bertfit.load(folder / "model")
    assert fitted.model.record["columns"] == {"text": ["document"], "target": ["label"]}
    assert fitted.model.record["settings"]["epochs"] == 4
    assert "text: document; target: label; 240 rows" in said["train"][1]
    assert "\nbinary classification of label: 0, 1\n" in said["train"][1]
    assert re.search(r"test\.tsv:\nbinary, 60 rows", said["train"][0])


def test_evaluation_is_what_scikit_learn_makes_of_the_predictions(chain):
    folder, said = chain
    report = json.loads(said["evaluate"][0])
    rows = list(csv.DictReader((folder / "predicted.csv").open()))
    truth, score = [int(row["label"]) for row in rows], [float(row[".pred_1"]) for row in rows]
    assert report["overall"]["auc"] == pytest.approx(roc_auc_score(truth, score))
    assert report["overall"]["accuracy"] == pytest.approx(accuracy_score(truth, [p >= 0.5 for p in score]))
    assert report["overall"]["accuracy"] > 0.9  # the word says it all
    assert said["predict"] == ("predicted.csv: 60 rows\n", "")


def test_predictions_stand_beside_the_rows_as_they_were(chain):
    folder, _ = chain
    given = list(csv.reader((folder / "test.tsv").open(), delimiter="\t"))
    rows = list(csv.reader((folder / "predicted.csv").open()))
    assert rows[0] == ["id", "document", "label", ".pred_0", ".pred_1"]
    assert [row[:3] for row in rows] == given
    expected = bertfit.load(folder / "model").predict([row[1] for row in given[1:]])
    assert [[float(v) for v in row[3:]] for row in rows[1:]] == [pytest.approx(e, abs=1e-5) for e in expected]


def test_lines_come_in_by_stdin_and_go_out_by_stdout(chain):
    folder, _ = chain
    code, out, err = bertfit_run("predict", "--model", folder / "model", "--type", "class",
                                 stdin="the film was good\nthe 영화 was awful\n".encode())
    assert (code, err) == (0, "")
    assert out == "text\t.pred_class\nthe film was good\t1\nthe 영화 was awful\t0\n"


@pytest.mark.parametrize(("given", "to"), [("in.jsonl", "out.jsonl"), ("in.csv", "out.tsv"), ("in.tsv.gz", "out.csv"),
                                           ("in.txt", "out.jsonl"), ("in.jsonl", "out.csv")])
def test_every_format_in_and_out(chain, tmp_path, given, to):
    texts = ['she said "good", twice', "tab is no\N{NO-BREAK SPACE}tab", '"quoted"', "", "영화, 정말"]
    rows = [{"document": text, "id": str(i)} for i, text in enumerate(texts)]
    path = tmp_path / given
    if given.endswith("jsonl"):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif given.endswith("txt"):
        path.write_text("".join(text + "\n" for text in texts))
    else:
        text = io.StringIO()
        writer = csv.DictWriter(text, ["document", "id"], delimiter="," if "csv" in given else "\t")
        writer.writeheader()
        writer.writerows(rows)
        data = text.getvalue().encode()
        path.write_bytes(gzip.compress(data) if given.endswith("gz") else data)
    assert main(["predict", "--model", str(chain[0] / "model"), "--input", str(path), "--output",
                 str(tmp_path / to)]) == 0
    if to.endswith("jsonl"):
        found = [json.loads(line) for line in (tmp_path / to).read_text().splitlines()]
    else:
        with open(tmp_path / to, newline="") as file:
            found = list(csv.DictReader(file, delimiter="," if to.endswith("csv") else "\t"))
    assert [row["text" if given.endswith("txt") else "document"] for row in found] == texts
    assert [list(row)[-2:] for row in found] == [[".pred_0", ".pred_1"]] * 5
    expected = list(bertfit.load(chain[0] / "model").predict(texts)[:, 1])
    if not given.endswith("jsonl"):  # an empty cell is no text; in JSON lines null is
        assert found.pop(3)[".pred_1"] == (None if to.endswith("jsonl") else "")
        expected.pop(3)
    assert [float(row[".pred_1"]) for row in found] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("form", ["tsv", "csv", "jsonl"])
def test_the_format_of_stdin_is_told_by_its_first_line(chain, monkeypatch, capsys, form):
    folder, _ = chain
    rows = list(csv.DictReader((folder / "test.tsv").open(), delimiter="\t"))[:3]
    text = io.StringIO()
    if form == "jsonl":
        text.write("".join(json.dumps(row) + "\n" for row in rows))
    else:
        writer = csv.DictWriter(text, list(rows[0]), delimiter="," if form == "csv" else "\t")
        writer.writeheader()
        writer.writerows(rows)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.getvalue().encode())))
    assert main(["predict", "--model", str(folder / "model"), "--type", "class"]) == 0
    out = capsys.readouterr().out
    found = ([json.loads(line) for line in out.splitlines()] if form == "jsonl"
             else list(csv.DictReader(io.StringIO(out), delimiter="," if form == "csv" else "\t")))
    classes = bertfit.load(folder / "model").predict([row["document"] for row in rows], type="class")
    assert found == [{**row, ".pred_class": label if form == "jsonl" else str(label)}
                     for row, label in zip(rows, classes.tolist(), strict=True)]


def test_stdin_that_may_have_a_header_needs_a_format(chain, monkeypatch, capsys):
    for given, code in ([], 1), (["--format", "txt"], 0):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"id,words\n1,a good film\n")))
        assert main(["predict", "--model", str(chain[0] / "model"), *given]) == code
    assert "`--format` must be given" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "content"), [
    ("in.csv", b"id,document\n1,good\n2,\n3,awful\n4,\n"), ("in.tsv", b"id\tdocument\n1\tgood\n2\t\n3\tawful\n4\t\n"),
    ("in.txt", b"good\n\nawful\n\n"),
    ("in.jsonl", b'{"document": "good"}\n{"document": null}\n{"document": "awful"}\n{"id": 4}\n'),
])
def test_a_missing_text_gets_an_empty_prediction_and_is_counted(chain, tmp_path, capsys, name, content):
    (tmp_path / name).write_bytes(content)
    expected = bertfit.load(chain[0] / "model").predict(["good", "awful"])
    for type, added in ("prob", [".pred_0", ".pred_1"]), ("class", [".pred_class"]):
        assert main(["predict", "--model", str(chain[0] / "model"), "--input", str(tmp_path / name), "--output",
                     str(tmp_path / f"{type}.jsonl"), "--type", type]) == 0
        found = [json.loads(line) for line in (tmp_path / f"{type}.jsonl").read_text().splitlines()]
        assert len(found) == 4
        assert [found[i][column] for i in (1, 3) for column in added] == [None] * 2 * len(added)
        if type == "prob":
            assert [found[i][".pred_1"] for i in (0, 2)] == pytest.approx(list(expected[:, 1]), abs=1e-5)
        assert "rows without a text, whose predictions are empty: 2 of 4\n" in capsys.readouterr().err


def test_a_report_for_people_and_one_in_a_file(chain, tmp_path, capfd):
    where = tmp_path / "report.json"
    argv = ["evaluate", "--model", "@model", "--input", "@test.tsv", "--threshold", "1", "--json", str(where)]
    assert in_(chain[0], *argv) == 0
    shown = capfd.readouterr().out
    report = json.loads(where.read_text())
    assert "binary, 60 rows, threshold 1" in shown and "true \\ predicted" in shown
    assert report["per_class"]["precision"][1] is None  # nothing reaches a threshold of 1: undefined, and strict JSON
    assert in_(chain[0], *argv) == 1 and "`--json` must be a new file" in capfd.readouterr().err
    assert in_(chain[0], *argv, "--overwrite") == 0


def test_training_without_pretraining_and_with_a_validation_file(chain, here, capfd):
    argv = ["train", "--config", "toy.json", "--vocab", str(chain[0] / "vocab.model"), "--train", "train.tsv",
            "--validation", "test.tsv", "--save", "scratch", "--epoch", "1", "--freeze", "encoder", "--quiet"]
    assert main(argv) == 0
    assert capfd.readouterr().err == ""
    record = bertfit.load("scratch").model.record
    assert record["rows"] == 240 and "val_accuracy" in record["history"] and record["settings"]["batch_size"] == 128
    assert main(argv) == 1  # not replaced unless asked for
    assert "`--save` must be a new folder" in capfd.readouterr().err
    assert main([*argv, "--overwrite"]) == 0


def test_presets_bring_their_heads_along(chain, here):
    argv = ["pretrain", "--config", "kor-tiny", "--vocab", str(chain[0] / "vocab.model"), "--input",
            str(chain[0] / "data"), "--save", "tiny", "--steps", "1", "--batch", "4", "--quiet"]
    assert main(argv) == 0
    assert bertfit.load("tiny/last").model.pretrain_heads.to_dict() == {"mlm": "tied", "nsp": "plain"}
    assert main([*argv, "--nsp", "google", "--overwrite"]) == 0
    assert bertfit.load("tiny/last").model.pretrain_heads.to_dict() == {"mlm": "tied", "nsp": "google"}
    names = [path.name[:15] for path in sorted(Path("tiny").iterdir())]
    assert names == ["best", "last", "run.json", "state-000000001"]


# -- What is stopped, replaced or in the way ----------------------------------------------------------------

def killed(argv, lines):
    """Run a command and kill it as soon as it has printed `lines` lines about epochs."""
    child = start(*argv, text=True)
    seen = 0
    while child.poll() is None and seen < lines:
        seen += "epoch " in child.stderr.readline()
    child.kill()
    assert child.wait() == -signal.SIGKILL, child.stderr.read()
    child.stderr.close()
    child.stdout.close()


def weights(path):
    return bertfit.load(path).model.graph().get_weights()


def equal(a, b):
    return all((x == y).all() for x, y in zip(a, b, strict=True))


def test_a_killed_training_is_resumed_to_the_same_model(chain, here, capfd):
    argv = ["train", "--pretrain", chain[0] / "pre" / "last", "--train", here / "train.tsv", "--checkpoint",
            here / "run", "--save-steps", 5, *TRAIN.removesuffix(" --gpu -1").split()]  # TensorFlow runs here already
    argv = [str(word) for word in argv]
    killed([*argv, "--save", str(here / "model")], lines=2)
    assert not (here / "model").exists() and len(list((here / "run").glob("state-*"))) == 1
    assert main([*argv, "--save", "model"]) == 1
    err = capfd.readouterr().err
    assert "`--checkpoint` must be a folder without a run, or `--resume` or `--overwrite` be given." in err
    assert main([*argv, "--save", "model", "--resume", "--batch", "8"]) == 1
    assert "`--batch` was 16, now 8." in capfd.readouterr().err
    assert main([*argv, "--save", "model", "--resume"]) == 0
    without = [word for word in argv if word not in ("--checkpoint", str(here / "run"), "--save-steps", "5")]
    assert main([*without, "--save", "whole"]) == 0
    assert equal(weights("model"), weights("whole"))
    capfd.readouterr()
    assert main([*argv, "--save", "model", "--resume", "--overwrite"]) == 0  # finished: nothing is trained
    assert "epoch 4/4" not in capfd.readouterr().err and equal(weights("model"), weights("whole"))


@pytest.mark.parametrize("obstacle", ["appears", "full"])
def test_a_model_that_cannot_be_saved_is_kept_and_the_place_told(chain, here, capfd, monkeypatch, obstacle):
    from bertfit import frames
    from bertfit.system import files

    fit, sync = frames.fit, files._sync

    def fitted(*args, **settings):
        made = fit(*args, **settings)
        if obstacle == "appears":
            (here / "model").mkdir()
            (here / "model" / "mine.txt").write_text("mine")
        return made

    def full(path):
        if path.parent == here:
            raise OSError(28, "No space left on device")
        sync(path)

    monkeypatch.setattr(frames, "fit", fitted)
    monkeypatch.setattr(tempfile, "tempdir", str(chain[0]))
    if obstacle == "full":
        monkeypatch.setattr(files, "_sync", full)
    argv = f"train --config toy.json --vocab {chain[0] / 'vocab.model'} --train train.tsv --save model --epoch 1"
    assert main([*argv.split(), "--freeze", "encoder", "--quiet"]) == 1
    err = capfd.readouterr().err
    place = (here if obstacle == "appears" else chain[0]) / "model-kept"
    assert f"The model is in {place}." in err
    for words in ["`--save` must be"] if obstacle == "appears" else [f"The disk of {here} ", "is full"]:
        assert words in err
    assert bertfit.load(place).fitted
    assert os.listdir(here / "model") == ["mine.txt"] if obstacle == "appears" else not (here / "model").exists()
    shutil.rmtree(place)


def test_the_earlier_run_stands_until_the_new_one_has_an_epoch(chain, here, capfd):
    shutil.copytree(chain[0] / "pre", here / "run")
    before = weights("run/last")
    argv = ["pretrain", "--config", "toy.json", "--vocab", str(chain[0] / "vocab.model"), "--input",
            str(chain[0] / "data"), "--save", "run", "--batch", "28", "--seed", "9", "--epoch", "1"]
    assert main(argv) == 1
    err = capfd.readouterr().err
    assert "`--save` must be a folder without a run, or `--resume` or `--overwrite` be given." in err
    assert "another `--save` keeps it" in err
    child = start(*argv, "--save_steps", "1", "--overwrite", "--steps", "1000", text=True)
    while child.poll() is None and len(list((here / "run").glob("state-*"))) < 2:
        time.sleep(0.02)
    child.kill()
    assert child.wait() == -signal.SIGKILL, child.stderr.read()
    assert equal(weights("run/last"), before) and (here / "run" / "best" / "bertfit.json").is_file()
    assert main([*argv, "--overwrite"]) == 0
    assert bertfit.load("run/last").model.record["seed"] == 9 and len(list((here / "run").glob("state-*"))) == 1

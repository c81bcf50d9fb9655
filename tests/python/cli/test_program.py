"""How the command line ends: help, usage, errors, interrupts and pipes. What commands do is in test_commands.py."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

import bertfit
from bertfit.cli.program import main
from toys.cli import ROOT, SIZES, environment, start

COMMANDS = ("vocab", "data", "pretrain", "train", "evaluate", "predict", "download")


# -- Interrupts and pipes ---------------------------------------------------------------------------------

def test_an_interrupted_pretraining_goes_on(chain, tmp_path, capfd):
    argv = ["pretrain", "--config", chain[0] / "toy.json", "--vocab", chain[0] / "vocab.model", "--input",
            chain[0] / "data", "--save", tmp_path / "run", "--steps", 900, "--steps_per_epoch", 300, "--batch", 4]
    child = start(*argv, text=True)
    for line in child.stderr:
        if line.startswith("epoch 1/3"):
            break
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=120)
    assert child.returncode == 130 and "--resume goes on" in err and "Traceback" not in err
    (state,) = (tmp_path / "run").glob("state-*")
    assert 300 <= int(state.name[6:15]) < 900
    assert main([str(word) for word in argv]) == 1
    assert "`--resume` or `--overwrite`" in capfd.readouterr().err
    assert main([*map(str, argv), "--resume"]) == 0
    assert "after 900 steps" in capfd.readouterr().out
    assert bertfit.load(tmp_path / "run" / "last").model.record["history"]["epoch"] == [1, 2, 3]


def test_an_interrupt_is_no_traceback(here, monkeypatch, capsys):
    from bertfit.cli import commands

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "vocab", interrupted)
    assert main(["vocab", "--input", "a", "--output", "b"]) == 130
    assert capsys.readouterr().err == "bertfit: interrupted\n"


@pytest.mark.parametrize("command", ["help", "predict"])
def test_a_reader_that_goes_away_ends_it_quietly(chain, tmp_path, command):
    read, write = os.pipe()
    os.close(read)
    argv = ["--help"] if command == "help" else ["predict", "--model", chain[0] / "model", "--input",
                                                 chain[0] / "test.tsv"]
    child = start(*argv, stdout=write)
    os.close(write)
    _, err = child.communicate(timeout=120)
    assert (child.returncode, err) == (141, b"")


# -- Help and usage -------------------------------------------------------------------------------------

@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_that_parse(command, capsys):
    from bertfit.cli.options import parser

    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    examples = re.findall(rf"^  (?:echo .* \| )?bertfit ({command} .*?)(?:  +#.*|\| jq.*)?$", text, re.M)
    assert examples
    for example in examples:
        if "..." not in example:
            assert parser().parse_args(example.split()).command == command


def test_defaults_are_those_of_the_system_that_the_names_come_from():
    from bertfit.cli.options import parser

    def parsed(line):
        return parser().parse_args(line.split())

    data = parsed("data --input a --output b --vocab c")
    assert (data.max_len, data.mask_prob) == (512, 0.15)
    pre = parsed("pretrain --input a --save b --vocab c")
    assert (pre.epochs, pre.batch_size, pre.seed, pre.gpu, pre.config) == (3, 28, 42, None, None)
    train = parsed("train --train a --save b --vocab c")
    assert (train.epochs, train.batch_size, train.seed, train.gpu) == (10, 128, 42, None)


def test_help_and_version_start_nothing():
    code = """
import sys
from bertfit.cli import main
codes = [main(argv) for argv in (["--help"], ["--version"], ["train", "--help"], ["train"])]
print(codes, [m for m in ("tensorflow", "tf_keras", "pandas", "numpy", "tqdm") if m in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[0, 0, 0, 2] []"
    assert f"bertfit {bertfit.__version__}" in run.stdout


@pytest.mark.parametrize("argv", [
    "", "fit", "vocab", "vocab --input a", "vocab --input a --output b --size many", "predict --model m --type odds",
    "vocab --input a --output b --lower_case --cased", "vocab --input a --output b --siz 3",
    "pretrain --input d --save s", "train --train t.tsv --save s",
])
def test_wrong_usage_ends_with_status_2(argv, capsys):
    assert main(argv.split()) == 2
    assert "usage: bertfit" in capsys.readouterr().err


def test_the_script_is_main():
    text = (ROOT / "pyproject.toml").read_text()
    assert re.search(r'^\[project\.scripts\]\nbertfit = "bertfit\.cli:main"$', text, re.M)


# -- Errors -----------------------------------------------------------------------------------------------

ERRORS = {
    "no corpus": ("vocab --input none.txt --output v.txt", ["A text file must be readable.", "none.txt: No such file"]),
    "size": ("vocab --input corpus.txt --output v.txt --size 0", ["`--size` must be a whole number of at least 1."]),
    "output": ("vocab --input corpus.txt --output toy.json --size 40", ["`--output`", "`--overwrite`"]),
    "n_seq": ("data --input corpus.txt --output d --vocab {v} --n_seq 2", ["`--n_seq` must be a whole number of"]),
    "mask_prob": ("data --input corpus.txt --output d --vocab {v} --mask_prob 2", ["`--mask_prob`"]),
    "one document": ("data --input one.txt --output d --vocab {v}", ["at least two documents"]),
    "no vocabulary": ("data --input corpus.txt --output d --vocab none.model", ["none.model: No such file"]),
    "data there": ("data --input corpus.txt --output full --vocab {v}", ["`--output` must be a new or empty folder"]),
    "no data": ("pretrain --config toy.json --vocab {v} --input none --save s", ["none: No such file or directory."]),
    "rate": ("pretrain --vocab {v} --input d --save s --learning_rate 0", ["`--learning_rate` must be a number"]),
    "epochs": ("pretrain --vocab {v} --input d --save s --epoch 0", ["`--epoch` must be", "You gave 0."]),
    "preset": ("train --config kor-huge --vocab {v} --train train.tsv --save s", ["There is no preset 'kor-huge'."]),
    "config": ("train --config bad.json --vocab {v} --train train.tsv --save s", ["known fields only", "has depth."]),
    "config json": ("train --config one.json --vocab {v} --train train.tsv --save s", ["`--config`", "one.json"]),
    "longer": ("pretrain --config short.json --vocab {v} --input {d} --save s", ["32 tokens, the model 16 positions"]),
    "nothing to resume": ("pretrain --config toy.json --vocab {v} --input {d} --save s --resume", ["`--save` must"]),
    "other sizes": ("train --pretrain {p} --config kor-tiny --train train.tsv --save s",
                    ["`--config` must have the sizes", "`hidden_size` is 16 there, 128 in kor-tiny."]),
    "other vocabulary": ("train --pretrain {p} --vocab words.txt --train train.tsv --save s", ["`--vocab` must be"]),
    "save": ("train --vocab {v} --train train.tsv --save full", ["`--save` must be a new folder"]),
    "validation": ("train --vocab {v} --train train.tsv --save s --validation 1.5", ["`--validation` must be a share"]),
    "max_len": ("train --vocab {v} --train train.tsv --save s --max_len long", ["`--max_len`"]),
    "freeze": ("train --vocab {v} --train train.tsv --save s --freeze all", ["`--freeze` must be one of"]),
    "text": ("train --vocab {v} --train train.tsv --save s --text body", ["`--text` must be a column", "id, document"]),
    "same": ("train --vocab {v} --train train.tsv --save s --text label", ["must be different columns"]),
    "target": ("train --vocab {v} --train none.csv --save s", ["none.csv: No such file"]),
    "no target": ("train --vocab {v} --train corpus.txt --save s", ["`--target` must be given", "has text."]),
    "missing target": ("train --config toy.json --vocab {v} --train hole.tsv --save s", ["Row 2 is missing"]),
    "format": ("train --vocab {v} --train rows.xlsx --save s", ["`--format` must be given"]),
    "not fitted": ("predict --model {p}/last --input test.tsv", ["must be fitted"]),
    "no model": ("evaluate --model ./none --input test.tsv", ["none"]),
    "threshold": ("evaluate --model {m} --input test.tsv --threshold 2", ["`--threshold` must be between 0 and 1."]),
    "gpu": ("evaluate --model {m} --input test.tsv --gpu -2", ["`--gpu` must be the number of a GPU"]),
    "label": ("evaluate --model {m} --input odd.tsv", ["must lie between 0 and 1"]),
    "type": ("predict --model {m} --input test.tsv --output o.csv --type numeric", ["`--type` must be"]),
    "no column": ("predict --model {m} --input toy.csv --output o.csv", ["`--text` must be given", "has a, b."]),
    "fields": ("predict --model {m} --input ragged.tsv --output o.csv", ["ragged.tsv: line 3 has 1, the header 2."]),
    "twice": ("predict --model {m} --input done.csv --output o.csv", ["done.csv has .pred_1."]),
    "utf-8": ("predict --model {m} --input latin.txt --output o.csv", ["latin.txt: line 2 is not (byte 3 of"]),
    "json": ("predict --model {m} --input broken.jsonl --output o.csv", ["broken.jsonl: line 2 is not"]),
    "json text": ("predict --model {m} --input number.jsonl --output o.csv", ["line 2 has 7 as 'text'"]),
    "to text": ("predict --model {m} --input test.tsv --output o.txt", ["csv, tsv or jsonl"]),
    "exists": ("predict --model {m} --input test.tsv --output toy.json --output_format csv", ["toy.json exists."]),
    "unwritable": ("predict --model {m} --input test.tsv --output no/where.csv", ["no/where.csv: No such file"]),
    "batch": ("predict --model {m} --input test.tsv --output o.csv --batch 0", ["`--batch` must be a whole number"]),
}


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_is_a_rule_and_details(case, chain, here, capsys):
    for name, text in {
        "one.txt": "just one document\n", "bad.json": '{"depth": 2}', "one.json": "[1", "toy.csv": "a,b\n1,2\n",
        "short.json": json.dumps({**SIZES, "max_position_embeddings": 16}), "done.csv": "text,.pred_1\na,1\n",
        "words.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n", "hole.tsv": "text\tlabel\na\t1\nb\t\nc\t0\n",
        "odd.tsv": "document\tlabel\na\t3\n", "ragged.tsv": "id\ttext\n1\ta\n2\n", "rows.xlsx": "",
        "broken.jsonl": '{"text": "a"}\n{"text"\n', "number.jsonl": '{"text": "a"}\n{"text": 7}\n{"text": "c"}\n',
    }.items():
        (here / name).write_text(text)
    (here / "latin.txt").write_bytes(b"fine\nna\xefve\n")
    (here / "full").mkdir()
    (here / "full" / "thing").write_text("")
    argv, wanted = ERRORS[case]
    places = {"v": "vocab.model", "d": "data", "p": "pre", "m": "model"}
    before = sorted(here.iterdir())
    assert main(argv.format(**{key: chain[0] / name for key, name in places.items()}).split()) == 1
    err = capsys.readouterr().err
    (first,) = [line for line in err.splitlines() if line.startswith("bertfit: ")]
    assert first.endswith(".") and "Traceback" not in err and "`out_dir`" not in err
    for words in wanted:
        assert words in err
    assert sorted(here.iterdir()) == before  # nothing half done is left behind


def test_debug_shows_where(here, capsys):
    assert main(["vocab", "--input", "none.txt", "--output", "v.txt", "--debug"]) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err and err.splitlines()[-2] == "bertfit: A text file must be readable."


def test_only_arguments_become_options(here, monkeypatch, capsys):
    from bertfit.cli import commands
    from bertfit.errors import Arg, DataError, Sentence

    def broken(_):
        raise DataError(Sentence("must be a file unless {} is.", Arg("overwrite")), ["The target `input` does not."],
                        argument="out")

    monkeypatch.setattr(commands, "vocab", broken)
    assert main(["vocab", "--input", "a", "--output", "b"]) == 1
    assert capsys.readouterr().err == ("bertfit: `--output` must be a file unless `--overwrite` is.\n"
                                       "  - The target `input` does not.\n")


def test_an_unforeseen_error_is_told_without_a_traceback(here, monkeypatch, capsys):
    from bertfit.cli import commands

    def broken(_):
        raise RuntimeError("a wheel came off")

    monkeypatch.setattr(commands, "vocab", broken)
    assert main(["vocab", "--input", "a", "--output", "b"]) == 1
    err = capsys.readouterr().err
    assert "a wheel came off" in err and "`--debug` shows where." in err and "Traceback" not in err


def test_the_readmes_commands_parse():
    from bertfit.cli.options import parser

    (block,) = re.findall(r"## Command line\n.*?```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    lines = re.findall(r"^(?:echo .* \| )?bertfit (.+)$", block, re.M)
    assert [parser().parse_args(line.split()).command for line in lines] == [
        *COMMANDS[:6], "predict", "download", "predict"]

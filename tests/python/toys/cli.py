"""The command line run from a corpus to predictions, in processes of their own: what its tests share."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WORDS = ["good", "awful", "fine", "nice", "poor", "movie", "film", "the", "a", "was", "is", "plot", "actor", "story",
         "we", "saw", "it", "and", "then"]
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
         "max_position_embeddings": 64, "initializer_range": 0.2}
TRAIN = "--epoch 4 --batch 16 --learning_rate 2e-2 --pooling mean --precision float32 --gpu -1"


def environment():
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**kept, "PYTHONPATH": str(ROOT / "python"), "PYTHONIOENCODING": "utf-8"}


def start(*argv, cwd=None, **settings):
    # Where tests run in the background of a shell, SIGINT is ignored, and children inherit that.
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
    return subprocess.Popen([sys.executable, "-m", "bertfit", *map(str, argv)], env=environment(), cwd=cwd,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler), **settings)


def bertfit_run(*argv, cwd=None, stdin=b""):
    """Exit code, stdout and stderr of a process of its own."""
    child = start(*argv, cwd=cwd, stdin=subprocess.PIPE)
    out, err = child.communicate(stdin, timeout=300)
    return child.returncode, out.decode(), err.decode()


def write_files(folder):
    rng = random.Random(1)
    sentence = lambda: " ".join(rng.choices(WORDS, k=8)) + ".\n"  # noqa: E731
    (folder / "corpus.txt").write_text("".join("".join(sentence() for _ in range(6)) + "\n" for _ in range(40)))
    for name, n in (("train", 240), ("test", 60)):
        lines = ["id\tdocument\tlabel\n"]
        for i in range(n):
            word = rng.choice(["good", "awful"])
            lines.append(f"{i}\tthe {rng.choice(WORDS[5:])} was {word}\t{int(word == 'good')}\n")
        (folder / f"{name}.tsv").write_text("".join(lines))
    (folder / "toy.json").write_text(json.dumps(SIZES))


_done = []


def run_chain(tmp_path_factory):
    """The folder in which every command has run once, and what each said; made once for all tests."""
    if _done:
        assert _done[0] is not None, "the chain has failed before"
        return _done[0]
    _done.append(None)
    folder = tmp_path_factory.mktemp("cli")
    write_files(folder)
    said = {}
    for name, argv in {
        "vocab": "vocab --input corpus.txt --output vocab.model --size 40",
        "data": "data --input corpus.txt --output data --vocab vocab.model --n-seq 32 --dup_factor 2 --seed 5",
        "pretrain": "pretrain --config toy.json --vocab vocab.model --input data --validation data --save pre --epoch 2"
                    " --batch 28 --learning_rate 1e-2 --gpu -1",
        "train": f"train --pretrain pre --train train.tsv --test test.tsv --save model {TRAIN}",
        "evaluate": "evaluate --model model --input test.tsv --json",
        "predict": "predict --model model --input test.tsv --output predicted.csv",
    }.items():
        code, out, err = bertfit_run(*argv.split(), cwd=folder)
        assert code == 0, (name, err)
        said[name] = (out, err)
    _done[0] = (folder, said)
    return _done[0]

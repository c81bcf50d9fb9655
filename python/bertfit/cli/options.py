"""The options of the command line, and its help. Names and defaults come from the functions behind the commands.

An option's `dest` is the name of the argument that it sets, so that an error about that argument can be told in
the option's name (`cli.main` does this with `names`). No option is acted upon here.
"""

from __future__ import annotations

import argparse
import dataclasses

import bertfit
from bertfit._env import PRECISIONS
from bertfit.config import FREEZES, MONITORS, POOLINGS, PRETRAIN_MONITORS, TASKS, PretrainConfig, TrainConfig

FORMATS = ("csv", "tsv", "jsonl", "txt")
DEFAULT_CONFIG = "kor-half"

_ABOUT = """\
Make a vocabulary, pretrain a BERT, fine-tune it, and use it, from files.

  vocab -> data -> pretrain    from a text corpus to a pretrained model
  train -> evaluate, predict   from labelled texts to a model that labels texts
"""
_EPILOG = """\
`bertfit COMMAND --help` has the options of a command, and examples.
Exit codes: 0 done, 1 an error (told on stderr), 2 wrong usage, 130 interrupted.
"""


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Examples as they were written, and defaults where there is one to tell."""

    def _get_help_string(self, action):
        if action.default is None or action.default is False or action.required:
            return action.help
        return super()._get_help_string(action)


class _Command:
    """One command's parser; remembers which option sets which argument."""

    def __init__(self, commands, name: str, about: str, examples: str):
        self.parser = commands.add_parser(name, help=about, description=about, formatter_class=_Help,
                                          allow_abbrev=False, epilog=f"examples:\n{examples}")
        self.names: dict[str, str] = {}
        self.group = self.parser
        self.parser.set_defaults(command=name, names=self.names, fail=self.parser.error)

    def section(self, title: str) -> None:
        """What `add` adds from here on stands under this title."""
        self.group = self.parser.add_argument_group(title)

    def add(self, *flags: str, to: str | None = None, **settings) -> None:
        """An option; `to` is the argument that it sets, if it is called otherwise."""
        if to is not None:
            settings["dest"] = to
        action = self.group.add_argument(*flags, **settings)
        self.names[action.dest] = flags[0]

    def fields(self, config: type, **helps: str) -> None:
        """Options that are fields of a settings class, under their own names, of the types of their defaults."""
        defaults = {field.name: field.default for field in dataclasses.fields(config)}
        for name, text in helps.items():
            kind = {"steps": int, "steps_per_epoch": int, "validation_steps": int, "save_epochs": int,
                    "save_steps": int, "early_stopping": int}.get(name, type(defaults[name]))
            self.add(f"--{name}", type=kind, default=defaults[name], help=text, metavar="N" if kind is int else "X")


def parser() -> argparse.ArgumentParser:
    """The parser of everything. Its result has `command`, `names`, `fail` and the command's arguments."""
    top = argparse.ArgumentParser("bertfit", description=_ABOUT, epilog=_EPILOG, formatter_class=_Help,
                                  allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"bertfit {bertfit.__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for add in (_vocab, _data, _pretrain, _train, _evaluate, _predict):
        add(commands)
    return top


# -- Options that several commands have -------------------------------------------------------------------

def _common(command: _Command) -> None:
    command.section("reporting")
    command.add("--quiet", action="store_true", help="no progress; errors only, and the result")
    command.add("--debug", action="store_true", help="with an error, show where it came from")


def _casing(command: _Command, default: str) -> None:
    group = command.group.add_mutually_exclusive_group()
    group.add_argument("--lower_case", "--uncased", action="store_true", default=None, dest="lower_case",
                       help=f"texts are lower-cased first (default: {default})")
    group.add_argument("--cased", action="store_false", default=None, dest="lower_case", help="they are not")
    command.names["lower_case"] = "--lower_case"


def _device(command: _Command) -> None:
    command.section("device")
    command.add("--gpu", type=int, metavar="N", help="number of the GPU, -1 for the CPU (default: a GPU if any)")
    command.add("--precision", choices=PRECISIONS, default="auto", help="number format of matrix products")


def _columns(command: _Command, target: bool) -> None:
    command.section("columns")
    command.add("--text", metavar="COLUMN",
                help="the texts (default: the model's own column, or text, document, comment_text, ...)")
    command.add("--pair", metavar="COLUMN", help="second texts, where pairs are judged")
    if target:
        command.add("--target", nargs="+", metavar="COLUMN",
                    help="the truth; several columns are several labels "
                         "(default: the model's own, or label, target, ...)")
    command.add("--format", choices=FORMATS, help="of the input (default: by the file's name)")


def _start(command: _Command, weights: str) -> None:
    command.section("model")
    command.add("--config", metavar="NAME|FILE",
                help=f"sizes: a name (kor-half, kor-full, kor-tiny, bert-uncased-l2-h128, ...) or a JSON file "
                     f"(default: {DEFAULT_CONFIG}, or those of --pretrain)")
    command.add("--vocab", to="vocabulary", metavar="FILE",
                help="WordPiece or SentencePiece vocabulary (default: that of --pretrain)")
    command.add("--pretrain", metavar="MODEL", help=weights)
    _casing(command, "as the vocabulary's tokens say")


# -- Commands ---------------------------------------------------------------------------------------------

def _vocab(commands) -> None:
    command = _Command(commands, "vocab", "Make a vocabulary out of texts.", """\
  bertfit vocab --input corpus.txt --output vocab.model --size 8000 --type sentencepiece
  bertfit vocab --input a.txt b.txt.gz --output vocab.txt --size 30000 --cased
""")
    command.section("files")
    command.add("--input", to="source", nargs="+", required=True, metavar="FILE",
                help="texts, one per line; JSON lines; either gzipped")
    command.add("--output", to="out", required=True, metavar="FILE", help="the vocabulary")
    command.add("--overwrite", action="store_true", help="replace --output")
    command.add("--field", metavar="NAME", help="field of JSON lines that holds the text")
    command.section("vocabulary")
    command.add("--size", type=int, default=8000, metavar="N", help="pieces; special tokens come on top")
    command.add("--type", choices=("wordpiece", "sentencepiece"),
                help="kind (default: sentencepiece for an --output called .model, else wordpiece)")
    _casing(command, "they are")
    command.add("--character_coverage", type=float, default=0.9995, metavar="X",
                help="share of all characters that the alphabet must cover")
    command.add("--min_frequency", type=int, default=2, metavar="N", help="least occurrences of a piece (wordpiece)")
    command.add("--algorithm", choices=("unigram", "bpe"), default="unigram", help="of sentencepiece")
    command.add("--unused", type=int, default=0, metavar="N", help="spare entries")
    command.add("--sample_size", type=int, default=2_000_000, metavar="N", help="most texts held (sentencepiece)")
    _common(command)


def _data(commands) -> None:
    command = _Command(commands, "data", "Make masked sentence pairs for pretraining out of a corpus.", """\
  bertfit data --input corpus.txt --output data --vocab vocab.model --n_seq 256
  bertfit data --input corpus.jsonl --output data --vocab vocab.txt --n_seq 128 --whole_word --dup_factor 10
""")
    command.section("files")
    command.add("--input", to="corpus", nargs="+", required=True, metavar="FILE",
                help="one sentence per line, a blank line between documents; or a JSON document per line")
    command.add("--output", to="out_dir", required=True, metavar="FOLDER", help="new folder, for TFRecord files")
    command.add("--overwrite", action="store_true", help="replace pretraining data in --output")
    command.add("--vocab", to="vocabulary", required=True, metavar="FILE", help="WordPiece or SentencePiece vocabulary")
    _casing(command, "as the vocabulary's tokens say")
    command.add("--form", choices=("auto", "text", "jsonl"), default="auto", help="form of the input")
    command.add("--field", metavar="NAME", help="field of JSON lines that holds the text")
    command.add("--bad_lines", choices=("error", "skip"), default="error", help="what to do with unusable lines")
    command.add("--longest_line", type=int, metavar="BYTES", help="(default: 1 MiB, of JSON lines 64 MiB)")
    command.section("rows")
    command.add("--n_seq", "--max_len", to="max_len", type=int, default=512, metavar="N", help="tokens of a row")
    command.add("--mask_prob", type=float, default=0.15, metavar="X", help="share of tokens to predict")
    command.add("--max_predictions", type=int, metavar="N", help="most of them in a row (default: that share)")
    command.add("--whole_word", action="store_true", help="hide words as a whole")
    command.add("--dup_factor", type=int, default=5, metavar="N", help="passes over every document")
    command.add("--short_seq_prob", type=float, default=0.1, metavar="X", help="share of shorter rows")
    command.add("--seed", type=int, default=42, metavar="N", help="of all chance")
    command.add("--shards", type=int, default=8, metavar="N", help="files")
    command.add("--workers", type=int, metavar="N", help="processes (default: as many as are worth it)")
    _common(command)


def _pretrain(commands) -> None:
    command = _Command(commands, "pretrain", "Pretrain a BERT: masked tokens and next sentences.", """\
  bertfit pretrain --config kor-half --vocab vocab.model --input data --save pretrained --epoch 20
  bertfit pretrain --config kor-tiny --vocab vocab.model --input data --save small --steps 2000 --gpu 0
  bertfit pretrain --pretrain minilm-l6-uncased --input data --save further --validation held-out
  bertfit pretrain ... --save pretrained --resume      # goes on where it was stopped: the same options again
""")
    _start(command, "weights to start from: a folder, a saved run, or a model's name")
    command.add("--mlm", choices=("transform", "tied"), help="form of the MLM head (default: that of the sizes)")
    command.add("--nsp", choices=("google", "plain"), help="form of the NSP head (default: that of the sizes)")
    command.section("files")
    command.add("--input", to="data", nargs="+", required=True, metavar="FOLDER",
                help="what `bertfit data` made, or TFRecord files of Google's code")
    command.add("--validation", nargs="+", metavar="FOLDER", help="more such data, to watch")
    command.add("--save", to="out_dir", required=True, metavar="FOLDER", help="for best, last and the state")
    command.add("--resume", action="store_true", help="go on from the state in --save")
    command.add("--overwrite", action="store_true", help="replace the run in --save")
    command.section("training")
    command.add("--epoch", "--epochs", to="epochs", type=int, default=3, metavar="N", help="passes over the data")
    command.fields(PretrainConfig, steps="steps in all, in place of --epoch",
                   steps_per_epoch="steps after which measures are told and weights saved (default: a pass)")
    command.add("--batch", "--batch_size", to="batch_size", type=int, default=28, metavar="N", help="rows of a step")
    command.fields(PretrainConfig, learning_rate="highest rate", warmup="share of steps over which the rate rises",
                   min_learning_rate="rate at the last step", weight_decay="of matrices",
                   clip_norm="largest norm of the gradients", validation_steps="batches of --validation (default: all)",
                   save_epochs="epochs between models kept for good", save_steps="steps between states to resume from")
    command.add("--masking", choices=("dynamic", "static"), default="dynamic",
                help="other masks in every epoch, or those in the files")
    command.add("--monitor", choices=PRETRAIN_MONITORS, default="mlm_accuracy", help="what the best is best by")
    command.add("--seed", type=int, default=42, metavar="N", help="of all chance")
    _device(command)
    _common(command)


def _train(commands) -> None:
    command = _Command(commands, "train", "Fine-tune a BERT on labelled texts.", """\
  bertfit train --pretrain pretrained --train train.tsv --test test.tsv --save reviews
  bertfit train --config kor-half --vocab vocab.model --train train.tsv --save scratch    # nothing pretrained
  bertfit train --pretrain minilm-l6-uncased --train sms.csv --target type --save spam --epoch 2 --batch 32
""")
    _start(command, "weights to start from: what `bertfit pretrain` saved, a checkpoint's folder, or a model's name")
    command.section("files")
    command.add("--train", required=True, metavar="FILE", help="labelled rows: csv, tsv or jsonl")
    command.add("--validation", default="0.1", metavar="SHARE|FILE",
                help="rows that choose the best epoch: a share of --train held out, or a file")
    command.add("--test", metavar="FILE", help="rows to judge the saved model on, once, after training")
    command.add("--save", to="path", required=True, metavar="FOLDER", help="for the best weights")
    command.add("--overwrite", action="store_true", help="replace the model in --save")
    _columns(command, target=True)
    command.section("training")
    command.add("--task", choices=("auto", *TASKS), default="auto", help="what is predicted")
    command.add("--epoch", "--epochs", to="epochs", type=int, default=10, metavar="N", help="passes over the rows")
    command.add("--batch", "--batch_size", to="batch_size", type=int, default=128, metavar="N", help="rows of a step")
    command.fields(TrainConfig, learning_rate="highest rate", warmup="share of steps over which the rate rises",
                   min_learning_rate="rate at the last step", weight_decay="of matrices",
                   clip_norm="largest norm of the gradients", accumulation="batches of a step")
    command.add("--max_len", "--n_seq", to="max_len", default="auto", metavar="N|auto",
                help="tokens of a text; auto suits 95 of 100")
    command.add("--early_stopping", type=int, metavar="N", help="epochs without a better one, to stop after")
    command.add("--monitor", choices=MONITORS, default="loss", help="what the best is best by")
    command.add("--class_weights", choices=("balanced",), help="weigh rare classes up")
    command.add("--freeze", default="none", metavar=f"{'|'.join(FREEZES)}|N", help="layers that do not learn")
    command.add("--pooling", choices=POOLINGS, default="nsp", help="how tokens become one vector")
    command.add("--seed", type=int, default=42, metavar="N", help="of all chance")
    _device(command)
    _common(command)


def _evaluate(commands) -> None:
    command = _Command(commands, "evaluate", "Judge a fine-tuned model on rows whose truth is known.", """\
  bertfit evaluate --model reviews --input test.tsv
  bertfit evaluate --model spam --input sms.csv --target type --json report.json
  bertfit evaluate --model spam --input sms.csv --json | jq .overall.auc
""")
    command.section("files")
    command.add("--model", required=True, metavar="FOLDER", help="what `bertfit train` saved")
    command.add("--input", "--test", required=True, metavar="FILE", help="labelled rows: csv, tsv or jsonl; - is stdin")
    command.add("--json", nargs="?", const="-", metavar="FILE", help="the report as JSON; without FILE to stdout")
    command.add("--overwrite", action="store_true", help="replace the file of --json")
    _columns(command, target=True)
    command.section("judging")
    command.add("--threshold", type=float, default=0.5, metavar="X", help="probability from which a row is positive")
    command.add("--batch", "--batch_size", to="batch_size", type=int, metavar="N", help="rows at a time")
    _device(command)
    _common(command)


def _predict(commands) -> None:
    command = _Command(commands, "predict", "Predict texts: every row as it was, and columns with predictions.", """\
  bertfit predict --model reviews --input new.csv --output predicted.csv
  bertfit predict --model reviews --input new.txt --output predicted.jsonl --type class
  echo "what a film" | bertfit predict --model reviews
""")
    command.section("files")
    command.add("--model", required=True, metavar="FOLDER", help="what `bertfit train` saved")
    command.add("--input", default="-", metavar="FILE", help="csv, tsv, jsonl, or txt with a text per line; - is stdin")
    command.add("--output", default="-", metavar="FILE", help="csv, tsv or jsonl; - is stdout")
    command.add("--overwrite", action="store_true", help="replace --output")
    _columns(command, target=False)
    command.add("--output_format", choices=FORMATS[:3],
                help="of the output (default: by the file's name, or the input's; tsv for txt)")
    command.section("predicting")
    command.add("--type", choices=("prob", "class", "link", "numeric"),
                help="probabilities, the class, logits, or numbers (default: prob; numeric of a regression)")
    command.add("--batch", "--batch_size", to="batch_size", type=int, metavar="N", help="rows at a time")
    _device(command)
    _common(command)

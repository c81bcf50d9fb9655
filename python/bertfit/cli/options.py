"""The options of the command line, and its help texts.

The `dest` of an option is the name of the Python argument that it sets. `names` maps these back to options, so that
`program.main` can name the option in an error about the argument.
"""

from __future__ import annotations

import argparse

import bertfit
from bertfit._env import PRECISIONS
from bertfit.cli.long_texts import add_long_texts
from bertfit.cli.parsers import Command, Help
from bertfit.config import FREEZES, MONITORS, POOLINGS, PRETRAIN_MONITORS, TASKS, PretrainConfig, TrainConfig

FORMATS = ("csv", "tsv", "jsonl", "txt")
DEFAULT_CONFIG = "kor-half"

_ABOUT = """\
Make a vocabulary, pretrain a BERT, fine-tune it, and use it, from files.

  vocab -> data -> pretrain    from a text corpus to a pretrained model
  train -> evaluate, predict   from labelled texts to a model that labels texts
  download                     a pretrained model, for later
"""
_EPILOG = """\
`bertfit COMMAND --help` lists the options of a command, and examples.
Exit codes: 0 success, 1 an error (explained on stderr), 2 wrong usage, 130 interrupted.
"""


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line. Its result has `command`, `names`, `fail` and the command's arguments."""
    top = argparse.ArgumentParser("bertfit", description=_ABOUT, epilog=_EPILOG, formatter_class=Help,
                                  allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"bertfit {bertfit.__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for add in (_vocab, _data, _pretrain, _train, _evaluate, _predict, _download):
        add(commands)
    return top


# -- Options that several commands have -------------------------------------------------------------------

def _common(command: Command) -> None:
    command.section("reporting")
    command.add("--quiet", action="store_true", help="print only the result and errors, no progress")
    command.add("--debug", action="store_true", help="show the traceback of an error")


def _casing(command: Command, default: str) -> None:
    group = command.group.add_mutually_exclusive_group()
    group.add_argument("--lower_case", "--uncased", action="store_true", default=None, dest="lower_case",
                       help=f"lower-case texts first (default: {default})")
    group.add_argument("--cased", action="store_false", default=None, dest="lower_case", help="do not lower-case texts")
    command.names["lower_case"] = "--lower_case"


def _device(command: Command) -> None:
    command.section("device")
    command.add("--gpu", type=int, metavar="N", help="number of the GPU, -1 for the CPU (default: a GPU, if any)")
    command.add("--precision", choices=PRECISIONS, default="auto", help="number format of matrix products")


def _fitted(command: Command) -> None:
    command.add("--model", required=True, metavar="MODEL",
                help="folder from `bertfit train`, or a finished classifier: a Hugging Face folder or an id of its hub")
    _revision(command, "--model")
    command.add("--task", choices=TASKS, help="what a finished classifier predicts, if its config.json says another")


def _threshold(command: Command) -> None:
    command.add("--threshold", type=float, metavar="X",
                help="probability from which a row is positive, or has a label (default: 0.5; binary and multilabel)")


def _columns(command: Command, target: bool) -> None:
    command.section("columns")
    command.add("--text", metavar="COLUMN",
                help="column of texts (default: the column of the fit, or text, document, comment_text, ...)")
    command.add("--pair", metavar="COLUMN", help="column of second texts, for text pairs")
    if target:
        command.add("--target", nargs="+", metavar="COLUMN",
                    help="true labels or values, several if multilabel (default: as the fit, or label, target, ...)")
    command.add("--format", choices=FORMATS, help="format of the input (default: by file name, or first line of stdin)")
    command.add("--encoding", default="utf-8", metavar="NAME", help="encoding of texts in a folder; tables are UTF-8")
    command.add("--bad_files", choices=("error", "skip"), default="error", help="texts that are not of --encoding")


def _start(command: Command, weights: str) -> None:
    command.section("model")
    command.add("--config", metavar="NAME|FILE",
                help=f"sizes: a name (kor-half, bert-uncased-l2-h128, ...) or a JSON file (default: {DEFAULT_CONFIG})")
    command.add("--vocab", to="vocabulary", metavar="FILE",
                help="WordPiece or SentencePiece vocabulary (default: that of --pretrain)")
    command.add("--pretrain", metavar="MODEL", help=weights)
    _revision(command, "--pretrain")
    _casing(command, "inferred from the vocabulary")


def _revision(command: Command, model: str) -> None:
    command.add("--revision", metavar="NAME",
                help=f"branch, tag or commit of {model}, if that is a model of the Hugging Face hub (default: main)")


# -- Commands ---------------------------------------------------------------------------------------------

def _vocab(commands) -> None:
    command = Command(commands, "vocab", "Train a vocabulary on texts.", """\
  bertfit vocab --input corpus.txt --output vocab.model --size 8000 --type sentencepiece
  bertfit vocab --input a.txt b.txt.gz --output vocab.txt --size 30000 --cased
""")
    command.section("files")
    command.add("--input", to="source", nargs="+", required=True, metavar="FILE",
                help="texts, one per line, or JSON lines; may be gzipped")
    command.add("--output", to="out", required=True, metavar="FILE", help="the vocabulary file to write")
    command.add("--overwrite", action="store_true", help="replace --output")
    command.add("--field", metavar="NAME", help="field of JSON lines that holds the text")
    command.section("vocabulary")
    command.add("--size", type=int, default=8000, metavar="N", help="number of pieces, without special tokens")
    command.add("--type", choices=("wordpiece", "sentencepiece"),
                help="type of vocabulary (default: sentencepiece if --output ends in .model, else wordpiece)")
    _casing(command, "lower-case")
    command.add("--character_coverage", type=float, default=0.9995, metavar="X",
                help="share of the characters in the texts that the alphabet must cover")
    command.add("--min_frequency", type=int, default=2, metavar="N", help="minimum count of a piece (wordpiece)")
    command.add("--algorithm", choices=("unigram", "bpe"), default="unigram", help="training algorithm (sentencepiece)")
    command.add("--unused", type=int, default=0, metavar="N", help="number of [unused] entries to reserve")
    command.add("--sample_size", type=int, default=2_000_000, metavar="N",
                help="maximum number of texts to train on (sentencepiece)")
    _common(command)


def _data(commands) -> None:
    command = Command(commands, "data", "Make masked sentence pairs for pretraining from a corpus.", """\
  bertfit data --input corpus.txt --output data --vocab vocab.model --n_seq 256
  bertfit data --input corpus.jsonl --output data --vocab vocab.txt --n_seq 128 --whole_word --dup_factor 10
""")
    command.section("files")
    command.add("--input", to="corpus", nargs="+", required=True, metavar="FILE",
                help="one sentence per line, a blank line between documents; or a JSON document per line")
    command.add("--output", to="out_dir", required=True, metavar="FOLDER", help="new folder for the TFRecord files")
    command.add("--overwrite", action="store_true", help="replace pretraining data in --output")
    command.add("--vocab", to="vocabulary", required=True, metavar="FILE", help="WordPiece or SentencePiece vocabulary")
    _casing(command, "inferred from the vocabulary")
    command.add("--form", choices=("auto", "text", "jsonl"), default="auto", help="format of the input")
    command.add("--field", metavar="NAME", help="field of JSON lines that holds the text")
    command.add("--bad_lines", choices=("error", "skip"), default="error", help="how to treat unusable lines")
    command.add("--longest_line", type=int, metavar="BYTES", help="longest line (default: 1 MiB; JSON lines: 64 MiB)")
    command.section("rows")
    command.add("--n_seq", "--max_len", to="max_len", type=int, default=512, metavar="N", help="tokens per row")
    command.add("--mask_prob", type=float, default=0.15, metavar="X", help="share of tokens to predict")
    command.add("--max_predictions", type=int, metavar="N", help="most tokens to predict per row (default: that share)")
    command.add("--whole_word", action="store_true", help="mask whole words")
    command.add("--dup_factor", type=int, default=5, metavar="N", help="passes over the corpus, with different masks")
    command.add("--short_seq_prob", type=float, default=0.1, metavar="X", help="share of rows shortened at random")
    command.add("--seed", type=int, default=42, metavar="N", help="seed of all random numbers")
    command.add("--shards", type=int, default=8, metavar="N", help="number of files")
    command.add("--workers", type=int, metavar="N", help="number of processes (default: by cores and corpus size)")
    _common(command)


def _pretrain(commands) -> None:
    command = Command(commands, "pretrain", "Pretrain a BERT: masked tokens and next sentences.", """\
  bertfit pretrain --config kor-half --vocab vocab.model --input data --save pretrained --epoch 20
  bertfit pretrain --config kor-tiny --vocab vocab.model --input data --save small --steps 2000 --gpu 0
  bertfit pretrain --pretrain minilm-l6-uncased --input data --save further --validation held-out
  bertfit pretrain ... --save pretrained --resume      # continue a stopped run, with the same options
""")
    _start(command, "weights to start from: a folder, a run (its best model), a model's name, or its id on the hub")
    command.add("--mlm", choices=("transform", "tied"), help="form of the MLM head (default: that of the sizes)")
    command.add("--nsp", choices=("google", "plain", "none"), help="form of the NSP head (default: that of the sizes)")
    command.section("files")
    command.add("--input", to="data", nargs="+", required=True, metavar="FOLDER",
                help="folder from `bertfit data`, or TFRecord files from Google's code")
    command.add("--validation", nargs="+", metavar="FOLDER", help="validation data, evaluated every epoch")
    command.add("--save", to="out_dir", required=True, metavar="FOLDER",
                help="folder for the best model, the last model and the state")
    command.add("--resume", action="store_true", help="continue from the state in --save")
    command.add("--overwrite", action="store_true", help="replace the run in --save, when the new one has an epoch")
    command.section("training")
    command.add("--epoch", "--epochs", to="epochs", type=int, default=3, metavar="N", help="passes over the data")
    command.fields(PretrainConfig, steps="total number of steps, in place of --epoch",
                   steps_per_epoch="steps between evaluations and saved models (default: one pass over the data)")
    command.add("--batch", "--batch_size", to="batch_size", type=int, default=28, metavar="N", help="rows per step")
    command.fields(PretrainConfig, learning_rate="peak learning rate", warmup="share of steps with a rising rate",
                   min_learning_rate="learning rate at the last step", weight_decay="decay of weight matrices",
                   clip_norm="largest norm of the gradients", validation_steps="batches of --validation (default: all)",
                   save_epochs="epochs between models that are kept", save_steps="steps between saved states")
    command.add("--masking", choices=("dynamic", "static"), default="dynamic", help="new masks, or those in the files")
    command.add("--monitor", choices=PRETRAIN_MONITORS, default="auto",
                help="selects the best epoch; auto is mlm_accuracy on validation data, without them the loss")
    command.add("--seed", type=int, default=42, metavar="N", help="seed of all random numbers")
    _device(command)
    _common(command)


def _train(commands) -> None:
    command = Command(commands, "train", "Fine-tune a BERT on labelled texts.", """\
  bertfit train --pretrain pretrained --train train.tsv --test test.tsv --save reviews
  bertfit train --config kor-half --vocab vocab.model --train train.tsv --save scratch    # nothing pretrained
  bertfit train --pretrain minilm-l6-uncased --train aclImdb/train --test aclImdb/test --save imdb --epoch 2
  bertfit train ... --checkpoint run --resume      # continue a stopped run, with the same options
""")
    _start(command, "weights to start from: a run of `bertfit pretrain` (its best model), a folder, a model's name, or "
           "its id on the hub")
    command.section("files")
    command.add("--train", required=True, metavar="FILE", help="labelled rows: csv, tsv, jsonl, or folders of texts")
    command.add("--validation", default="0.1", metavar="SHARE|FILE",
                help="validation rows, which select the best epoch: a share of --train, or a file")
    command.add("--test", metavar="FILE", help="test rows, on which the saved model is evaluated after training")
    command.add("--save", to="path", required=True, metavar="FOLDER", help="folder for the model of the best epoch")
    command.add("--checkpoint", metavar="FOLDER", help="folder for the state of the run, saved after every epoch")
    command.add("--resume", action="store_true", help="continue the run in --checkpoint")
    command.add("--overwrite", action="store_true", help="replace the model in --save, and the run in --checkpoint")
    _columns(command, target=True)
    command.section("training")
    command.add("--task", choices=("auto", *TASKS), default="auto", help="type of the target")
    command.add("--epoch", "--epochs", to="epochs", type=int, default=10, metavar="N", help="passes over the rows")
    command.add("--batch", "--batch_size", to="batch_size", type=int, default=128, metavar="N", help="rows per batch")
    command.add("--learning_rate", default="auto", metavar="X|auto",
                help="peak learning rate; auto is 5e-5 for encoders of width 768 or more, else 1e-4")
    command.fields(TrainConfig, warmup="share of steps with a rising rate",
                   min_learning_rate="learning rate at the last step", weight_decay="decay of weight matrices",
                   clip_norm="largest norm of the gradients", accumulation="batches per step",
                   save_steps="steps between saved states within an epoch (default: none)")
    command.add("--max_len", "--n_seq", to="max_len", default="auto", metavar="N|auto",
                help="longest input in tokens; auto fits 95 of 100 texts")
    add_long_texts(command, fitting=True)
    command.add("--early_stopping", type=int, metavar="N", help="stop after this many epochs without improvement")
    command.add("--monitor", choices=MONITORS, default="loss", help="selects the best epoch")
    command.add("--class_weights", choices=("balanced",), help="weight classes by rows / (classes * rows of the class)")
    command.add("--freeze", default="none", metavar=f"{'|'.join(FREEZES)}|N", help="layers that are not trained")
    command.add("--pooling", choices=POOLINGS, help="how token vectors are combined into one (default: nsp)")
    command.add("--head", choices=("fresh", "keep"), default="fresh",
                help="keep goes on with the head and the labels of a fine-tuned --pretrain")
    command.add("--seed", type=int, default=42, metavar="N", help="seed of all random numbers")
    _device(command)
    _common(command)


def _evaluate(commands) -> None:
    command = Command(commands, "evaluate", "Evaluate a fine-tuned model on labelled rows.", """\
  bertfit evaluate --model reviews --input test.tsv
  bertfit evaluate --model spam --input sms.csv --target type --json report.json
  bertfit evaluate --model spam --input sms.csv --json | jq .overall.auc
""")
    command.section("files")
    _fitted(command)
    command.add("--input", "--test", required=True, metavar="FILE", help="labelled rows, as for `train`; - is stdin")
    command.add("--json", nargs="?", const="-", metavar="FILE", help="the report as JSON; without FILE to stdout")
    command.add("--overwrite", action="store_true", help="replace the file of --json")
    _columns(command, target=True)
    command.section("evaluation")
    _threshold(command)
    add_long_texts(command, fitting=False)
    command.add("--batch", "--batch_size", to="batch_size", type=int, metavar="N", help="rows per batch")
    _device(command)
    _common(command)


def _predict(commands) -> None:
    command = Command(commands, "predict", "Predict: copy every row and add columns of predictions.", """\
  bertfit predict --model reviews --input new.csv --output predicted.csv
  bertfit predict --model reviews --input new.txt --output predicted.jsonl --type class
  echo "what a film" | bertfit predict --model reviews
  head -3 new.tsv | bertfit predict --model reviews --type class
""")
    command.section("files")
    _fitted(command)
    command.add("--input", default="-", metavar="FILE", help="csv, tsv, jsonl, or txt with a text per line; - is stdin")
    command.add("--output", default="-", metavar="FILE", help="csv, tsv or jsonl; - is stdout")
    command.add("--overwrite", action="store_true", help="replace --output")
    _columns(command, target=False)
    command.add("--output_format", choices=FORMATS[:3],
                help="format of the output (default: by the file's name, or the input's; tsv for txt)")
    command.section("predicting")
    command.add("--type", choices=("prob", "class", "link", "numeric"),
                help="probabilities, the class, logits, or numbers (default: prob; numeric for regression)")
    _threshold(command)
    add_long_texts(command, fitting=False)
    command.add("--batch", "--batch_size", to="batch_size", type=int, metavar="N", help="rows per batch")
    _device(command)
    _common(command)


def _download(commands) -> None:
    command = Command(commands, "download", "Fetch a pretrained model into the cache, for use without a network.", """\
  bertfit download google-bert/bert-base-uncased
  bertfit download unitary/toxic-bert --revision main
  bertfit download minilm-l6-uncased
""")
    command.section("model")
    command.add("name", metavar="MODEL", help="id of a model of the Hugging Face hub (owner/name), or a model's name")
    _revision(command, "MODEL")
    command.add("--cache_dir", metavar="FOLDER",
                help="folder of downloads (default: BERTFIT_CACHE or the user's; for the hub that of huggingface_hub)")
    command.add("--force", action="store_true", help="fetch it again, even if it is there")
    _common(command)

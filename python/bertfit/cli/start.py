"""Prepares training from the options: the model, fresh or from saved weights, and the device.

The device must be chosen before a model is built, because that starts TensorFlow.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bertfit.cli.console import Bar, note
from bertfit.errors import Arg, ArgumentError, Sentence, SetupError

_SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "attention_head_size", "intermediate_size")


def require_start(o) -> None:
    """Exit with a usage error unless --vocab or --pretrain is given."""
    if o.pretrain is None and o.vocabulary is None:
        o.fail("--vocab is required for a fresh model, or --pretrain for one to start from")


def vocabulary(o):
    """The vocabulary of --vocab."""
    from bertfit.text import Vocabulary

    return Vocabulary.from_file(o.vocabulary, o.lower_case)


def start_model(o, mlm: str | None = None, nsp: str | None = None):
    """The model to train, and the forms of heads to put on it.

    Args:
        o: Options config, vocabulary, pretrain, revision, lower_case, seed and quiet; of `train` also head and task.
        mlm, nsp: Forms of the pretraining heads; None for those of the model, or of the preset for a fresh model.

    Returns:
        The model, and its `PretrainHeads`; None in place of these if neither `mlm` nor `nsp` is given.

    Raises:
        ArgumentError: The weights have another vocabulary or other sizes than the options.
        BertfitError: The weights or the vocabulary cannot be opened.
    """
    from bertfit.config import PretrainHeads
    from bertfit.model import fresh_model, open_model

    forms = {name: form for name, form in (("mlm", mlm), ("nsp", nsp)) if form}
    if o.pretrain is None:
        from bertfit.config import presets

        config = _config(o)
        base = presets.find(config).heads if isinstance(config, str) else PretrainHeads()
        heads = dataclasses.replace(base, **forms) if forms else None
        return fresh_model(config, vocabulary(o), seed=o.seed, heads=heads), heads
    with Bar("downloading", o.quiet) as bar:
        task = o.task if getattr(o, "head", None) == "keep" and o.task != "auto" else None
        model = open_model(o.pretrain, revision=o.revision, lower_case=o.lower_case, task=task, progress=bar,
                           say=partial(note, quiet=o.quiet))
    if o.vocabulary is not None and vocabulary(o).sha256 != model.vocabulary.sha256:
        raise ArgumentError(Sentence("must be the one that the weights of {} were made with.", Arg("pretrain")),
                            [f"{o.pretrain} has {len(model.vocabulary):,} entries, others than {o.vocabulary}.",
                             "Leave it out: the model brings its own."], argument="vocabulary")
    if o.config is not None:
        _check_sizes(o, model)
    base = PretrainHeads() if model.pretraining is None else model.pretrain_heads
    return model, dataclasses.replace(base, **forms) if forms else None


def _config(o) -> Any:
    """The value of --config for `fresh_model`: a preset's name, a `BertConfig`, or a dict of some of its fields."""
    from bertfit.cli.options import DEFAULT_CONFIG

    name = o.config or DEFAULT_CONFIG
    if not (name.endswith(".json") or os.path.isfile(name)):
        return name
    return _read_config(Path(name))


def _read_config(path: Path) -> Any:
    """Read a configuration from a JSON file: Google's bert_config.json, Hugging Face's config.json, or fields of
    `BertConfig`.

    Raises:
        CheckpointError: A file of Google's or Hugging Face's does not describe a BERT encoder.
        ArgumentError: The file cannot be read, is not a JSON object, or has an unknown field.
    """
    from bertfit.checkpoints import read_config
    from bertfit.config import BertConfig

    if path.name == "bert_config.json":
        return read_config(path)

    rule = "must be the name of a preset, or a JSON file."
    try:
        fields = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ArgumentError(rule, [f"{path}: {error.strerror}."], argument="config") from error
    except ValueError as error:
        raise ArgumentError(rule, [f"{path}: {error}."], argument="config") from error
    if not isinstance(fields, dict):
        raise ArgumentError("A configuration must be a JSON object.", [f"{path} is {json.dumps(fields):.40}."])
    if (config := read_config(path)) is not None:
        return config
    known = [field.name for field in dataclasses.fields(BertConfig)]
    unknown = sorted(set(fields) - set(known))
    if unknown:
        raise ArgumentError("A configuration must have known fields only.",
                            [f"{path} has {', '.join(unknown[:5])}.", f"Known: {', '.join(known)}."])
    return fields


def _check_sizes(o, model) -> None:
    from bertfit.config import BertConfig

    config, entries = _config(o), len(model.vocabulary)
    if isinstance(config, str):
        config = BertConfig.from_preset(config, vocab_size=entries)
    elif isinstance(config, Mapping):
        config = BertConfig(**{"vocab_size": entries, **config})
    other = [f"`{name}` is {getattr(model.config, name)} there, {getattr(config, name)} in {o.config}."
             for name in _SIZES if getattr(model.config, name) != getattr(config, name)]
    if other:
        raise ArgumentError(Sentence("must have the sizes of the weights of {}.", Arg("pretrain")),
                            [*other, "Leave it out: the model brings its own."], argument="config")


def choose_device(gpu: int | None) -> None:
    """Make one GPU visible to TensorFlow, by CUDA_VISIBLE_DEVICES.

    Args:
        gpu: Number of the GPU among those that this process may use; -1 for the CPU, None to change nothing.

    Raises:
        ArgumentError: The number is below -1.
        SetupError: There is no such GPU, or TensorFlow has already been started.
    """
    if gpu is None:
        return
    if gpu < -1:
        raise ArgumentError("must be the number of a GPU, or -1 for the CPU.", argument="gpu", received=gpu)
    if "tensorflow" in sys.modules:
        raise SetupError("must be chosen before TensorFlow starts.", ["It runs in this process already."],
                         argument="gpu")
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # number GPUs as nvidia-smi does
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")  # a cluster may have restricted it
    chosen = str(gpu)
    if gpu >= 0 and allowed is not None:
        listed = [name for name in allowed.split(",") if name.strip() not in ("", "-1")]
        chosen = listed[gpu] if gpu < len(listed) else "-1"
    os.environ["CUDA_VISIBLE_DEVICES"] = chosen
    if gpu < 0:
        return
    from bertfit import _env

    if not _env.tensorflow().config.list_physical_devices("GPU"):
        limit = [] if allowed is None else [f"CUDA_VISIBLE_DEVICES is {allowed!r}."]
        raise SetupError("must be the number of a GPU that TensorFlow can use.",
                         [f"There is no GPU {gpu}.", *limit, "-1 is the CPU."], argument="gpu")

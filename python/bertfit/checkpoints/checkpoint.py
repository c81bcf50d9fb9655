"""Open a checkpoint folder, Google's, Hugging Face's or TF Hub's, and check every tensor before a model is built.

`open_checkpoint` recognizes what a folder holds, reads the configuration and the vocabulary, and checks the
weights against them. It builds no model: `Checkpoint.fill` copies the weights into one. For saved bertfit models
see `model.persist`, for downloads `checkpoints.downloads`.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bertfit.checkpoints import google, hub, huggingface, labels, layout, registry, tfhub, weight_files
from bertfit.checkpoints.classifier import Classifier
from bertfit.checkpoints.tensors import read_json
from bertfit.config import BertConfig
from bertfit.errors import Arg, ArgumentError, CheckpointError, Sentence, Value
from bertfit.text import Vocabulary, read_vocabulary


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A checkpoint in which every tensor has been checked.

    Args:
        name: Its name.
        kind: "google", "huggingface" or "tfhub".
        path: Its folder.
        config: Sizes and constants of the encoder.
        vocabulary: Its tokens and their casing.
        sha256: Digest of the weight file; of several, of their digests.
        fill: Function that copies every weight into an `Encoder(config)`.
        heads: Function that reads the weights of the MLM head, and of the NSP head if there is one, by layer; None
            without an MLM head.
        missing: Parts that the encoder has and the checkpoint lacks, of which `fill` leaves fresh weights: "pooler".
        unused: What of the file no part of the model takes, by the names of tensors; buffers of positions left out.
        classifier: Its classification head; None for an encoder.
        repository: Id of the model of the hub that it was downloaded from; None for another folder.
        revision: Commit of that model.
        weights: The weight files of a Hugging Face folder.
        read: Function that reads the weights of the encoder, by layer, without TensorFlow; None where it is needed.
    """

    name: str
    kind: str
    path: str
    config: BertConfig
    vocabulary: Vocabulary
    sha256: str
    fill: Callable[[Any], None] = dataclasses.field(repr=False)
    heads: Callable[[], dict[str, list[np.ndarray]]] | None = dataclasses.field(repr=False, default=None)
    missing: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    classifier: Classifier | None = None
    repository: str | None = None
    revision: str | None = None
    weights: tuple[Path, ...] = dataclasses.field(repr=False, default=())
    read: Callable[[], dict[str, list[np.ndarray]]] | None = dataclasses.field(repr=False, default=None)

    @property
    def source(self) -> dict[str, Any]:
        """Where its model comes from: ``{"kind", "path", "sha256"}``; if the hub, also "repository" and "revision"."""
        source = {"kind": self.kind, "path": self.path, "sha256": self.sha256}
        return source if self.repository is None else {**source, "repository": self.repository,
                                                       "revision": self.revision}

    def require_unchanged(self) -> None:
        """Raise CheckpointError if the weights of a Hugging Face folder have changed since they were checked."""
        gone = [path for path in self.weights if not path.is_file()]
        if gone or weight_files.digest(self.weights) != self.sha256:
            raise CheckpointError("A checkpoint must stay as it is until its model is first used.",
                                  [f"{(gone or self.weights)[0]} has changed since it was opened.", "Open it again."])


def open_checkpoint(
    path: str | os.PathLike, *, name: str | None = None, lower_case: bool | None = None, task: str | None = None
) -> Checkpoint:
    """Open and check the checkpoint at `path`.

    Args:
        path: A folder with Google's files (bert_config.json, bert_model.ckpt.*, vocab.txt), Hugging Face's
            (config.json, a tokenizer, and the weights: model.safetensors or pytorch_model.bin, whole or in shards) or
            TF Hub's (saved_model.pb, variables/, assets/), or with one folder that has them; or one of those files, or
            the checkpoint's prefix (".../model.ckpt-1000") if a folder has several; or a zip or tar archive of such a
            folder; or a model's folder in the cache of huggingface_hub (models--owner--name).
        name: Name of the checkpoint; None for the folder's name.
        lower_case: Whether text is lower-cased; None takes it from the folder's files, its name, or the tokens.
        task: What a finished classifier predicts, one of `labels.OPENED_AS`; None for what its config.json says, see
            `labels.read_task`. "none" opens its encoder without the head.

    Raises:
        ArgumentError: An argument is of another type, or `task` does not fit.
        CheckpointError: There is no checkpoint, or a file or tensor is missing, damaged, or does not fit the
            configuration. The message names it.
        VocabularyError: vocab.txt is not a BERT vocabulary.

    >>> checkpoint = open_checkpoint("uncased_L-2_H-128_A-2")  # doctest: +SKIP
    >>> encoder = Encoder(checkpoint.config, fresh=False); checkpoint.fill(encoder)  # doctest: +SKIP
    """
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise ArgumentError("must be the path of a checkpoint.", argument="path", received=path)
    if lower_case is not None and not isinstance(lower_case, bool):
        raise ArgumentError(Sentence("must be {}, {} or {}.", Value(True), Value(False), Value(None)),
                            argument="lower_case", received=lower_case)
    labels.check_task(task)
    try:
        opened = _open(Path(path).expanduser().absolute(), name, lower_case, task)
    except OSError as error:  # no permission, a file that vanishes, a disk that fails
        reason = f"{error.filename or path}: {error.strerror or error}."
        raise CheckpointError("A checkpoint's files must be readable.", [reason]) from error
    if task not in (None, "none") and opened.classifier is None:
        raise ArgumentError("must be left out for a checkpoint without a classifier.",
                            [f"{opened.path} has no head that classifies texts."], argument="task", received=task)
    return opened


def read_config(path: Path) -> BertConfig | None:
    """The configuration in a checkpoint's own file, Google's bert_config.json or Hugging Face's config.json.

    Returns:
        The configuration, or None if the file is neither.

    Raises:
        CheckpointError: It does not describe a BERT encoder.
    """
    if path.name == google.CONFIG:
        return google.read_config(path.parent)
    if path.name == huggingface.CONFIG and "model_type" in read_json(path):
        return huggingface.read_config(path.parent)
    return None


def _open(path: Path, name: str | None, lower_case: bool | None, task: str | None) -> Checkpoint:
    if layout.is_archive(path):
        with layout.unpacked(path) as scratch:
            opened = _open(scratch.folder, name or scratch.folder.name, lower_case, task)
            scratch.keep_for(opened.fill.__self__)  # the reader of its weights
        return dataclasses.replace(opened, path=str(path))
    given, prefix = layout.folder_and_prefix(path)
    folder, kind = layout.locate(given)
    if kind == "tfhub":
        weights = tfhub.TfHubWeights(folder, lower_case)
        return Checkpoint(name or given.name, kind, str(folder), weights.config, weights.vocabulary, weights.sha256,
                          weights.fill, weights.read_heads if weights.has_heads else None, unused=weights.unused)
    read = google if kind == "google" else huggingface
    config = read.read_config(folder)
    if lower_case is None and kind == "huggingface" and not (folder / "tokenizer.json").is_file():
        _check_tokenizer(folder / "tokenizer_config.json")
    vocabulary = read_vocabulary(folder, lower_case, _cased_by_name(folder, given, name))
    _check_size(vocabulary, kind, config, folder / read.CONFIG)
    config = _with_padding(config, vocabulary, kind, folder / read.CONFIG)
    repository, revision = hub.origin(folder)
    opened = {"name": name or repository or given.name, "kind": kind, "path": str(folder), "vocabulary": vocabulary,
              "repository": repository, "revision": revision}
    if kind == "google":
        weights = google.GoogleWeights(folder, prefix, config)
        return Checkpoint(**opened, config=config, sha256=weights.sha256, fill=weights.fill,
                          heads=weights.read_heads if weights.has_heads else None)
    weights = huggingface.HuggingFaceWeights(folder, config, len(vocabulary), task)
    return Checkpoint(**opened, config=weights.config, sha256=weights.sha256, fill=weights.fill,
                      heads=weights.read_heads if weights.has_heads else None, missing=weights.missing,
                      unused=weights.unused, classifier=weights.classifier, weights=weights.paths,
                      read=weights.read_encoder)


def _check_size(vocabulary: Vocabulary, kind: str, config: BertConfig, config_file: Path) -> None:
    # Hugging Face's tables may have rows more, to be of a round size; no token reads them.
    if len(vocabulary) > config.vocab_size or (kind == "google" and len(vocabulary) < config.vocab_size):
        raise CheckpointError(
            "A checkpoint's vocabulary must have as many tokens as its configuration says.",
            [f"{vocabulary.path} has {len(vocabulary):,} tokens; "
             f"`vocab_size` in {config_file} is {config.vocab_size:,}."],
        )


def _with_padding(config: BertConfig, vocabulary: Vocabulary, kind: str, config_file: Path) -> BertConfig:
    """The configuration with the id of [PAD]: Google's files do not contain it, and Hugging Face's must agree."""
    if kind == "huggingface" and config.pad_token_id != vocabulary.pad_id:
        raise CheckpointError(
            f"The field `pad_token_id` of {config_file.name} must be the id of [PAD].",
            [f"{config_file} says {config.pad_token_id}; in {vocabulary.path} it is {vocabulary.pad_id}."],
        )
    return dataclasses.replace(config, pad_token_id=vocabulary.pad_id)


def _cased_by_name(folder: Path, given: Path, name: str | None) -> bool | None:
    """Whether text is lower-cased, from the names; None if they do not say it."""
    for label in (name, folder.name, given.name):
        if label and registry.is_known(label):
            return not registry.find(label).cased
        if match := re.search(r"(?<![a-z])(un)?cased(?![a-z])", (label or "").lower()):
            return match[1] is not None
    return None


def _check_tokenizer(path: Path) -> None:
    """Raise CheckpointError if our tokenizer of a vocab.txt does not do what tokenizer_config.json says."""
    settings = read_json(path) if path.is_file() else {}
    lower_case = settings.get("do_lower_case")
    strips, chinese = settings.get("strip_accents"), settings.get("tokenize_chinese_chars", True)
    if chinese is False or (isinstance(strips, bool) and strips != (lower_case is True)):
        raise CheckpointError(
            "A checkpoint's tokenizer must lower-case and strip accents together, and split Chinese characters.",
            [f"{path} says do_lower_case {lower_case}, strip_accents {strips}, tokenize_chinese_chars {chinese}.",
             Sentence("Give {} yourself to use Google's tokenization all the same.", Arg("lower_case")),
             "A tokenizer.json beside it, as transformers writes one, is done as it says."],
        )

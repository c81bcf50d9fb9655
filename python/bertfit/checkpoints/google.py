"""Google's BERT checkpoints: bert_config.json, vocab.txt and a TensorFlow checkpoint (bert_model.ckpt.*).

Checks every tensor against the configuration, then lets keras-bert fill the encoder. keras-bert's own loader
silently skips missing layers and does not load the pooler, so both are done by bertfit.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from bertfit.checkpoints.tensorflow_files import TensorFlowFile, first_line
from bertfit.checkpoints.tensors import (
    bert_config,
    damaged,
    encoder_tensors,
    head_tensors,
    read_json,
    require_tensors,
)
from bertfit.config import BertConfig
from bertfit.errors import CheckpointError

CONFIG = "bert_config.json"
# Google's modeling.py computes the tanh form under the name "gelu".
_ACTIVATIONS = {"gelu": "gelu_new", "relu": "relu", "tanh": "tanh", "linear": "linear"}
# Variables that training saves besides the encoder: heads, optimizer slots, counters.
_KNOWN_EXTRAS = re.compile(
    r"cls/.*|output_weights|output_bias|.*/(adam_[mv]|lamb_[mv]|Adam|Adam_1)|beta[12]_power"
    r"|global_step|loss_scale|good_steps|bad_steps|_CHECKPOINTABLE_OBJECT_GRAPH"
)


def prefixes(folder: Path) -> list[str]:
    """The names of the TensorFlow checkpoints in a folder, such as "bert_model.ckpt"."""
    return sorted(path.name.removesuffix(".index") for path in folder.glob("*.index") if path.is_file())


def read_config(folder: Path) -> BertConfig:
    """The encoder's configuration.

    Raises:
        CheckpointError: See `tensors.bert_config`.
    """
    path = folder / CONFIG
    return bert_config(read_json(path), path, _ACTIVATIONS)


class GoogleWeights:
    """The weights of a Google checkpoint, checked.

    Args:
        folder: The checkpoint's folder.
        prefix: The checkpoint's name in the folder; None if it is the only one.
        config: The configuration that the tensors must fit.

    Attributes:
        sha256: SHA-256 of the data file; if there are several, of their digests.
        has_heads: Whether all tensors of the MLM and NSP heads are there too.

    Raises:
        CheckpointError: A file or tensor is missing, has another shape or type, or cannot be read; or there are
            several checkpoints and no `prefix`.
    """

    def __init__(self, folder: Path, prefix: str | None, config: BertConfig):
        self.config = config
        self.prefix = folder / (prefix or _only_prefix(folder))
        self._file = TensorFlowFile(self.prefix)
        self._check(folder / CONFIG)
        self.sha256 = self._file.sha256

    def _check(self, config_file: Path) -> None:
        file, index, shapes = self._file, self._file.index, self._file.shapes
        if any(name.endswith("/.ATTRIBUTES/VARIABLE_VALUE") for name in shapes):
            raise CheckpointError(
                "A Google checkpoint must name its variables as Google's BERT code does.",
                [f"{index} was written by Keras or tf.train.Checkpoint (object names).",
                 "If it belongs to a SavedModel, give the folder that holds saved_model.pb.",
                 "Else save the model from Google's TensorFlow 1 code, or convert it to the Hugging Face format."],
            )
        tensors = encoder_tensors(self.config)
        expected = {tensor.google: tensor.shape for tensor in tensors}
        heads = head_tensors(self.config)
        self.has_heads = all(tensor.google in shapes for tensor in heads)
        if self.has_heads:
            tensors = [*tensors, *heads]
            expected.update({t.google: t.shape[::-1] if _turned(t.google) else t.shape for t in heads})
        extra = [name for name in sorted(shapes) if name not in expected and not _KNOWN_EXTRAS.fullmatch(name)]
        require_tensors(expected, shapes, extra, index, config_file)
        for tensor in tensors:
            if file.dtypes[tensor.google].name != "float32":
                raise damaged(index, tensor.google, f"it is {file.dtypes[tensor.google].name}, not float32")
        file.check_length()
        for tensor in tensors:  # reading also verifies TensorFlow's checksums
            file.read_finite(tensor.google)

    def fill(self, encoder: Any) -> None:
        """Copy every weight into an `Encoder` of this configuration.

        Raises:
            CheckpointError: The files have changed since they were checked.
        """
        from bertfit.network import fill_from_google

        pooler = [tensor.google for tensor in encoder_tensors(self.config) if tensor.layer == "NSP-Dense"]
        try:
            fill_from_google(encoder, str(self.prefix), pooler)
        except Exception as error:  # the reader's errors have many classes, IndexError among them
            raise damaged(self.prefix, None, first_line(error)) from error

    def read_heads(self) -> dict[str, list[np.ndarray]]:
        """The weights of the MLM and NSP heads, by keras-bert's layer names."""
        layers: dict[str, list[np.ndarray]] = {}
        for tensor in head_tensors(self.config):
            values = self._file.read(tensor.google)
            layers.setdefault(tensor.layer, []).append(values.T if _turned(tensor.google) else values)
        return layers


def _turned(name: str) -> bool:
    """Whether Google's file holds the transpose of the Keras kernel: only that of the NSP head, [2, H]."""
    return name == "cls/seq_relationship/output_weights"


def _only_prefix(folder: Path) -> str:
    found = prefixes(folder)
    if len(found) == 1:
        return found[0]
    if not found:
        raise CheckpointError(
            "A Google checkpoint must have its weights beside bert_config.json.",
            [f"{folder} has no *.index file, such as bert_model.ckpt.index."],
        )
    raise CheckpointError(
        "A Google checkpoint folder must hold one checkpoint.",
        [f"{folder} holds {', '.join(found)}.", f"Name the one to open: {folder / found[-1]}"],
    )

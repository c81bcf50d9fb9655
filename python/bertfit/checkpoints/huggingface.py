"""Hugging Face BERT folders: config.json, weights, vocab.txt.

Takes the tensors from `checkpoints.weight_files` and transposes dense kernels. Reads BertModel and the encoder of
BERT models with a head; tensors of heads other than pretraining's (MLM and NSP) are ignored.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from bertfit.checkpoints import weight_files
from bertfit.checkpoints.tensors import (
    Tensor,
    bert_config,
    damaged,
    encoder_tensors,
    head_tensors,
    read_json,
    require_tensors,
)
from bertfit.config import BertConfig
from bertfit.errors import CheckpointError

CONFIG = "config.json"
_ACTIVATIONS = {
    "gelu": "gelu", "gelu_python": "gelu", "gelu_new": "gelu_new", "gelu_pytorch_tanh": "gelu_new",
    "relu": "relu", "tanh": "tanh", "linear": "linear",
}
_BUFFERS = {"embeddings.position_ids", "embeddings.token_type_ids"}  # 0, 1, 2, ... and zeros
_HEADS = re.compile(r"(cls|classifier|qa_outputs)\..*")
_OLD_NAMES = (("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias"))


def read_config(folder: Path) -> BertConfig:
    """The encoder's configuration.

    Raises:
        CheckpointError: It does not describe a BERT encoder, or one with attention that bertfit does not support.
    """
    path = folder / CONFIG
    settings = read_json(path)
    wanted = {"model_type": "bert", "position_embedding_type": "absolute", "is_decoder": False}
    for key, value in wanted.items():
        default = None if key == "model_type" else value
        if settings.get(key, default) != value:
            raise CheckpointError(
                f"The field `{key}` in {path.name} must be {json.dumps(value)}.",
                [f"{path} says {json.dumps(settings.get(key))}.", "bertfit opens BERT encoders only."],
            )
    return bert_config(settings, path, _ACTIVATIONS)


class HuggingFaceWeights:
    """The weights of a Hugging Face folder, checked.

    Args:
        folder: The folder with the weights (see `weight_files.open_weights`).
        config: The configuration that the tensors must fit.

    Attributes:
        paths: The files of the weights.
        sha256: SHA-256 of the weight file; if there are several, of their digests.
        has_heads: Whether all tensors of the MLM and NSP heads are there too.

    Raises:
        CheckpointError: The file is missing, damaged or truncated, or a tensor is missing, unknown, or has another
            shape or type.
    """

    def __init__(self, folder: Path, config: BertConfig):
        self.config, self._file = config, weight_files.open_weights(folder)
        self.paths, self.path = self._file.paths, self._file.path
        self._names = self._check(folder / CONFIG)
        self.sha256 = self._file.sha256

    def _check(self, config_file: Path) -> dict[str, str]:
        """Compare the file with the configuration; returns the name in the file of each `Tensor.huggingface`."""
        names: dict[str, str] = {}
        for stored in self._file.names:
            name = stored.removeprefix("bert.")
            for old, new in _OLD_NAMES:
                name = name.replace(old, new)
            if name in names:
                raise damaged(self.path, stored, f"it is there twice, also as {names[name]}")
            names[name] = stored
        heads = head_tensors(self.config)
        self.has_heads = all(tensor.huggingface in names for tensor in heads)
        expected = {
            tensor.huggingface: tensor.shape[::-1] if tensor.transposed else tensor.shape
            for tensor in encoder_tensors(self.config) + (heads if self.has_heads else [])
        }
        extra = [
            stored for name, stored in sorted(names.items())
            if name not in expected and name not in _BUFFERS and not _HEADS.fullmatch(stored)
        ]
        if not any(name.startswith("pooler.") for name in names) and not extra:
            raise CheckpointError(
                "A checkpoint must have a pooler (pooler.dense.weight and pooler.dense.bias).",
                [f"{self.path} has none, so its pooled output would be random.",
                 "Save the model with one: transformers.BertModel(config, add_pooling_layer=True), trained."],
            )
        shapes = self._file.names
        require_tensors(expected, {name: shapes[stored] for name, stored in names.items()}, extra, self.path,
                        config_file)
        for name in expected:
            self._file.read(names[name])  # raises for a type that is no float, and for values that are not finite
        return {name: names[name] for name in expected}

    def read(self, tensor: Tensor) -> np.ndarray:
        """One tensor in Keras's layout: float32, dense kernels [inputs, outputs]."""
        values = self._file.read(self._names[tensor.huggingface])
        return values.T if tensor.transposed else values

    def fill(self, encoder: Any) -> None:
        """Copy every weight into an `Encoder` of this configuration.

        Raises:
            CheckpointError: The file has changed since it was checked.
        """
        positions = encoder.get_layer("Embedding-Position").get_weights()[0].shape[0]
        for layer, values in self._by_layer(encoder_tensors(self.config)).items():
            if layer == "Embedding-Position":
                values = [values[0][:positions]]
            encoder.get_layer(layer).set_weights(values)

    def read_heads(self) -> dict[str, list[np.ndarray]]:
        """The weights of the MLM and NSP heads, by keras-bert's layer names."""
        return self._by_layer(head_tensors(self.config))

    def _by_layer(self, tensors: list[Tensor]) -> dict[str, list[np.ndarray]]:
        layers: dict[str, list[np.ndarray]] = {}
        for tensor in tensors:
            layers.setdefault(tensor.layer, []).append(self.read(tensor))
        return layers

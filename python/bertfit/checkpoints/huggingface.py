"""Hugging Face BERT folders: config.json, model.safetensors, vocab.txt.

Reads the weights from safetensors without PyTorch and without running code, transposes dense kernels, and
converts half precision to float32. Reads BertModel and the encoder of BERT models with a head; tensors of
heads other than pretraining's (MLM and NSP) are ignored.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from bertfit.checkpoints import archive, labels
from bertfit.checkpoints.classifier import Classifier
from bertfit.checkpoints.tensors import (
    Tensor,
    bert_config,
    damaged,
    encoder_tensors,
    head_tensors,
    read_json,
    require_tensors,
)
from bertfit.config import BertConfig, HeadConfig
from bertfit.errors import CheckpointError

CONFIG, WEIGHTS = "config.json", "model.safetensors"
_ACTIVATIONS = {
    "gelu": "gelu", "gelu_python": "gelu", "gelu_new": "gelu_new", "gelu_pytorch_tanh": "gelu_new",
    "relu": "relu", "tanh": "tanh", "linear": "linear",
}
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
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
        folder: The folder with model.safetensors.
        config: The configuration that the tensors must fit.

    Attributes:
        sha256: SHA-256 of model.safetensors.
        has_heads: Whether all tensors of the MLM and NSP heads are there too.

    Raises:
        CheckpointError: The file is missing, damaged or truncated, or a tensor is missing, unknown, or has another
            shape or type.
    """

    def __init__(self, folder: Path, config: BertConfig, task: str | None = None):
        self.config, self.path = config, folder / WEIGHTS
        if not self.path.is_file():
            raise _no_safetensors(folder)
        self._entries, self._start = _read_header(self.path)
        self._names = self._check(folder / CONFIG)
        self.classifier = None if task == "none" else self._classifier(folder / CONFIG, task)
        self.sha256 = archive.file_digest(self.path)

    def _check(self, config_file: Path) -> dict[str, str]:
        """Compare the file with the configuration; returns the name in the file of each `Tensor.huggingface`."""
        names: dict[str, str] = {}
        for stored in self._entries:
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
        require_tensors(
            expected, {name: self._entries[stored]["shape"] for name, stored in names.items()}, extra, self.path,
            config_file,
        )
        for name in expected:
            if self._entries[names[name]]["dtype"] not in _DTYPES:
                raise damaged(self.path, names[name], f"its type {self._entries[names[name]]['dtype']} is not a float")
            if not np.isfinite(self._stored(names[name])).all():
                raise damaged(self.path, names[name], "it has values that are not finite")
        return {name: names[name] for name in expected}

    def _classifier(self, config_file: Path, task: str | None) -> Classifier | None:
        settings = read_json(config_file)
        named = [str(name) for name in settings.get("architectures") or []]
        if "classifier.weight" not in self._entries or not all("SequenceClassification" in name for name in named):
            return None
        outputs = self._entries["classifier.weight"]["shape"][0]
        found = labels.read_task(settings, config_file, outputs, task)
        rate = settings.get("classifier_dropout")
        head = HeadConfig(dropout=self.config.hidden_dropout_prob if rate is None else rate)

        def read() -> dict[str, list[np.ndarray]]:
            kernel, bias = self._stored("classifier.weight").T, self._stored("classifier.bias")
            return {"output": labels.single_logit(found, kernel, bias)}

        return Classifier(found, head, read)

    def _stored(self, stored: str) -> np.ndarray:
        """A tensor in the layout of the file, converted to float32."""
        entry = self._entries[stored]
        raw = np.memmap(
            self.path, _DTYPES[entry["dtype"]], "r", self._start + entry["data_offsets"][0], tuple(entry["shape"])
        )
        if entry["dtype"] == "BF16":  # the upper half of a float32
            return (raw.astype(np.uint32) << 16).view(np.float32)
        return raw.astype(np.float32)

    def read(self, tensor: Tensor) -> np.ndarray:
        """One tensor in Keras's layout: float32, dense kernels [inputs, outputs]."""
        values = self._stored(self._names[tensor.huggingface])
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
            try:
                layers.setdefault(tensor.layer, []).append(self.read(tensor))
            except (OSError, ValueError) as error:
                raise damaged(self.path, self._names[tensor.huggingface], error) from error
        return layers


def _read_header(path: Path) -> tuple[dict[str, dict[str, Any]], int]:
    """The file's table of tensors (name -> dtype, shape, data_offsets) and the byte offset of its data."""
    import safetensors

    size = path.stat().st_size
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if 8 + length <= size else b""
    try:
        entries = json.loads(header)
        entries.pop("__metadata__", None)
        cut = [name for name, entry in entries.items() if 8 + length + entry["data_offsets"][1] > size]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise damaged(path, None, "its header is not that of a safetensors file") from None
    if cut:
        raise damaged(path, cut[0], f"the file is cut short at {size:,} bytes")
    try:  # the library checks offsets, overlaps, gaps and trailing bytes
        with safetensors.safe_open(str(path), "np") as opened:
            if set(opened.keys()) != set(entries):
                raise damaged(path, None, "its header names a tensor twice")
    except safetensors.SafetensorError as error:
        raise damaged(path, None, error) from error
    return entries, 8 + length


def _no_safetensors(folder: Path) -> CheckpointError:
    rule = f"A Hugging Face checkpoint must have its weights in one {WEIGHTS}."
    convert = (
        "Convert it once in Python: "
        f"transformers.BertModel.from_pretrained({str(folder)!r}).save_pretrained(new_folder, max_shard_size='100GB')"
    )
    for name, what in (
        ("model.safetensors.index.json", "is split into shards"),
        ("pytorch_model.bin", "has PyTorch weights (pytorch_model.bin), which can run code when opened"),
        ("pytorch_model.bin.index.json", "has PyTorch weights in shards, which can run code when opened"),
        ("tf_model.h5", "has Keras weights (tf_model.h5)"),
    ):
        if (folder / name).exists():
            return CheckpointError(rule, [f"{folder} {what}.", convert])
    return CheckpointError(rule, [f"{folder} has no {WEIGHTS}."])

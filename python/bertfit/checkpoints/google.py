"""Google's BERT checkpoints: bert_config.json, vocab.txt and a TensorFlow checkpoint (bert_model.ckpt.*).

Checks every tensor against the configuration, then lets keras-bert fill the encoder. keras-bert's own loader
silently skips missing layers and does not load the pooler, so both are done by bertfit.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np

from bertfit import _env
from bertfit.checkpoints import archive
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
        shards = _shards(self.prefix)
        self._check(folder / CONFIG, shards)
        digests = [archive.file_digest(path) for path in shards]
        self.sha256 = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()

    def _check(self, config_file: Path, shards: list[Path]) -> None:
        index = self.prefix.with_name(f"{self.prefix.name}.index")
        try:
            reader = _env.tensorflow().compat.v1.train.NewCheckpointReader(str(self.prefix))
            shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
        except Exception as error:  # TensorFlow raises various classes for a broken index
            raise damaged(index, None, _first_line(error)) from error
        if any(name.endswith("/.ATTRIBUTES/VARIABLE_VALUE") for name in shapes):
            raise CheckpointError(
                "A Google checkpoint must name its variables as Google's BERT code does.",
                [f"{index} was written by Keras or tf.train.Checkpoint (object names).",
                 "Save the model from Google's TensorFlow 1 code, or convert it to the Hugging Face format."],
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
            if dtypes[tensor.google].name != "float32":
                raise damaged(index, tensor.google, f"it is {dtypes[tensor.google].name}, not float32")
        self._check_length(shards, shapes, dtypes)
        for tensor in tensors:  # reading also verifies TensorFlow's checksums
            if not np.isfinite(self._read(reader, tensor.google)).all():
                raise damaged(self.prefix, tensor.google, "it has values that are not finite")

    def _check_length(self, shards: list[Path], shapes: dict, dtypes: dict) -> None:
        needed = sum(int(np.prod(shape)) * dtypes[name].size for name, shape in shapes.items() if dtypes[name].size)
        present = sum(path.stat().st_size for path in shards)
        if present < needed:
            raise damaged(shards[-1], None, f"it is cut short: {present:,} bytes of at least {needed:,}")

    def _read(self, reader: Any, name: str) -> np.ndarray:
        try:
            return reader.get_tensor(name)
        except Exception as error:  # various classes: wrong checksums, wrong lengths, ...
            raise damaged(self.prefix, name, _first_line(error)) from error

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
            raise damaged(self.prefix, None, _first_line(error)) from error

    def read_heads(self) -> dict[str, list[np.ndarray]]:
        """The weights of the MLM and NSP heads, by keras-bert's layer names."""
        reader = _env.tensorflow().compat.v1.train.NewCheckpointReader(str(self.prefix))
        layers: dict[str, list[np.ndarray]] = {}
        for tensor in head_tensors(self.config):
            values = self._read(reader, tensor.google)
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


def _shards(prefix: Path) -> list[Path]:
    found = sorted(prefix.parent.glob(f"{prefix.name}.data-*-of-*"))
    pattern = re.compile(re.escape(prefix.name) + r"\.data-(\d{5})-of-(\d{5})")
    counts = {int(match[2]) for path in found if (match := pattern.fullmatch(path.name))}
    expected = [prefix.with_name(f"{prefix.name}.data-{i:05d}-of-{n:05d}") for n in counts for i in range(n)]
    missing = [path for path in expected if not path.is_file()]
    if len(counts) != 1 or missing:
        name = missing[0].name if missing else f"{prefix.name}.data-00000-of-00001"
        raise CheckpointError(
            "A Google checkpoint must have all its data files.", [f"{prefix.parent} has no {name}."]
        )
    return expected


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

"""Hugging Face folders: config.json, weights and a tokenizer, of every family in `checkpoints.families`.

Takes the tensors from `checkpoints.weight_files` and transposes dense kernels. Reads the encoder, and the heads of
pretraining (MLM and NSP) and of sequence classification if there are any; what else a file has is named in
`HuggingFaceWeights.unused`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from bertfit.checkpoints import families, labels, weight_files
from bertfit.checkpoints.classifier import Classifier
from bertfit.checkpoints.tensors import Tensor, damaged, encoder_tensors, head_tensors, read_json, require_tensors
from bertfit.config import BertConfig
from bertfit.errors import ArgumentError, CheckpointError, Sentence

CONFIG = "config.json"
_BUFFERS = ("position_ids", "token_type_ids")  # 0, 1, 2, ... and zeros
_OLD_ENDINGS = ((".gamma", ".weight"), (".beta", ".bias"))
_DECODER = "cls.predictions.decoder."


def read_config(folder: Path) -> BertConfig:
    """The encoder's configuration.

    Raises:
        CheckpointError: It describes no encoder of a known family, or one with attention that bertfit does not support.
    """
    path = folder / CONFIG
    settings = read_json(path)
    return families.find(settings, path).read(settings, path)


class HuggingFaceWeights:
    """The weights of a Hugging Face folder, checked.

    Args:
        folder: The folder with config.json and the weights (see `weight_files.open_weights`).
        config: The configuration that the tensors must fit.
        tokens: Tokens of the vocabulary. The rows of the tables of tokens after these are not used.
        task: What a classifier predicts, see `labels.read_task`; "none" leaves its head out.

    Attributes:
        config: The configuration with `tokens` as vocab_size.
        family, settings: The folder's family, and the content of config.json.
        paths: The files of the weights.
        sha256: SHA-256 of the weight file; if there are several, of their digests.
        has_heads: Whether there is an MLM head whose output matrix is the token embedding.
        classifier: The head for sequence classification; None if there is none.
        missing: "pooler", if the file has none.
        unused: Names of the tensors that are not used.

    Raises:
        CheckpointError: The file is missing, damaged or truncated, or a tensor is missing, unknown, or has another
            shape or type.
    """

    def __init__(self, folder: Path, config: BertConfig, tokens: int, task: str | None = None):
        self._file = weight_files.open_weights(folder)
        self.settings = read_json(folder / CONFIG)
        self.family = families.find(self.settings, folder / CONFIG)
        self.config, self._more = dataclasses.replace(config, vocab_size=tokens), config.vocab_size - tokens
        self.paths, self.path = self._file.paths, self._file.path
        self._names = self._names_of_bert()
        self._encoder = self._encoder_tensors()
        self._heads = self._head_tensors()
        self._classifier = [] if task == "none" else self._classifier_tensors()
        self.has_heads = bool(self._heads)
        self.unused = self._check(folder / CONFIG)
        self.classifier = self._read_classifier(folder / CONFIG, task) if self._classifier else None
        self.sha256 = self._file.sha256

    # -- What the file has ----------------------------------------------------------------------------------

    def _names_of_bert(self) -> dict[str, str]:
        """The file's names by those without a prefix and of today."""
        names: dict[str, str] = {}
        for stored in self._file.names:
            name = stored.removeprefix(f"{self.family.prefix}.")
            for old, new in _OLD_ENDINGS:
                name = name.removesuffix(old) + new if name.endswith(old) else name
            if name in names:
                raise damaged(self.path, stored, f"it is there twice, also as {names[name]}")
            names[name] = stored
        return names

    def _name(self, tensor: Tensor) -> str:
        """A tensor's name in `_names`."""
        return self.family.name(tensor.huggingface)

    def _has(self, name: str) -> bool:
        """Whether the file has a tensor, given BERT's name."""
        return self.family.name(name) in self._names

    def _widened(self, tensors: list[Tensor]) -> list[Tensor]:
        """The tensors, those with a row per token with the rows that are not used."""
        tables = ("Embedding-Token", "MLM-Sim")
        return [dataclasses.replace(t, more=self._more) if t.layer in tables else t for t in tensors]

    def _encoder_tensors(self) -> list[Tensor]:
        tensors = self._widened(encoder_tensors(self.config))
        pooler = [tensor for tensor in tensors if tensor.layer == "NSP-Dense"]
        self.missing = () if any(self._name(tensor) in self._names for tensor in pooler) else ("pooler",)
        return [tensor for tensor in tensors if not (self.missing and tensor.layer == "NSP-Dense")]

    def _head_tensors(self) -> list[Tensor]:
        """The tensors of the heads of pretraining; none without an MLM head that is ours."""
        tensors = self._widened(head_tensors(self.config))
        nsp = [t for t in tensors if t.layer == "NSP"]
        mlm = [t if t.layer != "MLM-Sim" or self._has(t.huggingface) else
               dataclasses.replace(t, huggingface=f"{_DECODER}bias") for t in tensors if t.layer != "NSP"]
        if self.family.mlm_activation not in (None, self.config.hidden_act):
            return []
        if not all(self._has(tensor.huggingface) for tensor in mlm) or not self._is_tied():
            return []
        both = self.family.nsp and all(self._has(tensor.huggingface) for tensor in nsp)
        return mlm + nsp if both else mlm

    def _is_tied(self) -> bool:
        """Whether the MLM head's output matrix is the token embedding, and its bias one."""
        pairs = (("weight", "embeddings.word_embeddings.weight"), ("bias", "cls.predictions.bias"))
        for ending, other in pairs:
            if self._has(f"{_DECODER}{ending}"):
                if self._has(other) and not np.array_equal(self._stored(f"{_DECODER}{ending}"), self._stored(other)):
                    return False
            elif ending == "weight" and self.settings.get("tie_word_embeddings") is False:
                return False
        return True

    def _classifier_tensors(self) -> list[Tensor]:
        """The tensors of the head for sequence classification; none if the model is of another kind."""
        form, kinds = self.family.classifier, self.settings.get("architectures") or []
        if not all("SequenceClassification" in str(kind) for kind in (kinds if isinstance(kinds, list) else [kinds])):
            return []
        shape = self._file.names.get(self._names.get(f"{form.output}.bias", ""), ())
        tensors = form.tensors(self.config, shape[0] if len(shape) == 1 else 1)
        there = [tensor.huggingface in self._names for tensor in tensors]
        return tensors if (any(there) if kinds else all(there)) else []

    def _read_classifier(self, config_file: Path, task: str | None) -> Classifier:
        outputs = self._classifier[-1].shape[0]
        found = labels.read_task(self.settings, config_file, outputs, task)
        try:
            head = self.family.classifier.head(self.config, self.settings)
        except ArgumentError as error:  # a dropout rate that is none
            raise CheckpointError(f"{config_file.name} must describe a classifier.",
                                  [Sentence("{}: {}", config_file, error.sentences[0])]) from error

        def read() -> dict[str, list[np.ndarray]]:
            layers = self._by_layer(self._classifier)
            return {**layers, "output": labels.single_logit(found, *layers["output"])}

        return Classifier(found, head, read)

    def _check(self, config_file: Path) -> tuple[str, ...]:
        """Compare the file with the configuration; returns what is not used."""
        encoder = {self._name(tensor): tensor.stored_shape for tensor in self._encoder}
        expected = {**encoder, **{self._name(tensor): tensor.stored_shape for tensor in self._heads},
                    **{tensor.huggingface: tensor.stored_shape for tensor in self._classifier}}
        known = set(expected)
        if self._heads:  # equal to what is read
            known |= {self.family.name(f"{_DECODER}{ending}") for ending in ("weight", "bias")}
        others = {name: stored for name, stored in sorted(self._names.items())
                  if name not in known and name.rpartition(".")[2] not in _BUFFERS}
        parts = {name.partition(".")[0] for name in encoder}
        extra = [stored for name, stored in others.items()
                 if stored.startswith(f"{self.family.prefix}.") or name.partition(".")[0] in parts]
        shapes = self._file.names
        require_tensors(expected, {name: shapes[stored] for name, stored in self._names.items()}, extra, self.path,
                        config_file)
        for name in expected:
            self._file.read(self._names[name])  # raises for a type that is no float, and for values that are not finite
        unused = tuple(stored for stored in others.values() if stored not in extra)
        if self._more:
            table = self._names[self.family.name("embeddings.word_embeddings.weight")]
            unused += (f"{table} ({self._more} rows after the last token's)",)
        return unused

    # -- Reading --------------------------------------------------------------------------------------------

    def _stored(self, name: str) -> np.ndarray:
        """A tensor in the layout of the file, given BERT's name."""
        return self._file.read(self._names[self.family.name(name)])

    def fill(self, encoder: Any) -> None:
        """Copy every weight into an `Encoder` of this configuration; a pooler that is missing stays as it is.

        Raises:
            CheckpointError: The file has changed since it was checked.
        """
        positions = encoder.get_layer("Embedding-Position").get_weights()[0].shape[0]
        for layer, values in self.read_encoder().items():
            if layer == "Embedding-Position":
                values = [values[0][:positions]]
            encoder.get_layer(layer).set_weights(values)

    def read_encoder(self) -> dict[str, list[np.ndarray]]:
        """The weights of the encoder, by keras-bert's layer names; without a pooler that is missing."""
        return self._by_layer(self._encoder)

    def read_heads(self) -> dict[str, list[np.ndarray]]:
        """The weights of the MLM head, and of the NSP head if there is one, by keras-bert's layer names."""
        return self._by_layer(self._heads)

    def _by_layer(self, tensors: list[Tensor]) -> dict[str, list[np.ndarray]]:
        layers: dict[str, list[np.ndarray]] = {}
        for tensor in tensors:
            layers.setdefault(tensor.layer, []).append(tensor.from_stored(self._stored(tensor.huggingface)))
        return layers

"""TF Hub's BERT encoders: a SavedModel with its vocabulary in assets/, as TensorFlow's model garden exports it.

Opens BERT (small BERT, experts and ELECTRA have its names), ALBERT, and talking heads with gated feed-forward layers.
Sizes come from the shapes of the variables, the activation and the number of shared layers from the graph, which is
not run: what `saved_model.SavedModel` reads is enough.

Source: tf-models-official, `official/nlp/tools/export_tfhub_lib.py` and `official/nlp/modeling`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from bertfit.checkpoints.saved_model import FILE, SavedModel
from bertfit.checkpoints.tensors import Tensor, damaged, encoder_tensors, head_tensors, require_tensors
from bertfit.config import BertConfig
from bertfit.errors import ArgumentError, CheckpointError, Sentence
from bertfit.text import Vocabulary, read_sentencepiece

CONFIG = FILE
# Parts of Google's names -> TF Hub's, replaced one after the other.
_RENAMED = (
    ("bert/embeddings/LayerNorm", "embeddings/layer_norm"),
    ("bert/embeddings/word_embeddings", "word_embeddings/embeddings"),
    ("bert/embeddings/position_embeddings", "position_embedding/embeddings"),
    ("bert/embeddings/token_type_embeddings", "type_embeddings/embeddings"),
    ("bert/embeddings_project", "embedding_projection"), ("bert/pooler/dense", "pooler_transform"),
    ("bert/encoder/", "transformer/"), ("/attention/self/", "/self_attention/"),
    ("/attention/output/dense", "/self_attention/attention_output"),
    ("/attention/output/LayerNorm", "/self_attention_layer_norm"), ("/intermediate/dense", "/intermediate"),
    ("/gate/dense", "/gate"), ("/output/dense", "/output"), ("/output/LayerNorm", "/output_layer_norm"),
    ("cls/predictions/output_bias", "cls/predictions/output_bias/bias"),
)
_PARTS = re.compile(
    r"(transformer/(?:layer_(?P<number>\d+)/)?|transformer_scaffold(?:_(?P<scaffold>\d+))?/)(?P<rest>.*)")
_OUTER = re.compile(r"(?:self_attention|talking_heads_attention|feedforward|gated_feedforward)(?:_\d+)?/(?P<rest>.*)")
_HEAD = re.compile(r"(?:.*/)?(cls/predictions/.*)")
_MOST_LAYERS = 1000


class TfHubWeights:
    """The weights of a TF Hub encoder, checked.

    Args:
        folder: The folder with saved_model.pb.
        lower_case: Whether text is lower-cased; None for what the model says.

    Attributes:
        config: The configuration, inferred from the model; the padding id from the vocabulary.
        vocabulary: The vocabulary of its assets.
        paths: The files of the weights.
        sha256: SHA-256 of the data file; if there are several, of their digests.
        has_heads: Whether there is an MLM head.
        unused: Names of the variables that are not used.

    Raises:
        CheckpointError: A file or variable is missing, damaged, unknown, or has another shape; or the SavedModel is
            no encoder of text.
    """

    def __init__(self, folder: Path, lower_case: bool | None = None):
        self._model = SavedModel(folder)
        self._file, self.path = self._model.file, self._model.path
        self._keys = self._names()
        self._shapes = {name: tuple(self._file.shapes[key]) for name, key in self._keys.items()}
        self.vocabulary = self._vocabulary(lower_case)
        self.config = self._config()
        self._encoder = encoder_tensors(self.config)
        self._heads = head_tensors(self.config, nsp=False)
        self.has_heads = all(_name(tensor) in self._keys for tensor in self._heads)
        self.unused = tuple(name for name in self._model.attributes if name != "do_lower_case")
        self._check()
        self.paths, self.sha256 = self._file.paths, self._file.sha256

    # -- What the model has ---------------------------------------------------------------------------------

    def _names(self) -> dict[str, str]:
        """The keys of the variables by the names of `_name`, however the exporter numbered its layers."""
        blocks = sorted({_block(name) for name in self._model.variables} - {None})
        found: dict[str, str] = {}
        for name, key in self._model.variables.items():
            plain = _plain(name, blocks)
            if plain in found:
                raise damaged(self.path, name, f"it is there twice, as {plain}")
            found[plain] = key
        return found

    def _shape(self, name: str, axes: int) -> tuple[int, ...]:
        shape = self._shapes.get(name)
        if shape is None:
            raise CheckpointError(
                "A SavedModel must be a BERT encoder of TF Hub.",
                [f"{self.path} has no variable {name}; it has {', '.join(list(self._keys)[:4]) or 'none'}.",
                 "bertfit opens BERT, small BERT, experts, ELECTRA, ALBERT and talking heads."],
            )
        if len(shape) != axes:
            raise damaged(self.path, name, f"its shape is {list(shape)}")
        return shape

    def _config(self) -> BertConfig:
        """The configuration: sizes from the shapes, the rest from the graph."""
        (tokens, narrow), (positions, _) = (self._shape(f"{name}/embeddings", 2)
                                            for name in ("word_embeddings", "position_embedding"))
        segments, _ = self._shape("type_embeddings/embeddings", 2)
        width, heads, size = self._shape("transformer/layer_0/self_attention/query/kernel", 3)
        _, wide = self._shape("transformer/layer_0/intermediate/kernel", 2)
        numbers = {name.split("/")[1] for name in self._keys if name.startswith("transformer/")}
        shared = any(re.match(r"transformer/(?!layer_)", name) for name in self._model.variables)
        operations = self._model.operations("Softmax")
        layers = operations["Softmax"] if shared else len(numbers)
        if layers > _MOST_LAYERS:
            raise damaged(self.path, None, f"it applies {layers:,} layers")
        if self._model.mentions(b'"norm_first": true'):
            raise CheckpointError("An encoder must normalize after each sub-layer.",
                                  [f"{self.path} normalizes before it (norm_first), which bertfit does not."])
        epsilons = self._model.constants("batchnorm/add/y") or {1e-12}
        if len(epsilons) > 1:
            raise CheckpointError("An encoder must add the same to the variance in every normalization.",
                                  [f"{self.path} adds {', '.join(f'{value:.3g}' for value in sorted(epsilons))}."])
        dropout = 0.0 if shared else 0.1  # as the ALBERT and the BERT of TF Hub were trained
        try:
            return BertConfig(
                tokens, width, layers, heads, wide, size, self._activation(operations, layers), dropout, dropout,
                positions, segments, float(f"{epsilons.pop():.6g}"), pad_token_id=self.vocabulary.pad_id,
                model_type=self._family(shared, narrow, width), embedding_size=narrow, share_layers=shared,
                talking_heads="transformer/layer_0/self_attention/pre_softmax_weight" in self._keys,
                gated_feed_forward="transformer/layer_0/gate/kernel" in self._keys,
            )
        except ArgumentError as error:
            first, *others = error.sentences
            raise CheckpointError("A SavedModel must be a BERT encoder of TF Hub.",
                                  [Sentence("{}: {}", self.path, first), *others]) from error

    def _family(self, shared: bool, narrow: int, width: int) -> str:
        """The family in whose names the encoder can be exported to Hugging Face."""
        if "transformer/layer_0/self_attention/pre_softmax_weight" in self._keys:
            return "talking-heads"
        if shared:
            return "albert"
        return "bert" if narrow == width else "electra"

    def _activation(self, operations: Any, layers: int) -> str:
        """The feed-forward activation: of its operations there is at least one per layer."""
        if operations["Erf"] + operations["Erfc"] >= layers > 0:
            return "gelu"
        if operations["Tanh"] >= layers and operations["Pow"] >= layers > 0:
            return "gelu_new"
        if operations["Relu"] >= layers > 0:
            return "relu"
        known = ", ".join(f"{name} ({count})" for name, count in sorted(operations.items())[:8])
        raise CheckpointError("A SavedModel's feed-forward layers must use gelu or relu.",
                              [f"{self.path} applies {known or 'nothing'}."])

    def _vocabulary(self, lower_case: bool | None) -> Vocabulary:
        path = self._model.assets.get("vocab_file") or self._model.assets.get("sp_model_file")
        if path is None:
            raise CheckpointError("A checkpoint must have its vocabulary.",
                                  [f"{self.path} names no vocab_file and no sp_model_file among its assets."])
        if not path.is_file():
            raise CheckpointError("A checkpoint must have its vocabulary.", [f"{path} does not exist."])
        key = self._model.attributes.get("do_lower_case")
        if lower_case is None and key is not None:
            lower_case = bool(np.any(self._file.read(key)))
        if "vocab_file" in self._model.assets:
            return Vocabulary.from_file(path, lower_case)
        return read_sentencepiece(path, lower_case)

    def _check(self) -> None:
        """Compare the variables with the configuration, and read every one."""
        tensors = self._encoder + (self._heads if self.has_heads else [])
        if len(self.vocabulary) != self.config.vocab_size:
            raise CheckpointError(
                "A checkpoint's vocabulary must have as many tokens as its embedding has rows.",
                [f"{self.vocabulary.path} has {len(self.vocabulary):,} tokens; word_embeddings has "
                 f"{self.config.vocab_size:,} rows."],
            )
        expected = {_name(tensor): _shape(tensor, self.config) for tensor in tensors}
        extra = [name for name in self._keys if name not in expected]
        require_tensors(expected, self._shapes, extra, self._file.index, self.path)
        self._file.check_length()
        for tensor in tensors:
            self._read(tensor)

    # -- Reading --------------------------------------------------------------------------------------------

    def _read(self, tensor: Tensor) -> np.ndarray:
        """One variable as Keras has it: without an axis for the heads."""
        return self._file.read_finite(self._keys[_name(tensor)]).reshape(tensor.shape)

    def fill(self, encoder: Any) -> None:
        """Copy every weight into an `Encoder` of this configuration.

        Raises:
            CheckpointError: The files have changed since they were checked.
        """
        positions = encoder.get_layer("Embedding-Position").get_weights()[0].shape[0]
        for layer, values in self._by_layer(self._encoder).items():
            encoder.get_layer(layer).set_weights([values[0][:positions]] if layer == "Embedding-Position" else values)

    def read_heads(self) -> dict[str, list[np.ndarray]]:
        """The weights of the MLM head, by keras-bert's layer names."""
        return self._by_layer(self._heads)

    def _by_layer(self, tensors: list[Tensor]) -> dict[str, list[np.ndarray]]:
        layers: dict[str, list[np.ndarray]] = {}
        for tensor in tensors:
            layers.setdefault(tensor.layer, []).append(self._read(tensor))
        return layers


def _name(tensor: Tensor) -> str:
    """The name of a tensor in TF Hub's BERT.

    >>> _name(encoder_tensors(BertConfig(9, num_hidden_layers=1))[9])
    'transformer/layer_0/self_attention/value/kernel'
    """
    name = tensor.google
    for old, new in _RENAMED:
        name = name.replace(old, new)
    return name


def _shape(tensor: Tensor, config: BertConfig) -> tuple[int, ...]:
    """The shape of a tensor in TF Hub's files, with an axis for the heads."""
    heads = (config.num_attention_heads, config.attention_head_size)
    part, weight = _name(tensor).split("/")[-2:]
    if part in ("query", "key", "value"):
        return (*tensor.shape[:-1], *heads)
    return (*heads, *tensor.shape[1:]) if (part, weight) == ("attention_output", "kernel") else tensor.shape


def _block(name: str) -> tuple[bool, int] | None:
    """Of which layer a variable is, for sorting; None for other variables."""
    match = _PARTS.fullmatch(name)
    return match and (match["scaffold"] is not None, int(match["number"] or match["scaffold"] or 0))


def _plain(name: str, blocks: list[tuple[bool, int]]) -> str:
    """A variable's name as in TF Hub's BERT, layers numbered from 0.

    >>> _plain("transformer_scaffold_7/gated_feedforward_7/output_layer_norm_0/beta", [(False, 0), (True, 7)])
    'transformer/layer_1/output_layer_norm/beta'
    """
    if match := _HEAD.fullmatch(name):
        return match[1]
    match = _PARTS.fullmatch(name)
    if match is None:
        return name.replace("cls_transform/", "pooler_transform/")
    rest = match["rest"]
    if outer := _OUTER.fullmatch(rest):
        attention = "attention" in rest.split("/")[0]
        rest = f"self_attention/{outer['rest']}" if attention else re.sub(r"_0(?=/)", "", outer["rest"])
    return f"transformer/layer_{blocks.index(_block(name))}/{rest}"

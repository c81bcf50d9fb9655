"""The tensors that a BERT checkpoint must hold, and the checks that Google's and Hugging Face's formats share.

`encoder_tensors` is the only table of names: for every weight of the encoder its Keras layer, its names in
Google's and Hugging Face's files, and its shape. Does not open weight files.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bertfit.config import BertConfig
from bertfit.errors import ArgumentError, CheckpointError, Sentence, Value

SIZES = (
    "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act",
    "max_position_embeddings",
)
REQUIRED_KEYS = (*SIZES, "type_vocab_size")
OPTIONAL_KEYS = (
    "hidden_dropout_prob", "attention_probs_dropout_prob", "layer_norm_eps", "initializer_range", "pad_token_id",
)
_MOST_LISTED = 5


@dataclasses.dataclass(frozen=True)
class Tensor:
    """One weight of the model.

    Args:
        layer: The Keras layer that holds it; a layer's tensors follow each other in the layer's own order.
        google: Its name in Google's checkpoints.
        huggingface: Its name in Hugging Face's of BERT, without "bert."; `Family.name` gives that of other families.
        shape: Its shape in Keras and in Google's files.
        transposed: Whether Hugging Face stores the transpose (dense kernels).
        skipped, more: Rows that Hugging Face's tensor has before the first and after the last of ours.
    """

    layer: str
    google: str
    huggingface: str
    shape: tuple[int, ...]
    transposed: bool = False
    skipped: int = 0
    more: int = 0

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Its shape in Hugging Face's files."""
        shape = self.shape[::-1] if self.transposed else self.shape
        return (shape[0] + self.skipped + self.more, *shape[1:])

    def from_stored(self, array: np.ndarray) -> np.ndarray:
        """The array that Hugging Face's files hold, as Keras has it."""
        return array.T if self.transposed else array[self.skipped : self.skipped + self.shape[0]]

    def to_stored(self, array: np.ndarray) -> np.ndarray:
        """The inverse of `from_stored`; rows that we do not have are zeros."""
        array = array.T if self.transposed else array
        if self.skipped:
            array = np.pad(array, ((self.skipped, 0), *(((0, 0),) * (array.ndim - 1))))
        return np.ascontiguousarray(array, np.float32)


def encoder_tensors(config: BertConfig) -> list[Tensor]:
    """Every tensor of an encoder of that configuration, pooler included, in the order of the Keras graph."""
    width, inner = config.hidden_size, config.num_attention_heads * config.attention_head_size
    wide, narrow = config.intermediate_size, config.embedding_size
    tables = (("Token", "word", config.vocab_size, 0), ("Segment", "token_type", config.type_vocab_size, 0),
              ("Position", "position", config.max_position_embeddings, config.position_offset))
    rows = [
        Tensor(f"Embedding-{layer}", f"bert/embeddings/{name}_embeddings", f"embeddings.{name}_embeddings.weight",
               (count, narrow), skipped=skipped)
        for layer, name, count, skipped in tables if count
    ]
    rows += _norm("Embedding-Norm", "embeddings", narrow)
    if narrow != width:
        rows += _dense("Embedding-Mapping", "embeddings_project", narrow, width)
    if config.relative_attention_num_buckets:
        name = "encoder.relative_attention_bias"
        rows.append(Tensor("Embedding-Relative", _google_name(name, "embeddings"), f"{name}.weight",
                           (config.relative_attention_num_buckets, config.num_attention_heads)))
    for i in range(1 if config.share_layers else config.num_hidden_layers):
        block, attention = f"encoder.layer.{i}", f"Encoder-{i + 1}-MultiHeadSelfAttention"
        for part in ("query", "key", "value"):
            rows += _dense(attention, f"{block}.attention.self.{part}", width, inner)
        rows += _dense(attention, f"{block}.attention.output.dense", inner, width)
        for mixing in ("pre_softmax_weight", "post_softmax_weight") if config.talking_heads else ():
            rows.append(Tensor(attention, _google_name(f"{block}.attention.self", mixing),
                               f"{block}.attention.self.{mixing}", (config.num_attention_heads,) * 2))
        rows += _norm(f"{attention}-Norm", f"{block}.attention.output", width)
        rows += _dense(f"Encoder-{i + 1}-FeedForward", f"{block}.intermediate.dense", width, wide)
        rows += _dense(f"Encoder-{i + 1}-FeedForward", f"{block}.output.dense", wide, width)
        if config.gated_feed_forward:
            rows += _dense(f"Encoder-{i + 1}-FeedForward", f"{block}.gate.dense", width, wide)
        rows += _norm(f"Encoder-{i + 1}-FeedForward-Norm", f"{block}.output", width)
    return rows + _dense("NSP-Dense", "pooler.dense", width, width)


def head_tensors(config: BertConfig, nsp: bool = True) -> list[Tensor]:
    """The tensors of Google's MLM and NSP heads, by keras-bert's layer names, in each layer's own order.

    Args:
        config: Sizes of the encoder.
        nsp: Whether there is an NSP head.
    """
    width, narrow, transform = config.hidden_size, config.embedding_size, "cls.predictions.transform"
    rows = [*_dense("MLM-Dense", f"{transform}.dense", width, narrow), *_norm("MLM-Norm", transform, narrow)]
    rows = [dataclasses.replace(tensor, google=tensor.google.removeprefix("bert/")) for tensor in rows]
    rows.append(Tensor("MLM-Sim", "cls/predictions/output_bias", "cls.predictions.bias", (config.vocab_size,)))
    if nsp:  # Google's files hold the transpose of this kernel, too
        rows += [Tensor("NSP", "cls/seq_relationship/output_weights", "cls.seq_relationship.weight", (width, 2), True),
                 Tensor("NSP", "cls/seq_relationship/output_bias", "cls.seq_relationship.bias", (2,))]
    return rows


def _google_name(module: str, weight: str) -> str:
    return f"bert/{module.replace('layer.', 'layer_').replace('.', '/')}/{weight}"


def _dense(layer: str, module: str, rows: int, columns: int) -> list[Tensor]:
    return [
        Tensor(layer, _google_name(module, "kernel"), f"{module}.weight", (rows, columns), transposed=True),
        Tensor(layer, _google_name(module, "bias"), f"{module}.bias", (columns,)),
    ]


def _norm(layer: str, module: str, width: int) -> list[Tensor]:
    module = f"{module}.LayerNorm"
    return [
        Tensor(layer, _google_name(module, "gamma"), f"{module}.weight", (width,)),
        Tensor(layer, _google_name(module, "beta"), f"{module}.bias", (width,)),
    ]


def read_json(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds.

    Raises:
        CheckpointError: The file is missing, or is not one JSON object.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        rule = f"A checkpoint must have a readable {path.name}."
        raise CheckpointError(rule, [f"{path}: {error.strerror}."]) from None
    except (ValueError, RecursionError) as error:  # JSON's and Unicode's errors, and brackets in brackets
        raise CheckpointError(f"{path.name} must be valid JSON.", [f"{path}: {error}."]) from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{path.name} must hold one JSON object.", [f"{path} holds a {type(content).__name__}."])
    return content


def bert_config(
    settings: Mapping[str, Any], path: Path, activations: Mapping[str, str],
    required: Sequence[str] = REQUIRED_KEYS, names: Mapping[str, str] | None = None,
    others: Mapping[str, Any] | None = None,
) -> BertConfig:
    """The `BertConfig` of a checkpoint's settings.

    Args:
        settings: The content of its configuration file; keys that do not affect the encoder are ignored.
        path: That file, for error messages.
        activations: The format's name of each activation -> ours.
        required: Fields that it must give.
        names: Fields -> their keys in the file, where another.
        others: Fields that it does not give -> their values.

    Raises:
        CheckpointError: A key is missing or its value is not valid.
    """
    names, others = names or {}, dict(others or {})
    fields = {name: settings.get(names.get(name, name)) for name in (*required, *OPTIONAL_KEYS)}
    missing = [names.get(name, name) for name in required if fields[name] is None]
    if missing:
        raise CheckpointError(
            f"{path.name} must give every size of the encoder.", [f"{path} has no {', '.join(missing)}."]
        )
    known = {**others, **{name: value for name, value in fields.items() if value is not None}}
    if not isinstance(known["hidden_act"], str) or known["hidden_act"] not in activations:
        raise CheckpointError(
            f"The field `{names.get('hidden_act', 'hidden_act')}` in {path.name} must be one of "
            f"{', '.join(activations)}.",
            [Sentence("{} says {}.", path, Value(known["hidden_act"]))],
        )
    known["hidden_act"] = activations[known["hidden_act"]]
    try:
        return BertConfig(**known)
    except ArgumentError as error:
        first, *more = error.sentences
        raise CheckpointError(f"{path.name} must describe a BERT encoder.",
                              [Sentence("{}: {}", path, first), *more]) from error


def require_tensors(
    expected: Mapping[str, Sequence[int]], found: Mapping[str, Sequence[int]], extra: Sequence[str], file: Path,
    config_file: Path,
) -> None:
    """Compare the tensors of a file with those that the configuration requires, by name and shape.

    Args:
        expected, found: Name -> shape; `found` may have more.
        extra: Names of unknown tensors.
        file, config_file: The files, for error messages.

    Raises:
        CheckpointError: A tensor is missing, has another shape, or is unknown. The message names up to five of each.
    """
    missing = [f"{name} {list(shape)}" for name, shape in expected.items() if name not in found]
    wrong = [
        f"{name} is {list(found[name])}, not {list(shape)}"
        for name, shape in expected.items()
        if name in found and tuple(found[name]) != tuple(shape)
    ]
    details = _listed("Missing", missing) + _listed("Wrong shape", wrong) + _listed("Unknown", list(extra))
    if details:
        raise CheckpointError(
            "A checkpoint must hold exactly the tensors of its configuration.",
            [f"File {file}, configuration {config_file}.", *details],
        )


def _listed(kind: str, names: list[str]) -> list[str]:
    if not names:
        return []
    more = f", and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return [f"{kind}: {'; '.join(names[:_MOST_LISTED])}{more}."]


def damaged(file: Path, tensor: str | None, reason: Any) -> CheckpointError:
    """The error for a weight file with unusable content, in `tensor` if that is known."""
    where = f"{file}, tensor {tensor}" if tensor else str(file)
    return CheckpointError(
        "A checkpoint's weight file must be whole.",
        [f"{where}: {str(reason).rstrip('.')}.", "Download or copy it again."],
    )

"""Sizes of published encoders by name, as data, for pretraining from scratch.

`BertConfig.from_preset` makes a configuration of these sizes, `model.fresh_model` a model with fresh weights. For
Google's trained weights see `checkpoints.registry`, which takes the sizes from here.

What is published about the Korean presets, and what is inferred:

- "kor-small", "kor-tiny" and "kor-mini" reproduce the published parameter totals exactly; the layer sizes of the
  first are inferred from its totals. Their gelu is assumed to be the tanh form, as in Google's code.
- "kor-half" and "kor-full" have the sizes of their system's published configuration files: full is BERT-base, half
  has half its width and heads, at the same depth. Their gelu is PyTorch's, which is exact.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any

from bertfit.config.pretraining import PretrainHeads
from bertfit.errors import ArgumentError, Sentence, Value

#: 8,000 SentencePiece pieces and seven special tokens.
KOREAN_VOCABULARY = 8007

_BASE, _LARGE = (12, 768, 12), (24, 1024, 16)
#: Google's encoders: layers, hidden size, heads, vocabulary size. The feed-forward width is 4 times the hidden size.
GOOGLE: dict[str, tuple[int, int, int, int]] = {
    "bert-base-uncased": (*_BASE, 30522),
    "bert-base-cased": (*_BASE, 28996),
    "bert-large-uncased": (*_LARGE, 30522),
    "bert-large-cased": (*_LARGE, 28996),
    "bert-large-uncased-wwm": (*_LARGE, 30522),
    "bert-large-cased-wwm": (*_LARGE, 28996),
    "bert-base-multilingual-cased": (*_BASE, 119547),
    "bert-base-multilingual-uncased": (*_BASE, 105879),
    "bert-base-chinese": (*_BASE, 21128),
    **{
        f"bert-uncased-l{layers}-h{width}": (layers, width, width // 64, 30522)
        for layers in (2, 4, 6, 8, 10, 12)
        for width in (128, 256, 512, 768)
    },
}

#: Other common names of some of these.
ALIASES: dict[str, str] = {
    "bert-tiny-uncased": "bert-uncased-l2-h128",
    "bert-mini-uncased": "bert-uncased-l4-h256",
    "bert-small-uncased": "bert-uncased-l4-h512",
    "bert-medium-uncased": "bert-uncased-l8-h512",
    "bert-large-uncased-whole-word-masking": "bert-large-uncased-wwm",
    "bert-large-cased-whole-word-masking": "bert-large-cased-wwm",
}


@dataclasses.dataclass(frozen=True)
class Preset:
    """The sizes of a published encoder.

    Args:
        name: The name that `from_preset` and R's `bert_config()` take.
        settings: Arguments of `BertConfig`, vocab_size included.
        heads: Forms of the published model's pretraining heads.
    """

    name: str
    settings: Mapping[str, Any]
    heads: PretrainHeads


def _preset(name: str, heads: PretrainHeads, vocab: int, layers: int, width: int, count: int, head: int, inner: int,
            positions: int, **others: Any) -> Preset:
    return Preset(name, {
        "vocab_size": vocab, "hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": count,
        "attention_head_size": head, "intermediate_size": inner, "max_position_embeddings": positions, **others,
    }, heads)


def _google(name: str) -> Preset:
    layers, width, heads, vocab = GOOGLE[name]
    return _preset(name, PretrainHeads(), vocab, layers, width, heads, width // heads, 4 * width, 512)


def _korean(name: str, *sizes: int, **others: Any) -> Preset:
    return _preset(name, PretrainHeads(mlm="tied", nsp="plain"), KOREAN_VOCABULARY, *sizes, **others)


_KERAS = {"layer_norm_eps": 1e-3, "hidden_act": "gelu_new"}
_PYTORCH = {"layer_norm_eps": 1e-12, "hidden_act": "gelu"}

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (
    #                    layers, width, heads, head size, feed-forward, positions
    _korean("kor-small", 3, 256, 4, 64, 1024, 256, **_KERAS),
    _korean("kor-tiny", 2, 128, 4, 16, 256, 128, **_KERAS),
    _korean("kor-mini", 2, 128, 4, 32, 512, 128, **_KERAS),
    _korean("kor-half", 12, 384, 6, 64, 1536, 512, **_PYTORCH),
    _korean("kor-full", 12, 768, 12, 64, 3072, 512, **_PYTORCH),
    *map(_google, GOOGLE),
)}  # fmt: skip


def find(name: str) -> Preset:
    """The preset with that name or alias (`ALIASES`); case does not matter.

    Raises:
        ArgumentError: There is no such preset; the message suggests similar names.

    >>> find("kor-tiny").settings["attention_head_size"], find("bert-tiny-uncased").name
    (16, 'bert-uncased-l2-h128')
    """
    if not isinstance(name, str):
        raise ArgumentError("The name of a preset must be one string.", received=name)
    key = ALIASES.get(name.lower(), name.lower())
    if key not in PRESETS:
        near = difflib.get_close_matches(key, [*PRESETS, *ALIASES], n=4, cutoff=0.5)
        hint = f"Did you mean {', '.join(near)}?" if near else f"Known are {', '.join(list(PRESETS)[:6])}, ..."
        raise ArgumentError("A preset must be one of the known names.",
                            [Sentence("There is no preset {}.", Value(name)), hint])
    return PRESETS[key]

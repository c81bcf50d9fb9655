"""A model with random weights: sizes from a configuration, tokens from a vocabulary.

Weights are drawn from a truncated normal (standard deviation `BertConfig.initializer_range`, 0.02 by default), biases
are 0 and the scales of normalizations 1, as in Google's modeling.py. Does not pretrain: see `training.pretraining`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from bertfit import _env
from bertfit.checkpoints import registry
from bertfit.config import BertConfig, PretrainHeads, presets
from bertfit.errors import Arg, ArgumentError, Sentence
from bertfit.model.model import Model
from bertfit.network import Encoder
from bertfit.settings import is_whole, require
from bertfit.text import Vocabulary


def fresh_model(
    config: BertConfig | str | Mapping[str, Any],
    vocabulary: Vocabulary | str | os.PathLike | bytes | bytearray,
    *,
    seed: int | None = None,
    name: str | None = None,
    heads: PretrainHeads | None = None,
    lower_case: bool | None = None,
) -> Model:
    """Make a model with random weights.

    Args:
        config: Its sizes: a `BertConfig`, the name of a preset, or some of `BertConfig`'s fields. For a name, and for
            fields without vocab_size, vocab_size is the vocabulary's.
        vocabulary: The vocabulary, the path of its file, or the file's bytes.
        seed: Seed of the weights, a whole number; None draws one.
        name: What to call the model; None for the preset's name, or "bert".
        heads: Forms of pretraining heads to add. None adds those of a preset whose heads differ from Google's, and
            otherwise none: `pretrain` adds Google's.
        lower_case: For a WordPiece file, whether texts are lower-cased; None infers it from the tokens.

    Returns:
        A `Model` without a task's head.

    Raises:
        ArgumentError: The configuration's vocab_size is not the vocabulary's, its weights do not fit into memory, or a
            value is not allowed.
        VocabularyError: The file is not a vocabulary.

    >>> model = fresh_model("kor-tiny", "vocab.model", seed=1)  # doctest: +SKIP
    """
    words = _vocabulary(vocabulary, lower_case)
    require(seed is None or is_whole(seed, 0, 2**31 - 1),
            "seed", "a whole number between 0 and 2147483647", seed, or_none=True)
    if isinstance(config, str):
        preset = presets.find(config)
        name, heads = name or preset.name, heads or (preset.heads if preset.heads != PretrainHeads() else None)
        config = BertConfig.from_preset(config, vocab_size=len(words), pad_token_id=words.pad_id)
    elif isinstance(config, Mapping):
        config = BertConfig(**{"vocab_size": len(words), "pad_token_id": words.pad_id, **config})
    elif not isinstance(config, BertConfig):
        raise ArgumentError("must be a configuration or the name of a preset.", argument="config", received=config)
    if config.vocab_size != len(words):
        raise ArgumentError(Sentence("{} and {} must have the same number of entries.", Arg("config"), Arg("vocab")),
                            [f"`vocab_size` is {config.vocab_size:,}; {words.name} has {len(words):,}.",
                             f"Make the configuration with vocab_size = {len(words)}."])
    if config.pad_token_id != words.pad_id:
        config = dataclasses.replace(config, pad_token_id=words.pad_id)
    _check_memory(config)
    seed = _env.draw_seed(seed)
    model = Model(name or "bert", config, words, Encoder(config, seed=seed),
                  {"kind": "fresh", "path": None, "sha256": None, "seed": seed})
    if heads is not None:
        model.add_pretraining(heads, seed)
    return model


def _check_memory(config: BertConfig) -> None:
    """Refuse what cannot fit: Linux promises more memory than there is, and ends the process that uses it."""
    try:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows, or a system without these names
        return
    weights = registry.count_parameters(config)
    if 4 * weights > there:
        raise ArgumentError("must be a model whose weights fit into memory.",
                            [f"Its {weights:,} weights take {4 * weights / 2**30:,.0f} GiB, "
                             f"this machine has {there / 2**30:,.0f} GiB."], argument="config")


def _vocabulary(vocabulary, lower_case: bool | None) -> Vocabulary:
    if isinstance(vocabulary, Vocabulary):
        if lower_case not in (None, vocabulary.lower_case):
            raise ArgumentError("must be left out where the vocabulary is open already.", argument="lower_case")
        return vocabulary
    if isinstance(vocabulary, (bytes, bytearray, memoryview)):
        return Vocabulary.from_bytes(bytes(vocabulary), lower_case)
    if isinstance(vocabulary, (str, os.PathLike)):
        return Vocabulary.from_file(os.path.expanduser(os.fspath(vocabulary)), lower_case)
    raise ArgumentError("must be a vocabulary or the path of one.", argument="vocab", received=vocabulary)

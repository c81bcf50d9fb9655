"""Export a model for other programs: as Google's checkpoint files, or as a Hugging Face folder.

`export` raises an error for a model whose outputs would differ in the format (another activation, attention heads that
do not add up to the width, a task's head of another form). The folder is written completely or not at all. What a
Hugging Face folder holds is decided in `model.huggingface_folder`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bertfit import _env
from bertfit.checkpoints import encoder_tensors, head_tensors
from bertfit.errors import ArgumentError, BundleError
from bertfit.model.huggingface_folder import (
    huggingface_reasons,
    output_layer,
    vocabulary_lines,
    with_values,
    write_huggingface,
    write_json,
)
from bertfit.model.model import Model
from bertfit.system import replacement

FORMATS = ("google", "huggingface")


def export(model: Model, path: str | os.PathLike, format: str) -> str:
    """Write a model for another program.

    Args:
        model: Loaded, pretrained or fitted.
        path: The folder to make; an existing one must be empty.
        format: "google" (bert_config.json, bert_model.ckpt.*, vocab.txt, for keras-bert and Google's code; plain BERT
            only) or "huggingface" (config.json, model.safetensors, tokenizer_config.json, and vocab.txt or
            tokenizer.json, for transformers), in the model's own family.

    Returns:
        The absolute path.

    Raises:
        ArgumentError: The format cannot hold this model, or `path` is not an empty folder.
        DiskError: The disk is full.
        BundleError: The files cannot be written.

    MLM and NSP heads of the format's form are exported, unless the model is fitted. A fitted model becomes a sequence
    classifier, if its head has the form of its family's: a binary task has two logits, of which the first is always 0;
    a regression predicts in the target's own units.

    Example:
        >>> export(model, "for-transformers", "huggingface")  # doctest: +SKIP
    """
    if format not in FORMATS:
        raise ArgumentError('must be "google" or "huggingface".', argument="format", received=format)
    if reasons := (_google_reasons if format == "google" else huggingface_reasons)(model):
        raise ArgumentError(f"must be one that the {format} format can hold.", reasons, argument="model")
    target = Path(os.path.realpath(path))
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ArgumentError("must be a new or empty folder.", [f"{target} is not."], argument="path")
    write: Callable[[Model, Path], None] = _write_google if format == "google" else write_huggingface
    try:
        with replacement(target) as draft:
            write(model, draft)
    except OSError as error:
        raise BundleError("The model could not be exported.", [f"{target}: {error.strerror or error}."]) from error
    return str(target)


def _google_reasons(model: Model) -> list[str]:
    """Why Google's code would compute something else, or could not read the files."""
    config, heads, reasons = model.config, model.pretrain_heads, []
    if config.model_type != "bert" or not config.is_plain:
        reasons.append(f"Its encoder is of the family {config.model_type}; Google's format holds BERT as published.")
    if model.vocabulary.type == "tokenizers":
        reasons.append("Its vocabulary is neither WordPiece nor SentencePiece.")
    if config.attention_head_size * config.num_attention_heads != config.hidden_size:
        reasons.append(f"Heads of size {config.attention_head_size} times {config.num_attention_heads} are not "
                       f"the width {config.hidden_size}.")
    if config.hidden_act == "gelu":
        reasons.append("Its activation is the exact gelu; Google's code computes the tanh form.")
    if config.layer_norm_eps > 1e-10:
        reasons.append(f"layer_norm_eps is {config.layer_norm_eps}; Google's code has 1e-12.")
    if heads is not None and not model.fitted and (heads.mlm, heads.nsp) != ("transform", "google"):
        reasons.append(f"Its MLM and NSP heads have another form ({heads.mlm}, {heads.nsp}).")
    if model.fitted and (model.head_config.hidden or model.head_config.pooling != "nsp"):
        reasons.append("Its head has hidden layers or another pooling than the format's classifier.")
    return reasons


def _write_google(model: Model, folder: Path) -> None:
    tf, config = _env.tensorflow(), model.config
    (folder / "vocab.txt").write_bytes(vocabulary_lines(model.vocabulary))
    keys = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
            "hidden_dropout_prob", "attention_probs_dropout_prob", "type_vocab_size", "initializer_range")
    act = {"gelu_new": "gelu"}.get(config.hidden_act, config.hidden_act)
    write_json(folder / "bert_config.json", {**{key: getattr(config, key) for key in keys},
                                             "max_position_embeddings": model.max_len, "hidden_act": act})
    table = encoder_tensors(config)
    if model.pretraining is not None and not model.fitted:
        table = table + head_tensors(config)
    arrays = {tensor.google: array.T if tensor.google == "cls/seq_relationship/output_weights" else array
              for tensor, array in with_values(table, model)}
    if model.fitted:
        kernel, arrays["output_bias"] = output_layer(model)
        arrays["output_weights"] = kernel.T
    names = list(arrays)
    tf.raw_ops.SaveV2(prefix=str(folder / "bert_model.ckpt"), tensor_names=names, shape_and_slices=[""] * len(names),
                      tensors=[tf.constant(np.ascontiguousarray(arrays[name])) for name in names])

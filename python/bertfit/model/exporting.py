"""Export a model for other programs: as Google's checkpoint files, or as a Hugging Face folder.

`export` raises an error for a model whose outputs would differ in the format (another activation, attention heads that
do not add up to the width, a task's head with hidden layers). The folder is written completely or not at all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bertfit import _env
from bertfit.checkpoints import Tensor, encoder_tensors, head_tensors
from bertfit.errors import ArgumentError, BundleError
from bertfit.model.model import Model
from bertfit.system import replacement

FORMATS = ("google", "huggingface")


def export(model: Model, path: str | os.PathLike, format: str) -> str:
    """Write a model for another program.

    Args:
        model: Loaded, pretrained or fitted.
        path: The folder to make; an existing one must be empty.
        format: "google" (bert_config.json, bert_model.ckpt.*, vocab.txt, for keras-bert and Google's code) or
            "huggingface" (config.json, model.safetensors, vocab.txt, tokenizer_config.json, for transformers).

    Returns:
        The absolute path.

    Raises:
        ArgumentError: The format cannot hold this model, or `path` is not an empty folder.
        DiskError: The disk is full.
        BundleError: The files cannot be written.

    MLM and NSP heads of Google's form are exported, unless the model is fitted. A fitted model becomes a sequence
    classifier: a binary task has two logits, of which the first is always 0; a regression predicts in the target's
    own units.

    Example:
        >>> export(model, "for-transformers", "huggingface")  # doctest: +SKIP
    """
    if format not in FORMATS:
        raise ArgumentError('must be "google" or "huggingface".', argument="format", received=format)
    _check_format(model, format)
    target = Path(os.path.realpath(path))
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ArgumentError("must be a new or empty folder.", [f"{target} is not."], argument="path")
    write: Callable[[Model, Path], None] = _write_google if format == "google" else _write_huggingface
    try:
        with replacement(target) as draft:
            (draft / "vocab.txt").write_bytes(_vocabulary_lines(model))
            write(model, draft)
    except OSError as error:
        raise BundleError("The model could not be exported.", [f"{target}: {error.strerror or error}."]) from error
    return str(target)


def _check_format(model: Model, format: str) -> None:
    """Check that the exported model would give the same outputs."""
    config, reasons = model.config, []
    if config.attention_head_size * config.num_attention_heads != config.hidden_size:
        reasons.append(f"Heads of size {config.attention_head_size} times {config.num_attention_heads} are not "
                       f"the width {config.hidden_size}.")
    if format == "google" and config.hidden_act == "gelu":
        reasons.append("Its activation is the exact gelu; Google's code computes the tanh form.")
    if format == "google" and config.layer_norm_eps > 1e-10:
        reasons.append(f"layer_norm_eps is {config.layer_norm_eps}; Google's code has 1e-12.")
    heads = model.pretrain_heads
    if heads is not None and not model.fitted and (heads.mlm, heads.nsp) != ("transform", "google"):
        reasons.append(f"Its MLM and NSP heads have another form ({heads.mlm}, {heads.nsp}).")
    if model.fitted and (model.head_config.hidden or model.head_config.pooling != "nsp"):
        reasons.append("Its head has hidden layers or another pooling than the format's classifier.")
    if reasons:
        raise ArgumentError(f"must be one that the {format} format can hold.", reasons, argument="model")


def _vocabulary_lines(model: Model) -> bytes:
    """One token per line: the file itself for WordPiece, the list of pieces for SentencePiece."""
    data = model.vocabulary.to_bytes()
    if getattr(model.vocabulary, "type", "wordpiece") == "wordpiece":
        return data
    return ("\n".join(model.vocabulary.tokens) + "\n").encode()


def _tensors(model: Model) -> list[tuple[Tensor, np.ndarray]]:
    """The tensors of the encoder and of the exported MLM and NSP heads, with their values as Keras stores them."""
    table = encoder_tensors(model.config)
    if model.pretraining is not None and not model.fitted:
        table = table + head_tensors(model.config)
    weights = {name: iter(arrays) for name, arrays in model.weights().items()}
    return [(tensor, next(weights[tensor.layer])) for tensor in table]


def _classifier(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """A fitted model's output layer as the format has it: kernel [labels, H] and bias [labels]."""
    kernel, bias = model.head.get_layer("output").get_weights()
    if model.task.kind == "binary":  # softmax of (0, z) is the sigmoid of z
        kernel, bias = np.pad(kernel, ((0, 0), (1, 0))), np.pad(bias, (1, 0))
    if model.task.kind == "regression":
        kernel, bias = kernel * model.task.scale, bias * model.task.scale + model.task.center
    return np.ascontiguousarray(kernel.T, np.float32), np.asarray(bias, np.float32)


def _common_config(model: Model) -> dict[str, Any]:
    keys = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
            "hidden_dropout_prob", "attention_probs_dropout_prob", "type_vocab_size", "initializer_range")
    settings = model.config.to_dict()
    return {**{key: settings[key] for key in keys}, "max_position_embeddings": model.max_len}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _write_google(model: Model, folder: Path) -> None:
    tf = _env.tensorflow()
    act = {"gelu_new": "gelu"}.get(model.config.hidden_act, model.config.hidden_act)
    _write_json(folder / "bert_config.json", {**_common_config(model), "hidden_act": act})
    arrays = {tensor.google: array.T if tensor.google == "cls/seq_relationship/output_weights" else array
              for tensor, array in _tensors(model)}
    if model.fitted:
        arrays["output_weights"], arrays["output_bias"] = _classifier(model)
    names = list(arrays)
    tf.raw_ops.SaveV2(prefix=str(folder / "bert_model.ckpt"), tensor_names=names, shape_and_slices=[""] * len(names),
                      tensors=[tf.constant(np.ascontiguousarray(arrays[name])) for name in names])


def _write_huggingface(model: Model, folder: Path) -> None:
    import safetensors.numpy

    plain_encoder = not model.fitted and model.pretraining is None
    prefix = "" if plain_encoder else "bert."
    arrays = {}
    for tensor, array in _tensors(model):
        name = tensor.huggingface if tensor.huggingface.startswith("cls.") else prefix + tensor.huggingface
        arrays[name] = np.ascontiguousarray(array.T if tensor.transposed else array)
    config = {
        "architectures": ["BertModel" if plain_encoder else "BertForPreTraining"], "model_type": "bert",
        **_common_config(model), "hidden_act": model.config.hidden_act,
        "layer_norm_eps": model.config.layer_norm_eps, "pad_token_id": model.config.pad_token_id,
        "position_embedding_type": "absolute",
    }
    if model.fitted:
        arrays["classifier.weight"], arrays["classifier.bias"] = _classifier(model)
        kinds = {"multilabel": "multi_label_classification", "regression": "regression"}
        labels = dict(enumerate(model.task.labels))
        config.update({
            "architectures": ["BertForSequenceClassification"],
            "id2label": {str(i): name for i, name in labels.items()},
            "label2id": {name: i for i, name in labels.items()},
            "problem_type": kinds.get(model.task.kind, "single_label_classification"),
        })
    _write_json(folder / "config.json", config)
    _write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "BertTokenizer", "do_lower_case": model.vocabulary.lower_case,
        "model_max_length": model.max_len,
    })
    safetensors.numpy.save_file(arrays, str(folder / "model.safetensors"), {"format": "pt"})

"""A model as a Hugging Face folder: config.json, model.safetensors and the tokenizer's files, in its own family.

`huggingface_reasons` says why a model cannot be held; `write_huggingface` writes one that can.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from bertfit.checkpoints import Tensor, encoder_tensors, families, head_tensors
from bertfit.errors import CheckpointError
from bertfit.model.model import Model
from bertfit.text import Vocabulary

_PROBLEMS = {"multilabel": "multi_label_classification", "regression": "regression"}
#: Types of vocabulary whose file goes along as it is -> its name, by family.
_PIECES = {"albert": "spiece.model", "camembert": "sentencepiece.bpe.model", "xlm-roberta": "sentencepiece.bpe.model"}


def huggingface_reasons(model: Model) -> list[str]:
    """Why transformers would compute something else; [] if it computes the same."""
    config, family = model.config, families.FAMILIES.get(model.config.model_type)
    if family is None:
        return [f"Its family is {config.model_type}; the format holds {', '.join(families.FAMILIES)}."]
    if config.attention_head_size * config.num_attention_heads != config.hidden_size:
        return [f"Heads of size {config.attention_head_size} times {config.num_attention_heads} are not "
                f"the width {config.hidden_size}."]
    reasons = [f"{name} is {mine}; a {family.model_type} of transformers has {theirs}."
               for name, mine, theirs in _differences(family, _as_long(model))]
    heads = model.pretrain_heads
    if heads is not None and not model.fitted:
        nsp = ("google", "none") if family.nsp else ("none",)
        if heads.mlm != "transform" or heads.nsp not in nsp:
            reasons.append(f"Its MLM and NSP heads have another form ({heads.mlm}, {heads.nsp}).")
        if family.mlm_activation not in (None, config.hidden_act):
            reasons.append(f"The MLM head of a {family.model_type} has the activation {family.mlm_activation}, "
                           f"its own {config.hidden_act}.")
    if model.fitted and not _head_fits(model, family):
        reasons += ["Its head has hidden layers or another pooling than the format's classifier.",
                    _form(family, config.hidden_size)]
    return reasons


def _as_long(model: Model):
    """The configuration with the positions that the model has."""
    return dataclasses.replace(model.config, max_position_embeddings=model.max_len)


def _differences(family: families.Family, config) -> list[tuple[str, Any, Any]]:
    """Fields of the configuration that come back otherwise from a config.json: name, value, value that comes back."""
    settings = json.loads(json.dumps(family.write(config)))
    try:
        again = family.read(settings, Path("config.json"))
    except CheckpointError as error:
        return [("config.json", "one that cannot be read", " ".join(map(str, error.details)))]
    return [(field.name, getattr(config, field.name), getattr(again, field.name))
            for field in dataclasses.fields(config)
            if getattr(config, field.name) != getattr(again, field.name)]


def _head_fits(model: Model, family: families.Family) -> bool:
    mine, theirs = model.head_config, family.classifier.head(model.config, {})
    same = (mine.hidden, mine.pooling, mine.layers) == (theirs.hidden, theirs.pooling, theirs.layers)
    return same and (not mine.hidden or mine.activation == theirs.activation)


def _form(family: families.Family, width: int) -> str:
    form = family.classifier
    if form.dense is None:
        return f'A {family.model_type} classifier has the pooling "{form.pooling}" and no hidden layers.'
    return (f'A {family.model_type} classifier has the pooling "{form.pooling}" and one hidden layer of {width} units '
            f'with the activation "{form.activation}".')


def with_values(table: list[Tensor], model: Model) -> list[tuple[Tensor, np.ndarray]]:
    """Tensors with their values, as Keras has them."""
    weights = {name: iter(arrays) for name, arrays in model.weights().items()}
    return [(tensor, next(weights[tensor.layer])) for tensor in table]


def output_layer(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """A fitted model's output layer with a logit per label: kernel [H, labels] and bias [labels]."""
    kernel, bias = model.head.get_layer("output").get_weights()
    if model.task.kind == "binary":  # softmax of (0, z) is the sigmoid of z
        kernel, bias = np.pad(kernel, ((0, 0), (1, 0))), np.pad(bias, (1, 0))
    if model.task.kind == "regression":
        kernel, bias = kernel * model.task.scale, bias * model.task.scale + model.task.center
    return np.asarray(kernel, np.float32), np.asarray(bias, np.float32)


def vocabulary_lines(vocabulary: Vocabulary) -> bytes:
    """One token per line: the file itself for WordPiece, the list of pieces for SentencePiece."""
    if vocabulary.file_name == "vocab.txt":
        return vocabulary.to_bytes()
    return ("\n".join(vocabulary.tokens) + "\n").encode()


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file as transformers does."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_huggingface(model: Model, folder: Path) -> None:
    """Write the files of a model without `huggingface_reasons` to an empty folder."""
    import safetensors.numpy

    family = families.FAMILIES[model.config.model_type]
    config = family.write(_as_long(model))
    arrays, kind = _arrays(model, family)
    if model.fitted:
        labels = list(model.task.labels)
        config.update({
            "id2label": {str(i): name for i, name in enumerate(labels)},
            "label2id": {name: i for i, name in enumerate(labels)},
            "problem_type": _PROBLEMS.get(model.task.kind, "single_label_classification"),
        })
        if (rate := family.classifier.dropout[0]) not in config:
            config[rate] = model.head_config.dropout
    write_json(folder / "config.json", {"architectures": [f"{family.model}{kind}"], **config})
    safetensors.numpy.save_file(arrays, str(folder / "model.safetensors"), {"format": "pt"})
    _write_vocabulary(model, family, folder)


def _arrays(model: Model, family: families.Family) -> tuple[dict[str, np.ndarray], str]:
    """The tensors by their names in the file, and the kind of model in transformers' class name."""
    config = _as_long(model)
    pooler = family.pooler and not (model.fresh_pooler and not (model.fitted and model.head_config.pooling == "nsp"))
    encoder = [tensor for tensor in encoder_tensors(config) if pooler or tensor.layer != "NSP-Dense"]
    heads: list[Tensor] = []
    kind = "Model"
    if model.fitted:
        kind = "ForSequenceClassification"
    elif model.pretraining is not None:
        nsp = model.pretrain_heads.nsp == "google"
        heads, kind = head_tensors(config, nsp), "ForPreTraining" if nsp else "ForMaskedLM"
    prefix = "" if kind == "Model" else f"{family.prefix}."
    values = with_values([*encoder, *heads], model)
    arrays = {("" if tensor in heads else prefix) + family.name(tensor.huggingface): tensor.to_stored(array)
              for tensor, array in values}
    if model.fitted:
        form = family.classifier.tensors(config, len(model.task.labels))
        stored = {**{layer.name: layer.get_weights() for layer in model.head.layers}, "output": output_layer(model)}
        layers = {name: iter(weights) for name, weights in stored.items()}
        arrays |= {tensor.huggingface: tensor.to_stored(next(layers[tensor.layer])) for tensor in form}
    return arrays, kind


def _write_vocabulary(model: Model, family: families.Family, folder: Path) -> None:
    vocabulary, special = model.vocabulary, model.vocabulary.special
    name = vocabulary.file_name
    config: dict[str, Any] = {"tokenizer_class": family.tokenizer, "model_max_length": model.max_len}
    if name == "tokenizer.json":  # it says everything, whatever the class
        config["tokenizer_class"] = "PreTrainedTokenizerFast"
        config.update(bos_token=special.cls, eos_token=special.sep)
        (folder / name).write_bytes(vocabulary.to_bytes())
    elif vocabulary.type == "sentencepiece" and family.model_type in _PIECES:
        (folder / _PIECES[family.model_type]).write_bytes(vocabulary.to_bytes())
    else:
        config["do_lower_case"] = vocabulary.lower_case
        (folder / "vocab.txt").write_bytes(vocabulary_lines(vocabulary))
    named = {"pad_token": special.pad, "unk_token": special.unk, "cls_token": special.cls, "sep_token": special.sep,
             "mask_token": special.mask}
    config.update({key: token for key, token in named.items() if token is not None})
    write_json(folder / "tokenizer_config.json", config)

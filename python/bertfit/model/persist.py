"""Save a model as a bundle and load it: the meaning of the fields and files of a saved model.

`save` and `load` use a directory, `to_bytes` and `from_bytes` a bytearray with the same four files. `model.bundle`
writes and verifies the files. A model that was loaded but never fitted is saved in the same way, without a task and a
head.

Weights are named "<layer>/<index>" in model.safetensors: the layer's name in the graph (keras-bert's) and the index
of the weight in that layer. Loading builds the graph from the description with bertfit's own code; a bundle contains
no code.
"""

from __future__ import annotations

import csv
import functools
import importlib.metadata
import io
import os
import platform
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bertfit.config import BertConfig, HeadConfig, PretrainHeads, Task
from bertfit.errors import BertfitError, BundleError
from bertfit.model import bundle
from bertfit.system import free_beside
from bertfit.text import Vocabulary

if TYPE_CHECKING:
    from bertfit.model.model import Model
    from bertfit.model.unbuilt import Unbuilt

FIELDS = {
    "name", "task", "max_len", "lower_case", "config", "head", "pretraining", "frozen", "provenance", "packages",
    "record",
}
PACKAGES = ("bertfit", "tensorflow", "tf-keras", "keras-bert", "numpy")


def save(model: Model, path: str | os.PathLike, overwrite: bool = False) -> str:
    """Save a model as a bundle: a directory of four files.

    Args:
        model: Loaded or fitted.
        path: The directory to make; missing parents are made, too.
        overwrite: Replace a bundle at `path`, in one step.

    Returns:
        The absolute path.

    Raises:
        ArgumentError: `path` exists and may not be replaced.
        DiskError: The disk is full.
        BundleError: The files cannot be written.

    Example:
        >>> load(save(model, "spam-model")).name == model.name  # doctest: +SKIP
        True
    """
    return bundle.write_directory(path, _describe(model), _parts(model), overwrite)


def keep(model: Model, path: str | os.PathLike) -> str | None:
    """Save a model that could not be saved at `path` beside it, or else in the temporary folder or at home.

    Returns:
        Where it is, a new folder; None if it could be saved nowhere.
    """
    target = Path(os.path.realpath(path))
    for folder in (target.parent, Path(tempfile.gettempdir()), Path.home()):
        try:
            return save(model, free_beside(folder / target.name))
        except BertfitError:
            continue
    return None


def load(path: str | os.PathLike) -> Model:
    """Load a bundle; the model predicts as it did when saved.

    Args:
        path: The bundle's directory.

    Raises:
        BundleError: The bundle is missing, incomplete, altered, or of a newer format. The error names the file and
            the difference.
    """
    description, files = bundle.read_directory(path, FIELDS)
    place = os.path.abspath(os.fspath(path))
    vocabulary_file = _vocabulary_of(files)
    with _ReadErrors(place):
        import safetensors

        with safetensors.safe_open(str(files["model.safetensors"]), framework="numpy") as tensors:
            model = _build(description, vocabulary_file.read_bytes(), files["history.csv"].read_bytes(),
                           {name: functools.partial(tensors.get_tensor, name) for name in tensors.keys()},  # noqa: SIM118
                           place, str(vocabulary_file.absolute()))
    return model


def to_bytes(model: Model | Unbuilt) -> bytearray:
    """The bundle's files as one uncompressed tar, which R stores in its model objects so that saveRDS() works.

    Of an `Unbuilt` model, which must be complete, TensorFlow is not started.
    """
    return bundle.write_bytes(_describe(model), _parts(model))


def from_bytes(data: bytes | bytearray | memoryview) -> Model:
    """Load a model from the result of `to_bytes`.

    Raises:
        BundleError: The data are truncated, altered, or of a newer format.
    """
    description, files = bundle.read_bytes(data, FIELDS)
    with _ReadErrors(bundle.IN_MEMORY):
        import safetensors.numpy

        tensors = safetensors.numpy.load(files.pop("model.safetensors"))
        return _build(description, _vocabulary_of(files), files["history.csv"],
                      {name: functools.partial(tensors.__getitem__, name) for name in tensors}, None, None)


def origin(model: Model) -> dict[str, Any]:
    """Name, kind and sha256 of the checkpoint that training started from, and of one of the hub its id and commit.

    They are kept when a model is saved and refitted.
    """
    known = model.source.get("origin") or {"name": model.name, **model.source}
    # Without the path, which would tell others about the folders of this machine.
    return {**{key: known.get(key) for key in ("name", "kind", "sha256")},
            **{key: known[key] for key in ("repository", "revision") if known.get(key)}}


# -- Writing --------------------------------------------------------------------------------------------

def _describe(model: Model) -> dict[str, Any]:
    record = {key: value for key, value in model.record.items() if key != "history"}
    if model.fresh_pooler:
        record["fresh_pooler"] = True
    return {
        **({} if _is_first_format(model) else {"format_version": bundle.FORMAT_VERSION}),
        "name": model.name,
        "task": model.task.to_dict() if model.fitted else None,
        "max_len": model.max_len,
        "lower_case": model.vocabulary.lower_case,
        "config": model.config.to_dict(),
        "head": model.head_config.to_dict() if model.fitted else None,
        "pretraining": None if model.pretraining is None else model.pretrain_heads.to_dict(),
        "frozen": [name for name, layer in model.weighted_layers().items() if not layer.trainable],
        "provenance": origin(model),
        "packages": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        "record": record,
    }


def _is_first_format(model: Model) -> bool:
    """Whether versions of bertfit that read format 1 only compute the same from what `_describe` says."""
    nsp = "google" if model.pretrain_heads is None else model.pretrain_heads.nsp
    return model.config.is_plain and nsp != "none" and model.vocabulary.file_name in ("vocab.txt", "vocab.model")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _parts(model: Model) -> dict[str, bundle.Writer]:
    import safetensors.numpy

    def weights(file) -> None:
        tensors = {f"{layer}/{i}": np.ascontiguousarray(array, np.float32)
                   for layer, arrays in model.weights().items() for i, array in enumerate(arrays)}
        file.write(safetensors.numpy.save(tensors))

    return {
        model.vocabulary.file_name: lambda file: file.write(model.vocabulary.to_bytes()),
        "model.safetensors": weights,
        "history.csv": lambda file: file.write(_history_to_csv(model.record.get("history") or {})),
    }


def _history_to_csv(history: Mapping[str, Any]) -> bytes:
    columns = {name: bundle.plain(list(values)) for name, values in history.items()}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        # repr() of a float reads back as the same float; None, NaN and infinities are left empty.
        writer.writerow("" if isinstance(v, dict) or v is None else repr(v) for v in row)
    return text.getvalue().encode()


# -- Reading --------------------------------------------------------------------------------------------

def _history_from_csv(data: bytes) -> dict[str, list]:
    rows = list(csv.reader(io.StringIO(data.decode())))
    if not rows or not rows[0]:
        return {}
    return {name: [_number(row[i]) for row in rows[1:]] for i, name in enumerate(rows[0])}


def _number(text: str) -> int | float:
    if not text:
        return float("nan")
    return int(text) if text.lstrip("-").isdigit() else float(text)


class _ReadErrors:
    """Context that turns errors of a description or tensor file with a valid checksum into BundleError."""

    def __init__(self, where: str):
        self.where = where

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if error is None or isinstance(error, BundleError) or not isinstance(error, Exception):
            return
        if type(error).__name__ == "SafetensorError":
            reason = f"model.safetensors in {self.where}: {error}."
        elif isinstance(error, (BertfitError, TypeError, ValueError, KeyError)):
            reason = f"{bundle.DESCRIPTION} in {self.where}: {' '.join(str(error).split())}"
        else:
            return
        raise BundleError("A saved model must describe itself without contradiction.", [reason]) from error


def _vocabulary_of(files: Mapping[str, Any]) -> Any:
    """The vocabulary among the files."""
    return next(files[name] for name in bundle.VOCABULARIES if name in files)


def _build(description, vocabulary: bytes, history: bytes, tensors, path: str | None,
           vocabulary_file: str | None) -> Model:
    from bertfit.model.model import Model
    from bertfit.network import Encoder

    config = BertConfig(**description["config"])
    words = Vocabulary.from_bytes(vocabulary, bool(description["lower_case"]), path=vocabulary_file)
    if len(words) != config.vocab_size:
        raise ValueError(f"{words.file_name} has {len(words)} tokens, vocab_size is {config.vocab_size}.")
    source = {"kind": "bundle", "path": path, "sha256": description["files"]["model.safetensors"]["sha256"],
              "origin": description["provenance"]}
    record = dict(description["record"])
    fresh_pooler = record.pop("fresh_pooler", False) is True
    columns = _history_from_csv(history)
    if columns:
        record["history"] = columns
    encoder = Encoder(config, description["max_len"], fresh=False)
    model = Model(description["name"], config, words, encoder, source, record=record)
    model.fresh_pooler = fresh_pooler
    if description["pretraining"] is not None:
        model.add_pretraining(PretrainHeads(**description["pretraining"]))
    if description["task"] is not None:
        model.add_head(Task(**description["task"]), HeadConfig(**description["head"]))
    _fill(model, tensors, path or bundle.IN_MEMORY)
    for name in description["frozen"]:
        model.weighted_layers()[name].trainable = False
    return model


def _fill(model: Model, tensors: Mapping[str, Any], where: str) -> None:
    """Set every weight of the model; names and shapes must be exactly the model's."""
    def refuse(reason: str):
        raise BundleError("The weights of a saved model must be those of its description.",
                          [f"model.safetensors in {where}: {reason}"])

    layers = model.weighted_layers()
    wanted = {f"{name}/{i}": tuple(w.shape) for name, layer in layers.items() for i, w in enumerate(layer.weights)}
    missing, unknown = sorted(set(wanted) - set(tensors)), sorted(set(tensors) - set(wanted))
    if missing:
        refuse(f"{missing[0]} is missing ({len(missing)} in all).")
    if unknown:
        refuse(f"{unknown[0]} belongs to no layer ({len(unknown)} in all).")
    for name, layer in layers.items():
        arrays = [tensors[f"{name}/{i}"]() for i in range(len(layer.weights))]
        for i, array in enumerate(arrays):
            if array.shape != wanted[f"{name}/{i}"] or array.dtype != np.float32:
                refuse(f"{name}/{i} is {array.dtype} {array.shape}; it must be float32 {wanted[f'{name}/{i}']}.")
        layer.set_weights(arrays)

"""Opening a model by what it is called or by what lies in a folder; fitting and pretraining one from plain values.

The steps that the Python façade (`frames`) and R's boundary (`api`) share. Neither data frames nor
handles are known here. TensorFlow starts with the first thing that needs it, which opening an encoder need not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bertfit import bundle, registry
from bertfit.callbacks import Callback
from bertfit.checkpoint import Checkpoint, open_checkpoint
from bertfit.config import HeadConfig, Task, TrainConfig
from bertfit.download import download
from bertfit.errors import ArgumentError, DownloadError, you_gave
from bertfit.pretrain_config import PretrainConfig, PretrainHeads
from bertfit.pretrain_read import PretrainingData, open_pretraining_data
from bertfit.rows import check_texts
from bertfit.unbuilt import Unbuilt

if TYPE_CHECKING:
    from bertfit.model import Model


def open_model(x: str | os.PathLike, **options) -> Model:
    """As `open_unbuilt`, with the model made."""
    model = open_unbuilt(x, **options)
    return model.build() if isinstance(model, Unbuilt) else model


def open_unbuilt(
    x: str | os.PathLike,
    *,
    name: str | None = None,
    cache_dir: str | os.PathLike | None = None,
    lower_case: bool | None = None,
    max_len: int | None = None,
    download_missing: bool = True,
    progress: Callable[[dict[str, Any]], Any] | None = None,
) -> Model | Unbuilt:
    """Open a bundle, a checkpoint folder, or a model of the registry; every file is read and checked.

    Args:
        x: A folder (bertfit bundle, Google checkpoint, Hugging Face BERT), or a name of the registry. A
            folder that exists goes before a name.
        name: What to call the model; None for the folder's or the registry's name.
        cache_dir: Where downloads live; None for the user's cache.
        lower_case: Whether texts are lower-cased; None to tell by the checkpoint.
        max_len: Keep only this many positions, in tokens; None keeps all.
        download_missing: Fetch a registry model that is not in the cache.
        progress: Told of a download.

    Returns:
        The model; an `Unbuilt` where it takes no TensorFlow to check everything.

    Raises:
        ArgumentError: No such folder or name, or an argument that this kind of model does not take.
        BundleError, CheckpointError, VocabularyError: The files are not what they must be.
        DownloadError: The model is not in the cache and cannot, or must not, be fetched.
    """
    if not isinstance(x, (str, os.PathLike)) or not str(x):
        raise ArgumentError("`x` must be the name of a model or the path of a folder.", [you_gave(x)])
    path = Path(x).expanduser()
    if (path / bundle.DESCRIPTION).is_file():
        return _open_bundle(path, name, lower_case, max_len)
    if path.exists() or (_looks_like_path(str(x)) and not registry.is_known(str(x))):
        return _from_checkpoint(open_checkpoint(path, name=name, lower_case=lower_case), max_len)
    entry = registry.find(str(x))
    if not download_missing and not (registry.folder(entry, cache_dir) / registry.MANIFEST).is_file():
        raise DownloadError("The model must be in the cache when downloading is not allowed.",
                            [f"{entry.name} is not in {registry.cache_path(cache_dir)}.",
                             f'Fetch it once with bert_download("{entry.name}").'])
    folder = download(entry.name, cache_dir, progress=progress)
    lower_case = not entry.cased if lower_case is None else lower_case
    return _from_checkpoint(open_checkpoint(folder, name=name or entry.name, lower_case=lower_case), max_len)


def _from_checkpoint(checkpoint: Checkpoint, max_len: int | None) -> Model | Unbuilt:
    if checkpoint.kind == "huggingface" and checkpoint.heads is None and max_len is None:
        return Unbuilt(checkpoint)
    from bertfit.model import Model

    return Model.from_checkpoint(checkpoint, max_len)


def _looks_like_path(x: str) -> bool:
    return os.sep in x or "/" in x or x.startswith((".", "~"))


def _open_bundle(path: Path, name: str | None, lower_case: bool | None, max_len: int | None) -> Model:
    from bertfit import persist

    model = persist.load(path)
    if lower_case not in (None, model.vocabulary.lower_case):
        raise ArgumentError("`lower_case` must be left out for a saved model.",
                            [f"It was saved with lower_case = {model.vocabulary.lower_case}."])
    if max_len not in (None, model.max_len):
        if model.fitted:
            raise ArgumentError("`max_len` must be left out for a fitted model.",
                                [f"It was saved with {model.max_len} positions."])
        model = model.copy(max_len, heads=True)
    if name is not None:
        model.name = name
    return model


def make_task(kind: str, labels: Sequence[str], targets) -> Task:
    """The task, with the center and scale of a regression's targets (their mean and standard deviation)."""
    if kind != "regression":
        return Task(kind, tuple(labels))
    values = np.asarray(targets, np.float64)
    values = values[np.isfinite(values)]  # what is not finite is refused when the rows are checked
    scale = float(values.std()) if values.size else 1.0
    return Task(kind, tuple(labels), float(values.mean()) if values.size else 0.0, scale if scale > 0 else 1.0)


def fit(
    model: Model,
    texts: Sequence[str],
    targets,
    *,
    task: Task,
    head: HeadConfig,
    config: TrainConfig,
    pairs: Sequence[str] | None = None,
    sample_weights=None,
    validation: tuple | None = None,
    columns: dict[str, Any] | None = None,
    callbacks: Sequence[Callback] = (),
) -> Model:
    """`train.fit_model` on checked texts, with a record of the columns and of where the weights started.

    Args:
        model, texts, targets, task, head, config, pairs, sample_weights, callbacks: As for `fit_model`.
        validation: (texts, pairs or None, targets, weights or None), or None.
        columns: Names of the caller's columns: text, pair, target.

    Returns:
        The new model. Beside what training records, its `record` has `pairs` (whether it was fitted on
        pairs), `columns`, and `metrics`, the measures of the epoch whose weights it holds.
    """
    from bertfit import persist
    from bertfit.train import fit_model

    texts, pairs = check_texts(texts, pairs)
    if validation is not None:
        held_texts, held_pairs = check_texts(validation[0], validation[1])
        validation = (held_texts, held_pairs, *validation[2:])
    fitted = fit_model(model, texts, targets, task=task, head=head, config=config, pairs=pairs,
                       sample_weights=sample_weights, validation=validation, callbacks=callbacks)
    fitted.source = {"kind": "fitted", "path": None, "sha256": None, "origin": persist.origin(model)}
    fitted.record["pairs"] = pairs is not None
    fitted.record["columns"] = dict(columns or {})
    fitted.record["metrics"] = _kept_metrics(fitted.record)
    return fitted


def pretrain(
    model: Model,
    data: PretrainingData | str | os.PathLike | Sequence[str | os.PathLike],
    *,
    validation: PretrainingData | str | os.PathLike | Sequence[str | os.PathLike] | None = None,
    heads: PretrainHeads | None = None,
    config: PretrainConfig | None = None,
    out_dir: str | os.PathLike | None = None,
    resume: bool = False,
    callbacks: Sequence[Callback] = (),
) -> Model:
    """`pretrain.pretrain` on data that are open or lie in a folder, with a record of where the weights started.

    Args:
        data, validation: Open, or as `open_pretraining_data` takes them.
        model, heads, config, out_dir, resume, callbacks: As for `pretrain.pretrain`.
    """
    from bertfit import persist
    from bertfit.pretrain import pretrain as run_pretraining

    data, validation = (given if given is None or isinstance(given, PretrainingData) else open_pretraining_data(given)
                        for given in (data, validation))
    made = run_pretraining(model, data, heads=heads, config=config, validation=validation, out_dir=out_dir,
                           resume=resume, callbacks=callbacks)
    made.source = {"kind": "pretrained", "path": None, "sha256": None, "origin": persist.origin(model)}
    return made


def _kept_metrics(record: dict[str, Any]) -> dict[str, float]:
    history = record.get("history") or {}
    epochs = list(history.get("epoch", []))
    if not epochs:
        return {}
    kept = record["best_epoch"] if record.get("restored_best") else epochs[-1]
    row = epochs.index(kept)
    return {name: float(values[row]) for name, values in history.items()
            if name not in ("epoch", "learning_rate", "seconds")}

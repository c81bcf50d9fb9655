"""Open a model by its name or its folder.

TensorFlow starts only if it is needed; to open a Hugging Face encoder it is not.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertfit.checkpoints import Checkpoint, download, open_checkpoint, registry
from bertfit.errors import ArgumentError, DownloadError, Function, Sentence, Setting
from bertfit.model import bundle
from bertfit.model.unbuilt import Unbuilt

if TYPE_CHECKING:
    from bertfit.model.model import Model


def open_model(x: str | os.PathLike, **options) -> Model:
    """Open a model and build it: always a `Model`. Arguments and errors as for `open_unbuilt`.

    >>> open_model("minilm-l6-uncased").max_len  # doctest: +SKIP
    512
    """
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
        x: A folder (bertfit bundle, Google checkpoint, Hugging Face BERT), or a name of the registry. An
            existing folder takes precedence over a name.
        name: What to call the model; None for the folder's or the registry's name.
        cache_dir: Folder of downloaded models; None for the user's cache.
        lower_case: Whether texts are lower-cased; None for the checkpoint's own setting.
        max_len: Keep only this many positions, in tokens; None keeps all.
        download_missing: Download a registry model that is not in the cache.
        progress: Called with a dict during a download.

    Returns:
        A `Model`, or an `Unbuilt` if everything could be checked without TensorFlow.

    Raises:
        ArgumentError: No such folder or name, or an argument that does not apply to this kind of model.
        BundleError, CheckpointError, VocabularyError: A file is missing or invalid.
        DownloadError: The model is not in the cache and cannot, or must not, be downloaded.
    """
    if not isinstance(x, (str, os.PathLike)) or not str(x):
        raise ArgumentError("must be the name of a model or the path of a folder.", argument="x", received=x)
    path = Path(x).expanduser()
    if (path / bundle.DESCRIPTION).is_file():
        return _open_bundle(path, name, lower_case, max_len)
    if path.exists() or (_looks_like_path(str(x)) and not registry.is_known(str(x))):
        return _from_checkpoint(open_checkpoint(path, name=name, lower_case=lower_case), max_len)
    entry = registry.find(str(x))
    if not download_missing and not (registry.folder(entry, cache_dir) / registry.MANIFEST).is_file():
        raise DownloadError("The model must be in the cache when downloading is not allowed.",
                            [f"{entry.name} is not in {registry.cache_path(cache_dir)}.",
                             Sentence("Fetch it once with {}.", Function("download", [entry.name]))])
    folder = download(entry.name, cache_dir, progress=progress)
    lower_case = not entry.cased if lower_case is None else lower_case
    return _from_checkpoint(open_checkpoint(folder, name=name or entry.name, lower_case=lower_case), max_len)


def _from_checkpoint(checkpoint: Checkpoint, max_len: int | None) -> Model | Unbuilt:
    if checkpoint.kind == "huggingface" and checkpoint.heads is None and max_len is None:
        return Unbuilt(checkpoint)
    from bertfit.model.model import Model

    return Model.from_checkpoint(checkpoint, max_len)


def _looks_like_path(x: str) -> bool:
    return os.sep in x or "/" in x or x.startswith((".", "~"))


def _open_bundle(path: Path, name: str | None, lower_case: bool | None, max_len: int | None) -> Model:
    from bertfit.model import persist

    model = persist.load(path)
    if lower_case not in (None, model.vocabulary.lower_case):
        raise ArgumentError("must be left out for a saved model.",
                            [Sentence("It was saved with {}.", Setting("lower_case", model.vocabulary.lower_case))],
                            argument="lower_case")
    if max_len not in (None, model.max_len):
        if model.fitted:
            raise ArgumentError("must be left out for a fitted model.",
                                [f"It was saved with {model.max_len} positions."], argument="max_len")
        model = model.copy(max_len, heads=True)
    if name is not None:
        model.name = name
    return model

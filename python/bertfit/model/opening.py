"""Open a model by its name or its folder.

TensorFlow starts only if it is needed; to open a Hugging Face encoder it is not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertfit.checkpoints import Checkpoint, download, hub, open_checkpoint, registry
from bertfit.errors import ArgumentError, BundleError, DownloadError, Function, Sentence, Setting
from bertfit.model import bundle
from bertfit.model.unbuilt import Unbuilt
from bertfit.notices import UnusedTensorsWarning, tell

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
    revision: str | None = None,
    cache_dir: str | os.PathLike | None = None,
    lower_case: bool | None = None,
    max_len: int | None = None,
    task: str | None = None,
    download_missing: bool = True,
    progress: Callable[[dict[str, Any]], Any] | None = None,
    say: Callable[[str], Any] | None = None,
) -> Model | Unbuilt:
    """Open a bundle, a checkpoint folder, or a model of the registry or the hub; every file is read and checked.

    Args:
        x: A folder (bertfit bundle, pretraining run, Google checkpoint, Hugging Face BERT, TF Hub's SavedModel), an
            archive of one of the last three, a name of the registry, or
            the id of a model of the Hugging Face hub, "owner/name" or "owner/name@revision". An existing folder takes
            precedence over both. Of a run, its best model is opened, else its last.
        name: What to call the model; None for the folder's or the registry's name, or its id.
        revision: Of a model of the hub: a branch, a tag or a whole commit hash; None for its main branch.
        cache_dir: Folder of downloaded models; None for the user's cache, or for the hub's models that of the package
            huggingface_hub.
        lower_case: Whether texts are lower-cased; None for the checkpoint's own setting.
        max_len: Keep only this many positions, in tokens; None keeps all.
        task: What a finished classifier of Hugging Face predicts, where its config.json says another task or leaves it
            open; "none" for its encoder without the head. None for what config.json says.
        download_missing: Download a model that is not in the cache, and ask the hub which commit a branch is at.
        progress: Called with a dict during a download.
        say: Called with a sentence that says which model of a run is opened.

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
    if isinstance(x, str) and not path.exists() and hub.is_hub_id(x) and not registry.is_known(x):
        tried = (f"There is no folder {path.absolute()}.",)
        folder = hub.fetch(x, revision, cache_dir=cache_dir, online=download_missing, progress=progress,
                           tried=tried)
        return _from_checkpoint(open_checkpoint(folder, name=name, lower_case=lower_case, task=task), max_len)
    hub.refuse_revision(revision, str(x))
    if (path / bundle.DESCRIPTION).is_file():
        return _open_bundle(path, name, lower_case, max_len, task)
    if (chosen := _chosen(path)) is not None:
        model = _open_bundle(chosen, name, lower_case, max_len, task)
        if say is not None:
            say(_choice(path, chosen, model.record))
        return model
    if path.exists() or (_looks_like_path(str(x)) and not registry.is_known(str(x))):
        return _from_checkpoint(open_checkpoint(path, name=name, lower_case=lower_case, task=task), max_len)
    entry = registry.find(str(x))
    if not download_missing and not (registry.folder(entry, cache_dir) / registry.MANIFEST).is_file():
        raise DownloadError("The model must be in the cache when downloading is not allowed.",
                            [f"{entry.name} is not in {registry.cache_path(cache_dir)}.",
                             Sentence("Fetch it once with {}.", Function("download", [entry.name]))])
    folder = download(entry.name, cache_dir, progress=progress)
    if lower_case is None and entry.source != "tfhub":  # TF Hub's models say it themselves
        lower_case = not entry.cased
    checkpoint = open_checkpoint(folder, name=name or entry.name, lower_case=lower_case, task=task)
    return _from_checkpoint(checkpoint, max_len)


def _chosen(path: Path) -> Path | None:
    """The model to open of the folder of a run; None for any other folder."""
    if any((path / name).is_file() for name in ("config.json", "bert_config.json")):
        return None
    models = [path / name for name in ("best", "last") if (path / name / bundle.DESCRIPTION).is_file()]
    if not models and (path / "run.json").is_file():
        raise BundleError("The folder of a run must have a model in it to be opened.",
                          [f"{path} has the state of a run, from which training is resumed."])
    return models[0] if models else None


def _choice(path: Path, chosen: Path, record: Mapping[str, Any]) -> str:
    """Says which model of a run is opened, and what it was chosen by."""
    history, epoch = record.get("history") or {}, record.get("best_epoch")
    if chosen.name == "last" or epoch not in history.get("epoch", ()):
        return f"{path} is a run: {chosen} is opened."
    monitor = record["settings"].get("monitor", "loss")
    measure, rows = (f"val_{monitor}", "validation") if f"val_{monitor}" in history else (monitor, "training")
    value = history[measure][list(history["epoch"]).index(epoch)]
    other = f" {path / 'last'} is the model of its last epoch." if (path / "last").is_dir() else ""
    return (f"{path} is a run: {chosen} is opened, the model of epoch {epoch}, the best by {monitor} ({value:.4f}) on "
            f"the {rows} data.{other}")


def _from_checkpoint(checkpoint: Checkpoint, max_len: int | None) -> Model | Unbuilt:
    tell(UnusedTensorsWarning(checkpoint.path, checkpoint.unused))
    if checkpoint.kind == "huggingface" and checkpoint.heads is None and max_len is None:
        return Unbuilt(checkpoint)
    from bertfit.model.model import Model

    return Model.from_checkpoint(checkpoint, max_len)


def _looks_like_path(x: str) -> bool:
    return os.sep in x or "/" in x or x.startswith((".", "~"))


def _open_bundle(path: Path, name: str | None, lower_case: bool | None, max_len: int | None,
                 task: str | None) -> Model:
    from bertfit.model import persist

    model = persist.load(path)
    own = model.task.kind if model.fitted else "none"
    if task not in (None, own):
        raise ArgumentError("must be left out for a saved model.", [Sentence("It has {}.", Setting("task", own))],
                            argument="task", received=task)
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

"""Functions for R about models: open, create, describe, save, export and release them; the registry."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bertfit.checks import whole
from bertfit.config import PretrainHeads
from bertfit.r import boundary
from bertfit.r.boundary import exported, exported_uninterruptible, find, keep
from bertfit.settings import build

if TYPE_CHECKING:
    from bertfit.model import Model


@exported
def describe(handle: int):
    """Description of a model: a dict of its name, sizes, source and, once fitted, task, head and record."""
    return boundary.description(handle, find(handle))


@exported
def release(handle: int):
    """Remove a model from the table. Unknown numbers are ignored: R's finalizers may run twice or late."""
    boundary.models.pop(handle, None)


@exported
def models(cache_dir: str | None = None, environment: Mapping[str, str] | None = None):
    """The table of models as columns; what is not known is None."""
    from bertfit.checkpoints import models as table

    _take_environment(environment)
    return {name: [v if v is None else float(v) for v in values] if name == "parameters" else values
            for name, values in table(cache_dir).items()}


@exported
def download(name: str, revision: str | None = None, cache_dir: str | None = None, force: bool = False,
             progress: Callable | None = None, environment: Mapping[str, str] | None = None):
    """Download a model of the registry or the hub; returns its folder."""
    from bertfit.checkpoints import download as fetch

    _take_environment(environment)
    return fetch(name, cache_dir, force, progress, revision=revision)


def _take_environment(environment: Mapping[str, str] | None) -> None:
    """R's environment variables: Python's are a copy from its start, and R may have set or unset others since.

    Args:
        environment: Those of `python_variables()` in R that are set; None to change nothing. One that R has set before
            and does no longer is removed.
    """
    if environment is None:
        return
    given = {name: value for name, value in dict(environment).items() if value}
    for name in _set_by_r - set(given):
        os.environ.pop(name, None)
    os.environ.update(given)
    _set_by_r.clear()
    _set_by_r.update(given)


_set_by_r: set[str] = set()


@exported
def load(x: str, name: str | None = None, revision: str | None = None, cache_dir: str | None = None,
         lower_case: bool | None = None, max_len: int | None = None, task: str | None = None, download: bool = True,
         progress: Callable | None = None, environment: Mapping[str, str] | None = None):
    """Open a model; returns its description, and `said`, what there is to say about the choice among several."""
    from bertfit.model import open_unbuilt

    _take_environment(environment)
    said: list[str] = []
    model = open_unbuilt(x, name=name, revision=revision, cache_dir=cache_dir, lower_case=lower_case, max_len=max_len,
                         task=task, download_missing=download, progress=progress, say=said.append)
    return {**keep(model), "said": said}


@exported
def config(preset: str | None = None, sizes: Mapping[str, Any] | None = None):
    """A configuration from a preset's name, from sizes, or both; sizes override the preset's.

    Returns:
        `config` (its fields), `preset` (the preset's full name or None), `heads` and `parameters` (their number).
    """
    from bertfit.checkpoints import registry
    from bertfit.config import BertConfig, presets

    sizes = {name: whole(value) for name, value in (sizes or {}).items()}
    if preset is None:
        made, heads = build(BertConfig, {"vocab_size": None, **sizes}, "bert_config()"), PretrainHeads()
    else:
        preset = presets.find(preset)
        made, heads, preset = BertConfig.from_preset(preset.name, **sizes), preset.heads, preset.name
    return {"config": made.to_dict(), "preset": preset, "heads": heads.to_dict(),
            "parameters": float(registry.count_parameters(made))}


@exported
def init(config: str | Mapping[str, Any], vocab=None, vocab_of: Model | None = None, lower_case: bool | None = None,
         seed: int | None = None, name: str | None = None, heads: PretrainHeads | None = None):
    """Create a model with fresh weights; returns its description.

    `config` is a preset's name or a dict of fields. The vocabulary is `vocab`, the path or the bytes of its file, or
    that of the model `vocab_of`.
    """
    from bertfit.model import fresh_model

    if not isinstance(config, str):
        config = {field: whole(value) for field, value in config.items()}
    words = vocab if vocab_of is None else vocab_of.vocabulary
    return keep(fresh_model(config, words, seed=seed, name=name, lower_case=lower_case, heads=heads))


@exported
def layers(model: Model):
    """The layers as columns: layer, type, output, parameters, trainable."""
    table = model.layer_table()
    return {name: [float(v) for v in values] if name in ("parameters", "trainable") else values
            for name, values in table.items()}


@exported
def save(model: Model, path: str, overwrite: bool = False):
    """Save a model as a bundle; returns the absolute path."""
    from bertfit.model import persist

    return persist.save(model, path, overwrite)


@exported_uninterruptible
def to_bytes(model: int):
    """A model as bytes, for R's saveRDS(). One that was not built yet is built only if its files lack a weight."""
    from bertfit.model import Unbuilt, persist

    held = boundary.models.get(model)
    return persist.to_bytes(held if isinstance(held, Unbuilt) and held.complete else find(model))


@exported
def from_bytes(data):
    """Restore a model from the bytes of `to_bytes`; returns its description."""
    from bertfit.model import persist

    return keep(persist.from_bytes(data))


@exported
def export(model: Model, path: str, format: str) -> str:
    """Write a model for another program, see `bertfit.model.export`; returns the absolute path."""
    from bertfit.model import export as write

    return write(model, path, format)

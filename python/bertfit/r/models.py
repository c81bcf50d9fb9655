"""Models by number: opened, made, described, saved and exported, as R asks for it."""

from __future__ import annotations

from bertfit.checks import whole
from bertfit.r import boundary
from bertfit.r.boundary import done_whole, exported, find, keep
from bertfit.settings import build


@exported
def describe(handle):
    """What a model is: a dict of its name, sizes, source and, once fitted, task, head and record."""
    return boundary.description(whole(handle), find(handle))


@exported
def release(handle):
    """Forget a model. Forgetting it twice is no error: R's finalizers may run late."""
    boundary.models.pop(whole(handle), None)


@exported
def models(cache_dir=None):
    """The registry as columns."""
    from bertfit.checkpoints import registry

    table = registry.models(cache_dir)
    return {name: [float(v) for v in values] if name == "parameters" else values for name, values in table.items()}


@exported
def download(name, cache_dir=None, force=False, progress=None):
    """Fetch a model of the registry; its folder."""
    from bertfit.checkpoints import download as fetch

    return fetch(name, cache_dir, bool(force), progress)


@exported
def load(x, name=None, cache_dir=None, lower_case=None, max_len=None, download=True, progress=None):
    """Open a model; its description."""
    from bertfit.model import open_unbuilt

    return keep(open_unbuilt(x, name=name, cache_dir=cache_dir, lower_case=lower_case, max_len=whole(max_len),
                            download_missing=bool(download), progress=progress))


@exported
def config(preset=None, sizes=None):
    """A configuration from a preset's name, from sizes, or both: its fields, the preset, its heads, parameters."""
    from bertfit.checkpoints import registry
    from bertfit.config import BertConfig, PretrainHeads, presets

    sizes = {name: whole(value) for name, value in (sizes or {}).items()}
    if preset is None:
        made, heads = build(BertConfig, {"vocab_size": None, **sizes}, "bert_config()"), PretrainHeads()
    else:
        preset = presets.find(preset)
        made, heads, preset = BertConfig.from_preset(preset.name, **sizes), preset.heads, preset.name
    return {"config": made.to_dict(), "preset": preset, "heads": heads.to_dict(),
            "parameters": float(registry.count_parameters(made))}


@exported
def init(config, vocab=None, vocab_of=None, lower_case=None, seed=None, name=None, heads=None):
    """A model with fresh weights; its description.

    `config` is a preset's name or a configuration's fields; the vocabulary comes as the path or the bytes of its
    file, or as the handle of a model that has it (`vocab_of`).
    """
    from bertfit.config import PretrainHeads
    from bertfit.model import fresh_model

    if not isinstance(config, str):
        config = {field: whole(value) for field, value in config.items()}
    words = vocab if vocab_of is None else find(vocab_of).vocabulary
    return keep(fresh_model(config, words, seed=whole(seed), name=name, lower_case=lower_case,
                             heads=None if heads is None else build(PretrainHeads, heads, "heads")))


@exported
def layers(handle):
    """The layers as columns: layer, type, output, parameters, trainable."""
    table = find(handle).layer_table()
    return {name: [float(v) for v in values] if name in ("parameters", "trainable") else values
            for name, values in table.items()}


@exported
def save(handle, path, overwrite=False):
    """Save a model as a bundle; the absolute path."""
    from bertfit.model import persist

    return persist.save(find(handle), path, bool(overwrite))


@done_whole
def to_bytes(handle):
    """A model as bytes, for R's saveRDS()."""
    from bertfit.model import persist

    return persist.to_bytes(find(handle))


@exported
def from_bytes(data):
    """The model of `to_bytes`; its description."""
    from bertfit.model import persist

    return keep(persist.from_bytes(data))


@exported
def export(handle, path, format) -> str:
    """Write a model for another program, see `export.export`; the absolute path."""
    from bertfit.model import export as write

    return write(find(handle), path, format)

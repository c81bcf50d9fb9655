"""The table of the models that are known by name: those of the registry, and those of the hub that are recommended."""

from __future__ import annotations

import os
from typing import Any

from bertfit.checkpoints import hub, hub_settings, recommended, registry

_SIZES = ("name", "layers", "hidden", "heads", "parameters", "cased", "language", "size_mb", "source")


def models(cache_dir: str | os.PathLike | None = None) -> dict[str, list[Any]]:
    """All known models as columns. Nothing is fetched for it, and the hub has many more.

    Args:
        cache_dir: Folder of downloads; None for the user's cache, and for the hub's models that of huggingface_hub.

    Returns:
        `name`: what `bertfit.load` takes; `layers`, `hidden`, `heads`: sizes of the encoder; `parameters`: its weights,
        the pooler included; `cased`; `language`; `size_mb`: the size of these weights as float32, in 10^6 bytes;
        `source`: "google", "package", "tfhub" or "hub". For finished classifiers `task` ("toxicity", "sentiment") and
        `labels` (names, separated by ", "); `licence` and `card`, the address of the model's card, where they are
        known; `cached`: whether the files are in the cache. What is not known is None.

    >>> table = models()
    >>> table["labels"][table["name"].index("martin-ha/toxic-comment-model")]
    'non-toxic, toxic'
    """
    rows = [{**{column: getattr(entry, column) for column in _SIZES},
             "task": None, "labels": None, "licence": None if entry.source == "package" else "apache-2.0",
             "card": entry.card, "cached": (registry.folder(entry, cache_dir) / registry.MANIFEST).is_file()}
            for entry in registry.MODELS.values()]
    rows += [_of_the_hub(model, cache_dir) for model in recommended.MODELS.values()]
    return {column: [row[column] for row in rows] for column in rows[0]}


def _of_the_hub(model: recommended.Recommended, cache_dir: str | os.PathLike | None) -> dict[str, Any]:
    parameters = None if model.config is None else registry.count_parameters(model.config)
    return {"name": model.name, "layers": model.layers, "hidden": model.hidden, "heads": model.heads,
            "parameters": parameters, "cased": model.cased, "language": model.language,
            "size_mb": None if parameters is None else round(parameters * 4 / 1e6, 1), "source": "hub",
            "task": model.task, "labels": ", ".join(model.labels) or None, "licence": model.licence,
            "card": hub_settings.page(model.name), "cached": hub.cached(model.name, cache_dir=cache_dir) is not None}

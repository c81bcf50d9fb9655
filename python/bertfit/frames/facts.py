"""`ModelFacts`: what a `Bert` says about its model, and writes of it, without running it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from bertfit.config import BertConfig, Task
from bertfit.frames.classes import Classes
from bertfit.model import Model, persist
from bertfit.model import export as export_model
from bertfit.settings import keywords_told

if TYPE_CHECKING:
    import pandas as pd


class ModelFacts:
    """Base of `Bert`, which describes the attributes.

    Args:
        model: The `Model` that it wraps.
    """

    def __init__(self, model: Model):
        self.model = model

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def config(self) -> BertConfig:
        return self.model.config

    @property
    def max_len(self) -> int:
        return self.model.max_len

    @property
    def parameters(self) -> int:
        return self.model.parameters

    @property
    def fitted(self) -> bool:
        return self.model.fitted

    @property
    def task(self) -> Task | None:
        return self.model.task

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.model.task.labels) if self.model.task is not None else ()

    @property
    def classes(self) -> np.ndarray | None:
        if self.task is None or self.task.kind == "regression":
            return None
        known = Classes.recorded(self.task, self.model.record)
        return known.array(range(len(known.values)))

    @property
    def metrics(self) -> dict[str, float]:
        return dict(self.model.record.get("metrics", {}))

    @property
    def interrupted(self) -> bool:
        return bool(self.model.record.get("interrupted", False))

    @property
    def history(self) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(self.model.record.get("history", {}))

    @keywords_told
    def save(self, path: str | os.PathLike, overwrite: bool = False) -> str:
        """Save as a bundle, a folder that `bertfit.load` and R's `bert_load()` open.

        Args:
            path: The folder.
            overwrite: Whether to replace a bundle that exists at `path`.

        Returns:
            The absolute path.

        Raises:
            ArgumentError: `path` exists and may not be replaced.
            DiskError: The disk is full.
            BundleError: A file cannot be written.
        """
        return persist.save(self.model, path, overwrite)

    @keywords_told
    def export(self, path: str | os.PathLike, format: str) -> str:
        """Write the model to a folder that other programs can read, see `bertfit.model.export`.

        Args:
            path: The folder.
            format: "google" or "huggingface".

        Returns:
            The absolute path.
        """
        return export_model(self.model, path, format)

    def __repr__(self) -> str:
        config, words = self.config, self.model.vocabulary
        size = f"{config.num_hidden_layers} layers x {config.hidden_size} hidden x {config.num_attention_heads} heads"
        what = "" if self.task is None else f", {self.task.kind}: {', '.join(self.labels[:6])}"
        casing = "uncased" if words.lower_case else "cased"
        return f"<Bert {self.name}{what}: {size}, {self.parameters:,} parameters, {len(words):,} tokens, {casing}>"

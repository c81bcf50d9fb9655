"""`ModelFacts`: what a `Bert` says about its model without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertfit.config import BertConfig, Task
from bertfit.frames.classes import Classes
from bertfit.model import Model, persist

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

    def __repr__(self) -> str:
        config, words = self.config, self.model.vocabulary
        size = f"{config.num_hidden_layers} layers x {config.hidden_size} hidden x {config.num_attention_heads} heads"
        what = "" if self.task is None else f", {self.task.kind}: {', '.join(self.labels[:6])}"
        casing = "uncased" if words.lower_case else "cased"
        origin = persist.origin(self.model)
        hub = f", from {origin['repository']}@{origin['revision']}" if "revision" in origin else ""
        return f"<Bert {self.name}{what}: {size}, {self.parameters:,} parameters, {len(words):,} tokens, {casing}{hub}>"

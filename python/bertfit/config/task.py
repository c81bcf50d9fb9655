"""What a fitted model predicts: binary, multiclass or multilabel classes, or a number."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from bertfit.checks import label_text
from bertfit.errors import ArgumentError
from bertfit.settings import Settings, is_number, keywords_told, require

TASKS = ("binary", "multiclass", "multilabel", "regression")


@keywords_told
@dataclasses.dataclass(frozen=True)
class Task(Settings):
    """What a fitted model predicts.

    Args:
        kind: "binary", "multiclass", "multilabel" or "regression".
        labels: Class names in the order of the probabilities (binary: negative, positive), the names of
            the labels (multilabel), or one name (regression).
        center, scale: Regression targets are trained as (target - center) / scale.

    Raises:
        ArgumentError: `kind` is unknown, or `labels` are too few, too many or not distinct.

    >>> Task("binary", ("ham", "spam")).n_outputs
    1
    """

    kind: str
    labels: Sequence[str]
    center: float = 0.0
    scale: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "labels", tuple(label_text(label) for label in self.labels))
        require(self.kind in TASKS, "task", f"one of {', '.join(TASKS)}", self.kind)
        expected = {"binary": (2, 2), "multiclass": (2, 10**6), "multilabel": (1, 10**6), "regression": (1, 1)}
        low, high = expected[self.kind]
        count = len(self.labels)
        require(low <= count <= high, "labels", f"{low} names" if low == high else f"at least {low} names", count)
        if len(set(self.labels)) != count:
            raise ArgumentError("must be different from each other.", argument="labels", received=self.labels)
        require(is_number(self.scale, 0, open_low=True), "scale", "a number above 0", self.scale)

    @property
    def n_outputs(self) -> int:
        """Columns of the output layer: one for binary and regression, else one per label."""
        return 1 if self.kind in ("binary", "regression") else len(self.labels)

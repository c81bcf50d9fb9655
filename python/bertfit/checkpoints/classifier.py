"""A finished classifier of a checkpoint: what it predicts, the form of its head, and the head's weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from bertfit.config import HeadConfig, Task


@dataclasses.dataclass(frozen=True)
class Classifier:
    """The classification head that a checkpoint comes with.

    Args:
        task: What it predicts, with the names of its labels.
        head: The form of the head, in the terms of a head of our own.
        read: Function that reads the head's weights, by our layer names ("Head-Dense-1", ..., "output"): kernels
            [inputs, outputs] and biases, float32. A binary task has one output, the logit of its second label.
    """

    task: Task
    head: HeadConfig
    read: Callable[[], dict[str, list[np.ndarray]]] = dataclasses.field(repr=False)

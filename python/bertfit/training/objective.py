"""What a `run.Run` trains: batches, a loss, and the measures of an epoch.

`finetuning_objective.FineTuning` and `pretraining.Pretraining` are the two there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from bertfit.model import Model

if TYPE_CHECKING:
    from bertfit.training.run import Run


class Objective(Protocol):
    """What a run trains.

    Attributes:
        model: The model that is trained, in place.
        variables: Its weights that learn.
        signature: Shapes and types of what `inputs` gives.
        seed, precision, compiled: Of the run; `compiled` says whether training steps use compiled kernels.
        total_steps, epoch_steps: Optimizer steps of the run, and of an epoch. The last epoch may have fewer.
        sums: What the unfinished epoch has added up, by name.
        counts_steps: Whether the history has a column of steps.
    """

    model: Model
    variables: list
    signature: tuple
    seed: int
    precision: str
    compiled: bool
    total_steps: int
    epoch_steps: int
    sums: dict[str, float]
    counts_steps: bool

    def steps(self, done: int) -> Iterator[Sequence]:
        """The batches of every step after the first `done` ones: a function of the seed and `done` alone."""

    def inputs(self, batch) -> tuple:
        """A batch as tensors."""

    def loss(self, *inputs) -> tuple:
        """The loss to minimise, and the outputs that `add` needs (traced)."""

    def add(self, batch, outputs) -> None:
        """Add a batch to `sums`."""

    def progress(self) -> dict[str, Any]:
        """loss, metric_name and metric of the unfinished epoch."""

    def measures(self) -> dict[str, float]:
        """Measures of the epoch that `sums` holds."""

    def validate(self) -> dict[str, float]:
        """Measures of the validation rows; {} where there are none."""

    def start_epoch(self) -> None:
        """Set `sums`, and what else an epoch collects, to zero."""

    def keep_epoch(self, run: Run, epoch: int, better: bool) -> None:
        """Called after an epoch is in the history."""

    def facts(self) -> dict[str, Any]:
        """rows, validation_rows, max_len, truncated and precision."""

    def identity(self) -> dict[str, Any]:
        """What must be the same for a run to be resumed."""

    def arrays(self) -> dict[str, np.ndarray]:
        """What else the unfinished epoch has collected."""

    def restore(self, sums: dict[str, float], arrays: dict[str, np.ndarray]) -> None:
        """Go on with what an unfinished epoch had collected."""


def digest(*arrays: np.ndarray) -> str:
    """The sha256 of arrays: of their types, shapes and values.

    >>> digest(np.zeros(2)) == digest(np.zeros(2)) != digest(np.zeros((1, 2)))
    True
    """
    sha = hashlib.sha256()
    for array in arrays:
        array = np.ascontiguousarray(array)
        sha.update(f"{array.dtype.str}{array.shape}".encode())
        sha.update(array.data)
    return sha.hexdigest()

"""The interface of what a `run.Run` trains: batches, a loss, and the measures of an epoch.

Implemented by `finetuning_objective.FineTuning` and `pretraining_objective.Pretraining`.
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
    """The interface of what a run trains.

    Attributes:
        model: The model, which is trained in place.
        variables: Its trainable weights.
        signature: `tf.TensorSpec`s of the inputs of `loss`.
        structure: What else determines the graph of `loss`, with `precision` and `compiled`; hashable.
        seed: Seed of the run.
        precision: "float32", "bfloat16" or "float16".
        compiled: Whether training steps use compiled kernels.
        parts: Parts in which a batch of `batch_size` rows is computed.
        bytes: The memory that a part takes, estimated.
        accumulates: Whether a step may have several batches, whose gradients are summed.
        total_steps, epoch_steps: Optimizer steps of the run, and of an epoch. The last epoch may have fewer.
        sums: Sums of the unfinished epoch, by name.
        counts_steps: Whether the history has a column "steps".
    """

    model: Model
    variables: list
    signature: tuple
    structure: tuple
    seed: int
    precision: str
    compiled: bool
    parts: int
    bytes: int
    accumulates: bool
    total_steps: int
    epoch_steps: int
    sums: dict[str, float]
    counts_steps: bool

    def steps(self, done: int) -> Iterator[Sequence]:
        """The batches of every step after the first `done` ones; they depend only on the seed and `done`."""

    def inputs(self, batch) -> tuple:
        """The inputs of `loss` for a batch."""

    def loss(self, *inputs) -> tuple:
        """The loss to minimise, and the outputs for `add`; called within a `tf.function`."""

    def add(self, batch, outputs) -> None:
        """Add the outputs of a batch to `sums`."""

    def progress(self) -> dict[str, Any]:
        """The keys "loss", "metric_name" and "metric" for the unfinished epoch."""

    def measures(self) -> dict[str, float]:
        """Measures of the epoch on the training rows, from `sums`."""

    def validate(self) -> dict[str, float]:
        """Measures on the validation rows; {} if there are none."""

    def start_epoch(self) -> None:
        """Set `sums`, and whatever else an epoch collects, to zero."""

    def keep_epoch(self, run: Run, epoch: int, better: bool) -> None:
        """Called after an epoch is in the history."""

    def facts(self) -> dict[str, Any]:
        """For callbacks and the record: "rows", "validation_rows", "max_len", "truncated", "precision", and "windows"
        if texts are read in windows."""

    def identity(self) -> dict[str, Any]:
        """Settings, data and model, which must be the same for a run to be resumed."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays that the unfinished epoch has collected, to be saved with the state."""

    def restore(self, sums: dict[str, float], arrays: dict[str, np.ndarray]) -> None:
        """Set `sums` and what `arrays` returned, from a saved state."""


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

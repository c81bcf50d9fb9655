"""Training rows: split for validation, coded, weighted and batched. Does not use a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from bertfit.config import Task, TrainConfig
from bertfit.errors import Arg, ArgumentError, DataError, Sentence, Value
from bertfit.network import padded_length, training_batches
from bertfit.rows import Rows
from bertfit.text import Encoding, window_counts

FEW_CLASSES = 10  # fewer classes than this may have a row each


@dataclasses.dataclass(frozen=True, eq=False)
class Coded:
    """Targets and weights of n rows, as the loss takes them.

    Args:
        targets: int32 [n], class codes, for multiclass; else float32 [n, K], for regression (target - center) / scale.
        weights: Weight of each row, float32 [n].
    """

    targets: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, task: Task, rows: Rows) -> Coded:
        """Code the targets and weights of rows that were checked for the task."""
        n, targets = len(rows), rows.targets
        if task.kind == "multiclass":
            coded = targets.astype(np.int32)
        elif task.kind == "regression":
            coded = ((targets - task.center) / task.scale).astype(np.float32)[:, None]
        else:
            coded = targets.astype(np.float32).reshape(n, -1)
        return cls(coded, np.ones(n, np.float32) if rows.weights is None else rows.weights.astype(np.float32))

    def of_windows(self, encoding: Encoding) -> Coded:
        """The same for every window of the texts: the target of its text, and an equal share of its text's weight."""
        shares = window_shares(encoding)
        if shares is None:
            return self
        return Coded(self.targets[encoding.owners], self.weights[encoding.owners] * shares)

    def __len__(self) -> int:
        return len(self.weights)


def window_shares(encoding: Encoding) -> np.ndarray | None:
    """The part that each window is of its text, float32 [windows]: 1 / (windows of the text). None without windows."""
    counts = window_counts(encoding)
    return None if counts is None else (1 / counts[encoding.owners]).astype(np.float32)


def check_rows(task: Task, rows: Rows) -> Rows:
    """Check rows to train or validate on: at least one, with targets that fit the task.

    Raises:
        DataError: There are no rows, or targets do not fit.
    """
    if len(rows) == 0:
        raise DataError("There must be at least one row.", ["0 rows were given."])
    return rows.for_task(task)


def check_classes(task: Task, rows: Rows) -> None:
    """Check that classes have rows to learn from: a swapped text, or an identifier, has about a class per row.

    Raises:
        DataError: There are `FEW_CLASSES` classes or more, with fewer than two rows each on average.
    """
    if task.kind != "multiclass":
        return
    classes = len(np.unique(rows.targets))
    if classes >= FEW_CLASSES and 2 * classes > len(rows):
        raise _too_many_classes(classes, len(rows))


def _too_many_classes(classes: int, rows: int) -> DataError:
    return DataError("The target must have several rows of a class.", [
        f"It has {classes:,} classes in {rows:,} rows.",
        Sentence("Are {} and {} swapped, or is {} an identifier?", Arg("text"), Arg("target"), Arg("target"))])


def class_codes(task: Task, targets: np.ndarray) -> np.ndarray | None:
    """The class of each row, for stratified splits and balanced weights; None if rows have no single class."""
    if task.kind == "multiclass":
        return targets
    return (targets.reshape(-1) >= 0.5).astype(np.int32) if task.kind == "binary" else None


def split(task: Task, rows: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    """Split off a fraction `share` of the rows for validation, stratified by class.

    Every class keeps at least one training row.

    Returns:
        (training rows, validation rows), each in the caller's order.

    Raises:
        DataError: One side would be empty.
    """
    rng = np.random.default_rng([seed, 1])
    codes = class_codes(task, rows.targets)
    groups = [np.arange(len(rows))] if codes is None else [np.flatnonzero(codes == c) for c in np.unique(codes)]
    counts = _validation_counts(np.array([len(group) for group in groups]), share)
    validation = np.concatenate([rng.permutation(group)[:count] for group, count in zip(groups, counts, strict=True)])
    if task.kind == "multiclass" and len(groups) == len(rows):
        raise _too_many_classes(len(groups), len(rows))
    if len(validation) == 0 or len(validation) == len(rows):
        raise DataError("must leave rows on both sides.",
                        [f"A share of {share} of {len(rows)} rows holds out {len(validation)}.",
                         Sentence("Give {} a data frame, or 0.", Arg("validation"))], argument="validation")
    mask = np.zeros(len(rows), bool)
    mask[validation] = True
    return rows.take(np.flatnonzero(~mask)), rows.take(np.flatnonzero(mask))


def _validation_counts(sizes: np.ndarray, share: float) -> np.ndarray:
    """How many rows of each group to validate on: `share` times its size, rounded.

    If that is 0 for every group (many small classes): one row of each of the largest groups, `share` of all rows.
    """
    counts = np.minimum(np.round(sizes * share).astype(int), sizes - 1)
    if not counts.any():
        largest = np.argsort(-sizes, kind="stable")[: round(sizes.sum() * share)]
        counts[largest] = np.minimum(1, sizes[largest] - 1)
    return counts


def class_weight_vector(task: Task, config: TrainConfig, targets: np.ndarray) -> np.ndarray | None:
    """The weight of every label, float32 [K] in the order of `task.labels`, or None.

    "balanced" is n / (classes * rows of the class), as in scikit-learn. For a multilabel task it is [2, K]: the weights
    of each label's two classes, unset and set.

    Raises:
        ArgumentError: The task has no classes, or a label is missing or unknown.
    """
    wanted = config.class_weights
    if wanted is None:
        return None
    if task.kind == "regression":
        raise ArgumentError(Sentence("must be {} for regression.", Value(None)), argument="class_weights",
                            received=wanted)
    if wanted == "balanced":
        if task.kind == "multilabel":
            return np.stack([_balanced((label >= 0.5).astype(int), 2) for label in targets.T], axis=1)
        return _balanced(class_codes(task, targets), len(task.labels))
    if set(wanted) != set(task.labels):
        raise ArgumentError("must name every label, and no other.",
                            [f"Labels: {', '.join(task.labels)}.", f"Names given: {', '.join(map(str, wanted))}."],
                            argument="class_weights")
    return np.array([wanted[label] for label in task.labels], np.float32)


def _balanced(codes: np.ndarray, classes: int) -> np.ndarray:
    """n / (classes that occur * rows of the class) for every class, float32; 0 for one that does not occur.

    >>> _balanced(np.array([0, 1, 1, 1, 1, 1]), 3).tolist()
    [3.0, 0.6000000238418579, 0.0]
    """
    counts = np.bincount(codes, minlength=classes)
    present = counts > 0
    weights = np.zeros(classes, np.float32)
    weights[present] = len(codes) / (present.sum() * counts[present])
    return weights


def element_weights(
    task: Task, targets: np.ndarray, row_weights: np.ndarray, by_label: np.ndarray | None
) -> np.ndarray:
    """Weight of every element of the loss, [n] or [n, K]: the row's weight times its class's.

    A binary or multilabel target between 0 and 1 averages the weights of both classes. `by_label` is what
    `class_weight_vector` returns.
    """
    if by_label is None:
        return row_weights if task.kind == "multiclass" else np.broadcast_to(row_weights[:, None], targets.shape)
    if task.kind == "multiclass":
        return row_weights * by_label[targets]
    if task.kind == "binary":
        return row_weights[:, None] * (targets * by_label[1] + (1 - targets) * by_label[0])
    if by_label.ndim == 2:
        return row_weights[:, None] * (targets * by_label[1] + (1 - targets) * by_label[0])
    return row_weights[:, None] * by_label[None, :]


@dataclasses.dataclass(frozen=True)
class Batch:
    """Rows of one forward pass; `last` if it is the last one of an optimizer step of `step_rows` rows."""

    rows: np.ndarray
    step_rows: int
    last: bool


def epoch_batches(lengths: np.ndarray, step_rows: int, batch_rows: int, seed: int, epoch: int) -> Iterator[Batch]:
    """The batches of one epoch, each row once; their order depends only on the arguments.

    Args:
        lengths: Tokens per row, [n].
        step_rows: Rows of an optimizer step.
        batch_rows: Rows of a batch, of which a step has one or more.
        seed: Seed of the run.
        epoch: Number of the epoch, from 1.
    """
    rng = np.random.default_rng([seed, 2, epoch])
    for group in training_batches(lengths, step_rows, rng):
        for start in range(0, len(group), batch_rows):
            yield Batch(group[start : start + batch_rows], len(group), start + batch_rows >= len(group))


def auto_max_len(full_lengths: np.ndarray, quantile: float, limit: int) -> int:
    """This quantile of the lengths in tokens, rounded up to a multiple of 8: at least 8, at most `limit`."""
    return min(max(8, padded_length(np.array([np.quantile(full_lengths, quantile, method="higher")]), 10**9)), limit)

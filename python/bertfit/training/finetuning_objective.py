"""The `Objective` of fine-tuning: batches of rows, the loss of a task, and the measures of an epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from bertfit import _env
from bertfit.config import Task, TrainConfig
from bertfit.model import Model
from bertfit.network import filled
from bertfit.scores import epoch_metrics
from bertfit.text import Encoding, pooled
from bertfit.training.objective import digest
from bertfit.training.rows import Batch, Coded, element_weights, epoch_batches, window_shares
from bertfit.training.run import Run
from bertfit.training.schedule import train_steps

tf = _env.tensorflow()


class FineTuning:
    """The `Objective` of fine-tuning: a head, and the layers that are trained with it.

    Where texts are read in windows, batches are of windows, which have an equal share of their text's weight each; all
    measures are of texts.

    Args:
        model: The model, with its head.
        feed: Feed of the training rows (see `training.feeds`).
        rows: The training rows.
        validation_feed: Feed of the validation rows, or None.
        validation: The validation rows, or None.
        label_weights: Weights of the labels, as from `class_weight_vector`, or None.
        config: Settings.
        seed: Seed of the order of rows.
        precision: "float32", "bfloat16" or "float16".
    """

    counts_steps = False

    def __init__(self, model: Model, feed, rows: Coded, validation_feed, validation: Coded | None, label_weights,
                 config: TrainConfig, seed: int, precision: str):
        self.model, self.task, self.feed, self.rows = model, model.task, feed, rows
        self.validation_feed, self.validation, self.label_weights = validation_feed, validation, label_weights
        self.config, self.seed, self.precision = config, seed, precision
        self.windows, self.shares = rows.of_windows(feed.encoding), window_shares(feed.encoding)
        self.per_window = len(rows) / len(self.windows)  # texts
        self.weights = element_weights(self.task, self.windows.targets, self.windows.weights, label_weights)
        self.variables = feed.variables
        self.total_steps, _ = train_steps(len(self.windows), config.batch_size * config.accumulation, config.epochs)
        self.epoch_steps = self.total_steps // config.epochs
        feed.plan(config, seed)
        self.parts, self.bytes = -(-min(config.batch_size, len(self.windows)) // feed.batch_rows), feed.batch_bytes
        self.accumulates = config.accumulation > 1 or self.parts > 1
        self.compiled = feed.shapes.compiled
        self.structure = (model.structure, config.freeze)
        self.signature = (
            feed.signature, tf.TensorSpec([None, *rows.targets.shape[1:]], tf.as_dtype(rows.targets.dtype)),
            tf.TensorSpec([None, *self.weights.shape[1:]], tf.float32), tf.TensorSpec([], tf.float32),
        )
        self.start_epoch()

    def start_epoch(self) -> None:
        self.sums = {"loss": 0.0, "rows": 0.0, "running": 0.0}
        self.logits = np.zeros((len(self.windows), self.task.n_outputs), np.float32)

    def steps(self, done: int) -> Iterator[list[Batch]]:
        config, step = self.config, done
        while step < self.total_steps:
            passed, skipped = divmod(step, self.epoch_steps)
            step -= skipped
            batches: list[Batch] = []
            rows = config.batch_size * config.accumulation
            for batch in epoch_batches(self.feed.lengths, rows, self.feed.batch_rows, self.seed, passed + 1):
                batches.append(batch)
                if batch.last:
                    step += 1
                    if step > done:
                        yield batches
                    batches = []

    def inputs(self, batch: Batch) -> tuple:
        rows = batch.rows
        # Kernels are compiled for one number of rows: a smaller batch is padded with rows of weight 0.
        size = self.feed.batch_rows if self.compiled else len(rows)
        inputs = tuple(tf.constant(filled(x, size)) for x in self.feed.inputs(rows))
        targets, weights = (tf.constant(filled(x[rows], size)) for x in (self.windows.targets, self.weights))
        return inputs, targets, weights, tf.constant(self.per_window * batch.step_rows)

    def loss(self, inputs, targets, weights, step_texts) -> tuple:
        logits = self.feed.apply(inputs, training=True)  # [B, K]
        # Divided by the texts of the whole step, so that accumulated batches sum to one large batch.
        loss = tf.reduce_sum(_losses(self.task, logits, targets) * weights) / step_texts
        return loss, (loss, logits)

    def add(self, batch: Batch, outputs) -> None:
        loss, logits = float(outputs[0]), outputs[1][: len(batch.rows)]
        self.logits[batch.rows] = logits
        self.sums["loss"] += loss * (self.per_window * batch.step_rows)
        self.sums["rows"] += self.per_window * len(batch.rows)
        shares = 1 if self.shares is None else self.shares[batch.rows]
        self.sums["running"] += _running(self.task, logits, self.windows.targets[batch.rows], shares)

    def progress(self) -> dict[str, Any]:
        mean = self.sums["running"] / self.sums["rows"]
        name, metric = ("rmse", math.sqrt(mean) * self.task.scale) if self.task.kind == "regression" \
            else ("accuracy", mean)
        return {"loss": self.sums["loss"] / self.sums["rows"], "metric_name": name, "metric": metric}

    def measures(self) -> dict[str, float]:
        logits = pooled(self.logits, self.feed.encoding, self.config.window_pooling)
        metrics = epoch_metrics(self.task, logits, self._original(self.rows))
        return {"loss": self.sums["loss"] / self.sums["rows"], **metrics}

    def validate(self) -> dict[str, float]:
        if self.validation_feed is None:
            return {}
        feed = self.validation_feed
        logits = pooled(feed.logits(), feed.encoding, self.config.window_pooling)
        weights = element_weights(self.task, self.validation.targets, self.validation.weights, self.label_weights)
        losses = _losses(self.task, tf.constant(logits), tf.constant(self.validation.targets)).numpy()
        return {"loss": float(np.sum(losses * weights) / len(self.validation)),
                **epoch_metrics(self.task, logits, self._original(self.validation))}

    def _original(self, rows: Coded) -> np.ndarray:
        """Targets in the caller's units."""
        if self.task.kind == "regression":
            return rows.targets * self.task.scale + self.task.center
        return rows.targets

    def keep_epoch(self, run: Run, epoch: int, better: bool) -> None:
        """Does nothing: the run keeps the history and the best weights."""

    def facts(self) -> dict[str, Any]:
        windows = {"windows": len(self.windows)} if self.config.long_text == "windows" else {}
        return {
            "rows": len(self.rows), **windows,
            "validation_rows": 0 if self.validation is None else len(self.validation),
            "max_len": self.feed.max_len, "truncated": int(self.feed.encoding.truncated.sum()),
            "precision": self.precision,
        }

    def identity(self) -> dict[str, Any]:
        settings = self.config.of_training()
        for name in ("verbose", "seed", "precision"):
            settings.pop(name)
        return {
            "settings": settings, "precision": self.precision, "rows": _digest(self.feed.encoding, self.rows),
            "validation": None if self.validation is None else _digest(self.validation_feed.encoding, self.validation),
            "vocabulary": self.model.vocabulary.sha256, "config": self.model.config.to_dict(),
            "head": self.model.head_config.to_dict(), "task": self.task.to_dict(),
            "weights": digest(*(weight for weights in self.model.weights().values() for weight in weights)),
        }

    def arrays(self) -> dict[str, np.ndarray]:
        return {"logits": self.logits}

    def restore(self, sums: dict[str, float], arrays: dict[str, np.ndarray]) -> None:
        self.sums, self.logits = sums, arrays["logits"]


def _digest(encoding: Encoding, rows: Coded) -> str:
    return digest(encoding.ids, encoding.segments, encoding.splits, rows.targets, rows.weights)


def _losses(task: Task, logits, targets):
    """The loss of each element: [B] cross-entropy for multiclass, else [B, K] (sigmoid, or squared error)."""
    if task.kind == "multiclass":
        return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    if task.kind == "regression":
        return tf.math.squared_difference(logits, targets)
    return tf.nn.sigmoid_cross_entropy_with_logits(targets, logits) / task.n_outputs


def _running(task: Task, logits: np.ndarray, targets: np.ndarray, shares: np.ndarray | int) -> float:
    """A batch's part of the progress bar's metric: its correct rows, or the sum of squared errors; a window counts as
    its share of a text."""
    if task.kind == "multiclass":
        return float(((logits.argmax(axis=1) == targets) * shares).sum())
    if task.kind == "regression":
        return float((((logits - targets) ** 2).sum(axis=1) * shares).sum())
    return float((((logits > 0) == (targets >= 0.5)).mean(axis=1) * shares).sum())

"""The training loop: epochs of steps, the history, and the choice of the best weights.

One `Loop` serves whole networks and what stands on the kept answers of frozen layers; only the feed that it is given
differs (`feeds`). It prepares nothing (`train` does) and prints nothing (callbacks are told).
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from bertfit import _env
from bertfit.config import Task, TrainConfig
from bertfit.errors import Arg, Sentence, TrainingError
from bertfit.model import Model
from bertfit.network import compute_in, filled
from bertfit.scores import epoch_metrics
from bertfit.system import interrupts
from bertfit.training.callbacks import Callback
from bertfit.training.optimizer import DECAYED, AdamWarmup, Update
from bertfit.training.rows import Batch, Coded, element_weights, epoch_batches
from bertfit.training.schedule import train_steps

tf = _env.tensorflow()


class Loop:
    """Epochs of steps, the history, and the choice of the best weights."""

    def __init__(self, model: Model, feed, rows: Coded, watched, held: Coded | None, label_weights, config: TrainConfig,
                 seed: int, precision: str, callbacks: list[Callback]):
        self.model, self.task, self.feed, self.rows = model, model.task, feed, rows
        self.watched, self.held, self.label_weights = watched, held, label_weights
        self.config, self.seed, self.precision, self.callbacks = config, seed, precision, callbacks
        self.weights = element_weights(self.task, rows.targets, rows.weights, label_weights)
        self.variables = feed.variables
        self.total_steps, warmup_steps = train_steps(
            len(rows), config.batch_size * config.accumulation, config.epochs, config.warmup
        )
        self.optimizer = AdamWarmup(
            decay_steps=self.total_steps, warmup_steps=warmup_steps, min_lr=config.min_learning_rate,
            learning_rate=config.learning_rate, weight_decay=config.weight_decay, weight_decay_pattern=DECAYED,
            clip_norm=config.clip_norm,
        )
        self.optimizer.build(self.variables)
        self.update = Update(self.optimizer, precision)
        accumulated = self.variables if config.accumulation > 1 else []
        self.gradients = [tf.Variable(tf.zeros_like(v), trainable=False) for v in accumulated]
        feed.plan(config, seed)
        self.step = self._trace_step()
        self.history: dict[str, list] = {}
        self.best_epoch, self.best_value, self.best_weights = None, math.inf, None
        self.interrupted, self.stopped, self.seconds = False, None, 0.0

    def _trace_step(self):
        """One batch forward and backward, and, where it closes a step, the update."""
        targets = tf.TensorSpec([None, *self.rows.targets.shape[1:]], tf.as_dtype(self.rows.targets.dtype))
        weights = tf.TensorSpec([None, *self.weights.shape[1:]], tf.float32)

        @tf.function(input_signature=[self.feed.signature, targets, weights, tf.TensorSpec([], tf.float32),
                                      tf.TensorSpec([], tf.bool)])
        @_env.as_written
        def step(inputs, targets, weights, step_rows, last):
            with compute_in(self.precision, self.feed.shapes.compiled), tf.GradientTape() as tape:
                logits = self.feed.apply(inputs, training=True)  # [B, K]
                # The mean over the step's rows, so that batches that are accumulated add up to one large batch.
                loss = tf.reduce_sum(_losses(self.task, logits, targets) * weights) / step_rows
            gradients = self.update.gradients(tape, loss, self.variables)
            if self.gradients:
                for total, gradient in zip(self.gradients, gradients, strict=True):
                    total.assign_add(tf.convert_to_tensor(gradient))
                tf.cond(last, self._apply_accumulated, lambda: False)
            else:
                self.update.apply(gradients, self.variables)
            return loss, logits

        return step

    def _apply_accumulated(self):
        gradients = [tf.identity(total) for total in self.gradients]
        self.update.apply(gradients, self.variables)
        for total in self.gradients:
            total.assign(tf.zeros_like(total))
        return True

    def run(self, info: dict[str, Any]) -> None:
        """All epochs, or fewer: early stopping, an interrupt, a loss that is no number."""
        config, start = self.config, time.perf_counter()
        steps = self.total_steps // config.epochs
        self._tell("on_begin", {"epochs": config.epochs, "steps": steps, **info})
        try:
            for epoch in range(1, config.epochs + 1):
                epoch_start = time.perf_counter()
                row = self._train_epoch(epoch, steps)
                if math.isfinite(row["loss"]):
                    row.update(self._validate())
                if not all(math.isfinite(value) for name, value in row.items() if name.endswith("loss")):
                    self._diverged(epoch)
                    break
                row["learning_rate"] = float(self.optimizer.scheduled_rate(self.optimizer.iterations))
                row["seconds"] = time.perf_counter() - epoch_start
                better = self._keep_if_better(epoch, row)
                for name, value in {"epoch": epoch, **row}.items():
                    self.history.setdefault(name, []).append(value)
                self._tell("on_epoch", {"epoch": epoch, "epochs": config.epochs, **row, "best": better})
                if config.early_stopping and epoch - self.best_epoch >= config.early_stopping:
                    self.stopped = f"no better {config.monitor} for {config.early_stopping} epochs"
                    break
        except KeyboardInterrupt:
            interrupts.answered()
            self.interrupted, self.stopped = True, "interrupted"
        if config.restore_best and not self.interrupted and self.best_weights is not None:
            for variable, value in zip(self.variables, self.best_weights, strict=True):
                variable.assign(value)
        self.seconds = time.perf_counter() - start
        self._tell("on_end", {"best_epoch": self.best_epoch, "interrupted": self.interrupted})

    def _train_epoch(self, epoch: int, steps: int) -> dict[str, float]:
        logits = np.zeros((len(self.rows), self.task.n_outputs), np.float32)
        loss_sum, row_sum, step, start = 0.0, 0, 0, time.perf_counter()
        tokens_done, tokens = 0, int(self.feed.lengths.sum()) * self.config.epochs
        tokens_before = int(self.feed.lengths.sum()) * (epoch - 1)
        hits = 0.0
        config = self.config
        for batch in epoch_batches(self.feed.lengths, config.batch_size, config.accumulation, self.seed, epoch):
            rows = batch.rows
            loss, values = self._one(batch)
            logits[rows] = values
            loss_sum, row_sum = loss_sum + loss * batch.step_rows, row_sum + len(rows)
            hits += _running(self.task, values, self.rows.targets[rows])
            tokens_done += int(self.feed.lengths[rows].sum())
            if batch.last:
                step += 1
                left = (tokens - tokens_before - tokens_done) * (time.perf_counter() - start) / tokens_done
                name, metric = ("rmse", math.sqrt(hits / row_sum) * self.task.scale) \
                    if self.task.kind == "regression" else ("accuracy", hits / row_sum)
                self._tell("on_step", {"epoch": epoch, "step": step, "steps": steps, "loss": loss_sum / row_sum,
                                       "metric_name": name, "metric": metric, "seconds_left": left})
            if not math.isfinite(loss):
                return {"loss": math.nan}
        if not all(bool(tf.reduce_all(tf.math.is_finite(variable))) for variable in self.variables):
            return {"loss": math.nan}  # the last step's loss was still a number, its update was none
        metrics = epoch_metrics(self.task, logits, self._original(self.rows))
        return {"loss": loss_sum / row_sum, **metrics}

    def _one(self, batch: Batch) -> tuple[float, np.ndarray]:
        rows = batch.rows
        # Compiled kernels serve one number of rows: a short batch gets rows of weight 0.
        size = self.config.batch_size if self.feed.shapes.compiled else len(rows)
        inputs = tuple(tf.constant(filled(x, size)) for x in self.feed.inputs(rows))
        targets, weights = (tf.constant(filled(x[rows], size)) for x in (self.rows.targets, self.weights))
        rows_of_step, last = tf.constant(float(batch.step_rows)), tf.constant(batch.last)
        with interrupts.held():
            loss, logits = self.step(inputs, targets, weights, rows_of_step, last)
        return float(loss), logits.numpy()[: len(rows)]

    def _validate(self) -> dict[str, float]:
        if self.watched is None:
            return {}
        logits = self.watched.logits()
        weights = element_weights(self.task, self.held.targets, self.held.weights, self.label_weights)
        losses = _losses(self.task, tf.constant(logits), tf.constant(self.held.targets)).numpy()
        measures = {"loss": float(np.sum(losses * weights) / len(self.held))}
        measures.update(epoch_metrics(self.task, logits, self._original(self.held)))
        return {f"val_{name}": value for name, value in measures.items()}

    def _original(self, rows: Coded) -> np.ndarray:
        """Targets as the caller gave them."""
        if self.task.kind == "regression":
            return rows.targets * self.task.scale + self.task.center
        return rows.targets

    def _keep_if_better(self, epoch: int, row: dict[str, float]) -> bool:
        monitor = self.config.monitor
        value = row.get(f"val_{monitor}", row[monitor])
        badness = value if monitor in ("loss", "rmse") else -value
        # Until the measure is defined once (an AUC may never be), every epoch counts as better than the one before.
        better = badness < self.best_value or self.best_value == math.inf
        if better:
            self.best_epoch, self.best_value = epoch, badness if math.isfinite(badness) else math.inf
            if self.config.restore_best and epoch < self.config.epochs:
                self.best_weights = [variable.numpy() for variable in self.variables]
            else:
                self.best_weights = None  # the last epoch's are in place
        return better

    def _diverged(self, epoch: int) -> None:
        if self.best_weights is None:
            raise TrainingError("The loss must stay a finite number.",
                                [f"It, or a weight, became NaN or infinite in epoch {epoch}.",
                                 Sentence('Try a smaller {}, or `precision = "float32"`.', Arg("learning_rate"))])
        self.stopped = f"the loss was not finite in epoch {epoch}"

    def outcome(self) -> dict[str, Any]:
        """What the record keeps of the run."""
        return {
            "history": {name: list(values) for name, values in self.history.items()},
            "best_epoch": self.best_epoch,
            "restored_best": self.config.restore_best and not self.interrupted,
            "interrupted": self.interrupted,
            "stopped": self.stopped,
            "seconds": self.seconds,
        }

    def _tell(self, hook: str, info: dict[str, Any]) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(info)


def _losses(task: Task, logits, targets):
    """The loss of each element: [B, K] for sigmoids and squares, [B] for a softmax."""
    if task.kind == "multiclass":
        return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    if task.kind == "regression":
        return tf.math.squared_difference(logits, targets)
    return tf.nn.sigmoid_cross_entropy_with_logits(targets, logits) / task.n_outputs


def _running(task: Task, logits: np.ndarray, targets: np.ndarray) -> float:
    """What the progress bar's metric adds up: right rows, or squared errors."""
    if task.kind == "multiclass":
        return float((logits.argmax(axis=1) == targets).sum())
    if task.kind == "regression":
        return float(((logits - targets) ** 2).sum())
    return float(((logits > 0) == (targets >= 0.5)).mean(axis=1).sum())

"""One training run: steps, epochs, the best epoch, callbacks, and its state.

`Run` serves fine-tuning and pretraining; an `Objective` defines what is trained, on which batches and with which
measures. Does not prepare data, and does not print.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from bertfit import _env
from bertfit.config import PretrainConfig, TrainConfig
from bertfit.errors import Arg, Sentence, TrainingError
from bertfit.model import bundle
from bertfit.network import compute_in, share
from bertfit.system import interrupts
from bertfit.training.callbacks import Callback, is_stop
from bertfit.training.folder import RunFolder, check_identity
from bertfit.training.objective import Objective
from bertfit.training.optimizer import Update, build_optimizer
from bertfit.training.pace import Pace
from bertfit.training.state import State

tf = _env.tensorflow()


class _NotFiniteError(Exception):
    """A loss or a weight became NaN or infinite at step `args[0]`, counted from 1."""


class Run:
    """Steps, epochs, the history and the best epoch; with `folder`, a state on disk to resume from.

    Args:
        objective: The model, batches, loss and measures.
        config: Settings of the optimizer, and `monitor`.
        callbacks: Called after every step and epoch.
        early_stopping: Epochs without a better `monitor` after which the run ends; None for never.
        restore_best: Whether the run ends with the weights of the best epoch.
        folder: Where the state is saved, after every epoch, on an interrupt and every `save_steps`; None for nowhere.
        save_steps: Steps between two saved states; None saves none within an epoch.
    """

    def __init__(self, objective: Objective, config: TrainConfig | PretrainConfig, callbacks: Sequence[Callback], *,
                 early_stopping: int | None = None, restore_best: bool = False, folder: RunFolder | None = None,
                 save_steps: int | None = None):
        self.objective, self.config, self.callbacks = objective, config, list(callbacks)
        self.early_stopping, self.restore_best, self.save_steps = early_stopping, restore_best, save_steps
        self.folder = folder
        self.variables, self.noise = objective.variables, objective.model.noise
        self.total_steps, self.epoch_steps = objective.total_steps, objective.epoch_steps
        self.epochs = math.ceil(self.total_steps / self.epoch_steps)
        self.optimizer = build_optimizer(config, self.total_steps, self.variables)
        self.update = Update(self.optimizer, objective.precision)
        accumulated = self.variables if objective.accumulates else []
        self.gradients = [tf.Variable(tf.zeros_like(v), trainable=False) for v in accumulated]
        self._function, self.pace = None, Pace()
        # Computed before the first step, as it may digest the initial weights; converted as saving and loading would.
        self._identity = None if folder is None else bundle.unplain(bundle.plain(objective.identity()))
        self.step = 0
        self.history: dict[str, list] = {}
        self.best_epoch, self.best_badness, self.best_weights = None, math.inf, None
        self.interrupted, self.stopped, self.seconds = False, None, 0.0
        self._asked_to_stop = False  # by a callback
        self._clock = time.perf_counter()

    # -- One step -------------------------------------------------------------------------------------

    def _trace(self) -> None:
        """Trace the function of one batch: forward, backward and, after the last batch of a step, the update.

        Runs whose graphs are the same share it: weights, rates, numbers of steps and seeds are variables.
        """
        objective, config = self.objective, self.config

        def step(*inputs):
            *inputs, last = inputs
            with compute_in(objective.precision, objective.compiled), tf.GradientTape() as tape:
                loss, outputs = objective.loss(*inputs)
            gradients = self.update.gradients(tape, loss, self.variables)
            if self.gradients:
                for total, gradient in zip(self.gradients, gradients, strict=True):
                    total.assign_add(tf.convert_to_tensor(gradient))
                tf.cond(last, self._apply_accumulated, lambda: False)
            else:
                self.update.apply(gradients, self.variables)
            return outputs

        self._function = share(
            step, (*objective.signature, tf.TensorSpec([], tf.bool)),
            [*objective.model.variables, *self.update.variables, *self.gradients],
            key=(type(objective), objective.structure, objective.precision, objective.compiled, bool(self.gradients),
                 config.clip_norm, bool(config.weight_decay)))

    def _apply_accumulated(self):
        """Update with the summed gradients and reset them; returns True, as `tf.cond` needs a value."""
        gradients = [tf.identity(total) for total in self.gradients]
        self.update.apply(gradients, self.variables)
        for total in self.gradients:
            total.assign(tf.zeros_like(total))
        return True

    def run_batch(self, batch, last: bool = True):
        """Train on a batch, `last` if it ends its step. Returns the outputs of `Objective.loss` as arrays."""
        if self._function is None:
            self._trace()
        inputs = self.objective.inputs(batch)
        self.pace.batch(tuple(tuple(value.shape) for value in tf.nest.flatten(inputs)))
        outputs = self._function(*inputs, tf.constant(last))
        return tf.nest.map_structure(lambda tensor: tensor.numpy(), outputs)

    def _train_step(self, batches: Sequence) -> None:
        """Train one step. An interrupt between its batches restores sums and noise from before the step."""
        step, sums, noise = self.step, dict(self.objective.sums), self.noise.state.numpy()
        try:
            for number, batch in enumerate(batches, 1):
                with interrupts.held():  # weights, sums and the number of steps change together
                    self.objective.add(batch, self.run_batch(batch, number == len(batches)))
                    if not _finite(self.objective.sums):
                        raise _NotFiniteError(step + 1)
                    self.step += number == len(batches)
        except KeyboardInterrupt:
            if self.step == step:
                self.objective.sums = sums
                self.noise.state.assign(noise)
            raise

    # -- Steps and epochs -----------------------------------------------------------------------------

    def train(self) -> None:
        """Train to the last step, or until early stopping, a callback's "stop", an interrupt or an infinite loss."""
        self._clock = time.perf_counter()
        self._notify("on_begin", {
            "epochs": self.epochs, "steps": self.epoch_steps, "step": self.step, **self.objective.facts(),
            "parts": self.objective.parts, "bytes": self.objective.bytes, "device": _env.device_name(),
            "parameters": self.objective.model.parameters,
            "trainable": int(sum(np.prod(variable.shape) for variable in self.variables)),
        })
        if self.folder is not None:
            self.folder.begin()
        try:
            self._train()
        except KeyboardInterrupt:
            interrupts.answered()
            self.interrupted, self.stopped = True, "interrupted"
            self._save_state()
        except _NotFiniteError as error:
            self._diverged(error.args[0])
        if self.best_weights is not None and not self.interrupted:
            for variable, value in zip(self.variables, self.best_weights, strict=True):
                variable.assign(value)
        self._count_seconds()
        self._notify("on_end", {"best_epoch": self.best_epoch, "interrupted": self.interrupted})

    def _train(self) -> None:
        epoch_start = time.perf_counter()
        if self._epoch_is_over() and len(self.history.get("epoch", [])) < self._epoch(self.step):
            self._end_epoch(epoch_start)  # the run was interrupted just after the epoch's last step
        if self._stops_early():
            return
        self._trace()  # here, where an interrupt ends it at once
        self.pace.start()
        for batches in self.objective.steps(self.step):
            self._train_step(batches)
            self.pace.step()
            self._notify_step()
            if self._epoch_is_over():
                self._end_epoch(epoch_start)
                self.pace.end()
                epoch_start = time.perf_counter()
            elif self._asked_to_stop or (self.save_steps and self.step % self.save_steps == 0):
                self._save_state()
            if self._stops_early():
                return

    def _epoch(self, step: int) -> int:
        return math.ceil(step / self.epoch_steps)

    def _epoch_is_over(self) -> bool:
        return self.step % self.epoch_steps == 0 or self.step == self.total_steps

    def _end_epoch(self, start: float) -> None:
        epoch, row = self._epoch(self.step), self.objective.measures()
        if not all(bool(tf.reduce_all(tf.math.is_finite(variable))) for variable in self.variables):
            raise _NotFiniteError(self.step)  # the last step's loss was finite, its update was not
        row.update({f"val_{name}": value for name, value in self.objective.validate().items()})
        if not _finite(row):
            raise _NotFiniteError(self.step)
        row["learning_rate"] = float(self.optimizer.scheduled_rate(self.optimizer.iterations))
        row["seconds"] = time.perf_counter() - start
        with interrupts.held():
            better = self._keep_epoch(epoch, row)
        self._notify("on_epoch", {"epoch": epoch, "epochs": self.epochs, **row, "best": better})

    def _keep_epoch(self, epoch: int, row: dict[str, float]) -> bool:
        monitor = self.config.monitor
        value = row.get(f"val_{monitor}", row[monitor])
        badness = value if monitor.endswith(("loss", "rmse")) else -value
        # Until the measure is first defined (the AUC of a single class never is), every epoch counts as the best.
        better = badness < self.best_badness or self.best_badness == math.inf
        if better:
            self.best_epoch, self.best_badness = epoch, badness if math.isfinite(badness) else math.inf
            # The last epoch's need no copy: the run ends with them.
            keep = self.restore_best and epoch < self.epochs
            self.best_weights = [variable.numpy() for variable in self.variables] if keep else None
        steps = {"steps": self.step} if self.objective.counts_steps else {}
        for name, value in {"epoch": epoch, **steps, **row}.items():
            self.history.setdefault(name, []).append(value)
        self.objective.start_epoch()
        self._count_seconds()
        self.objective.keep_epoch(self, epoch, better)
        self._save_state()
        if self.folder is not None:
            self.folder.attempt("run.json", self.folder.replace_earlier)
        return better

    def _stops_early(self) -> bool:
        if self._asked_to_stop:
            self.stopped = "a callback asked to stop"
            return True
        epochs = self.history.get("epoch")
        if not (self.early_stopping and epochs and epochs[-1] - self.best_epoch >= self.early_stopping):
            return False
        self.stopped = f"no better {self.config.monitor} for {self.early_stopping} epochs"
        return True

    def _diverged(self, step: int) -> None:
        epoch = self._epoch(step)
        if self.best_weights is None:
            raise TrainingError("The loss must stay a finite number.", [
                f"It, or a weight, became NaN or infinite in epoch {epoch} (step {step}).",
                Sentence('Try a smaller {}, or `precision = "float32"`.', Arg("learning_rate")),
            ]) from None
        self.stopped = f"the loss was not finite in epoch {epoch}"

    def _notify_step(self) -> None:
        epoch, left = self._epoch(self.step), self.total_steps - self.step
        self._notify("on_step", {
            "epoch": epoch, "step": (self.step - 1) % self.epoch_steps + 1, "steps": self.epoch_steps,
            **self.objective.progress(), "seconds_left": self.pace.left(left, self.epochs - epoch) if left else 0.0,
        })

    def _notify(self, hook: str, info: dict[str, Any]) -> None:
        for callback in self.callbacks:
            self._asked_to_stop |= is_stop(getattr(callback, hook)(info))

    def _count_seconds(self) -> None:
        now = time.perf_counter()
        self.seconds, self._clock = self.seconds + now - self._clock, now

    def outcome(self) -> dict[str, Any]:
        """The run's part of the model's record."""
        return {
            "history": {name: list(values) for name, values in self.history.items()},
            "best_epoch": self.best_epoch,
            "restored_best": self.restore_best and not self.interrupted,
            "interrupted": self.interrupted, "stopped": self.stopped, "seconds": self.seconds,
        }

    # -- The state on disk ----------------------------------------------------------------------------

    def _save_state(self) -> None:
        if self.folder is None:
            return
        self._count_seconds()
        arrays = {"weight": self.variables, "optimizer": self.update.state, "best": self.best_weights or []}
        state = State(
            run=self.folder.run,
            identity=self._identity, seed=self.objective.seed, step=self.step, sums=self.objective.sums,
            history=self.history, best_epoch=self.best_epoch, best_badness=self.best_badness, seconds=self.seconds,
            arrays={**{f"{kind}/{i}": np.asarray(v) for kind, values in arrays.items() for i, v in enumerate(values)},
                    **{f"epoch/{name}": array for name, array in self.objective.arrays().items()},
                    "noise": self.noise.state.numpy()},
        )
        self.folder.attempt("the state", lambda: self.folder.save(state))

    def restore(self, state: State) -> None:
        """Continue from a saved state; an ArgumentError if its run had other settings, data or another model."""
        arrays = state.arrays
        check_identity(state.identity, self._identity, type(self.config)().to_dict())
        for kind, variables in (("weight", self.variables), ("optimizer", self.update.state)):
            for i, variable in enumerate(variables):
                variable.assign(arrays[f"{kind}/{i}"])
        self.noise.state.assign(arrays["noise"])
        if "best/0" in arrays:
            self.best_weights = [arrays[f"best/{i}"] for i in range(len(self.variables))]
        self.step, self.history = state.step, state.history
        self.best_epoch, self.best_badness, self.seconds = state.best_epoch, state.best_badness, state.seconds
        self.objective.restore(dict(state.sums), {
            name.removeprefix("epoch/"): array for name, array in arrays.items() if name.startswith("epoch/")})


def _finite(values: dict[str, float]) -> bool:
    """Whether all losses among these sums or measures are finite."""
    return all(math.isfinite(value) for name, value in values.items() if name.endswith("loss"))

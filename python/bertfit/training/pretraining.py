"""Pretraining: masked tokens and next sentences together, from scratch or on from a checkpoint.

`pretrain` runs steps over the batches of a `PretrainingData` and keeps, in `out_dir`, the bundles "best" and
"last" (and "epoch-003", ..., if asked) and a "state" from which an interrupted or killed run goes on to the same
weights as one that was not. Losses follow Google's run_pretraining.py: the mean over masked tokens plus the mean
over pairs.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bertfit import _env
from bertfit.config import PretrainConfig, PretrainHeads
from bertfit.corpus import MaskRule, PretrainBatch, PretrainingData, open_pretraining_data
from bertfit.errors import Arg, ArgumentError, DataError, Sentence, TrainingError, Value
from bertfit.model import Model, persist
from bertfit.network import compiling, compute_in, kernels
from bertfit.system import interrupts
from bertfit.text import Vocabulary
from bertfit.training.callbacks import Callback
from bertfit.training.optimizer import DECAYED, AdamWarmup, Update
from bertfit.training.shapes import Shapes, plan_fixed
from bertfit.training.state import State, load_state, save_state

tf = _env.tensorflow()

#: Masked tokens of a batch are filled up to a multiple of this, so that few different shapes reach the kernels.
MASKED_STEP = 64

#: What a step adds up, over its masked tokens and its pairs.
_SUMS = ("mlm_loss", "mlm_right", "mlm_count", "nsp_loss", "nsp_right", "nsp_count")


def pretrain(
    model: Model,
    data: PretrainingData | str | os.PathLike | Sequence[str | os.PathLike],
    *,
    heads: PretrainHeads | None = None,
    config: PretrainConfig | None = None,
    validation: PretrainingData | str | os.PathLike | Sequence[str | os.PathLike] | None = None,
    out_dir: str | Path | None = None,
    resume: bool = False,
    callbacks: Sequence[Callback] = (),
) -> Model:
    """Train an encoder with its MLM and NSP heads.

    Args:
        model: Fresh (`bertfit.init`) or loaded; it is left as it is. Heads that it has are trained on.
        data: From `open_pretraining_data`, or what that takes.
        heads: Forms of the heads where the model has none; None for Google's.
        config: Settings; None for the defaults.
        validation: More such data, looked at after every epoch without training on it; or None.
        out_dir: Where "best", "last" and "state" are kept; None keeps nothing.
        resume: Go on from the state in `out_dir`, which must have been made with the same settings and data.
        callbacks: Told of every step and epoch.

    Returns:
        A new model with the weights of the last step. Its `record` holds settings, history, best_epoch, seed,
        steps, precision, interrupted and seconds.

    Raises:
        DataError: The data were made with another vocabulary or are longer than the model's positions.
        ArgumentError: There is no state to resume from, or it belongs to another run.
        TrainingError: The loss is not a number.
    """
    config = config or PretrainConfig()
    data, validation = (given if given is None or isinstance(given, PretrainingData) else open_pretraining_data(given)
                        for given in (data, validation))
    _check_data(model, data, "data")
    if validation is not None:
        _check_data(model, validation, "validation")
    if resume and out_dir is None:
        raise ArgumentError("must be given to resume a run.", argument="out_dir")
    if model.pretraining is not None and heads not in (None, model.pretrain_heads):
        raise ArgumentError("must be left out for a model that has MLM and NSP heads.",
                            [f"It has {model.pretrain_heads.to_dict()}."], argument="heads")
    state = load_state(out_dir) if resume else None
    seed = state.seed if state is not None else _env.draw_seed(config.seed)
    if state is not None and config.seed not in (None, state.seed):
        raise ArgumentError("must be that of the run to resume.", [f"It was {state.seed}."], argument="seed")
    source = {"kind": "pretrained", "path": None, "sha256": None, "origin": persist.origin(model)}
    model = model.copy(heads=True)
    if model.pretraining is None:
        model.add_pretraining(heads or PretrainHeads(), seed)
    run = _Run(model, data, validation, config, seed, out_dir, list(callbacks))
    if state is not None:
        run.restore(state)
    run.train()
    model.source, model.record = source, run.record()
    return model


def _check_data(model: Model, data: PretrainingData, argument: str) -> None:
    if data.max_len > model.max_len:
        raise DataError("must not be longer than the model's positions.",
                        [f"Sequences have {data.max_len} tokens, the model {model.max_len} positions."],
                        argument=argument)
    data.check_vocabulary(model.vocabulary)


def step_inputs(batch: PretrainBatch, pad_id: int, shapes: Shapes) -> tuple[np.ndarray, ...]:
    """A batch as the traced step takes it: padding cut off, masked tokens as flat places.

    Returns:
        Token ids and segment ids [B, S], S the length of the longest row, padded; the M masked tokens' places in
        [B * S], their ids [M], and the next-sentence labels [B]. All int32. M is filled up to a multiple of
        `MASKED_STEP` with ids of -1, which count for nothing.
    """
    longest = int(np.flatnonzero((batch.input_ids != pad_id).any(axis=0))[-1]) + 1
    length = shapes.padded(longest)
    rows, columns = np.nonzero(batch.weights > 0)
    fill = (0, -len(rows) % MASKED_STEP)
    places = np.pad(rows * length + batch.positions[rows, columns], fill)
    labels = np.pad(batch.labels[rows, columns], fill, constant_values=-1)
    arrays = (batch.input_ids[:, :length], batch.segment_ids[:, :length], places, labels, batch.next_labels)
    return tuple(np.ascontiguousarray(array, np.int32) for array in arrays)


def mask_rule(data: PretrainingData, vocabulary: Vocabulary) -> MaskRule:
    """The rule that data were masked by; for files of another origin, Google's defaults."""
    made = data.description.get("settings", {})
    return MaskRule.of(vocabulary, made.get("mask_prob", 0.15), data.max_predictions, made.get("whole_word", False))


class _Run:
    """One run: the traced steps, the measures, and what is saved."""

    def __init__(self, model: Model, data, validation, config: PretrainConfig, seed: int, out_dir, callbacks):
        self.model, self.data, self.validation, self.config = model, data, validation, config
        self.seed, self.callbacks = seed, callbacks
        self.out_dir = None if out_dir is None else Path(out_dir)
        self.precision = _env.resolve_precision(config.precision)
        self.pass_steps = math.ceil(data.n / config.batch_size)
        self.total_steps = config.steps or config.epochs * (config.steps_per_epoch or self.pass_steps)
        self.epoch_steps = min(config.steps_per_epoch or self.pass_steps, self.total_steps)
        self.epochs = math.ceil(self.total_steps / self.epoch_steps)
        self.variables = [*model.encoder.trainable_weights]
        for layer in model.pretraining.layers:
            self.variables += layer.trainable_weights
        self.optimizer = AdamWarmup(
            decay_steps=self.total_steps, warmup_steps=int(self.total_steps * config.warmup),
            min_lr=config.min_learning_rate, learning_rate=config.learning_rate, weight_decay=config.weight_decay,
            weight_decay_pattern=DECAYED, clip_norm=config.clip_norm,
        )
        self.optimizer.build(self.variables)
        self.update = Update(self.optimizer, self.precision)
        self.rule = mask_rule(data, model.vocabulary) if config.masking == "dynamic" else None
        model.noise.reset(seed)
        self.shapes = plan_fixed(data.max_len, self.total_steps, config.batch_size, model.config, compiling.can_compile)
        self.step, self.sums = 0, dict.fromkeys(_SUMS, 0.0)
        self.history: dict[str, list] = {}
        self.best_epoch, self.best_badness = None, math.inf
        self.interrupted, self.seconds = False, 0.0
        self._train_step, self._measure_step = self._trace(training=True), self._trace(training=False)

    # -- One step -------------------------------------------------------------------------------------

    def _trace(self, training: bool):
        ids, flat = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)

        @tf.function(input_signature=[ids, ids, flat, flat, flat])
        @_env.as_written
        def step(tokens, segments, places, labels, next_labels):
            with compute_in(self.precision, training and self.shapes.compiled):
                if not training:
                    return self._losses(tokens, segments, places, labels, next_labels, False)[1]
                with tf.GradientTape() as tape:
                    loss, sums = self._losses(tokens, segments, places, labels, next_labels, True)
                gradients = self.update.gradients(tape, loss, self.variables)
            self.update.apply(gradients, self.variables)
            return sums

        return step

    def _losses(self, tokens, segments, places, labels, next_labels, training: bool):
        sequence = self.model.encoder.states([tokens, segments], training)[-1]  # [B, S, H]
        pooled = self.model.encoder.pooled(sequence[:, 0])  # [B, H]
        vectors = tf.gather(tf.reshape(sequence, [-1, self.model.config.hidden_size]), places)  # [M, H]
        token_logits = self.model.pretraining.token_logits(vectors)  # [M, V]
        next_logits = self.model.pretraining.next_logits(pooled)  # [B, 2]
        real = tf.cast(labels >= 0, tf.float32)
        token_losses = kernels.token_losses(token_logits, tf.maximum(labels, 0)) * real
        next_losses = tf.nn.sparse_softmax_cross_entropy_with_logits(next_labels, next_logits)
        masked = tf.reduce_sum(real)
        loss = tf.reduce_sum(token_losses) / tf.maximum(masked, 1.0) + tf.reduce_mean(next_losses)
        return loss, tf.stack([
            tf.reduce_sum(token_losses), _right(token_logits, labels), masked,
            tf.reduce_sum(next_losses), _right(next_logits, next_labels), tf.cast(tf.size(next_labels), tf.float32),
        ])

    def _run_batch(self, function, batch: PretrainBatch) -> np.ndarray:
        return function(*step_inputs(batch, self.model.vocabulary.pad_id, self.shapes)).numpy()

    # -- The run --------------------------------------------------------------------------------------

    def train(self) -> None:
        """Steps up to the last, or to an interrupt."""
        start, before = time.perf_counter(), self.seconds
        first_step = self.step
        self._tell("on_begin", {
            "epochs": self.epochs, "steps": self.epoch_steps, "rows": self.data.n, "step": self.step,
            "validation_rows": 0 if self.validation is None else self.validation.n, "max_len": self.data.max_len,
            "truncated": 0, "precision": self.precision, "device": _env.device_name(),
            "parameters": self.model.parameters, "trainable": int(sum(np.prod(v.shape) for v in self.variables)),
        })
        epoch_start = time.perf_counter()
        try:
            if any(self.sums.values()) and self._epoch_is_over():  # the interrupt came before its end was kept
                self._end_epoch(time.perf_counter() - epoch_start)
            for batch in self._batches():
                with interrupts.held():  # a resumed run counts on weights and step that belong together
                    self._train_on(batch)
                self._tell_step(time.perf_counter() - start, first_step)
                if self._epoch_is_over():
                    self.seconds = before + time.perf_counter() - start
                    self._end_epoch(time.perf_counter() - epoch_start)
                    epoch_start = time.perf_counter()
                elif self.config.save_steps and self.step % self.config.save_steps == 0:
                    self.seconds = before + time.perf_counter() - start
                    self._save_state()
        except KeyboardInterrupt:
            interrupts.answered()
            self.interrupted = True
            self._save_state()
        self.seconds = before + time.perf_counter() - start
        self._tell("on_end", {"best_epoch": self.best_epoch, "interrupted": self.interrupted})

    def _train_on(self, batch: PretrainBatch) -> None:
        sums = self._run_batch(self._train_step, batch)
        if not np.isfinite(sums).all():
            raise TrainingError("The loss must stay a finite number.",
                                [f"It became NaN or infinite at step {self.step + 1}.",
                                 Sentence('Try a smaller {}, or `precision = "float32"`.', Arg("learning_rate"))])
        for name, value in zip(_SUMS, sums.tolist(), strict=True):
            self.sums[name] += value
        self.step += 1

    def _epoch_is_over(self) -> bool:
        return self.step % self.epoch_steps == 0 or self.step == self.total_steps

    def _batches(self) -> Iterator:
        """Batches from the step that comes next to the last step, pass after pass over the data."""
        step = self.step
        while step < self.total_steps:
            passed, skipped = divmod(step, self.pass_steps)
            for batch in self.data.batches(self.config.batch_size, seed=self.seed, epoch=passed, skip=skipped,
                                           rule=self.rule):
                yield batch
                step += 1
                if step == self.total_steps:
                    return

    def _end_epoch(self, seconds: float) -> None:
        epoch = math.ceil(self.step / self.epoch_steps)
        row = _measures(self.sums)
        if self.validation is not None:
            row.update({f"val_{name}": value for name, value in self._validate().items()})
        row["learning_rate"] = float(self.optimizer.scheduled_rate(self.step))
        row["seconds"] = seconds
        with interrupts.held():
            better = self._keep_epoch(epoch, row)
        self._tell("on_epoch", {"epoch": epoch, "epochs": self.epochs, **row, "best": better})

    def _keep_epoch(self, epoch: int, row: dict[str, float]) -> bool:
        self.sums = dict.fromkeys(_SUMS, 0.0)
        monitor = self.config.monitor
        value = row.get(f"val_{monitor}", row[monitor])
        badness = -value if monitor.endswith("accuracy") else value
        better = self.best_epoch is None or badness < self.best_badness
        if better:
            self.best_epoch, self.best_badness = epoch, badness
        for name, value in {"epoch": epoch, "steps": self.step, **row}.items():
            self.history.setdefault(name, []).append(value)
        if self.out_dir is not None:
            self.model.record = self.record()
            keep = self.config.save_epochs and epoch % self.config.save_epochs == 0
            for name, wanted in (("best", better), ("last", True), (f"epoch-{epoch:03d}", keep)):
                if wanted:
                    persist.save(self.model, self.out_dir / name, overwrite=True)
            self._save_state()
        return better

    def _validate(self) -> dict[str, float]:
        sums, batches = np.zeros(len(_SUMS)), self.validation.batches(self.config.batch_size, seed=0, epoch=0)
        for number, batch in enumerate(batches):
            if number == self.config.validation_steps:
                break
            sums += self._run_batch(self._measure_step, batch)
        return _measures(dict(zip(_SUMS, sums.tolist(), strict=True)))

    def _tell_step(self, seconds: float, first_step: int) -> None:
        measures = _measures(self.sums)
        done = (self.step - 1) % self.epoch_steps + 1
        left = seconds / (self.step - first_step) * (self.total_steps - self.step)
        self._tell("on_step", {"epoch": math.ceil(self.step / self.epoch_steps), "step": done,
                               "steps": self.epoch_steps, "loss": measures["loss"], "metric_name": "mlm_accuracy",
                               "metric": measures["mlm_accuracy"], "seconds_left": left})

    def _tell(self, hook: str, info: dict[str, Any]) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(info)

    # -- What is kept ---------------------------------------------------------------------------------

    def record(self) -> dict[str, Any]:
        """What the model's record keeps of the run."""
        return {
            "settings": {**self.config.to_dict(), "seed": self.seed},
            "seed": self.seed, "rows": self.data.n, "steps": self.step, "precision": self.precision,
            "validation_rows": 0 if self.validation is None else self.validation.n,
            "history": {name: list(values) for name, values in self.history.items()},
            "best_epoch": self.best_epoch, "interrupted": self.interrupted, "seconds": self.seconds,
        }

    def _identity(self) -> dict[str, Any]:
        """What must be the same for a run to go on as if it had never stopped."""
        settings = self.config.to_dict()
        for name in ("verbose", "seed", "save_steps", "save_epochs", "precision"):
            settings.pop(name)
        return {"settings": settings, "precision": self.precision, "rows": self.data.n,
                "max_len": self.data.max_len, "vocabulary": self.model.vocabulary.sha256,
                "config": self.model.config.to_dict(), "heads": self.model.pretrain_heads.to_dict()}

    def _save_state(self) -> None:
        if self.out_dir is None:
            return
        save_state(self.out_dir, State(
            identity=self._identity(), seed=self.seed, step=self.step, sums=self.sums, history=self.history,
            best_epoch=self.best_epoch, best_badness=self.best_badness, seconds=self.seconds,
            arrays={**{f"weight/{i}": v.numpy() for i, v in enumerate(self.variables)},
                    **{f"optimizer/{i}": v.numpy() for i, v in enumerate(self.update.state)},
                    "noise": self.model.noise.state.numpy()},
        ))

    def restore(self, state: State) -> None:
        """Go on from a saved state.

        Raises:
            ArgumentError: The state belongs to a run with other settings, data or model.
        """
        identity = self._identity()
        different = [name for name in identity if state.identity.get(name) != identity[name]]
        if different:
            raise ArgumentError("A run must be resumed with the settings, data and model it was started with.",
                                [Sentence("{} was {}, now {}.", Arg(name), Value(state.identity.get(name)),
                                          Value(identity[name]))
                                 for name in different])
        for i, variable in enumerate(self.variables):
            variable.assign(state.arrays[f"weight/{i}"])
        for i, variable in enumerate(self.update.state):
            variable.assign(state.arrays[f"optimizer/{i}"])
        self.model.noise.state.assign(state.arrays["noise"])
        self.step, self.sums, self.history = state.step, dict(state.sums), state.history
        self.best_epoch, self.best_badness, self.seconds = state.best_epoch, state.best_badness, state.seconds


def _right(logits, labels):
    return tf.reduce_sum(tf.cast(tf.equal(tf.argmax(logits, axis=-1, output_type=tf.int32), labels), tf.float32))


def _measures(sums: dict[str, float]) -> dict[str, float]:
    """Losses and accuracies from what the steps added up; the accuracy of MLM is over masked tokens only."""
    tokens, pairs = max(sums["mlm_count"], 1.0), max(sums["nsp_count"], 1.0)
    measures = {
        "mlm_loss": sums["mlm_loss"] / tokens, "mlm_accuracy": sums["mlm_right"] / tokens,
        "nsp_loss": sums["nsp_loss"] / pairs, "nsp_accuracy": sums["nsp_right"] / pairs,
    }
    return {"loss": measures["mlm_loss"] + measures["nsp_loss"], **measures}

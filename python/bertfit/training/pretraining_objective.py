"""The `Objective` of pretraining: batches of masked pairs, the losses of its tasks, and the measures of an epoch."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bertfit import _env
from bertfit.config import PretrainConfig
from bertfit.corpus import MaskRule, PretrainBatch, PretrainingData
from bertfit.model import Model, persist
from bertfit.network import compiling, compute_in, kernels, share
from bertfit.system import interrupts
from bertfit.text import Vocabulary
from bertfit.training.folder import RunFolder
from bertfit.training.run import Run
from bertfit.training.shapes import Shapes, batch_bytes, plan_fixed

tf = _env.tensorflow()

#: The masked tokens of a batch are padded to a multiple of this, so that kernels are compiled for few shapes.
MASKED_STEP = 64

#: Sums over the masked tokens and the pairs of an epoch's batches.
_SUMS = ("mlm_loss", "mlm_right", "mlm_count", "nsp_loss", "nsp_right", "nsp_count")


def step_inputs(batch: PretrainBatch, pad_id: int, shapes: Shapes) -> tuple[np.ndarray, ...]:
    """A batch as the traced step takes it: without needless padding, masked tokens by their offsets.

    Returns:
        Token ids and segment ids [B, S], S the padded length of the longest row; the M masked tokens' offsets in
        [B * S], their ids [M], and the next-sentence labels [B]. All int32. M is padded to a multiple of
        `MASKED_STEP` with ids of -1, which the loss ignores.
    """
    longest = int(np.flatnonzero((batch.input_ids != pad_id).any(axis=0))[-1]) + 1
    length = shapes.padded(longest)
    rows, columns = np.nonzero(batch.weights > 0)
    fill = (0, -len(rows) % MASKED_STEP)
    offsets = np.pad(rows * length + batch.positions[rows, columns], fill)
    labels = np.pad(batch.labels[rows, columns], fill, constant_values=-1)
    arrays = (batch.input_ids[:, :length], batch.segment_ids[:, :length], offsets, labels, batch.next_labels)
    return tuple(np.ascontiguousarray(array, np.int32) for array in arrays)


def mask_rule(data: PretrainingData, vocabulary: Vocabulary) -> MaskRule:
    """The rule by which the data were masked; Google's defaults for files not made by bertfit."""
    made = data.description.get("settings", {})
    return MaskRule.of(vocabulary, made.get("mask_prob", 0.15), data.max_predictions, made.get("whole_word", False))


class Pretraining:
    """The `Objective` of pretraining: masked tokens and next sentences.

    Args:
        model: The model, with an MLM head. Without an NSP head the data's pairs are read and not classified.
        data: Training data.
        validation: Validation data, or None.
        config: Settings.
        seed: Seed of the order of rows, of dynamic masks and of dropout.
    """

    counts_steps = True

    def __init__(self, model: Model, data: PretrainingData, validation: PretrainingData | None, config: PretrainConfig,
                 seed: int):
        self.model, self.data, self.validation, self.config, self.seed = model, data, validation, config, seed
        self.precision = _env.resolve_precision(config.precision)
        self.pass_steps = math.ceil(data.n / config.batch_size)
        self.total_steps = config.steps or config.epochs * (config.steps_per_epoch or self.pass_steps)
        self.epoch_steps = min(config.steps_per_epoch or self.pass_steps, self.total_steps)
        self.pairs = model.pretraining.next_sentence is not None
        layers = model.encoder.layers if self.pairs else model.encoder.layers_up_to(model.encoder.depth)
        layers += model.pretraining.layers
        self.variables = [weight for layer in layers for weight in layer.trainable_weights]
        self.rule = mask_rule(data, model.vocabulary) if config.masking == "dynamic" else None
        model.noise.reset(seed)
        self.shapes = plan_fixed(data.max_len, self.total_steps, config.batch_size, model.config, compiling.can_compile)
        self.compiled = self.shapes.compiled
        self.parts, self.accumulates = 1, False
        self.bytes = batch_bytes(min(config.batch_size, data.n), data.max_len, model.config)
        self.structure = model.structure
        ids, flat = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)
        self.signature = (ids, ids, flat, flat, flat)
        self.start_epoch()

    def start_epoch(self) -> None:
        self.sums = dict.fromkeys(_SUMS, 0.0)

    def steps(self, done: int) -> Iterator[list[PretrainBatch]]:
        """Steps of one batch each, pass after pass over the data."""
        step = done
        while step < self.total_steps:
            passed, skipped = divmod(step, self.pass_steps)
            for batch in self.data.batches(self.config.batch_size, seed=self.seed, epoch=passed, skip=skipped,
                                           rule=self.rule):
                yield [batch]
                step += 1
                if step == self.total_steps:
                    return

    def inputs(self, batch: PretrainBatch) -> tuple:
        return step_inputs(batch, self.model.vocabulary.pad_id, self.shapes)

    def loss(self, *inputs) -> tuple:
        return self._losses(*inputs, True)

    def _losses(self, tokens, segments, offsets, labels, next_labels, training: bool):
        sequence = self.model.encoder.states([tokens, segments], training)[-1]  # [B, S, H]
        vectors = tf.gather(tf.reshape(sequence, [-1, self.model.config.hidden_size]), offsets)  # [M, H]
        token_logits = self.model.pretraining.token_logits(vectors)  # [M, V]
        real = tf.cast(labels >= 0, tf.float32)
        token_losses = kernels.token_losses(token_logits, tf.maximum(labels, 0)) * real
        masked = tf.reduce_sum(real)
        loss = tf.reduce_sum(token_losses) / tf.maximum(masked, 1.0)
        sums = [tf.reduce_sum(token_losses), _count_correct(token_logits, labels), masked]
        if not self.pairs:
            return loss, tf.stack([*sums, 0.0, 0.0, 0.0])
        pooled = self.model.encoder.pooled(sequence[:, 0])  # [B, H]
        next_logits = self.model.pretraining.next_logits(pooled)  # [B, 2]
        next_losses = tf.nn.sparse_softmax_cross_entropy_with_logits(next_labels, next_logits)
        return loss + tf.reduce_mean(next_losses), tf.stack([
            *sums, tf.reduce_sum(next_losses), _count_correct(next_logits, next_labels),
            tf.cast(tf.size(next_labels), tf.float32),
        ])

    @functools.cached_property
    def _measure(self):
        """The traced function from a batch's inputs to its sums."""
        def measure(*inputs):
            with compute_in(self.precision):
                return self._losses(*inputs, False)[1]

        return share(measure, self.signature, self.model.variables, key=("measure", self.structure, self.precision))

    def measure(self, batch: PretrainBatch) -> np.ndarray:
        """The sums of a batch, in the order of `_SUMS`, without training on it."""
        return self._measure(*self.inputs(batch)).numpy()

    def add(self, batch: PretrainBatch, outputs: np.ndarray) -> None:
        for name, value in zip(_SUMS, outputs.tolist(), strict=True):
            self.sums[name] += value

    def progress(self) -> dict[str, Any]:
        measures = _measures(self.sums)
        return {"loss": measures["loss"], "metric_name": "mlm_accuracy", "metric": measures["mlm_accuracy"]}

    def measures(self) -> dict[str, float]:
        return _measures(self.sums)

    def validate(self) -> dict[str, float]:
        if self.validation is None:
            return {}
        sums, batches = np.zeros(len(_SUMS)), self.validation.batches(self.config.batch_size, seed=0, epoch=0)
        for number, batch in enumerate(batches):
            if number == self.config.validation_steps:
                break
            interrupts.check()
            sums += self.measure(batch)
        return _measures(dict(zip(_SUMS, sums.tolist(), strict=True)))

    def keep_epoch(self, run: Run, epoch: int, better: bool) -> None:
        """Save the model as "last", if `better` as "best", and every `save_epochs` epochs as "epoch-<number>"."""
        if run.folder is None:
            return
        self.model.record = self.record(run)
        keep = self.config.save_epochs and epoch % self.config.save_epochs == 0
        for name, wanted in (("best", better), ("last", True), (f"epoch-{epoch:03d}", keep)):
            if wanted:
                run.folder.attempt(name, partial(self._save, run.folder, name))

    def _save(self, folder: RunFolder, name: str) -> None:
        persist.save(self.model, folder.place(name), overwrite=True)

    def facts(self) -> dict[str, Any]:
        return {"rows": self.data.n, "validation_rows": 0 if self.validation is None else self.validation.n,
                "max_len": self.data.max_len, "truncated": 0, "precision": self.precision}

    def record(self, run: Run) -> dict[str, Any]:
        """The model's record of the run."""
        facts, outcome = self.facts(), run.outcome()
        return {
            "settings": {**self.config.to_dict(), "seed": self.seed}, "seed": self.seed, "rows": self.data.n,
            "steps": run.step, **{name: facts[name] for name in ("precision", "validation_rows")},
            **{name: outcome[name] for name in ("history", "best_epoch", "interrupted", "stopped", "seconds")},
        }

    def identity(self) -> dict[str, Any]:
        settings = self.config.to_dict()
        for name in ("verbose", "seed", "save_steps", "save_epochs", "precision"):
            settings.pop(name)
        return {"settings": settings, "precision": self.precision, "rows": self.data.n, "data": self.data.digest,
                "max_len": self.data.max_len, "vocabulary": self.model.vocabulary.sha256,
                "config": self.model.config.to_dict(), "heads": self.model.pretrain_heads.to_dict()}

    def arrays(self) -> dict[str, np.ndarray]:
        return {}

    def restore(self, sums: dict[str, float], arrays: dict[str, np.ndarray]) -> None:
        self.sums = sums


def _count_correct(logits, labels):
    return tf.reduce_sum(tf.cast(tf.equal(tf.argmax(logits, axis=-1, output_type=tf.int32), labels), tf.float32))


def _measures(sums: dict[str, float]) -> dict[str, float]:
    """Losses and accuracies from sums; MLM's are means over masked tokens, NSP's over pairs, if it is trained."""
    tokens, pairs = max(sums["mlm_count"], 1.0), sums["nsp_count"]
    measures = {"mlm_loss": sums["mlm_loss"] / tokens, "mlm_accuracy": sums["mlm_right"] / tokens}
    if pairs:
        measures.update(nsp_loss=sums["nsp_loss"] / pairs, nsp_accuracy=sums["nsp_right"] / pairs)
    return {"loss": measures["mlm_loss"] + measures.get("nsp_loss", 0.0), **measures}

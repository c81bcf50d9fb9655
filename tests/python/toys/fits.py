"""Fits of toys, and what tests ask of them: shared by the tests of training."""

import math

import numpy as np

from bertfit.config.head import HeadConfig
from bertfit.config.task import Task
from bertfit.config.training import TrainConfig
from bertfit.rows.table import Rows
from bertfit.scores.outcomes import probabilities
from bertfit.training.callbacks import Callback
from bertfit.training.finetuning import fit_model
from bertfit.training.state import State
from toys.models import has_word, toy_texts

TEXTS = toy_texts(200, longest=10)
GOOD, BAD = has_word(TEXTS, "good"), has_word(TEXTS, "bad")
COUNT = np.array([50.0 + 10 * text.split().count("good") for text in TEXTS])
BINARY = Task("binary", ("no", "yes"))
MEAN = HeadConfig(pooling="mean")
PLAIN = HeadConfig(pooling="mean", dropout=0.0)
FAST = {"learning_rate": 2e-2, "batch_size": 16, "seed": 3, "precision": "float32"}

#: Task, targets, and the accuracy (or RMSE) of always giving the best single answer.
TASKS = {
    "binary": (BINARY, GOOD, max(GOOD.mean(), 1 - GOOD.mean())),
    "multiclass": (Task("multiclass", "gbo"), np.where(GOOD > 0, 0, np.where(BAD > 0, 1, 2)), 0.5),
    "multilabel": (Task("multilabel", ("good", "bad")), np.stack([GOOD, BAD], 1), 0.7),
    "regression": (Task("regression", ("count",), COUNT.mean(), COUNT.std()), COUNT, COUNT.std()),
}


class Watch(Callback):
    """Keeps every event; raises `error` at a (hook, number)."""

    def __init__(self, at=None, error=KeyboardInterrupt):
        self.events, self.at, self.error = [], at, error

    def _keep(self, hook, info):
        self.events.append((hook, info))
        if self.at == (hook, self.count(hook)):
            raise self.error

    def count(self, hook):
        return sum(name == hook for name, _ in self.events)

    def on_begin(self, info):
        self._keep("begin", info)

    def on_step(self, info):
        self._keep("step", info)

    def on_epoch(self, info):
        self._keep("epoch", info)

    def on_end(self, info):
        self._keep("end", info)


def frozen(model, targets=GOOD, *, texts=TEXTS, task=BINARY, head=PLAIN, callbacks=(), sample_weights=None,
           held=None, **settings):
    """A fit of the head alone: no graph of the encoder's gradients, so it takes a fraction of a second."""
    config = TrainConfig(**{**FAST, "freeze": "encoder", **settings})
    rows = Rows.of(texts, targets=targets, weights=sample_weights)
    return fit_model(model, rows, task=task, head=head, config=config, callbacks=callbacks, validation=held)


def assert_same_run(model, other):
    """Equal weights, bit for bit, and equal records but for the time that they took."""
    def timeless(values):
        return {name: timeless(value) if isinstance(value, dict) else value
                for name, value in values.items() if name != "seconds"}

    a, b = model.weights(), other.weights()
    assert list(a) == list(b)
    assert all(np.array_equal(x, y) for name in a for x, y in zip(a[name], b[name], strict=True))
    np.testing.assert_equal(timeless(model.record), timeless(other.record))


def predicted(model, texts=TEXTS) -> np.ndarray:
    """Probabilities (or a regression's numbers), computed as a user would get them."""
    return probabilities(model.task, model.logits(model.encode(Rows(texts)), "float32"))


def log_loss(model, texts, targets) -> float:
    p = predicted(model, texts)[:, 1]
    return float(-np.mean(targets * np.log(p) + (1 - targets) * np.log(1 - p)))


def largest_change(model, other, layer=None) -> float:
    a, b = model.weights(), other.weights()
    return max(float(np.abs(x - y).max()) for name in (b if layer is None else [layer])
               for x, y in zip(a[name], b[name], strict=True))


def toy_state(step, run=None, **arrays):
    """A state of a run that never was."""
    return State(identity={"settings": {"epochs": 2}}, seed=1, step=step, sums={"loss": 0.1}, history={"loss": [0.5]},
                 best_epoch=None, best_badness=math.inf, seconds=1.5, arrays=arrays, run=run)

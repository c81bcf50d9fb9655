"""Functions for R that train: fine-tuning, pretraining data, pretraining, and Keras objects to train by hand."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bertfit.config import HeadConfig, PretrainConfig, PretrainHeads, TrainConfig
from bertfit.r.boundary import exported, find, keep, returns_keras
from bertfit.r.values import read_arguments
from bertfit.rows import Rows

if TYPE_CHECKING:
    from bertfit.model import Model


@exported
def fit(model: Model, rows: Rows, kind: str, labels: Sequence[str],
        head: str | HeadConfig | None = None, control: TrainConfig | None = None, validation: Rows | None = None,
        columns: Mapping[str, Sequence[str]] | None = None, classes: Mapping | None = None,
        progress: Callable | None = None, callback: Callable | None = None):
    """Fine-tune a model; returns the description of the new model. `callback` gets every event, `progress` a few.

    `kind` and `labels` are the model's own where its head is kept.
    """
    from bertfit.training import check_keeps_head, fit_model, make_task

    if head == "keep":
        check_keeps_head(model)
        task = model.task
    else:
        task = make_task(kind, labels, rows.targets)
    return keep(fit_model(
        model, rows, task=task, head=head, config=control, validation=validation,
        columns=columns, classes=classes, callbacks=_reports(progress, callback),
    ))


@exported
def pretrain_data(corpus: Sequence[str], out_dir: str, vocab=None, vocab_of: Model | None = None,
                  lower_case: bool | None = None, progress: Callable | None = None, **settings):
    """Write files of masked sentence pairs from a text corpus, see `bertfit.make_pretraining_data`.

    The vocabulary is given as to `init`. Returns the contents of data.json.
    """
    from bertfit.corpus import make_pretraining_data
    from bertfit.text import Vocabulary

    settings = read_arguments(make_pretraining_data, settings, find,
                              without=("corpus", "vocabulary", "out_dir", "progress"))
    if vocab_of is not None:
        words = vocab_of.vocabulary
    else:
        read = Vocabulary.from_file if isinstance(vocab, str) else Vocabulary.from_bytes
        words = read(vocab, lower_case)
    return make_pretraining_data(corpus, words, out_dir, progress=progress, **settings)


@exported
def pretrain(model: Model, data: Sequence[str], control: PretrainConfig | None = None,
             heads: PretrainHeads | None = None, validation: Sequence[str] | None = None, out_dir: str | None = None,
             resume: bool = False, overwrite: bool = False, progress: Callable | None = None,
             callback: Callable | None = None):
    """Pretrain a model; returns the description of the new model.

    `data` and `validation` are a folder, or files, of pretraining data.
    """
    from bertfit.training import pretrain as run

    return keep(run(
        model, _paths(data), validation=None if validation is None else _paths(validation), heads=heads,
        config=control, out_dir=out_dir, resume=resume, overwrite=overwrite,
        callbacks=_reports(progress, callback),
    ))


def _reports(progress: Callable | None, callback: Callable | None) -> list:
    from bertfit.training import Report

    return [*([Report(progress)] if progress is not None else []),
            *([Report(callback, per_second=math.inf)] if callback is not None else [])]


def _paths(given: Sequence[str]) -> str | list[str]:
    paths = [os.path.expanduser(path) for path in given]
    return paths[0] if len(paths) == 1 else paths


@exported
def train_steps(n: int, batch_size: int, epochs: int, warmup: float = 0.1):
    """Numbers of optimizer steps, [total, warmup], see `bertfit.train_steps`."""
    from bertfit.training import train_steps as count

    return count(n, batch_size, epochs, warmup)


@returns_keras
def keras_model(model: Model, max_len: int | None = None, training: bool = True):
    """A copy of the model as a Keras model, see `bertfit.keras_model`."""
    from bertfit.frames import keras_model as copied

    return copied(model, max_len, training)


@returns_keras
def custom_objects():
    """bertfit's Keras classes by name, see `bertfit.custom_objects`."""
    from bertfit.frames import custom_objects as named

    return named()


@returns_keras
def adam_warmup(decay_steps: int, warmup_steps: int, **settings):
    """An optimizer like keras-bert's AdamWarmup, see `bertfit.training.AdamWarmup`."""
    from bertfit.training import AdamWarmup

    settings = read_arguments(AdamWarmup, settings, find, without=("decay_steps", "warmup_steps"))
    return AdamWarmup(decay_steps, warmup_steps, **settings)

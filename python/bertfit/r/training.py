"""Fine-tuning, pretraining and their data, and training by hand, as R asks for them."""

from __future__ import annotations

import inspect
import os

from bertfit.checks import as_list, whole
from bertfit.errors import ArgumentError
from bertfit.r.boundary import exported, find, keep, returns_keras
from bertfit.r.values import as_array
from bertfit.settings import build


@exported
def fit(handle, texts, target, kind, labels, pairs=None, head=None, control=None, validation=None,
        sample_weights=None, columns=None, progress=None):
    """Fine-tune a model; the description of the new one."""
    from bertfit.config import HeadConfig, TrainConfig
    from bertfit.training import Report, fit_model, make_task

    model = find(handle)
    task = make_task(kind, as_list(labels), target)
    held = None
    if validation is not None:
        held = tuple(validation.get(key) for key in ("texts", "pairs", "target", "sample_weights"))
    fitted = fit_model(
        model, texts, as_array(target), task=task, head=build(HeadConfig, head, "head"),
        config=build(TrainConfig, control, "control"), pairs=pairs, sample_weights=sample_weights, validation=held,
        columns={key: as_list(value) for key, value in (columns or {}).items()},
        callbacks=[Report(progress)] if progress is not None else [],
    )
    return keep(fitted)


@exported
def pretrain_data(corpus, out_dir, vocab=None, vocab_of=None, lower_case=None, progress=None, **settings):
    """Files of masked sentence pairs from a text corpus, see `pretrain_data.make_pretraining_data`.

    What data.json says; the vocabulary comes as in `init`.
    """
    from bertfit.corpus import make_pretraining_data
    from bertfit.text import Vocabulary

    known = set(inspect.signature(make_pretraining_data).parameters) - {"corpus", "vocabulary", "out_dir", "progress"}
    if unknown := sorted(set(settings) - known):
        raise ArgumentError("must be an argument of make_pretraining_data.", [f"Known: {', '.join(sorted(known))}."],
                            argument=unknown[0])
    for name in ("max_len", "max_predictions", "dup_factor", "seed", "workers", "shards", "longest_line"):
        if name in settings:
            settings[name] = whole(settings[name])
    if vocab_of is not None:
        words = find(vocab_of).vocabulary
    else:
        read = Vocabulary.from_file if isinstance(vocab, str) else Vocabulary.from_bytes
        words = read(vocab, lower_case)
    return make_pretraining_data(as_list(corpus), words, out_dir, progress=progress, **settings)


@exported
def pretrain(handle, data, control=None, heads=None, validation=None, out_dir=None, resume=False, progress=None):
    """Pretrain a model; the description of the new one.

    `data` and `validation` are the folder, or the files, of pretraining data.
    """
    from bertfit.config import PretrainConfig, PretrainHeads
    from bertfit.training import Report
    from bertfit.training import pretrain as run

    return keep(run(
        find(handle), _paths(data), validation=None if validation is None else _paths(validation),
        heads=None if heads is None else build(PretrainHeads, heads, "heads"),
        config=build(PretrainConfig, control, "control"), out_dir=out_dir, resume=bool(resume),
        callbacks=[Report(progress)] if progress is not None else [],
    ))


def _paths(given) -> str | list[str]:
    paths = [os.path.expanduser(path) for path in as_list(given)]
    return paths[0] if len(paths) == 1 else paths


@exported
def train_steps(n, batch_size, epochs, warmup=0.1):
    """[total, warmup]: see `schedule.train_steps`."""
    from bertfit.training import train_steps as count

    return count(whole(n), whole(batch_size), whole(epochs), warmup)


@returns_keras
def keras_model(handle, max_len=None, training=True):
    """A Keras model of its own with this model's weights: the encoder, or the whole network once fitted.

    `training` says whether its weights can learn. What is done to it does not touch the model here.
    """
    model = find(handle)
    copy = model.copy(max_len=whole(max_len))
    if model.fitted:
        copy.add_head(model.task, model.head_config)
        copy.head.set_weights(model.head.get_weights())
    graph = copy.network if model.fitted else copy.encoder
    for layer in graph.layers:
        layer.trainable = bool(training)
    return graph


@returns_keras
def adam_warmup(decay_steps, warmup_steps, **settings):
    """keras-bert's AdamWarmup, see `optimizer.AdamWarmup`."""
    from bertfit.training import AdamWarmup

    known = set(inspect.signature(AdamWarmup).parameters) - {"decay_steps", "warmup_steps"}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise ArgumentError("must be an argument of AdamWarmup.", [f"Known: {', '.join(sorted(known))}."],
                            argument=unknown[0])
    if "weight_decay_pattern" in settings and settings["weight_decay_pattern"] is not None:
        settings["weight_decay_pattern"] = as_list(settings["weight_decay_pattern"])
    return AdamWarmup(whole(decay_steps), whole(warmup_steps), **settings)

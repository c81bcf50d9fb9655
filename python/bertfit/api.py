"""What R calls, by name, with plain values in and plain values out.

`call` (from `boundary`) is the only entrance. Models stay here, in a table, under whole numbers; R holds the
numbers. Numerics are elsewhere: each function here reads its arguments, asks the module that knows, and
describes the answer.

>>> call("train_steps", {"n": 2000, "batch_size": 70, "epochs": 1, "warmup": 0.1})
{'ok': True, 'value': [29, 2]}
"""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import numpy as np

from bertfit.boundary import call, exported, returns_keras
from bertfit.errors import ArgumentError, DataError
from bertfit.plainvalues import as_list, build, whole

__all__ = ["call"]

_models: dict[int, Any] = {}
_numbers = itertools.count(1)


# -- Handles --------------------------------------------------------------------------------------------

def _keep(model) -> dict[str, Any]:
    number = next(_numbers)
    _models[number] = model
    return _description(number, model)


def _model(handle):
    number = whole(handle)
    if isinstance(number, bool) or number not in _models:
        raise ArgumentError("`handle` must be the number of a model in this session.", [f"You gave {handle!r}."])
    return _models[number]


def _description(handle: int, model) -> dict[str, Any]:
    source = model.source
    fitted_here = model.fitted and source.get("kind") != "bundle"
    description = {
        "handle": handle,
        "name": model.name,
        "kind": "fitted" if fitted_here else source.get("kind"),
        "path": source.get("path"),
        "sha256": source.get("sha256"),
        "config": model.config.to_dict(),
        "vocab_file": model.vocabulary.path,
        "vocab_size": len(model.vocabulary),
        "cased": not model.vocabulary.lower_case,
        "max_len": model.max_len,
        "parameters": float(model.parameters),
        "fitted": model.fitted,
    }
    if model.fitted:
        record = dict(model.record)
        record["history"] = {name: np.asarray(values, np.float64)
                             for name, values in (record.get("history") or {}).items()}
        description.update(task=model.task.to_dict(), head=model.head_config.to_dict(), record=record,
                           trainable_parameters=float(model.trainable_parameters))
    return description


@exported
def describe(handle):
    """What a model is: a dict of its name, sizes, source and, once fitted, task, head and record."""
    return _description(whole(handle), _model(handle))


@exported
def release(handle):
    """Forget a model. Forgetting it twice is no error: R's finalizers may run late."""
    _models.pop(whole(handle), None)


# -- Environment and checkpoints ------------------------------------------------------------------------

@exported
def sitrep():
    """See `sitrep.sitrep`."""
    from bertfit.sitrep import sitrep as look

    return look()


@exported
def models(cache_dir=None):
    """The registry as columns."""
    from bertfit import registry

    table = registry.table(cache_dir)
    return {name: [float(v) for v in values] if name == "parameters" else values for name, values in table.items()}


@exported
def download(name, cache_dir=None, force=False, progress=None):
    """Fetch a model of the registry; its folder."""
    from bertfit import download as module

    return module.download(name, cache_dir, bool(force), progress)


@exported
def load(x, name=None, cache_dir=None, lower_case=None, max_len=None, download=True, progress=None):
    """Open a model; its description."""
    from bertfit.loading import open_model

    return _keep(open_model(x, name=name, cache_dir=cache_dir, lower_case=lower_case, max_len=whole(max_len),
                            download_missing=bool(download), progress=progress))


@exported
def save(handle, path, overwrite=False):
    """Save a model as a bundle; the absolute path."""
    from bertfit import persist

    return persist.save(_model(handle), path, bool(overwrite))


@exported
def to_bytes(handle):
    """A model as bytes, for R's saveRDS()."""
    from bertfit import persist

    return persist.to_bytes(_model(handle))


@exported
def from_bytes(data):
    """The model of `to_bytes`; its description."""
    from bertfit import persist

    return _keep(persist.from_bytes(data))


# -- Tokens ---------------------------------------------------------------------------------------------

@exported
def tokenize(handle, texts, pairs=None, max_len=None, padding="longest"):
    """Ids of texts. Padded: input_ids, segment_ids, attention_mask int32 [n, L] and truncated [n]; with
    padding "none": ids, segments (flat), splits [n + 1] and truncated."""
    from bertfit.rows import check_texts

    model = _model(handle)
    if padding not in ("max_len", "longest", "none"):
        raise ArgumentError('`padding` must be "max_len", "longest" or "none".', [f"You gave {padding!r}."])
    encoding = model.encode(*check_texts(texts, pairs), whole(max_len))
    if padding == "none":
        return {"ids": encoding.ids, "segments": encoding.segments, "splits": encoding.splits,
                "truncated": encoding.truncated}
    length = None
    if padding == "max_len":
        length = whole(max_len) if max_len is not None else model.record.get("max_len", model.max_len)
    ids, segments, mask = encoding.pad(length=length, pad_id=model.config.pad_token_id)
    return {"input_ids": ids, "segment_ids": segments, "attention_mask": mask, "truncated": encoding.truncated}


@exported
def tokens(handle, texts, pairs=None, max_len=None):
    """Token strings as columns row (from 1), token, start, end (characters, [start, end), -1 for special
    tokens) and segment (0 or 1)."""
    from bertfit.rows import check_texts

    model = _model(handle)
    limit = whole(max_len) if max_len is not None else model.record.get("max_len", model.max_len)
    rows = model.tokenizer.tokens(*check_texts(texts, pairs), limit)
    columns: dict[str, Any] = {"row": np.repeat(np.arange(1, len(rows) + 1), [len(r["token"]) for r in rows])}
    columns["token"] = [token for row in rows for token in row["token"]]
    for name in ("start", "end", "segment"):
        columns[name] = np.array([value for row in rows for value in row[name]], np.int32)
    return columns


@exported
def decode(handle, ids, splits=None, skip_special=True):
    """Texts of ids: a matrix's rows, or a flat vector cut at `splits`."""
    model = _model(handle)
    ids = np.asarray(ids)
    if not np.array_equal(ids, np.floor(ids)):
        raise DataError("Ids must be whole numbers.")
    ids = ids.astype(np.int64)
    if splits is not None:
        rows = np.split(ids, np.asarray(splits, np.int64)[1:-1])
    else:
        rows = ids if ids.ndim == 2 else ids.reshape(1, -1)
    return model.tokenizer.decode(rows, bool(skip_special))


# -- Fitting and what follows ---------------------------------------------------------------------------

@exported
def fit(handle, texts, target, kind, labels, pairs=None, head=None, control=None, validation=None,
        sample_weights=None, columns=None, progress=None):
    """Fine-tune a model; the description of the new one."""
    from bertfit import loading
    from bertfit.callbacks import Report
    from bertfit.config import HeadConfig, TrainConfig

    model = _model(handle)
    task = loading.make_task(kind, as_list(labels), target)
    held = None
    if validation is not None:
        held = tuple(validation.get(key) for key in ("texts", "pairs", "target", "sample_weights"))
    fitted = loading.fit(
        model, texts, _array(target), task=task, head=build(HeadConfig, head, "head"),
        config=build(TrainConfig, control, "control"), pairs=pairs, sample_weights=sample_weights, validation=held,
        columns={key: as_list(value) for key, value in (columns or {}).items()},
        callbacks=[Report(progress)] if progress is not None else [],
    )
    return _keep(fitted)


def _array(target) -> np.ndarray:
    # R's memory is lent read-only and column by column; what trains on it reads row by row.
    return np.ascontiguousarray(target, np.float64)


@exported
def predict(handle, texts, pairs=None, type=None, batch_size=None, precision="auto", progress=None):
    """Predictions, see `predict.predict`."""
    from bertfit.predict import predict as run

    return run(_model(handle), texts, pairs, type=type, batch_size=whole(batch_size), precision=precision,
               progress=progress)


@exported
def evaluate(handle, texts, target, pairs=None, threshold=0.5, batch_size=None, precision="auto", progress=None):
    """A report, see `metrics.report`."""
    from bertfit.evaluate import evaluate as run

    return run(_model(handle), texts, _array(target), pairs, threshold=threshold, batch_size=whole(batch_size),
               precision=precision, progress=progress)


@exported
def embed(handle, texts, pairs=None, layers=-1, pooling="mean", batch_size=None, precision="auto", progress=None):
    """Text vectors as float64 [n, H * layers]; R has no float32."""
    from bertfit.embed import embed as run

    return run(_model(handle), texts, pairs, layers=whole(as_list(layers)), pooling=pooling,
               batch_size=whole(batch_size), precision=precision, progress=progress).astype(np.float64, order="F")


@exported
def layers(handle):
    """The layers as columns: layer, type, output, parameters, trainable."""
    table = _model(handle).layer_table()
    return {name: [float(v) for v in values] if name in ("parameters", "trainable") else values
            for name, values in table.items()}


# -- Training by hand -----------------------------------------------------------------------------------

@exported
def train_steps(n, batch_size, epochs, warmup=0.1):
    """[total, warmup]: see `schedule.train_steps`."""
    from bertfit import schedule

    return schedule.train_steps(whole(n), whole(batch_size), whole(epochs), warmup)


@returns_keras
def keras_model(handle, max_len=None, training=True):
    """A Keras model of its own with this model's weights: the encoder, or the whole network once fitted.

    `training` says whether its weights can learn. What is done to it does not touch the model here.
    """
    model = _model(handle)
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
    from bertfit.optimizer import AdamWarmup

    known = set(inspect.signature(AdamWarmup).parameters) - {"decay_steps", "warmup_steps"}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise ArgumentError(f"`{unknown[0]}` must be an argument of AdamWarmup.",
                            [f"Known: {', '.join(sorted(known))}."])
    if "weight_decay_pattern" in settings and settings["weight_decay_pattern"] is not None:
        settings["weight_decay_pattern"] = as_list(settings["weight_decay_pattern"])
    return AdamWarmup(whole(decay_steps), whole(warmup_steps), **settings)

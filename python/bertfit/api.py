"""What R calls, by name, with plain values in and plain values out.

`call` is the only entrance. An error made on purpose comes back as a code, a rule and details, any other with
code "internal"; nothing is raised through reticulate but an interrupt. Numerics are elsewhere: each function here
reads its arguments, asks the module that knows, and describes the answer. The table of functions and models is
`boundary`; what belongs to pretraining is in `api_pretrain`.

>>> call("train_steps", {"n": 2000, "batch_size": 70, "epochs": 1, "warmup": 0.1})
{'ok': True, 'value': [29, 2]}
"""

from __future__ import annotations

import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from bertfit import api_pretrain, boundary  # noqa: F401  (its functions join the table)
from bertfit.boundary import call, done_whole, exported, find, hold, keep, returns_keras
from bertfit.errors import ArgumentError, DataError
from bertfit.plainvalues import as_list, build, whole

__all__ = ["call"]

# -- Handles --------------------------------------------------------------------------------------------

@exported
def describe(handle):
    """What a model is: a dict of its name, sizes, source and, once fitted, task, head and record."""
    return boundary.description(whole(handle), find(handle))


@exported
def release(handle):
    """Forget a model. Forgetting it twice is no error: R's finalizers may run late."""
    boundary.models.pop(whole(handle), None)


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
    from bertfit.loading import open_unbuilt

    return keep(open_unbuilt(x, name=name, cache_dir=cache_dir, lower_case=lower_case, max_len=whole(max_len),
                            download_missing=bool(download), progress=progress))


# -- Vocabularies and fresh models ----------------------------------------------------------------------

@exported
def vocab_train(size, texts=None, files=None, progress=None, **settings):
    """Make a vocabulary of texts or files, see `vocab_train.train_vocabulary`; its facts, its bytes included."""
    from bertfit.vocab_train import train_vocabulary

    known = set(inspect.signature(train_vocabulary).parameters) - {"source", "size", "progress"}
    if unknown := sorted(set(settings) - known):
        raise ArgumentError(f"`{unknown[0]}` must be an argument of train_vocabulary.",
                            [f"Known: {', '.join(sorted(known))}."])
    for name in ("min_frequency", "unused", "sample_size"):
        if name in settings:
            settings[name] = whole(settings[name])
    source = as_list(texts) if files is None else [Path(file) for file in as_list(files)]
    return _vocabulary_facts(train_vocabulary(source, whole(size), progress=progress, **settings))


@exported
def vocab_handle(data, lower_case):
    """The number of a vocabulary that `tokenize`, `tokens` and `decode` take in a model's place."""
    from bertfit.tokenize import Tokenizer
    from bertfit.vocab import Vocabulary

    words = Vocabulary.from_bytes(data, bool(lower_case))
    tokenizer = Tokenizer(words)
    longest = 512  # tokens, as BERT has positions
    return hold(SimpleNamespace(
        vocabulary=words, tokenizer=tokenizer, record={}, max_len=longest,
        config=SimpleNamespace(pad_token_id=words.pad_id),
        encode=lambda texts, pairs=None, max_len=None: tokenizer.encode(texts, pairs, max_len=max_len or longest),
    ))


def _vocabulary_facts(vocabulary) -> dict[str, Any]:
    return {"path": vocabulary.path, "type": vocabulary.kind, "size": len(vocabulary),
            "cased": not vocabulary.lower_case, "sha256": vocabulary.sha256, "data": bytearray(vocabulary.data)}


@exported
def config(preset=None, sizes=None):
    """A configuration from a preset's name, from sizes, or both: its fields, the preset, its heads, parameters."""
    from bertfit import presets, registry
    from bertfit.config import BertConfig
    from bertfit.pretrain_config import PretrainHeads

    sizes = {name: whole(value) for name, value in (sizes or {}).items()}
    if preset is None:
        made, heads = build(BertConfig, {"vocab_size": None, **sizes}, "bert_config()"), PretrainHeads()
    else:
        preset = presets.find(preset)
        made, heads, preset = BertConfig.from_preset(preset.name, **sizes), preset.heads, preset.name
    return {"config": made.to_dict(), "preset": preset, "heads": heads.to_dict(),
            "parameters": float(registry.count_parameters(made))}


@exported
def init(config, vocab=None, vocab_of=None, lower_case=None, seed=None, name=None, heads=None):
    """A model with fresh weights; its description.

    `config` is a preset's name or a configuration's fields; the vocabulary comes as the path or the bytes of its
    file, or as the handle of a model that has it (`vocab_of`).
    """
    from bertfit.initial import fresh_model
    from bertfit.pretrain_config import PretrainHeads

    if not isinstance(config, str):
        config = {field: whole(value) for field, value in config.items()}
    words = vocab if vocab_of is None else find(vocab_of).vocabulary
    return keep(fresh_model(config, words, seed=whole(seed), name=name, lower_case=lower_case,
                             heads=None if heads is None else build(PretrainHeads, heads, "heads")))


@exported
def pretrain_data(corpus, out_dir, vocab=None, vocab_of=None, lower_case=None, progress=None, **settings):
    """Files of masked sentence pairs from a text corpus, see `pretrain_data.make_pretraining_data`.

    What data.json says; the vocabulary comes as in `init`.
    """
    from bertfit.pretrain_data import make_pretraining_data
    from bertfit.vocab import Vocabulary

    known = set(inspect.signature(make_pretraining_data).parameters) - {"corpus", "vocabulary", "out_dir", "progress"}
    if unknown := sorted(set(settings) - known):
        raise ArgumentError(f"`{unknown[0]}` must be an argument of make_pretraining_data.",
                            [f"Known: {', '.join(sorted(known))}."])
    for name in ("max_len", "max_predictions", "dup_factor", "seed", "workers", "shards", "longest_line"):
        if name in settings:
            settings[name] = whole(settings[name])
    if vocab_of is not None:
        words = find(vocab_of).vocabulary
    else:
        read = Vocabulary.from_file if isinstance(vocab, str) else Vocabulary.from_bytes
        words = read(vocab, lower_case)
    return make_pretraining_data(as_list(corpus), words, out_dir, progress=progress, **settings)


# -- Saving ---------------------------------------------------------------------------------------------

@exported
def save(handle, path, overwrite=False):
    """Save a model as a bundle; the absolute path."""
    from bertfit import persist

    return persist.save(find(handle), path, bool(overwrite))


@done_whole
def to_bytes(handle):
    """A model as bytes, for R's saveRDS()."""
    from bertfit import persist

    return persist.to_bytes(find(handle))


@exported
def from_bytes(data):
    """The model of `to_bytes`; its description."""
    from bertfit import persist

    return keep(persist.from_bytes(data))


# -- Tokens ---------------------------------------------------------------------------------------------

@exported
def tokenize(handle, texts, pairs=None, max_len=None, padding="longest"):
    """Ids of texts. Padded: input_ids, segment_ids, attention_mask int32 [n, L] and truncated [n]; with
    padding "none": ids, segments (flat), splits [n + 1] and truncated."""
    from bertfit.rows import check_texts

    model = find(handle)
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

    model = find(handle)
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
    model = find(handle)
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

    model = find(handle)
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
    return keep(fitted)


def _array(target) -> np.ndarray:
    # R's memory is lent read-only and column by column; what trains on it reads row by row.
    return np.ascontiguousarray(target, np.float64)


@exported
def predict(handle, texts, pairs=None, type=None, batch_size=None, precision="auto", progress=None):
    """Predictions, see `predict.predict`."""
    from bertfit.predict import predict as run

    return run(find(handle), texts, pairs, type=type, batch_size=whole(batch_size), precision=precision,
               progress=progress)


@exported
def evaluate(handle, texts, target, pairs=None, threshold=0.5, batch_size=None, precision="auto", progress=None):
    """A report, see `metrics.report`."""
    from bertfit.evaluate import evaluate as run

    return run(find(handle), texts, _array(target), pairs, threshold=threshold, batch_size=whole(batch_size),
               precision=precision, progress=progress)


@exported
def embed(handle, texts, pairs=None, layers=-1, pooling="mean", batch_size=None, precision="auto", progress=None):
    """Text vectors as float64 [n, H * layers]; R has no float32."""
    from bertfit.embed import embed as run

    return run(find(handle), texts, pairs, layers=whole(as_list(layers)), pooling=pooling,
               batch_size=whole(batch_size), precision=precision, progress=progress).astype(np.float64, order="F")


@exported
def layers(handle):
    """The layers as columns: layer, type, output, parameters, trainable."""
    table = find(handle).layer_table()
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
    from bertfit.optimizer import AdamWarmup

    known = set(inspect.signature(AdamWarmup).parameters) - {"decay_steps", "warmup_steps"}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise ArgumentError(f"`{unknown[0]}` must be an argument of AdamWarmup.",
                            [f"Known: {', '.join(sorted(known))}."])
    if "weight_decay_pattern" in settings and settings["weight_decay_pattern"] is not None:
        settings["weight_decay_pattern"] = as_list(settings["weight_decay_pattern"])
    return AdamWarmup(whole(decay_steps), whole(warmup_steps), **settings)

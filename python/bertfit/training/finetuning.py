"""Fine-tuning: a new head on a copy of a loaded encoder, trained with AdamWarmup.

`fit_model` splits rows, adds a head, freezes layers and encodes texts; a `run.Run` then trains a `FineTuning`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bertfit import _env
from bertfit.config import HeadConfig, Task, TrainConfig
from bertfit.errors import ArgumentError, DataError, Sentence, Setting
from bertfit.model import Model, persist
from bertfit.notices import FreshPoolerWarning, tell
from bertfit.rows import LARGEST, Rows
from bertfit.settings import require
from bertfit.system import interrupts
from bertfit.text import Encoding, shortened
from bertfit.training.callbacks import Callback
from bertfit.training.feeds import training_feed, validation_feed
from bertfit.training.finetuning_objective import FineTuning
from bertfit.training.folder import open_run
from bertfit.training.rows import Coded, auto_max_len, check_classes, check_rows, class_weight_vector, split
from bertfit.training.run import Run


@interrupts.listening()
def fit_model(
    model: Model,
    rows: Rows,
    *,
    task: Task,
    head: HeadConfig | str | None = None,
    config: TrainConfig | None = None,
    validation: Rows | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
    classes: Mapping[str, Any] | None = None,
    callbacks: Sequence[Callback] = (),
) -> Model:
    """Fine-tune a model.

    Args:
        model: Loaded or fitted; it is not changed, its encoder is copied.
        rows: Texts with their targets; pairs and weights are optional.
        task: What is predicted.
        head: Settings of the layers on the encoder; None for the defaults. "keep" goes on with the model's own head.
        config: Settings; None for the defaults.
        validation: Validation rows, evaluated after every epoch; None takes a fraction of `rows`
            (`config.validation`).
        columns: Names of the caller's columns (text, pair, target), for the record.
        classes: The classes as the caller had them, for the record: see `bertfit.frames.classes`.
        callbacks: Called after every step and epoch.

    Returns:
        A new, fitted model. Its `record` holds settings, history (one list per column), best_epoch, seed,
        max_len, precision, rows, truncated (training rows that lost tokens), windows (how many the training rows have,
        if they are read in windows), interrupted, stopped (why it ended before its last epoch, or None), seconds, pairs
        (whether it was fitted on pairs), columns, classes, and metrics, the measures of the epoch whose weights it
        holds.

    Raises:
        DataError: There are no rows, or targets do not fit the task.
        ArgumentError: Settings do not fit the task or the model; the head is kept, and the model has none, or one for
            another task; `config.checkpoint` holds a run that is neither
            resumed nor overwritten, has no state to resume from, or its run had other rows, settings or another model.
        TrainingError: The loss is not finite, and there are no weights of an earlier epoch to return.

    An interrupt (Ctrl-C) ends training at the next batch; the model is returned with the weights it has then and
    ``record["interrupted"]`` True. Two runs with the same seed give the same weights on a CPU.

    Example:
        >>> task, config = Task("binary", ("ham", "spam")), TrainConfig(epochs=2, validation=0.2)
        >>> fit_model(model, rows, task=task, config=config).record["history"]["val_loss"]  # doctest: +SKIP
        [0.21, 0.17]
    """
    config, kept = (config or TrainConfig()).for_encoder(model.config.hidden_size), None
    if head == "keep":
        check_keeps_head(model)
        require(task == model.task, "task", "the model's own where its head is kept", task.kind)
        head, kept = model.head_config, {layer.name: layer.get_weights() for layer in model.head.layers}
    head = head or HeadConfig()
    head.layer_numbers(model.config.num_hidden_layers)  # an error for layers that the encoder lacks
    _check_monitor(task, config)
    folder, state, seed = open_run(config.checkpoint, "fine-tuning", resume=config.resume, overwrite=config.overwrite,
                                   seed=config.seed, argument="checkpoint")
    rows = check_rows(task, rows)
    check_classes(task, rows)
    if validation is not None:
        validation = check_rows(task, validation)
    elif config.validation:
        rows, validation = split(task, rows, config.validation, seed)
    coded = Coded.of(task, rows)
    val_coded = None if validation is None else Coded.of(task, validation)
    label_weights = class_weight_vector(task, config, coded.targets)

    source = {"kind": "fitted", "path": None, "sha256": None, "origin": persist.origin(model)}
    model = model.copy()
    if head.pooling == "nsp" and model.fresh_pooler:
        tell(FreshPoolerWarning(model.name))
    model.add_head(task, head, seed, kept)
    _freeze(model, config.freeze)
    model.noise.reset(seed)
    precision = _env.resolve_precision(config.precision)
    max_len, encoding = _encode(model, rows, config)
    feed = training_feed(model, encoding, max_len, precision, config)
    val_feed = None if validation is None else validation_feed(
        model, model.encode(validation, max_len, config.long_texts), max_len, precision, config)
    objective = FineTuning(model, feed, coded, val_feed, val_coded, label_weights, config, seed, precision)
    run = Run(objective, config, callbacks, early_stopping=config.early_stopping, restore_best=config.restore_best,
              folder=folder, save_steps=config.save_steps)
    if state is not None:
        run.restore(state)
    run.train()
    interrupts.answered()  # what is left takes no time, and the model would be lost
    model.source = source
    model.fresh_pooler = model.fresh_pooler and not (head.pooling == "nsp" and config.freeze != "encoder")
    model.record = {"settings": {**config.of_training(), "seed": seed}, "seed": seed, **objective.facts(),
                    **run.outcome(), "pairs": rows.pairs is not None, "columns": dict(columns or {}),
                    "classes": classes}
    model.record["metrics"] = _kept_metrics(model.record)
    return model


def check_keeps_head(model: Model) -> None:
    """Raise an ArgumentError if a model has no head to go on with."""
    if not model.fitted:
        raise ArgumentError(Sentence("must be fitted where {}.", Setting("head", "keep")),
                            [f"{model.name} is an encoder without a head."], argument="model")


def _kept_metrics(record: dict[str, Any]) -> dict[str, float]:
    """The measures of the epoch whose weights the model has; {} if no epoch was completed."""
    history = record.get("history") or {}
    epochs = list(history.get("epoch", []))
    if not epochs:
        return {}
    kept = record["best_epoch"] if record.get("restored_best") else epochs[-1]
    row = epochs.index(kept)
    return {name: float(values[row]) for name, values in history.items()
            if name not in ("epoch", "learning_rate", "seconds")}


def make_task(kind: str, labels: Sequence[str], targets) -> Task:
    """The task for some targets; the center and scale of a regression are their mean and standard deviation.

    Args:
        kind, labels: See `Task`.
        targets: Numbers [n]; only a regression's are used.

    Raises:
        DataError: A regression's targets are too large, or vary too little, to be squared in float64.

    >>> make_task("regression", ["price"], [1.0, 3.0])
    Task(kind='regression', labels=('price',), center=2.0, scale=1.0)
    """
    if kind != "regression":
        return Task(kind, tuple(labels))
    values = np.asarray(targets, np.float64)
    values = values[np.isfinite(values)]  # others are an error when the rows are checked
    if not values.size:
        return Task(kind, tuple(labels))
    largest = float(np.abs(values).max())
    if largest > LARGEST:
        raise DataError(f"The target `{labels[0]}` must lie between {-LARGEST:g} and {LARGEST:g}.",
                        [f"Its largest value is {largest:g} in size.", "Divide the target by a constant."])
    # Divided by the largest first: squares of numbers below 1e-160 are 0.
    scale = float((values / largest).std()) * largest if largest > 0 else 0.0
    if values.min() < values.max() and scale < 1 / LARGEST:
        raise DataError(f"The target `{labels[0]}` must vary by at least {1 / LARGEST:g}, or be constant.",
                        [f"Its standard deviation is {scale:g}.", "Multiply the target by a constant."])
    return Task(kind, tuple(labels), float(values.mean()), scale if scale > 0 else 1.0)


def _check_monitor(task: Task, config: TrainConfig) -> None:
    known = ("loss", "rmse") if task.kind == "regression" else ("loss", "accuracy", "auc", "f1_macro")
    if config.monitor not in known:
        raise ArgumentError(f"must be one of {', '.join(known)} for a {task.kind} task.", argument="monitor",
                            received=config.monitor)


def _encode(model: Model, rows: Rows, config: TrainConfig) -> tuple[int, Encoding]:
    """The maximum length in tokens, and the rows encoded for it."""
    long = config.long_texts
    if config.max_len != "auto":
        return config.max_len, model.encode(rows, config.max_len, long)
    encoding = model.encode(rows, model.max_len) if long.truncates else model.tokenizer.encode(rows.texts, rows.pairs)
    max_len = auto_max_len(encoding.lengths, config.max_len_quantile, model.max_len)
    return max_len, encoding.truncated_to(max_len) if long.truncates else shortened(encoding, max_len, long)


def _freeze(model: Model, freeze: str | int) -> None:
    """Set which layers of the encoder are trainable."""
    depth = model.config.num_hidden_layers
    if not isinstance(freeze, str) and freeze > depth:
        raise ArgumentError(f"must be at most {depth}, the layers of this model.", argument="freeze", received=freeze)
    prefixes: list[str] = []
    if freeze != "none":
        prefixes.append("Embedding-")
    if not isinstance(freeze, str):
        prefixes += [f"Encoder-{number}-" for number in range(1, freeze + 1)]
    if freeze == "encoder":
        prefixes += ["Encoder-", "NSP-Dense"]
    for layer in model.encoder.layers:
        layer.trainable = not layer.name.startswith(tuple(prefixes)) if prefixes else True

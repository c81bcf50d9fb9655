"""`fit`: fine-tune a model on a pandas DataFrame or on lists, and return a `Bert`.

Reading the data is in `columns` and `targets`, training in `bertfit.training`.
"""

from __future__ import annotations

import inspect
import numbers
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, Any

from bertfit.config import HeadConfig, TrainConfig
from bertfit.errors import ArgumentError, Sentence, Value
from bertfit.frames.bert import Bert
from bertfit.frames.columns import Source
from bertfit.frames.keeping import keep_target, kept_numbers
from bertfit.frames.opening import model_of
from bertfit.frames.tables import require_frame
from bertfit.frames.targets import code_target, read_target
from bertfit.model import Model
from bertfit.settings import build, require
from bertfit.training import Callback, Console, fit_model, make_task

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from bertfit.config import TrainSettings


def fit(
    data: Any,
    text: Any,
    target: Any,
    model: Bert | Model | str | os.PathLike,
    *,
    pair: Any = None,
    task: str = "auto",
    head: HeadConfig | Mapping[str, Any] | str | None = None,
    control: TrainConfig | Mapping[str, Any] | None = None,
    validation: Any = None,
    sample_weights: Any = None,
    callbacks: Sequence[Callback] = (),
    **settings: Unpack[TrainSettings],
) -> Bert:
    """Fine-tune a model on labelled texts.

    Args:
        data: A pandas or polars DataFrame, a `datasets.Dataset`, or None.
        text: The column of texts; without `data`, the texts themselves.
        target: The column (or list of columns, for a multilabel task); without `data`, the values: n, or
            n x K as a DataFrame or array.
        model: A `Bert`, or the name or folder of a model, as for `load`.
        pair: The column of second texts, or the texts; None for single texts.
        task: "auto", "binary", "multiclass", "multilabel" or "regression". For "auto" see
            `bertfit.frames.targets`.
        head: `HeadConfig`, or its fields as a dict, of the fresh head that is put on the encoder. "keep" goes on with
            the head of a fitted model and its labels, in their order: a target may have no other classes, and columns
            of a multilabel target are found by the names of the labels.
        control: `TrainConfig`, or its fields as a dict.
        validation: Share of rows to hold out, stratified by class; or the validation rows: a DataFrame with the same
            columns, or without `data` a tuple (texts, targets) or (texts, pairs, targets). None for `control`'s share.
        sample_weights: n numbers of at least 0, or the name of a column, used for validation too if it is there.
        callbacks: `bertfit.Callback`s, called besides the printed progress; one that returns "stop" ends the run.
        **settings: Fields of `TrainConfig`, which override those of `control`: epochs, learning_rate, ...; with
            `checkpoint`, a folder, the run can be stopped and continued (`resume=True`).

    Returns:
        A new, fitted `Bert`; `model` is not changed.

    Raises:
        ArgumentError: A setting is unknown or breaks its rule; `checkpoint` holds a run that is neither resumed nor
            overwritten, or one with other rows, settings or another model.
        DataError: A column is missing, or rows cannot be used.

    Example:
        >>> spam = fit(sms, "text", "type", "minilm-l6-uncased", epochs=2)  # doctest: +SKIP
        >>> spam.predict(["you win a prize"], type="class")  # doctest: +SKIP
        array(['spam'], dtype=object)
    """
    if data is not None:
        require_frame(data, "data", Sentence("{}", Value(None)))
    if isinstance(head, str):
        require(head == "keep", "head", 'a HeadConfig, a dict of its fields, or "keep"', head)
    start = model_of(model)
    config = _settings(control, settings, validation)
    callbacks = callback_list(callbacks)
    source = Source(data is not None, text, pair, target, sample_weights)
    rows, columns = source.read(data)
    kept = head == "keep"
    read = keep_target(start, columns, task) if kept else read_target(columns, task)
    goal = start.task if kept else make_task(read.kind, read.labels, read.numbers)
    code = partial(kept_numbers, start) if kept else partial(code_target, goal)
    consoles = [callback for callback in callbacks if isinstance(callback, Console)]
    if config.verbose and not consoles:
        consoles = [Console(config.verbose)]
        callbacks = [*consoles, *callbacks]
    for console in consoles:
        console.opening = read.opening
    return Bert(fit_model(
        start, rows.labelled(read.numbers, source.weights(data)), task=goal,
        head=head if isinstance(head, (HeadConfig, str)) else build(HeadConfig, head, "head"), config=config,
        validation=source.validation_rows(code, validation), columns=source.names(),
        classes=None if read.classes is None else read.classes.to_record(), callbacks=callbacks,
    ))


def callback_list(callbacks: Any) -> list[Callback]:
    """Callbacks as a list; raises an ArgumentError if one is not a `Callback`."""
    listed = list(callbacks) if isinstance(callbacks, Sequence) else [callbacks]
    for callback in listed:
        if not isinstance(callback, Callback):
            raise ArgumentError("must be a list of bertfit.Callback objects.", argument="callbacks", received=callback)
    return listed


def own_arguments(function: Callable) -> list[str]:
    """Names of the arguments of `fit` or `pretrain` other than settings."""
    return [name for name, p in inspect.signature(function).parameters.items() if p.kind is not p.VAR_KEYWORD]


def _settings(control: Any, settings: Mapping[str, Any], validation: Any) -> TrainConfig:
    if not isinstance(control, (TrainConfig, Mapping, NoneType)):
        raise ArgumentError("must be a TrainConfig, or a dict of its fields.", argument="control", received=control)
    base = control.to_dict() if isinstance(control, TrainConfig) else dict(control or {})
    base.update(settings)
    if isinstance(validation, numbers.Real):  # also True and False, which TrainConfig rejects
        base["validation"] = validation
    return build(TrainConfig, base, "control", own_arguments(fit))

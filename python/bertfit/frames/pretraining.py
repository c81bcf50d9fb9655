"""The Python side for people, pretraining: `pretrain`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any

from bertfit.config import PretrainConfig, PretrainHeads
from bertfit.corpus import PretrainingData
from bertfit.errors import ArgumentError
from bertfit.frames.bert import Bert
from bertfit.frames.fitting import listeners
from bertfit.frames.opening import model_of
from bertfit.model import Model
from bertfit.settings import build
from bertfit.training import Callback, Console
from bertfit.training import pretrain as run

Data = PretrainingData | str | os.PathLike | Sequence[str | os.PathLike]


def pretrain(
    model: Bert | Model | str | os.PathLike,
    data: Data,
    *,
    validation: Data | None = None,
    out_dir: str | os.PathLike | None = None,
    resume: bool = False,
    heads: PretrainHeads | Mapping[str, str] | None = None,
    control: PretrainConfig | Mapping[str, Any] | None = None,
    callbacks: Sequence[Callback] = (),
    **settings: Any,
) -> Bert:
    """Pretrain a model on masked tokens and next sentences.

    Args:
        model: What `bertfit.init` or `bertfit.load` returned, or what the latter takes.
        data: The folder that `make_pretraining_data` wrote, or Google's TFRecord files, or open data.
        validation: More such data, measured after every epoch; None for none.
        out_dir: Where "best", "last" and the state to resume from are kept; None keeps nothing.
        resume: Go on with the run whose state is in `out_dir`.
        heads: Forms of the heads where the model has none; None for Google's.
        control: `PretrainConfig`, or its fields as a dict.
        callbacks: Told of every step and epoch, beside the console.
        **settings: Fields of `PretrainConfig`, which go before `control`'s: steps, learning_rate, ...

    Returns:
        A new `Bert` with the weights of the last step; `model` is left as it is.

    Raises:
        ArgumentError: A setting breaks its rule, or there is nothing to resume.
        DataError: The data are of another vocabulary, too long for the model, or damaged.

    Example:
        >>> model = bertfit.pretrain(bertfit.init("kor-mini", vocabulary), "data", steps=2000)  # doctest: +SKIP
        >>> model.fill_mask("the man went to the [MASK] .")  # doctest: +SKIP
    """
    if not isinstance(control, (PretrainConfig, Mapping, NoneType)):
        raise ArgumentError("must be a PretrainConfig, or a dict of its fields.", argument="control", received=control)
    base = control.to_dict() if isinstance(control, PretrainConfig) else dict(control or {})
    config = build(PretrainConfig, {**base, **settings}, "control")
    heads = build(PretrainHeads, heads, "heads") if isinstance(heads, Mapping) else heads
    console = [Console(config.verbose)] if config.verbose else []
    return Bert(run(
        model_of(model), data, validation=validation, heads=heads, config=config, out_dir=out_dir, resume=resume,
        callbacks=[*console, *listeners(callbacks)],
    ))

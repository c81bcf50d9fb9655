"""`pretrain`: pretrain a model on masked tokens and next sentences, and return a `Bert`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import TYPE_CHECKING, Any

from bertfit.config import PretrainConfig, PretrainHeads
from bertfit.corpus import PretrainingData
from bertfit.errors import ArgumentError
from bertfit.frames.bert import Bert
from bertfit.frames.fitting import callback_list, own_arguments
from bertfit.frames.opening import model_of
from bertfit.model import Model
from bertfit.settings import build, require
from bertfit.training import Callback, Console
from bertfit.training import pretrain as run

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from bertfit.config import PretrainSettings

Data = PretrainingData | str | os.PathLike | Sequence[str | os.PathLike] | Mapping[str, Any]


def pretrain(
    model: Bert | Model | str | os.PathLike,
    data: Data,
    *,
    validation: Data | None = None,
    out_dir: str | os.PathLike | None = None,
    resume: bool = False,
    overwrite: bool = False,
    heads: PretrainHeads | Mapping[str, str] | None = None,
    control: PretrainConfig | Mapping[str, Any] | None = None,
    callbacks: Sequence[Callback] = (),
    **settings: Unpack[PretrainSettings],
) -> Bert:
    """Pretrain a model on masked tokens and next sentences.

    Args:
        model: A `Bert` from `bertfit.init` or `bertfit.load`, or the name or folder of a model, as for `load`.
        data: The folder that `make_pretraining_data` wrote or what it returned, Google's TFRecord files, or a
            `PretrainingData`.
        validation: Validation data of the same kinds, evaluated after every epoch; None for none.
        out_dir: Folder for the bundles "best" and "last" and for the state to resume from; None saves nothing.
        resume: Whether to continue the run in `out_dir`.
        overwrite: Whether to replace the run in `out_dir`. Its models stay until the new run has completed an epoch.
        heads: Forms of the heads if the model has none; None for Google's.
        control: `PretrainConfig`, or its fields as a dict.
        callbacks: `bertfit.Callback`s, called besides the printed progress; one that returns "stop" ends the run.
        **settings: Fields of `PretrainConfig`, which override those of `control`: steps, learning_rate, ...

    Returns:
        A new `Bert` with the weights of the last step; `model` is not changed.

    Raises:
        ArgumentError: A setting breaks its rule; `out_dir` holds a run that is neither resumed nor overwritten, or
            none to resume.
        DataError: The data were made with another vocabulary, are too long for the model, or are damaged.

    Example:
        >>> model = bertfit.pretrain(bertfit.init("kor-mini", vocabulary), "data", steps=2000)  # doctest: +SKIP
        >>> model.fill_mask("the man went to the [MASK] .")  # doctest: +SKIP
    """
    if not isinstance(control, (PretrainConfig, Mapping, NoneType)):
        raise ArgumentError("must be a PretrainConfig, or a dict of its fields.", argument="control", received=control)
    base = control.to_dict() if isinstance(control, PretrainConfig) else dict(control or {})
    config = build(PretrainConfig, {**base, **settings}, "control", own_arguments(pretrain))
    heads = build(PretrainHeads, heads, "heads") if isinstance(heads, Mapping) else heads
    console = [Console(config.verbose)] if config.verbose else []
    return Bert(run(
        model_of(model), _place(data), validation=_place(validation), heads=heads, config=config, out_dir=out_dir,
        resume=resume, overwrite=overwrite, callbacks=[*console, *callback_list(callbacks)],
    ))


def _place(data: Data | None) -> Data | None:
    """The folder of the data, if they are given as what `make_pretraining_data` returned."""
    if not isinstance(data, Mapping):
        return data
    require("path" in data, "data", "a folder, files, or what `make_pretraining_data` returned", data)
    return data["path"]

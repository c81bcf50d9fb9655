"""Pretraining: masked tokens (MLM) and next sentences (NSP) together, or the first alone.

`pretrain` runs steps over the batches of a `PretrainingData`. In `out_dir` it saves the bundles "best" and "last"
(with `save_epochs` also "epoch-003", ...) and the run's state: a run that was interrupted or killed and is resumed
from it ends with the same weights as one that was not. The loss follows Google's run_pretraining.py: the mean over
masked tokens plus the mean over pairs; without an NSP head it is the first mean alone, as RoBERTa's.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from bertfit.config import BertConfig, PretrainConfig, PretrainHeads
from bertfit.corpus import PretrainingData, open_pretraining_data
from bertfit.errors import ArgumentError, DataError
from bertfit.model import Model, persist
from bertfit.system import interrupts
from bertfit.training.callbacks import Callback
from bertfit.training.folder import open_run
from bertfit.training.pretraining_objective import Pretraining
from bertfit.training.run import Run


@interrupts.listening()
def pretrain(
    model: Model,
    data: PretrainingData | str | os.PathLike | Sequence[str | os.PathLike],
    *,
    heads: PretrainHeads | None = None,
    config: PretrainConfig | None = None,
    validation: PretrainingData | str | os.PathLike | Sequence[str | os.PathLike] | None = None,
    out_dir: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[Callback] = (),
) -> Model:
    """Train an encoder with its MLM and NSP heads.

    Args:
        model: Fresh (`bertfit.init`) or loaded; it is not changed. Heads that it has are trained further.
        data: A `PretrainingData`, or the path or paths that `open_pretraining_data` takes.
        heads: Forms of the heads of a model without any. None for Google's; for an encoder with fewer than two
            segments, which cannot tell the texts of a pair apart, without the next sentence.
        config: Settings; None for the defaults.
        validation: Validation data of the same kind, evaluated after every epoch; None for none.
        out_dir: Folder for "best", "last" and the state; None saves nothing.
        resume: Continue the run in `out_dir`, which must have been made with the same settings and data.
        overwrite: Replace the run in `out_dir`: its models and states stay until the new run has completed an epoch.
        callbacks: Called after every step and epoch.

    Returns:
        A new model with the weights of the last step. Its `record` holds settings, history, best_epoch, seed,
        steps, precision, interrupted and seconds.

    Raises:
        DataError: The data were made with another vocabulary or are longer than the model's positions.
        ArgumentError: `out_dir` holds a run that is neither resumed nor overwritten, or no state to resume from, or
            its run had other settings or data.
        TrainingError: The loss is not finite.

    A model or state that cannot be saved (a full disk) is told by a warning, and the run goes on; a last model that
    could not be saved in `out_dir` is saved beside it at the end, or in another folder that is told.

    Example:
        >>> pretrain(model, "data/", config=PretrainConfig(steps=1000)).record["steps"]  # doctest: +SKIP
        1000
    """
    config = config or PretrainConfig()
    data, validation = (given if given is None or isinstance(given, PretrainingData) else open_pretraining_data(given)
                        for given in (data, validation))
    _check_data(model, data, "data")
    if validation is not None:
        _check_data(model, validation, "validation")
    if model.pretraining is not None and heads not in (None, model.pretrain_heads):
        raise ArgumentError("must be left out for a model that has MLM and NSP heads.",
                            [f"It has {model.pretrain_heads.to_dict()}."], argument="heads")
    folder, state, seed = open_run(out_dir, "pretraining", resume=resume, overwrite=overwrite, seed=config.seed,
                                   argument="out_dir")
    before = {} if state is None else state.identity.get("settings", {})
    config = config.monitored(validation is not None, before.get("monitor"))
    source = {"kind": "pretrained", "path": None, "sha256": None, "origin": persist.origin(model)}
    model = model.copy(heads=True)
    if model.pretraining is None:
        model.add_pretraining(heads or _default_heads(model.config), seed)
    _check_monitor(model.pretrain_heads, config)
    objective = Pretraining(model, data, validation, config, seed)
    run = Run(objective, config, callbacks, folder=folder, save_steps=config.save_steps)
    if state is not None:
        run.restore(state)
    run.train()
    interrupts.answered()  # what is left takes no time, and the model would be lost
    model.source, model.record = source, objective.record(run)
    model.fresh_pooler = model.fresh_pooler and not objective.pairs
    if folder is not None and "last" in folder.unsaved:
        folder.keep_elsewhere(model)
    return model


def _default_heads(config: BertConfig) -> PretrainHeads:
    return PretrainHeads() if config.type_vocab_size > 1 else PretrainHeads(nsp="none")


def _check_monitor(heads: PretrainHeads, config: PretrainConfig) -> None:
    if heads.nsp == "none" and config.monitor.startswith("nsp_"):
        raise ArgumentError("must be another measure for a model that predicts no next sentence.", argument="monitor",
                            received=config.monitor)


def _check_data(model: Model, data: PretrainingData, argument: str) -> None:
    if data.max_len > model.max_len:
        raise DataError("must not be longer than the model's positions.",
                        [f"Sequences have {data.max_len} tokens, the model {model.max_len} positions."],
                        argument=argument)
    data.check_vocabulary(model.vocabulary)

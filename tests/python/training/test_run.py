"""Runs on toys: stopping, the best weights, interrupts, and resuming after them."""

import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from bertfit.config.head import HeadConfig
from bertfit.config.training import TrainConfig
from bertfit.errors import ArgumentError, TrainingError
from bertfit.model.model import Model
from bertfit.rows.table import Rows
from bertfit.system import interrupts
from bertfit.training.callbacks import Callback
from bertfit.training.finetuning import fit_model
from bertfit.training.finetuning_objective import FineTuning
from bertfit.training.run import Run
from toys.fits import (
    BINARY,
    COUNT,
    FAST,
    GOOD,
    TASKS,
    TEXTS,
    Watch,
    assert_same_run,
    frozen,
    largest_change,
    log_loss,
    predicted,
)
from toys.models import NO_DROPOUT, toy_model


@pytest.fixture(scope="module")
def toy():
    return toy_model(num_hidden_layers=1)


# -- Stopping, and the best weights --------------------------------------------------------------------

def test_early_stopping_counts_epochs_without_a_better_value(toy):
    # At this rate nothing changes, so no epoch is better than the first.
    model = frozen(toy, epochs=10, learning_rate=1e-12, monitor="accuracy", early_stopping=2, validation=0.25)
    assert model.record["history"]["epoch"] == [1, 2, 3] and model.record["best_epoch"] == 1
    assert "accuracy" in model.record["stopped"] and not model.record["interrupted"]


def overfitted(toy, **settings):
    """A large head on few rows with targets by chance: what is held out gets worse, and not at once."""
    texts, targets = TEXTS[:60], np.random.default_rng(8).integers(0, 2, 60).astype(float)
    held = Rows.of(TEXTS[60:120], targets=np.random.default_rng(9).integers(0, 2, 60))
    model = frozen(toy, targets, texts=texts, held=held, epochs=12, warmup=0.6, learning_rate=0.05,
                   head=HeadConfig(hidden=(32,), pooling="max", dropout=0.0), **settings)
    return model, log_loss(model, held.texts, held.targets)


def test_the_best_epochs_weights_come_back(toy):
    model, loss = overfitted(toy)
    history = model.record["history"]["val_loss"]
    assert model.record["best_epoch"] == int(np.argmin(history)) + 1 < 12 and model.record["restored_best"]
    assert loss == pytest.approx(min(history), rel=1e-4) and min(history) < history[-1] - 0.01


def test_the_last_epochs_weights_are_kept_if_asked(toy):
    model, loss = overfitted(toy, restore_best=False)
    history = model.record["history"]["val_loss"]
    assert loss == pytest.approx(history[-1], rel=1e-4) and min(history) < history[-1] - 0.01
    assert model.record["restored_best"] is False


def test_a_measure_that_is_never_defined_keeps_the_last_epoch(toy):
    # No AUC with one class only: no epoch can be called the best, and the last must not give way to the first.
    texts = [text for text, good in zip(TEXTS, GOOD, strict=True) if good][:10]
    model = frozen(toy, epochs=4, monitor="auc", early_stopping=1, held=Rows.of(texts, targets=np.ones(10)))
    history = model.record["history"]
    assert np.isnan(history["val_auc"]).all() and history["epoch"] == [1, 2, 3, 4]
    assert model.record["best_epoch"] == 4
    assert log_loss(model, texts, np.ones(10)) == pytest.approx(history["val_loss"][-1], rel=1e-4)


@pytest.mark.parametrize("kind, monitor", [("binary", "rmse"), ("regression", "accuracy"), ("regression", "auc")])
def test_a_monitor_of_another_task_is_refused(toy, kind, monitor):
    task, targets, _ = TASKS[kind]
    with pytest.raises(ArgumentError, match="`monitor` must be one of"):
        frozen(toy, targets, task=task, monitor=monitor)


@pytest.mark.parametrize("at, epochs_done", [(("step", 1), 0), (("step", 12), 1), (("epoch", 2), 2)])
def test_an_interrupt_returns_the_model_as_it_stands(toy, at, epochs_done):
    watch = Watch(at)
    model = frozen(toy, epochs=5, validation=0.25, callbacks=[watch])  # ten steps an epoch
    assert model.record["interrupted"] and model.record["stopped"] == "interrupted"
    assert len(model.record["history"].get("epoch", [])) == epochs_done
    assert watch.events[-1] == ("end", {"best_epoch": model.record["best_epoch"], "interrupted": True})
    assert np.isfinite(predicted(model)).all()
    assert largest_change(model, frozen(toy, epochs=1, learning_rate=1e-12), "output") > 0


def test_other_errors_in_a_callback_end_the_run(toy):
    with pytest.raises(ZeroDivisionError):
        frozen(toy, epochs=2, callbacks=[Watch(("step", 3), ZeroDivisionError)])


@pytest.mark.parametrize("settings", [
    {"epochs": 3}, {"epochs": 3, "restore_best": False}, {"epochs": 1, "batch_size": 200, "warmup": 1},
    {"epochs": 1, "batch_size": 200, "warmup": 1, "validation": 0, "learning_rate": 1e39},
])
def test_a_loss_that_is_no_number_is_an_error(toy, settings):
    # With one step only, its own loss is fine: it is the weights that are ruined.
    with pytest.raises(TrainingError, match="finite") as caught:
        frozen(toy, COUNT, task=TASKS["regression"][0], **{"learning_rate": 1e38, "warmup": 0, **settings})
    assert "epoch 1" in str(caught.value) and "learning_rate" in str(caught.value)


def test_a_loss_that_is_lost_later_leaves_the_best_weights(toy):
    class Spoil(Callback):
        def on_epoch(self, info):
            if info["epoch"] == 2:
                ruined[0].assign(ruined[0] * float("nan"))

    ruined = []
    add_head = Model.add_head

    def remember(self, *args, **kwargs):
        add_head(self, *args, **kwargs)
        ruined[:] = [self.head.get_layer("output").kernel]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Model, "add_head", remember)
        model = frozen(toy, epochs=5, validation=0.25, callbacks=[Spoil()])
    assert "epoch 3" in model.record["stopped"] and model.record["history"]["epoch"] == [1, 2]
    assert np.isfinite(predicted(model)).all() and model.record["best_epoch"] in (1, 2)
    with pytest.raises(TrainingError, match="finite"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Model, "add_head", remember)
        frozen(toy, epochs=5, validation=0.25, callbacks=[Spoil()], restore_best=False)


# -- Resuming ------------------------------------------------------------------------------------------

#: Ten steps an epoch without accumulation, four with; head and encoder drop values.
RESUMED = {
    "whole": {"epochs": 3, "validation": 0.25},
    "accumulation": {"epochs": 3, "validation": 0.25, "accumulation": 3},
    "float16": {"epochs": 2, "validation": 0, "accumulation": 2, "precision": "float16"},
    "encoder": {"epochs": 3, "validation": 0.25, "freeze": "encoder"},
    "last": {"epochs": 3, "validation": 0, "freeze": "encoder", "restore_best": False},
    "layers": {"epochs": 3, "validation": 0.25, "freeze": 1},
}
DROPPING = HeadConfig(pooling="mean", dropout=0.3, hidden=(8,))


def resumable(model, kind, *, callbacks=(), targets=GOOD, task=BINARY, texts=TEXTS, **settings):
    config = TrainConfig(**{**FAST, **RESUMED[kind], **settings})
    return fit_model(model, Rows.of(texts, targets=targets), task=task, head=DROPPING, config=config,
                     callbacks=callbacks)


def start(kind):
    return toy_model(num_hidden_layers=2, **NO_DROPOUT) if kind == "layers" else toy_model(num_hidden_layers=1)


@pytest.mark.parametrize("kind, at", [
    ("whole", ("step", 13)), ("accumulation", ("step", 3)), ("float16", ("step", 9)), ("layers", ("step", 12)),
    ("encoder", ("step", 1)), ("encoder", ("step", 17)), ("encoder", ("step", 20)), ("encoder", ("epoch", 1)),
    ("encoder", ("step", 30)), ("encoder", ("epoch", 3)), ("last", ("step", 15)), ("last", ("epoch", 2)),
])
def test_an_interrupted_fit_goes_on_to_the_same_weights(kind, at, tmp_path):
    whole = resumable(start(kind), kind)
    part = resumable(start(kind), kind, checkpoint=tmp_path, callbacks=[Watch(at)])
    assert part.record["interrupted"]
    watch = Watch()
    assert_same_run(resumable(start(kind), kind, checkpoint=tmp_path, resume=True, callbacks=[watch]), whole)
    done = int(next(tmp_path.glob("state-*")).name[6:15])
    assert watch.events[0][1]["step"] + watch.count("step") == done


@pytest.mark.parametrize("kind, batch", [("accumulation", 5), ("accumulation", 6), ("float16", 2), ("encoder", 11)])
def test_an_interrupt_within_a_step_goes_back_to_its_beginning(kind, batch, tmp_path, monkeypatch):
    run_batch, count, whole = Run.run_batch, [], resumable(start(kind), kind)

    def interrupted(self, *args):
        count.append(1)
        if len(count) == batch + 1:
            raise KeyboardInterrupt
        return run_batch(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "run_batch", interrupted)
        assert resumable(start(kind), kind, checkpoint=tmp_path).record["interrupted"]
    assert_same_run(resumable(start(kind), kind, checkpoint=tmp_path, resume=True), whole)


def test_an_interrupt_of_validation_repeats_the_end_of_the_epoch(tmp_path, monkeypatch):
    whole = resumable(start("encoder"), "encoder")
    with monkeypatch.context() as patch:
        patch.setattr(FineTuning, "validate", lambda self: (os.kill(os.getpid(), signal.SIGINT), interrupts.check()))
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            part = resumable(start("encoder"), "encoder", checkpoint=tmp_path)
        finally:
            signal.signal(signal.SIGINT, before)
    assert part.record["interrupted"] and part.record["history"] == {}
    assert_same_run(resumable(start("encoder"), "encoder", checkpoint=tmp_path, resume=True), whole)


@pytest.mark.parametrize("at", [("epoch", 2), ("epoch", 3), ("step", 25)])
def test_a_resumed_fit_stops_early_where_the_whole_one_did(at, tmp_path):
    settings = {"epochs": 10, "learning_rate": 1e-12, "monitor": "accuracy", "early_stopping": 2}
    whole = resumable(start("encoder"), "encoder", **settings)
    assert whole.record["history"]["epoch"] == [1, 2, 3]
    resumable(start("encoder"), "encoder", **settings, checkpoint=tmp_path, callbacks=[Watch(at)])
    assert_same_run(resumable(start("encoder"), "encoder", **settings, checkpoint=tmp_path, resume=True), whole)


@pytest.mark.parametrize("kind, hook, number", [
    ("accumulation", "run_batch", 21), ("encoder", "step", 14), ("encoder", "epoch", 1),
])
def test_a_killed_fit_goes_on_to_the_same_weights(kind, hook, number, tmp_path):
    script = textwrap.dedent(f"""
        import os, signal
        from test_run import Run, Watch, resumable, start
        class Kill(Watch):
            def _keep(self, hook, info):
                super()._keep(hook, info)
                if (hook, self.count(hook)) == ({hook!r}, {number}):
                    os.kill(os.getpid(), signal.SIGKILL)
        kill, run_batch = Kill(), Run.run_batch
        Run.run_batch = lambda self, *args: (run_batch(self, *args), kill._keep("run_batch", None))[0]
        resumable(start({kind!r}), {kind!r}, checkpoint={str(tmp_path)!r}, save_steps=3, callbacks=[kill])
    """)
    places = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                           env={**os.environ, "PYTHONPATH": places})
    assert child.returncode == -signal.SIGKILL, child.stderr
    resumed = resumable(start(kind), kind, checkpoint=tmp_path, resume=True)
    assert_same_run(resumed, resumable(start(kind), kind))


def test_a_fits_state_belongs_to_its_rows_settings_and_model(tmp_path):
    resumable(start("encoder"), "encoder", checkpoint=tmp_path, callbacks=[Watch(("step", 4))])

    def refused(difference, model=None, **changes):
        with pytest.raises(ArgumentError, match=re.escape(difference)):
            resumable(model or start("encoder"), "encoder", checkpoint=tmp_path, resume=True, **changes)

    refused("`learning_rate` was 0.02, now 0.001.", learning_rate=1e-3)
    refused("`freeze` was 'encoder', now 'embeddings'.", freeze="embeddings")
    refused("`precision` was 'float32', now 'bfloat16'.", precision="bfloat16")
    refused("The training rows are not the same.", targets=1 - GOOD)
    refused("The training rows are not the same.", texts=["a good film", *TEXTS[1:]])
    refused("`labels` was ['no', 'yes'], now ['yes', 'no'].", task=BINARY.__class__("binary", ("yes", "no")))
    refused("`num_hidden_layers` was 1, now 2.", toy_model(num_hidden_layers=2))
    refused("The model's weights are not the same.", toy_model(seed=2, num_hidden_layers=1))
    with pytest.raises(ArgumentError, match="`seed` must be that of the run"):
        resumable(start("encoder"), "encoder", checkpoint=tmp_path, resume=True, seed=4)
    with pytest.raises(ArgumentError, match="holds a run: state-"):
        resumable(start("encoder"), "encoder", checkpoint=tmp_path)

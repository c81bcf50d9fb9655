"""The training loop on toys: its losses, accumulated steps, stopping, best weights, and interrupts."""

import numpy as np
import pytest

from bertfit.config.head import HeadConfig
from bertfit.config.training import TrainConfig
from bertfit.errors import ArgumentError, TrainingError
from bertfit.model.model import Model
from bertfit.rows.table import Rows
from bertfit.training.callbacks import Callback
from bertfit.training.finetuning import fit_model
from toys.base import NO_DROPOUT, toy_model
from toys.fits import (
    BINARY,
    COUNT,
    FAST,
    GOOD,
    PLAIN,
    TASKS,
    TEXTS,
    Watch,
    frozen,
    largest_change,
    log_loss,
    predicted,
)


@pytest.fixture(scope="module")
def toy():
    return toy_model(num_hidden_layers=1)


@pytest.fixture(scope="module")
def still():
    """A toy without dropout: what a step does can be said exactly."""
    return toy_model(num_hidden_layers=1, **NO_DROPOUT)


# -- Compiled kernels ----------------------------------------------------------------------------------

@pytest.mark.parametrize("dropout", [True, False])
@pytest.mark.parametrize("accumulation", [1, 2])
def test_compiled_kernels_train_the_same(toy, still, dropout, accumulation, request):
    # 200 rows in batches of 48: the last one is short. Dropped values depend on places, so lengths must agree too.
    start = toy if dropout else still
    texts = [text + " ." * (30 - len(text.split())) for text in TEXTS] if dropout else TEXTS
    config = TrainConfig(epochs=2, accumulation=accumulation, validation=0, **{**FAST, "batch_size": 48})
    plain = fit_model(start, Rows.of(texts, targets=GOOD), task=BINARY, head=PLAIN, config=config)
    request.getfixturevalue("compile_at_once")
    compiled = fit_model(start, Rows.of(texts, targets=GOOD), task=BINARY, head=PLAIN, config=config)
    np.testing.assert_allclose(compiled.record["history"]["loss"], plain.record["history"]["loss"], rtol=2e-4)
    assert largest_change(compiled, plain) < 2e-3


# -- Number formats ------------------------------------------------------------------------------------

@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize("accumulation", [1, 2])
def test_short_number_formats_learn_what_float32_learns(toy, precision, accumulation):
    configs = [TrainConfig(epochs=2, accumulation=accumulation, validation=0, **{**FAST, "precision": kind})
               for kind in ("float32", precision)]
    fits = [fit_model(toy, Rows.of(TEXTS, targets=GOOD), task=BINARY, head=PLAIN, config=config) for config in configs]
    exact, short = (fit.record["history"]["loss"] for fit in fits)
    np.testing.assert_allclose(short, exact, atol=0.03)
    assert short[1] < short[0]


# -- Losses and steps ----------------------------------------------------------------------------------

def test_the_losses_are_the_textbooks(toy):
    # One step of rate 1e-9 changes nothing, so the loss of the epoch is that of the returned model.
    settings = {"epochs": 1, "validation": 0, "batch_size": 200, "learning_rate": 1e-9}
    binary = frozen(toy, GOOD * 0.8 + 0.1, **settings)
    assert binary.record["history"]["loss"][0] == pytest.approx(log_loss(binary, TEXTS, GOOD * 0.8 + 0.1), rel=1e-4)
    task, targets, _ = TASKS["multiclass"]
    model = frozen(toy, targets, task=task, **settings)
    expected = -np.log(predicted(model)[np.arange(200), targets]).mean()
    assert model.record["history"]["loss"][0] == pytest.approx(expected, rel=1e-4)
    task, targets, _ = TASKS["multilabel"]
    model = frozen(toy, targets, task=task, **settings)
    p = predicted(model)
    expected = -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean()
    assert model.record["history"]["loss"][0] == pytest.approx(expected, rel=1e-4)
    task, targets, _ = TASKS["regression"]
    model = frozen(toy, targets, task=task, **settings)
    expected = np.mean(((predicted(model) - targets) / COUNT.std()) ** 2)
    assert model.record["history"]["loss"][0] == pytest.approx(expected, rel=1e-4)
    assert model.record["history"]["rmse"][0] == pytest.approx(np.sqrt(expected) * COUNT.std(), rel=1e-4)


def test_rows_of_weight_zero_are_as_if_left_out(still):
    # All rows in one batch: half of them with twice the weight and half with none is the mean over that half.
    half = np.arange(200) < 100
    settings = {"epochs": 3, "validation": 0, "clip_norm": None}
    weighted = frozen(still, sample_weights=half * 2.0, batch_size=200, **settings)
    alone = frozen(still, GOOD[half], texts=TEXTS[:100], batch_size=100, **settings)
    assert largest_change(weighted, alone, "output") < 1e-5
    assert largest_change(weighted, frozen(still, batch_size=200, **settings), "output") > 1e-3
    np.testing.assert_allclose(weighted.record["history"]["loss"], alone.record["history"]["loss"], rtol=1e-4)


def test_accumulated_batches_are_one_large_batch(still):
    def fitted(batch_size, accumulation):
        config = TrainConfig(**{**FAST, "epochs": 2, "validation": 0, "batch_size": batch_size, "clip_norm": 0.1,
                                "accumulation": accumulation, "learning_rate": 1e-3})
        return fit_model(still, Rows.of(TEXTS[:72], targets=GOOD[:72]), task=BINARY, head=PLAIN, config=config)

    large, parts = fitted(32, 1), fitted(8, 4)
    assert largest_change(large, parts) < 2e-5
    assert largest_change(large, still, "Encoder-1-FeedForward") > 1e-3
    np.testing.assert_allclose(parts.record["history"]["loss"], large.record["history"]["loss"], rtol=1e-4)


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


def test_or_the_last_ones_if_asked(toy):
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

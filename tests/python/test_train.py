"""Fine-tuning on toys: it learns, repeats itself, and does with weights, freezing and stopping what it says."""

import math

import numpy as np
import pytest

from bertfit.callbacks import Callback
from bertfit.config import HeadConfig, Task, TrainConfig
from bertfit.errors import ArgumentError, DataError, TrainingError
from bertfit.model import Model
from bertfit.outcomes import classes, probabilities
from bertfit.schedule import learning_rate_at
from bertfit.train import fit_model
from toys import NO_DROPOUT, has_word, toy_model, toy_texts

TEXTS = toy_texts(200, longest=10)
GOOD, BAD = has_word(TEXTS, "good"), has_word(TEXTS, "bad")
COUNT = np.array([50.0 + 10 * text.split().count("good") for text in TEXTS])
BINARY = Task("binary", ("no", "yes"))
MEAN = HeadConfig(pooling="mean")
PLAIN = HeadConfig(pooling="mean", dropout=0.0)
FAST = {"learning_rate": 2e-2, "batch_size": 16, "seed": 3, "precision": "float32"}

#: Task, targets, and the accuracy (or RMSE) of always giving the best single answer.
TASKS = {
    "binary": (BINARY, GOOD, max(GOOD.mean(), 1 - GOOD.mean())),
    "multiclass": (Task("multiclass", "gbo"), np.where(GOOD > 0, 0, np.where(BAD > 0, 1, 2)), 0.5),
    "multilabel": (Task("multilabel", ("good", "bad")), np.stack([GOOD, BAD], 1), 0.7),
    "regression": (Task("regression", ("count",), COUNT.mean(), COUNT.std()), COUNT, COUNT.std()),
}


@pytest.fixture(scope="module")
def toy():
    return toy_model(num_hidden_layers=1)


@pytest.fixture(scope="module")
def still():
    """A toy without dropout: what a step does can be said exactly."""
    return toy_model(num_hidden_layers=1, **NO_DROPOUT)


@pytest.fixture(scope="module")
def two_layers():
    return toy_model()


@pytest.fixture(scope="module")
def fits(toy):
    """One fitted model per task, made when first asked for."""
    made = {}

    def fitted(kind) -> Model:
        if kind not in made:
            task, targets, _ = TASKS[kind]
            config = TrainConfig(epochs=8, validation=0.25, **FAST)
            made[kind] = fit_model(toy, TEXTS, targets, task=task, head=MEAN, config=config)
        return made[kind]

    return fitted


class Watch(Callback):
    """Keeps every event; raises `error` at a (hook, number)."""

    def __init__(self, at=None, error=KeyboardInterrupt):
        self.events, self.at, self.error = [], at, error

    def _keep(self, hook, info):
        self.events.append((hook, info))
        if self.at == (hook, self.count(hook)):
            raise self.error

    def count(self, hook):
        return sum(name == hook for name, _ in self.events)

    def on_begin(self, info):
        self._keep("begin", info)

    def on_step(self, info):
        self._keep("step", info)

    def on_epoch(self, info):
        self._keep("epoch", info)

    def on_end(self, info):
        self._keep("end", info)


def frozen(model, targets=GOOD, *, texts=TEXTS, task=BINARY, head=PLAIN, callbacks=(), sample_weights=None,
           held=None, **settings):
    """A fit of the head alone: no graph of the encoder's gradients, so it takes a fraction of a second."""
    config = TrainConfig(**{**FAST, "freeze": "encoder", **settings})
    return fit_model(model, texts, targets, task=task, head=head, config=config, callbacks=callbacks,
                     sample_weights=sample_weights, validation=held)


def predicted(model, texts=TEXTS) -> np.ndarray:
    """Probabilities (or a regression's numbers), computed as a user would get them."""
    return probabilities(model.task, model.logits(model.encode(texts), "float32"))


def log_loss(model, texts, targets) -> float:
    p = predicted(model, texts)[:, 1]
    return float(-np.mean(targets * np.log(p) + (1 - targets) * np.log(1 - p)))


def largest_change(model, other, layer=None) -> float:
    a, b = model.weights(), other.weights()
    return max(float(np.abs(x - y).max()) for name in (b if layer is None else [layer])
               for x, y in zip(a[name], b[name], strict=True))


# -- It learns -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", TASKS)
def test_every_task_learns_what_can_be_learnt(fits, kind):
    task, _, chance = TASKS[kind]
    model, fresh = fits(kind), toy_texts(200, seed=99, longest=10)
    history = model.record["history"]
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    if kind == "regression":
        truth = np.array([50.0 + 10 * text.split().count("good") for text in fresh])
        assert np.sqrt(np.mean((predicted(model, fresh) - truth) ** 2)) < 0.6 * chance
        return
    good, bad = has_word(fresh, "good"), has_word(fresh, "bad")
    truth = {"binary": good, "multilabel": np.stack([good, bad], 1),
             "multiclass": np.where(good > 0, 0, np.where(bad > 0, 1, 2))}[kind]
    accuracy = (classes(task, predicted(model, fresh)) == truth).mean()
    assert accuracy > 0.93 > chance + 0.1


def test_the_input_model_is_left_alone(fits, toy):
    fits("binary")
    assert largest_change(toy, toy_model(num_hidden_layers=1)) == 0
    assert not toy.fitted and toy.record == {} and all(layer.trainable for layer in toy.encoder.layers)
    assert largest_change(fits("binary"), toy, "Encoder-1-FeedForward") > 1e-3


def test_one_seed_one_set_of_weights(fits, toy):
    task, targets, _ = TASKS["binary"]
    config = TrainConfig(epochs=8, validation=0.25, **FAST)
    again = fit_model(toy, TEXTS, targets, task=task, head=MEAN, config=config)
    assert largest_change(again, fits("binary")) == 0
    timeless = [{name: column for name, column in model.record["history"].items() if name != "seconds"}
                for model in (again, fits("binary"))]
    assert timeless[0] == timeless[1]
    other = frozen(toy, seed=4, epochs=1)
    assert largest_change(other, frozen(toy, seed=5, epochs=1), "output") > 1e-3


def test_a_drawn_seed_is_recorded_and_repeats_the_run(toy):
    first = frozen(toy, seed=None, epochs=2, head=HeadConfig(dropout=0.5))
    seed = first.record["seed"]
    assert seed == first.record["settings"]["seed"] and isinstance(seed, int)
    assert largest_change(frozen(toy, seed=seed, epochs=2, head=HeadConfig(dropout=0.5)), first) == 0


def test_a_fitted_model_can_be_fitted_to_another_task(fits):
    first = fits("binary")
    second = frozen(first, COUNT, task=TASKS["regression"][0], epochs=1)
    assert second.task.kind == "regression" and first.task.kind == "binary"
    assert largest_change(second, first, "Encoder-1-FeedForward") == 0  # it starts from the first's encoder


# -- The record ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind, metrics", [("binary", ["accuracy", "auc", "f1_macro"]), ("regression", ["rmse"])])
def test_history_columns(fits, kind, metrics):
    history = fits(kind).record["history"]
    held = [f"val_{name}" for name in ("loss", *metrics)]
    assert list(history) == ["epoch", "loss", *metrics, *held, "learning_rate", "seconds"]
    assert {len(column) for column in history.values()} == {8} and history["epoch"] == list(range(1, 9))
    total = 8 * math.ceil(150 / 16)
    last_steps = np.arange(1, 9) * math.ceil(150 / 16)
    expected = learning_rate_at(last_steps, decay_steps=total, warmup_steps=int(0.1 * total), learning_rate=2e-2)
    np.testing.assert_allclose(history["learning_rate"], expected, rtol=1e-4, atol=1e-8)


def test_what_a_run_records_and_tells(toy):
    watch = Watch()
    model = frozen(toy, epochs=2, validation=0.25, batch_size=40, callbacks=[watch])
    record = model.record
    assert (record["rows"], record["validation_rows"], record["max_len"]) == (150, 50, 16)
    assert (record["interrupted"], record["stopped"], record["precision"]) == (False, None, "float32")
    assert record["settings"]["learning_rate"] == 2e-2 and record["seconds"] > 0
    assert [hook for hook, _ in watch.events] == ["begin", *["step"] * 4, "epoch", *["step"] * 4, "epoch", "end"]
    begin, epoch = watch.events[0][1], watch.events[5][1]
    assert (begin["epochs"], begin["steps"], begin["rows"], begin["validation_rows"]) == (2, 4, 150, 50)
    assert (begin["parameters"], begin["trainable"]) == (model.parameters, 17) == (model.parameters,
                                                                                   model.trainable_parameters)
    steps = [info for hook, info in watch.events if hook == "step"]
    assert [(s["epoch"], s["step"], s["steps"]) for s in steps] == [(e, s, 4) for e in (1, 2) for s in (1, 2, 3, 4)]
    assert steps[3]["loss"] == pytest.approx(record["history"]["loss"][0])
    assert (steps[3]["metric_name"], steps[3]["metric"]) == ("accuracy", record["history"]["accuracy"][0])
    assert steps[0]["seconds_left"] > 0 and steps[-1]["seconds_left"] == 0
    assert epoch["epoch"] == 1 and epoch["val_loss"] == record["history"]["val_loss"][0] and epoch["best"]
    assert watch.events[-1][1] == {"best_epoch": record["best_epoch"], "interrupted": False}


def test_without_validation_there_are_no_validation_columns(toy):
    history = frozen(toy, epochs=1, validation=0).record["history"]
    assert list(history) == ["epoch", "loss", "accuracy", "auc", "f1_macro", "learning_rate", "seconds"]


def test_a_given_validation_is_what_is_watched(toy):
    texts = toy_texts(30, seed=7, longest=10)
    targets = has_word(texts, "good")
    model = frozen(toy, epochs=1, held=(texts, None, targets, None))
    history = model.record["history"]
    assert (model.record["rows"], model.record["validation_rows"]) == (200, 30)
    assert history["val_loss"][0] == pytest.approx(log_loss(model, texts, targets), rel=1e-4)
    expected = ((predicted(model, texts)[:, 1] >= 0.5) == targets).mean()
    assert history["val_accuracy"][0] == pytest.approx(expected)


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


@pytest.mark.parametrize("max_len, kept, pairs", [(8, 8, False), (5, 5, False), (8, 8, True)])
def test_truncated_rows_are_counted(toy, max_len, kept, pairs):
    second = TEXTS[::-1] if pairs else None
    config = TrainConfig(epochs=1, validation=0, freeze="encoder", max_len=max_len, **FAST)
    model = fit_model(toy, TEXTS, GOOD, task=BINARY, head=PLAIN, config=config, pairs=second)
    words = np.array([len(text.split()) for text in TEXTS])
    tokens = words + words[::-1] + 3 if pairs else words + 2
    assert model.record["truncated"] == (tokens > kept).sum() > 0
    assert model.record["max_len"] == max_len and model.encode(TEXTS[:3]).lengths.max() <= max_len


def test_the_automatic_length_is_the_quantiles(toy):
    assert frozen(toy, epochs=1, max_len_quantile=0.01).record["max_len"] == 8
    assert frozen(toy, epochs=1, max_len_quantile=1).record["max_len"] == 16  # nine words and two


# -- Weights of rows and classes -----------------------------------------------------------------------

def test_rows_of_weight_zero_are_as_if_left_out(still):
    # All rows in one batch: half of them with twice the weight and half with none is the mean over that half.
    half = np.arange(200) < 100
    settings = {"epochs": 3, "validation": 0, "clip_norm": None}
    weighted = frozen(still, sample_weights=half * 2.0, batch_size=200, **settings)
    alone = frozen(still, GOOD[half], texts=TEXTS[:100], batch_size=100, **settings)
    assert largest_change(weighted, alone, "output") < 1e-5
    assert largest_change(weighted, frozen(still, batch_size=200, **settings), "output") > 1e-3
    np.testing.assert_allclose(weighted.record["history"]["loss"], alone.record["history"]["loss"], rtol=1e-4)


def test_class_weights_move_predictions_their_way(toy):
    def share(weights):
        return predicted(frozen(toy, epochs=3, class_weights=weights))[:, 1].mean()

    low, even, high = share({"no": 20, "yes": 1}), share(None), share({"no": 1, "yes": 20})
    assert low < even - 0.1 < even + 0.1 < high


def test_equal_class_weights_scale_the_loss_only(toy):
    plain = frozen(toy, epochs=2)
    tripled = frozen(toy, epochs=2, class_weights={"no": 3, "yes": 3}, clip_norm=None)
    np.testing.assert_allclose(
        tripled.record["history"]["loss"], 3 * np.array(plain.record["history"]["loss"]), rtol=0.02
    )


# -- Accumulation and freezing -------------------------------------------------------------------------

def test_accumulated_batches_are_one_large_batch(still):
    def fitted(batch_size, accumulation):
        config = TrainConfig(**{**FAST, "epochs": 2, "validation": 0, "batch_size": batch_size, "clip_norm": 0.1,
                                "accumulation": accumulation, "learning_rate": 1e-3})
        return fit_model(still, TEXTS[:72], GOOD[:72], task=BINARY, head=PLAIN, config=config)

    large, parts = fitted(32, 1), fitted(8, 4)
    assert largest_change(large, parts) < 2e-5
    assert largest_change(large, still, "Encoder-1-FeedForward") > 1e-3
    np.testing.assert_allclose(parts.record["history"]["loss"], large.record["history"]["loss"], rtol=1e-4)


def test_a_frozen_encoder_is_run_once_and_does_not_move(toy, monkeypatch):
    calls = []
    run = Model.run
    monkeypatch.setattr(Model, "run", lambda self, what, *rest, **more: (calls.append(what[0]),
                                                                        run(self, what, *rest, **more))[1])
    model = frozen(toy, epochs=20, validation=0.25, head=HeadConfig(hidden=(8,), pooling="mean"))
    assert calls == ["features"] * 2  # once for the rows, once for those held out
    assert all(largest_change(model, toy, name) == 0 for name in toy.weights())
    assert model.record["history"]["loss"][-1] < 0.85 * model.record["history"]["loss"][0]
    assert model.trainable_parameters == 16 * 8 + 8 + 8 + 1


def test_frozen_features_give_the_networks_answers(toy):
    model = frozen(toy, epochs=1, validation=0, batch_size=200, learning_rate=1e-9, head=HeadConfig(dropout=0.0))
    assert model.record["history"]["loss"][0] == pytest.approx(log_loss(model, TEXTS, GOOD), rel=1e-4)


@pytest.mark.parametrize("freeze, still_layers", [("embeddings", "Embedding-"), (1, ("Embedding-", "Encoder-1-"))])
def test_frozen_layers_stay_and_others_move(two_layers, freeze, still_layers):
    config = TrainConfig(epochs=1, freeze=freeze, **FAST)
    model = fit_model(two_layers, TEXTS[:64], GOOD[:64], task=BINARY, config=config)
    moved = {name for name in two_layers.weights() if largest_change(model, two_layers, name) > 0}
    assert moved == {name for name in two_layers.weights() if not name.startswith(still_layers)}
    trainable = sum(w.size for name, weights in model.weights().items() if name in {*moved, "output"} for w in weights)
    assert model.trainable_parameters == trainable


def test_more_layers_than_there_are_cannot_be_frozen(toy):
    for freeze in (2, np.int64(2)):
        with pytest.raises(ArgumentError, match="`freeze` must be at most 1"):
            frozen(toy, freeze=freeze)


# -- Stopping, and the best weights --------------------------------------------------------------------

def test_early_stopping_counts_epochs_without_a_better_value(toy):
    # At this rate nothing changes, so no epoch is better than the first.
    model = frozen(toy, epochs=10, learning_rate=1e-12, monitor="accuracy", early_stopping=2, validation=0.25)
    assert model.record["history"]["epoch"] == [1, 2, 3] and model.record["best_epoch"] == 1
    assert "accuracy" in model.record["stopped"] and not model.record["interrupted"]


def overfitted(toy, **settings):
    """A large head on few rows with targets by chance: what is held out gets worse, and not at once."""
    texts, targets = TEXTS[:60], np.random.default_rng(8).integers(0, 2, 60).astype(float)
    held = (TEXTS[60:120], None, np.random.default_rng(9).integers(0, 2, 60).astype(float), None)
    model = frozen(toy, targets, texts=texts, held=held, epochs=12, warmup=0.6, learning_rate=0.05,
                   head=HeadConfig(hidden=(32,), pooling="max", dropout=0.0), **settings)
    return model, log_loss(model, held[0], held[2])


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
    model = frozen(toy, epochs=4, monitor="auc", early_stopping=1, held=(texts, None, np.ones(10), None))
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


# -- What is refused before any work -------------------------------------------------------------------

def test_settings_that_do_not_fit_the_model_are_refused(toy):
    with pytest.raises(ArgumentError, match="`max_len` must be at most 32"):
        frozen(toy, max_len=33)
    with pytest.raises(ArgumentError, match="`layers` must be between 1 and 1"):
        frozen(toy, head=HeadConfig(pooling="mean", layers=(2,)))
    with pytest.raises(DataError, match="no missing values"):
        frozen(toy, np.where(np.arange(200) == 6, np.nan, GOOD))
    with pytest.raises(DataError, match="one number per row"):
        frozen(toy, sample_weights=[1, 2])

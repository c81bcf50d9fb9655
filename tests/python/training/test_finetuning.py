"""Fine-tuning on toys: it learns, repeats itself, and does with weights and freezing what it says."""


import numpy as np
import pytest

from bertfit.config.head import HeadConfig
from bertfit.config.training import TrainConfig
from bertfit.errors import ArgumentError, DataError
from bertfit.model import persist
from bertfit.model.model import Model
from bertfit.model.questions import Features
from bertfit.rows.table import Rows
from bertfit.scores.outcomes import classes
from bertfit.training import finetuning
from bertfit.training.finetuning import fit_model, make_task
from toys.fits import (
    BINARY,
    COUNT,
    FAST,
    GOOD,
    MEAN,
    PLAIN,
    TASKS,
    TEXTS,
    Watch,
    frozen,
    largest_change,
    log_loss,
    predicted,
)
from toys.models import OTHER_ENCODERS, has_word, toy_model, toy_rows, toy_texts
from toys.models import TEXTS as SHORT_TEXTS


@pytest.fixture(scope="module")
def toy():
    return toy_model(num_hidden_layers=1)


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
            made[kind] = fit_model(toy, Rows.of(TEXTS, targets=targets), task=task, head=MEAN, config=config)
        return made[kind]

    return fitted


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
    again = fit_model(toy, Rows.of(TEXTS, targets=targets), task=task, head=MEAN, config=config)
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
def test_the_history_has_losses_metrics_and_rates_of_every_epoch(fits, kind, metrics):
    history = fits(kind).record["history"]
    held = [f"val_{name}" for name in ("loss", *metrics)]
    assert list(history) == ["epoch", "loss", *metrics, *held, "learning_rate", "seconds"]
    assert {len(column) for column in history.values()} == {8} and history["epoch"] == list(range(1, 9))
    # 150 rows in batches of 16 are 10 steps an epoch. 8 of all 80 warm up; then the rate falls to 0 at step 80.
    expected = [2e-2 * (1 - 10 * epoch / 80) for epoch in range(1, 9)]
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
    assert steps[0]["seconds_left"] is None and steps[2]["seconds_left"] > 0 and steps[-1]["seconds_left"] == 0
    assert epoch["epoch"] == 1 and epoch["val_loss"] == record["history"]["val_loss"][0] and epoch["best"]
    assert watch.events[-1][1] == {"best_epoch": record["best_epoch"], "interrupted": False}


def test_without_validation_there_are_no_validation_columns(toy):
    history = frozen(toy, epochs=1, validation=0).record["history"]
    assert list(history) == ["epoch", "loss", "accuracy", "auc", "f1_macro", "learning_rate", "seconds"]


def test_a_given_validation_is_what_is_watched(toy):
    texts = toy_texts(30, seed=7, longest=10)
    targets = has_word(texts, "good")
    model = frozen(toy, epochs=1, held=Rows.of(texts, targets=targets))
    history = model.record["history"]
    assert (model.record["rows"], model.record["validation_rows"]) == (200, 30)
    assert history["val_loss"][0] == pytest.approx(log_loss(model, texts, targets), rel=1e-4)
    expected = ((predicted(model, texts)[:, 1] >= 0.5) == targets).mean()
    assert history["val_accuracy"][0] == pytest.approx(expected)


@pytest.mark.parametrize("max_len, kept, pairs", [(8, 8, False), (5, 5, False), (8, 8, True)])
def test_truncated_rows_are_counted(toy, max_len, kept, pairs):
    second = TEXTS[::-1] if pairs else None
    config = TrainConfig(epochs=1, validation=0, freeze="encoder", max_len=max_len, **FAST)
    model = fit_model(toy, Rows.of(TEXTS, second, GOOD), task=BINARY, head=PLAIN, config=config)
    words = np.array([len(text.split()) for text in TEXTS])
    tokens = words + words[::-1] + 3 if pairs else words + 2
    assert model.record["truncated"] == (tokens > kept).sum() > 0
    assert model.record["max_len"] == max_len and model.encode(Rows(TEXTS[:3])).lengths.max() <= max_len


def test_the_automatic_length_is_the_quantiles(toy):
    assert frozen(toy, epochs=1, max_len_quantile=0.01).record["max_len"] == 8
    assert frozen(toy, epochs=1, max_len_quantile=1).record["max_len"] == 16  # nine words and two


# -- Weights of rows and classes -----------------------------------------------------------------------

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


# -- Freezing ------------------------------------------------------------------------------------------

def test_a_frozen_encoder_is_run_once_and_does_not_move(toy, monkeypatch):
    calls = []
    run = Model.run
    monkeypatch.setattr(Model, "run", lambda self, what, *rest, **more: (calls.append(type(what)),
                                                                        run(self, what, *rest, **more))[1])
    model = frozen(toy, epochs=20, validation=0.25, head=HeadConfig(hidden=(8,), pooling="mean"))
    assert calls == [Features] * 2  # once for the rows, once for those held out
    assert all(largest_change(model, toy, name) == 0 for name in toy.weights())
    assert model.record["history"]["loss"][-1] < 0.85 * model.record["history"]["loss"][0]
    assert model.trainable_parameters == 16 * 8 + 8 + 8 + 1


def test_frozen_features_give_the_networks_answers(toy):
    model = frozen(toy, epochs=1, validation=0, batch_size=200, learning_rate=1e-9, head=HeadConfig(dropout=0.0))
    assert model.record["history"]["loss"][0] == pytest.approx(log_loss(model, TEXTS, GOOD), rel=1e-4)


@pytest.mark.parametrize("freeze, still_layers", [("embeddings", "Embedding-"), (1, ("Embedding-", "Encoder-1-"))])
def test_frozen_layers_stay_and_others_move(two_layers, freeze, still_layers):
    config = TrainConfig(epochs=1, freeze=freeze, **FAST)
    model = fit_model(two_layers, Rows.of(TEXTS[:64], targets=GOOD[:64]), task=BINARY, config=config)
    moved = {name for name in two_layers.weights() if largest_change(model, two_layers, name) > 0}
    assert moved == {name for name in two_layers.weights() if not name.startswith(still_layers)}
    trainable = sum(w.size for name, weights in model.weights().items() if name in {*moved, "output"} for w in weights)
    assert model.trainable_parameters == trainable


@pytest.mark.parametrize("family", OTHER_ENCODERS)
def test_every_weight_of_other_encoders_is_trained(family):
    before = toy_model(**OTHER_ENCODERS[family])
    config = TrainConfig(epochs=1, validation=0, **FAST)
    model = fit_model(before, Rows.of(TEXTS[:64], targets=GOOD[:64]), task=BINARY, config=config)
    assert all(largest_change(model, before, name) > 0 for name in before.weights())
    still = set()
    for name, weights in before.weights().items():  # of every layer every weight; a bias of keys changes nothing
        still |= {f"{name}/{i}" for i, (a, b) in enumerate(zip(weights, model.weights()[name], strict=True))
                  if np.abs(a - b).max() == 0}
    assert all(weight.endswith("MultiHeadSelfAttention/3") for weight in still)
    assert model.trainable_parameters == model.parameters


def test_freezing_one_shared_layer_freezes_all():
    before = toy_model(share_layers=True)
    model = fit_model(before, Rows.of(TEXTS[:64], targets=GOOD[:64]), task=BINARY,
                      config=TrainConfig(epochs=1, freeze=1, **FAST))
    moved = {name for name in before.weights() if largest_change(model, before, name) > 0}
    assert moved == {"NSP-Dense"}
    assert model.trainable_parameters == 16 * 16 + 16 + 16 + 1
    table = model.layer_table()
    assert sum(table["parameters"]) == model.parameters and sum(table["trainable"]) == model.trainable_parameters


def test_more_layers_than_there_are_cannot_be_frozen(toy):
    for freeze in (2, np.int64(2)):
        with pytest.raises(ArgumentError, match="`freeze` must be at most 1"):
            frozen(toy, freeze=freeze)


# -- What is refused before any work -------------------------------------------------------------------

def test_settings_that_do_not_fit_the_model_are_refused(toy):
    with pytest.raises(ArgumentError, match="`max_len` must be at most 32"):
        frozen(toy, max_len=33)
    with pytest.raises(ArgumentError, match="`layers` must be between 1 and 1"):
        frozen(toy, head=HeadConfig(pooling="mean", layers=(2,)))
    with pytest.raises(DataError, match="none may be missing"):
        frozen(toy, np.where(np.arange(200) == 6, np.nan, GOOD))
    with pytest.raises(DataError, match="one number per row"):
        frozen(toy, sample_weights=[1, 2])


def test_a_regressions_center_and_scale_are_the_targets_mean_and_deviation():
    task = make_task("regression", ["y"], [1.0, 3.0, np.nan])
    assert (task.center, task.scale) == (2.0, 1.0)
    assert make_task("regression", ["y"], [5.0, 5.0]).scale == 1.0
    assert make_task("binary", ["n", "p"], [0, 1]).center == 0.0


def test_targets_whose_squares_float64_cannot_hold_are_refused_by_name():
    y = np.array([1.0, 2.0, 3.0])
    for factor in (1e99, 1e-99):  # the smallest and largest that are not
        task = make_task("regression", ["price"], y * factor)
        np.testing.assert_allclose([task.center, task.scale], [2 * factor, (2 / 3) ** 0.5 * factor])
    for factor in (1e300, 1e101):
        with pytest.raises(DataError, match=r"The target `price` must lie between -1e\+100 and 1e\+100"):
            make_task("regression", ["price"], y * factor)
    for values in (y * 1e-300, y * 1e-101, [1e-110, 0.0]):
        with pytest.raises(DataError, match="The target `price` must vary by at least 1e-100"):
            make_task("regression", ["price"], values)
    with pytest.raises(DataError, match=r"must be numbers from (.|\n)*Row 1 is not so"):
        Rows.of(["a", "b"], targets=[1, 1e300]).for_task(task)
    assert make_task("regression", ["price"], [0.0, 0.0]).scale == 1.0


def test_the_record_of_a_fit_has_the_kept_epochs_metrics_and_is_saved(tmp_path):
    texts, y = toy_rows(32)
    base = toy_model()
    config = TrainConfig(epochs=3, batch_size=8, seed=2, learning_rate=1e-2, precision="float32")
    model = fit_model(base, Rows.of(texts, targets=y), task=make_task("binary", ["0", "1"], y), head=HeadConfig(),
                      config=config, columns={"text": ["t"]})
    record = model.record
    row = record["best_epoch"] - 1
    assert record["metrics"]["loss"] == record["history"]["loss"][row] and "seconds" not in record["metrics"]
    assert record["metrics"]["val_loss"] == min(record["history"]["val_loss"])
    assert record["columns"] == {"text": ["t"]} and record["pairs"] is False
    assert model.source == {"kind": "fitted", "path": None, "sha256": None,
                            "origin": {"name": "toy", "kind": "huggingface", "sha256": "ab" * 32}}
    assert base.source["kind"] == "huggingface" and not base.fitted
    again = persist.load(persist.save(model, tmp_path / "model"))
    assert again.record["history"] == record["history"] and again.record["settings"] == record["settings"]
    encoding = model.encode(Rows(SHORT_TEXTS))
    np.testing.assert_array_equal(again.logits(encoding, "float32"), model.logits(encoding, "float32"))


def test_without_restoring_the_last_epoch_is_the_kept_one():
    history = {"epoch": [1, 2], "loss": [0.1, 0.9], "seconds": [1.0, 1.0]}
    record = {"history": history, "best_epoch": 1, "restored_best": False}
    assert finetuning._kept_metrics(record) == {"loss": 0.9}
    assert finetuning._kept_metrics({**record, "restored_best": True}) == {"loss": 0.1}
    assert finetuning._kept_metrics({"history": {}, "best_epoch": None}) == {}

"""Fine-tuning's steps on toys: its losses, weights, number formats, compiled kernels, and accumulated batches."""

import numpy as np
import pytest

from bertfit.config.training import TrainConfig
from bertfit.rows.table import Rows
from bertfit.training import shapes
from bertfit.training.feeds import TokenFeed
from bertfit.training.finetuning import fit_model
from bertfit.training.finetuning_objective import FineTuning
from toys.fits import BINARY, COUNT, FAST, GOOD, PLAIN, TASKS, TEXTS, Watch, frozen, largest_change, log_loss, predicted
from toys.models import NO_DROPOUT, toy_model


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
    settings = {"epochs": 6, "validation": 0, "clip_norm": None}
    weighted = frozen(still, sample_weights=half * 2.0, batch_size=200, **settings)
    alone = frozen(still, GOOD[half], texts=TEXTS[:100], batch_size=100, **settings)
    assert largest_change(weighted, alone, "output") < 1e-5
    assert largest_change(weighted, frozen(still, batch_size=200, **settings), "output") > 1e-3
    np.testing.assert_allclose(weighted.record["history"]["loss"], alone.record["history"]["loss"], rtol=1e-4)


def test_a_batch_has_never_more_rows_than_there_are(still, compile_at_once, monkeypatch):
    seen, inputs = [], FineTuning.inputs
    monkeypatch.setattr(FineTuning, "inputs", lambda self, batch: seen.append(inputs(self, batch)) or seen[-1])
    config = TrainConfig(**{**FAST, "epochs": 1, "validation": 0, "batch_size": 1000})
    fit_model(still, Rows.of(TEXTS[:60], targets=GOOD[:60]), task=BINARY, head=PLAIN, config=config)
    [((tokens, _), targets, _, rows)] = seen
    assert (tokens.shape[0], targets.shape[0], float(rows)) == (60, 60, 60.0)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_batch_that_takes_too_much_memory_is_computed_in_parts_with_the_same_result(still, compiled, monkeypatch,
                                                                                    request):
    if compiled:
        request.getfixturevalue("compile_at_once")

    def fitted():
        watch = Watch()
        config = TrainConfig(**{**FAST, "epochs": 2, "validation": 0, "batch_size": 64, "clip_norm": 0.1,
                                "learning_rate": 1e-3})
        model = fit_model(still, Rows.of(TEXTS[:100], targets=GOOD[:100]), task=BINARY, head=PLAIN, config=config,
                          callbacks=[watch])
        return model, watch.events[0][1]

    sizes, inputs = [], TokenFeed.inputs
    monkeypatch.setattr(TokenFeed, "inputs", lambda self, rows: sizes.append(len(rows)) or inputs(self, rows))
    whole, told = fitted()
    assert told["parts"] == 1 and sorted(sizes) == [36, 36, 64, 64]
    sizes.clear()
    monkeypatch.setattr(shapes, "MOST_BYTES", told["bytes"] // 3)
    parts, told_parts = fitted()
    assert told_parts["parts"] == 4 and told_parts["bytes"] == told["bytes"] // 4 <= shapes.MOST_BYTES
    assert sorted(sizes) == [4, 4, *[16] * 12]
    assert largest_change(whole, parts) < 2e-5 < 1e-3 < largest_change(whole, still, "Encoder-1-FeedForward")
    np.testing.assert_allclose(parts.record["history"]["loss"], whole.record["history"]["loss"], rtol=1e-4)


def test_accumulated_batches_are_one_large_batch(still):
    def fitted(batch_size, accumulation):
        config = TrainConfig(**{**FAST, "epochs": 2, "validation": 0, "batch_size": batch_size, "clip_norm": 0.1,
                                "accumulation": accumulation, "learning_rate": 1e-3})
        return fit_model(still, Rows.of(TEXTS[:72], targets=GOOD[:72]), task=BINARY, head=PLAIN, config=config)

    large, parts = fitted(32, 1), fitted(8, 4)
    assert largest_change(large, parts) < 2e-5
    assert largest_change(large, still, "Encoder-1-FeedForward") > 1e-3
    np.testing.assert_allclose(parts.record["history"]["loss"], large.record["history"]["loss"], rtol=1e-4)

"""Training on windows, against training on the same windows given as rows of their own, each with its part of a weight.

Every word of the toy's texts is one token, so that windows can be cut from words.
"""

import numpy as np
import pytest

from bertfit.config.head import HeadConfig
from bertfit.config.long_text import LongText
from bertfit.config.training import TrainConfig
from bertfit.errors import ArgumentError
from bertfit.inference import evaluate, predict
from bertfit.model import persist
from bertfit.rows.table import Rows
from bertfit.training.finetuning import fit_model
from bertfit.training.rows import Coded
from toys.fits import FAST, PLAIN, TASKS, Watch, assert_same_run, frozen, largest_change
from toys.models import NO_DROPOUT, has_word, toy_model, toy_texts, windows_of

LONG = toy_texts(60, seed=5, longest=40)  # 3 to 39 words
MAX_LEN, OVERLAP = 10, 2
WINDOWS = {"long_text": "windows", "stride": OVERLAP, "max_len": MAX_LEN}


@pytest.fixture(scope="module")
def still():
    return toy_model(num_hidden_layers=1, **NO_DROPOUT)


def cut(text, size=MAX_LEN - 2, overlap=OVERLAP):
    return windows_of(text, size, overlap)


PARTS = [cut(text) for text in LONG]
OWNERS = np.repeat(np.arange(len(LONG)), [len(parts) for parts in PARTS])
FLAT = [window for parts in PARTS for window in parts]


def targets_of(kind, texts):
    good, bad = has_word(texts, "good"), has_word(texts, "bad")
    if kind == "regression":
        return np.array([50.0 + 10 * text.split().count("good") for text in texts])
    return {"binary": good, "multilabel": np.stack([good, bad], 1),
            "multiclass": np.where(good > 0, 0, np.where(bad > 0, 1, 2))}[kind]


def as_rows(weights=None):
    """What a window's row weighs so that a text weighs as much as before: the mean of all weights stays."""
    weights = np.ones(len(LONG)) if weights is None else weights
    return (weights / [len(parts) for parts in PARTS])[OWNERS] * len(FLAT) / len(LONG)


@pytest.mark.parametrize(("kind", "freeze"),
                         [*((kind, "encoder") for kind in TASKS), ("binary", "none"), ("binary", 1)])
def test_windows_train_as_rows_that_share_a_texts_weight(still, kind, freeze):
    task, targets = TASKS[kind][0], targets_of(kind, LONG)
    weights = np.random.default_rng(0).uniform(0, 2, len(LONG))
    settings = {**FAST, "epochs": 2, "validation": 0, "freeze": freeze, "accumulation": 2}
    fits = [fit_model(still, rows, task=task, head=PLAIN, config=TrainConfig(**settings, **reading))
            for rows, reading in ((Rows.of(LONG, targets=targets, weights=weights), WINDOWS),
                                  (Rows.of(FLAT, targets=targets[OWNERS], weights=as_rows(weights)), {"max_len": 10}))]
    assert largest_change(*fits) < 2e-5
    assert largest_change(fits[0], still, "NSP-Dense") == 0 and fits[0].record["windows"] == len(FLAT)
    np.testing.assert_allclose(fits[0].record["history"]["loss"], fits[1].record["history"]["loss"], rtol=1e-4)
    assert fits[0].record["truncated"] == 0 and fits[0].record["rows"] == len(LONG)


def test_the_weights_of_a_texts_windows_sum_to_its_own(still):
    encoding = still.encode(Rows(LONG), MAX_LEN, LongText("windows", OVERLAP))
    weights = np.random.default_rng(1).uniform(0, 2, len(LONG)).astype(np.float32)
    coded = Coded(np.arange(len(LONG), dtype=np.int32), weights)
    windows = coded.of_windows(encoding)
    np.testing.assert_allclose(np.bincount(OWNERS, windows.weights), weights, rtol=1e-6)
    assert windows.targets.tolist() == OWNERS.tolist() and windows.weights.dtype == np.float32
    assert coded.of_windows(still.encode(Rows(LONG))) is coded


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_measures_are_of_texts(still, pooling):
    good = targets_of("binary", LONG)
    held = Rows.of(LONG[:30], targets=good[:30])
    watch = Watch()
    # One step of rate 1e-9 changes nothing, so the measures are those of the returned model.
    model = frozen(still, good, texts=LONG, epochs=1, batch_size=1000, learning_rate=1e-9, held=held, callbacks=[watch],
                   class_weights={"no": 1.0, "yes": 3.0}, window_pooling=pooling, **WINDOWS)
    logits = model.logits(model.encode(Rows(FLAT)), "float32")[:, 0]
    pool = {"mean": np.mean, "max": np.max}[pooling]
    of_text = np.array([pool(logits[i == OWNERS]) for i in range(len(LONG))])
    history, weights = model.record["history"], np.where(good > 0, 3, 1)

    def losses(z, y):
        return np.log1p(np.exp(-np.where(y > 0, z, -z)))

    expected = (losses(logits, good[OWNERS]) * weights[OWNERS] / np.bincount(OWNERS)[OWNERS]).sum() / len(LONG)
    assert history["loss"][0] == pytest.approx(expected, rel=1e-4)
    assert history["accuracy"][0] == pytest.approx(((of_text > 0) == good).mean())
    assert history["val_loss"][0] == pytest.approx((losses(of_text, good) * weights)[:30].mean(), rel=1e-4)
    report = evaluate(model, held)["overall"]
    assert history["val_auc"][0] == pytest.approx(report["auc"], abs=1e-6)
    assert history["val_accuracy"][0] == pytest.approx(report["accuracy"])
    begin, step = watch.events[0][1], watch.events[1][1]
    assert (begin["rows"], begin["windows"], begin["validation_rows"], begin["steps"]) == (60, len(FLAT), 30, 1)
    correct = ((logits > 0) == good[OWNERS]) / np.bincount(OWNERS)[OWNERS]
    assert step["metric"] == pytest.approx(correct.sum() / len(LONG), rel=1e-5)
    np.testing.assert_allclose(predict(model, Rows(LONG), type="link")[:, 0], of_text, atol=1e-5)


def test_batches_and_steps_are_of_windows(still):
    watch = Watch()
    frozen(still, targets_of("binary", LONG), texts=LONG, epochs=2, validation=0, batch_size=16, callbacks=[watch],
           **WINDOWS)
    assert watch.count("step") == 2 * -(-len(FLAT) // 16) > 2 * 4  # 60 texts would be four batches


def test_early_stopping_looks_at_pooled_measures(still):
    good = targets_of("binary", LONG)
    held = Rows.of(LONG, targets=good)

    # Nothing improves at this rate.
    model = frozen(still, good, texts=LONG, epochs=5, learning_rate=1e-30, held=held, early_stopping=1,
                   monitor="auc", **WINDOWS)
    assert model.record["stopped"] == "no better auc for 1 epochs"
    assert len(model.record["history"]["epoch"]) == 2
    assert model.record["metrics"]["val_auc"] == pytest.approx(evaluate(model, held)["overall"]["auc"], abs=1e-6)


def test_balanced_class_weights_count_texts(still):
    # Long texts of one class have more windows, and yet each class weighs half.
    texts = ["good " * 30] * 10 + ["bad"] * 30
    good = has_word(texts, "good")
    settings = {"texts": texts, "epochs": 1, "validation": 0, "learning_rate": 1e-9, "batch_size": 1000, **WINDOWS}
    model = frozen(still, good, class_weights="balanced", **settings)
    by_hand = frozen(still, good, class_weights={"no": 40 / 60, "yes": 40 / 20}, **settings)
    assert model.record["history"]["loss"] == pytest.approx(by_hand.record["history"]["loss"], rel=1e-6)


@pytest.mark.parametrize("how", ["windows", "head_tail", "truncate"])
def test_the_length_is_chosen_as_ever(still, how):
    good = targets_of("binary", LONG)
    model = frozen(still, good, texts=LONG, epochs=1, validation=0, max_len_quantile=0.5, long_text=how)
    lengths = np.sort([len(text.split()) + 2 for text in LONG])
    assert model.record["max_len"] == -(-lengths[30] // 8) * 8 < lengths[-1]
    longest = frozen(still, good, texts=[*LONG[:-1], "good " * 900], epochs=1, validation=0, max_len_quantile=1,
                     long_text=how)
    assert longest.record["max_len"] == 32  # the model's
    assert longest.record["truncated"] == (0 if how == "windows" else sum(lengths[:-1] > 32) + 1)
    assert ("windows" in longest.record) == (how == "windows")


def test_a_fit_reads_texts_as_it_did_when_it_is_saved_and_loaded(still, tmp_path):
    good = targets_of("binary", LONG)
    model = frozen(still, good, texts=LONG, epochs=2, window_pooling="max", **WINDOWS)
    persist.save(model, tmp_path / "saved")
    loaded = persist.load(tmp_path / "saved")
    assert loaded.long_texts == model.long_texts == LongText("windows", OVERLAP, "max")
    assert loaded.record["settings"] == model.record["settings"]
    np.testing.assert_array_equal(predict(loaded, Rows(LONG)), predict(model, Rows(LONG)))
    assert np.abs(predict(model, Rows(LONG)) - predict(model, Rows(LONG), window_pooling="mean")).max() > 1e-3


def test_a_run_is_resumed_with_its_own_windows(still, tmp_path):
    good = targets_of("binary", LONG)
    settings = {"texts": LONG, "epochs": 3, "batch_size": 16, "head": HeadConfig(dropout=0.3), **WINDOWS}
    whole = frozen(still, good, **settings)
    stop = Watch(("epoch", 1))
    frozen(still, good, checkpoint=tmp_path, callbacks=[stop], **settings)
    with pytest.raises(ArgumentError, match="`stride` was 2, now 1"):
        frozen(still, good, checkpoint=tmp_path, resume=True, **{**settings, "stride": 1})
    with pytest.raises(ArgumentError, match="`window_pooling` was 'mean', now 'max'"):
        frozen(still, good, checkpoint=tmp_path, resume=True, **settings, window_pooling="max")
    assert_same_run(frozen(still, good, checkpoint=tmp_path, resume=True, **settings), whole)


def test_a_stride_beyond_a_window_is_refused_before_anything_runs(still):
    with pytest.raises(ArgumentError, match="`stride` must be at most 7"):
        TrainConfig(max_len=10, stride=8, long_text="windows")
    assert TrainConfig(max_len=10, stride=8).long_texts.truncates  # no windows, no rule
    with pytest.raises(ArgumentError, match="`stride` must be at most 29"):
        frozen(still, targets_of("binary", LONG), texts=LONG, max_len_quantile=1, stride=60, long_text="windows")

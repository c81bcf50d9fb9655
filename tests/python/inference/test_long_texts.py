"""Texts longer than the model in predict, evaluate and embed: what windows find, against windows cut by hand."""

import warnings

import numpy as np
import pytest

from bertfit.config.long_text import LongText
from bertfit.config.task import Task
from bertfit.config.training import TrainConfig
from bertfit.errors import ArgumentError
from bertfit.inference import embed, evaluate, evaluate_groups, predict, runner
from bertfit.notices import TruncationWarning
from bertfit.rows.table import Rows
from bertfit.training.finetuning import fit_model
from toys.fits import FAST, PLAIN
from toys.models import NO_DROPOUT, has_word, toy_head, toy_model, toy_texts, windows_of

LONG = toy_texts(25, seed=8, longest=45)
WINDOWS = {"long_text": "windows", "stride": 4}


def parts_of(text, size=14, overlap=4):
    return windows_of(text, size, overlap)


def by_hand(function, pool):
    """What `function` gives for each text's windows, pooled."""
    return np.array([pool(function(Rows(parts_of(text))), axis=0) for text in LONG])


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression"])
@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_predictions_are_of_pooled_logits(kind, pooling):
    model = toy_head(kind)  # reads 16 tokens
    type = "numeric" if kind == "regression" else "link"
    pool = {"mean": np.mean, "max": np.max}[pooling]
    logits = by_hand(lambda rows: predict(model, rows, type=type), pool)
    options = {**WINDOWS, "window_pooling": pooling}
    np.testing.assert_allclose(predict(model, Rows(LONG), type=type, **options), logits, atol=1e-5)
    if kind == "regression":
        return
    probs = predict(model, Rows(LONG), **options)
    if kind == "binary":
        np.testing.assert_allclose(probs[:, 1], 1 / (1 + np.exp(-logits[:, 0])), atol=1e-6)
    elif kind == "multilabel":
        np.testing.assert_allclose(probs, 1 / (1 + np.exp(-logits)), atol=1e-6)
    else:
        np.testing.assert_allclose(probs, np.exp(logits) / np.exp(logits).sum(1, keepdims=True), atol=1e-6)
        assert predict(model, Rows(LONG), type="class", **options).tolist() == logits.argmax(1).tolist()


def test_vectors_are_averages_of_windows():
    model = toy_head()
    for pooling in ("mean", "max", "cls", "nsp"):
        expected = by_hand(lambda rows, pooling=pooling: embed(model, rows, pooling=pooling), np.mean)
        np.testing.assert_allclose(embed(model, Rows(LONG), pooling=pooling, **WINDOWS), expected, atol=1e-5)
    model.record["settings"].update(long_text="windows", stride=4, window_pooling="max")  # "max" is for logits
    np.testing.assert_allclose(embed(model, Rows(LONG), pooling="nsp"), expected, atol=1e-5)
    lengths = np.linalg.norm(embed(model, Rows(LONG), normalize=True), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-6)


def test_the_fit_decides_and_the_call_may_change_it():
    model, rows = toy_head(), Rows(LONG)
    with pytest.warns(TruncationWarning):
        cut = predict(model, rows)
    fitted = toy_head()
    fitted.record["settings"].update(long_text="windows", stride=4, window_pooling="max")
    assert fitted.long_texts == LongText("windows", 4, "max")
    np.testing.assert_array_equal(predict(fitted, rows), predict(model, rows, **WINDOWS, window_pooling="max"))
    with pytest.warns(TruncationWarning):
        np.testing.assert_array_equal(predict(fitted, rows, long_text="truncate"), cut)
    for given in ({"stride": 4}, {"window_pooling": "max"}):
        with pytest.raises(ArgumentError, match=f"`{next(iter(given))}` must be left out unless"):
            predict(model, rows, **given)
        with pytest.raises(ArgumentError, match="must be left out unless"):
            evaluate(model, rows.labelled(np.zeros(25)), **given)
    with pytest.raises(ArgumentError, match="`stride` must be at most 13"):
        embed(model, rows, long_text="windows", stride=14)


def test_evaluations_are_of_texts():
    model, targets = toy_head(), (np.arange(25) % 2).astype(float)
    probs = predict(model, Rows(LONG), **WINDOWS)[:, 1]
    rows = Rows.of(LONG, targets=targets)
    report = evaluate(model, rows, **WINDOWS)
    assert report["n"] == 25 and report["overall"]["accuracy"] == pytest.approx(((probs >= 0.5) == targets).mean())
    groups = evaluate_groups(model, rows, np.arange(25) // 13, **WINDOWS)
    assert groups["n"].tolist() == [13, 12]
    assert groups["accuracy"][1] == pytest.approx(((probs >= 0.5) == targets)[13:].mean())


def test_tokens_that_are_left_out_are_told_and_no_others():
    model, rows = toy_head(), Rows(["good film", "good " * 14, "good " * 15, "bad " * 40])
    for how in ("truncate", "head_tail"):
        with pytest.warns(TruncationWarning, match="2 of 4 rows were longer than 16 tokens and were cut"):
            predict(model, rows, long_text=how)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predict(model, rows, long_text="windows")
    model.record["pairs"] = True
    with pytest.warns(TruncationWarning, match="1 of 2 rows"):  # windows of the one, the other has half of the room
        predict(model, Rows(["good " * 40, "good " * 40], ["bad " * 6, "bad " * 7]), long_text="windows")


def test_head_and_tail_read_both_ends():
    model = toy_head()
    words = [*["good"] * 4, *["film"] * 50, *["bad"] * 10]  # 14 * 128 / 510 = 3.5: 4 and 10
    with pytest.warns(TruncationWarning):
        got = predict(model, Rows([" ".join(words)]), long_text="head_tail")
    np.testing.assert_allclose(got, predict(model, Rows([" ".join(words[:4] + words[-10:])])), atol=1e-6)


def test_parts_of_bounded_size_and_progress_by_text(monkeypatch):
    model, rows = toy_head(), Rows([*LONG, *LONG])
    whole = predict(model, rows, **WINDOWS)
    sizes, encode = [], type(model).encode
    monkeypatch.setattr(type(model), "encode",
                        lambda self, rows, **how: sizes.append(rows.texts) or encode(self, rows, **how))
    monkeypatch.setattr(runner, "PART_CHARACTERS", 300)
    monkeypatch.setattr(runner, "PAUSE", 0)
    events = []
    parts = predict(model, rows, **WINDOWS, progress=events.append)
    np.testing.assert_allclose(parts, whole, atol=1e-6)
    assert len(sizes) > 5 and [text for part in sizes for text in part] == LONG
    assert all(len(part) == 1 or sum(map(len, part)) <= 300 for part in sizes)
    done = [event["done"] for event in events]
    assert done == sorted(done) and done[-1] == 50 and {event["total"] for event in events} == {50}
    assert len(set(done)) > 5
    sizes.clear()
    with pytest.warns(TruncationWarning):
        predict(model, rows)
    assert len(sizes) == 1  # truncated texts need no such bound


def test_no_texts_and_empty_texts_have_windows():
    model = toy_head()
    assert predict(model, Rows([]), long_text="windows").shape == (0, 2)
    np.testing.assert_array_equal(predict(model, Rows([""]), long_text="windows"), predict(model, Rows([""])))
    rows = Rows(["", "good " * 40])
    np.testing.assert_allclose(predict(model, rows, long_text="windows")[0], predict(model, Rows([""]))[0], atol=1e-6)


def test_models_without_a_record_read_their_beginnings():
    assert toy_model().long_texts == LongText()
    model = toy_head()
    model.record["settings"] = {"epochs": 3}  # of an earlier version
    assert model.long_texts == LongText()


def test_the_toxic_sentence_at_the_end_of_three_thousand_tokens_is_found_by_windows():
    # A toy that has learnt which texts have the word "awful": this one has it only in the last ten of its tokens.
    texts = toy_texts(300, seed=3, longest=30)
    rows = Rows.of(texts, targets=has_word(texts, "awful"))
    model = fit_model(toy_model(num_hidden_layers=1, **NO_DROPOUT), rows, task=Task("binary", ("fine", "toxic")),
                      head=PLAIN, config=TrainConfig(**FAST, epochs=8, validation=0, max_len=32))
    friendly = "a nice film the movie was good " * 429
    rows = Rows([friendly, friendly + "the awful movie was awful and is awful"])
    with pytest.warns(TruncationWarning):
        assert predict(model, rows, type="class").tolist() == [0, 0]
    found = predict(model, rows, type="class", long_text="windows", window_pooling="max")
    assert found.tolist() == [0, 1]


def test_training_on_windows_finds_what_truncation_never_sees():
    # The word that decides stands behind the first 14 words of every text.
    rng = np.random.default_rng(0)
    texts = [" ".join([*rng.choice(["film", "a", "the", "was"], 20), word, *rng.choice(["is", "plot"], 5)])
             for word in rng.choice(["good", "bad"], 150)]
    good, held = has_word(texts, "good"), slice(100, 150)
    accuracy = {}
    for how in ("truncate", "windows"):
        config = TrainConfig(**{**FAST, "epochs": 12, "max_len": 16, "validation": 0, "long_text": how,
                                "window_pooling": "max", "freeze": "encoder"})
        model = fit_model(toy_model(**NO_DROPOUT), Rows.of(texts[:100], targets=good[:100]),
                          task=Task("binary", ("bad", "good")), head=PLAIN, config=config)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            accuracy[how] = (predict(model, Rows(texts[held]), type="class") == good[held]).mean()
    assert accuracy["windows"] > 0.9 > 0.7 > accuracy["truncate"]

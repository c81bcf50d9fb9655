"""The Python object for people: frames and lists in, frames and lists out, the same numbers as underneath."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bertfit
from bertfit.config.head import HeadConfig
from bertfit.config.training import TrainConfig
from bertfit.errors import ArgumentError, BertfitError, DataError, DiskError
from bertfit.frames import fitting
from bertfit.frames.fitting import Bert, fit
from bertfit.frames.opening import load
from bertfit.inference.prediction import predict
from bertfit.model import persist
from bertfit.rows.table import Rows
from bertfit.training.callbacks import Callback
from toys.fits import Watch, assert_same_run
from toys.models import TEXTS, toy_head, toy_model, toy_rows

QUICK = {"epochs": 1, "seed": 1, "verbose": 0, "precision": "float32"}


@pytest.fixture(scope="module")
def data():
    texts, y = toy_rows(40)
    return pd.DataFrame({"comment": texts, "toxic": y, "kind": np.where(y > 0, "spam", "ham"), "id": range(100, 140)},
                        index=range(7, 47))


@pytest.fixture(scope="module")
def spam(data):
    return fit(data, "comment", "kind", Bert(toy_model()), **QUICK)


def test_a_fit_on_a_frame_has_task_labels_history_and_columns(spam, data):
    assert spam.fitted and spam.task.kind == "binary" and spam.labels == ("ham", "spam")
    assert list(spam.history["epoch"]) == [1] and "val_loss" in spam.history
    assert spam.metrics["val_loss"] == spam.history["val_loss"][0]
    assert spam.model.record["columns"] == {"text": ["comment"], "target": ["kind"]}
    assert repr(spam).startswith("<Bert toy, binary: ham, spam: 2 layers x 16 hidden x 2 heads, ")


def test_frames_give_frames_under_the_names_of_r(spam, data):
    p = predict(spam.model, Rows(list(data["comment"])))
    got = spam.predict(data)
    assert list(got.columns) == [".pred_ham", ".pred_spam"] and got.index.equals(data.index)
    np.testing.assert_array_equal(got.to_numpy(), p)
    named = spam.predict(data, type="class")
    assert list(named.columns) == [".pred_class"] and named[".pred_class"].dtype == data["kind"].dtype
    assert (named[".pred_class"] == np.where(p[:, 1] >= p[:, 0], "spam", "ham")).all()
    assert list(spam.predict(data, type="link").columns) == [".pred_link"]


def test_lists_give_arrays(spam):
    assert spam.predict(TEXTS).shape == (6, 2)
    assert set(spam.predict(TEXTS, type="class")) <= {"ham", "spam"}
    assert spam.predict("one text", type="link").shape == (1, 1)


@pytest.mark.parametrize(
    "kind, type, columns",
    [("multiclass", "prob", [".pred_a", ".pred_b", ".pred_c"]), ("multiclass", "class", [".pred_class"]),
     ("multiclass", "link", [".pred_link_a", ".pred_link_b", ".pred_link_c"]),
     ("multilabel", "prob", [".pred_x", ".pred_y"]),
     ("multilabel", "class", [".pred_class_x", ".pred_class_y"]), ("regression", None, [".pred"])],
)
def test_columns_of_every_task(kind, type, columns):
    frame = pd.DataFrame({"text": TEXTS})
    assert list(Bert(toy_head(kind)).predict(frame, type=type).columns) == columns


def test_evaluation_reads_its_own_columns(spam, data):
    own = spam.evaluate(data)
    listed = spam.evaluate(list(data["comment"]), list(data["kind"]))
    renamed = spam.evaluate(data.rename(columns={"kind": "label"}), "label")
    codes = (data["kind"] == "spam").to_numpy()
    accuracy = np.mean((predict(spam.model, Rows(list(data["comment"])))[:, 1] >= 0.5) == codes)
    assert own["overall"]["accuracy"] == accuracy == listed["overall"]["accuracy"] == renamed["overall"]["accuracy"]
    assert own["overall"]["log_loss"] == listed["overall"]["log_loss"]


def test_lists_need_no_frame():
    texts, y = toy_rows(30)
    model = fit(None, texts, y, toy_model(), head={"hidden": [4]}, control=TrainConfig(**QUICK),
                validation=(texts[:6], y[:6]))
    assert model.labels == ("0", "1") and model.model.record["validation_rows"] == 6
    assert model.model.head_config == HeadConfig(hidden=(4,))
    assert model.evaluate(texts, y)["n"] == 30
    with pytest.raises(ArgumentError, match="list of texts"):
        model.predict(pd.DataFrame({"text": texts}))


def test_the_same_rows_as_frame_and_as_lists_give_the_same_weights(data, spam):
    listed = fit(None, list(data["comment"]), data["kind"].tolist(), toy_model(), **QUICK)
    np.testing.assert_array_equal(listed.predict(TEXTS), spam.predict(TEXTS))


def test_pairs_several_targets_weights_and_a_validation_frame(data):
    both = data.assign(second=data["comment"].to_numpy()[::-1], other=1 - data["toxic"], weight=1.0)
    seen = []

    class Watch(Callback):
        def on_begin(self, info):
            seen.append(info)

    model = fit(both, "comment", ["toxic", "other"], toy_model(), pair="second", validation=both.head(8),
                sample_weights="weight", callbacks=[Watch()], control=QUICK)
    assert model.task.kind == "multilabel" and model.labels == ("toxic", "other")
    assert seen[0]["rows"] == 40 and seen[0]["validation_rows"] == 8
    assert model.predict(both).shape == (40, 2)
    assert model.evaluate(both)["per_class"]["label"] == ["toxic", "other"]
    np.testing.assert_array_equal(model.predict(both.head(2)).to_numpy(),
                                  model.predict(list(both["comment"][:2]), list(both["second"][:2])))
    with pytest.raises(DataError, match="`pair` must be a column"):
        model.predict(data)


def test_a_column_of_weights_weighs_the_validation_frame_too(data):
    def watched(weight):
        model = fit(data.assign(weight=1.0), "comment", "kind", toy_model(), validation=data.assign(weight=weight),
                    sample_weights="weight", freeze="encoder", **QUICK)
        return model.metrics["val_loss"]

    assert watched(2.0) == pytest.approx(2 * watched(1.0), rel=1e-6)


def test_regression_on_a_frame_predicts_on_the_scale_of_the_column(data):
    model = fit(data, "comment", "id", toy_model(), **QUICK)
    assert model.task.kind == "regression" and model.task.center == pytest.approx(119.5)
    assert abs(model.predict(data)[".pred"].mean() - 119.5) < 30
    assert set(model.evaluate(data)["overall"]) == {"rmse", "mae", "r2", "spearman"}


@pytest.mark.parametrize(
    "changes, message",
    [({"text": "komment"}, "`text` must be a column"), ({"target": "kund"}, "`target` must be a column"),
     ({"data": "frame.csv"}, "datasets.Dataset, or None"), ({"epoch": 3}, "Unknown: epoch"),
     ({"validation": ["a"]}, "`validation` must be a pandas .+, or a share"),
     ({"validation": True}, "`validation` must be a share"),
     ({"sample_weights": "wait"}, "`sample_weights`"), ({"sample_weights": "kind"}, "`sample_weights` must be numbers"),
     ({"model": "no-such-model"}, r"one of bertfit\.models\(\), a folder, or the id"),
     ({"model": 3}, "`model` must be what bertfit.load"),
     ({"control": 3}, "`control` must be a TrainConfig"), ({"head": [8]}, "`head` must be a HeadConfig"),
     ({"callbacks": print}, "list of bertfit.Callback"), ({"callbacks": [Callback]}, "list of bertfit.Callback"),
     ({"text": 0}, "Names of columns are strings"), ({"target": pd.Series([1, 2])}, "class Series"),
     ({"target": ["kind", "kund"]}, "`target` must be a column"), ({"target": "comment"}, "must be different columns"),
     ({"target": ["toxic", "toxic"]}, "Given twice: 'toxic'"), ({"pair": "comment"}, "Given twice: 'comment'")],
)
def test_wrong_arguments_of_a_fit_are_named(data, changes, message):
    arguments = {"data": data, "text": "comment", "target": "kind", "model": toy_model(), **QUICK, **changes}
    with pytest.raises(BertfitError, match=message):
        fit(**arguments)


def test_a_name_of_two_columns_names_none(data):
    twice = pd.concat([data, data[["comment"]]], axis=1)
    with pytest.raises(DataError, match=r"`text` must be one column.*\n- 2 columns have the name 'comment'"):
        fit(twice, "comment", "kind", toy_model(), **QUICK)
    labels = pd.concat([data[["toxic"]], data[["toxic"]]], axis=1)
    with pytest.raises(DataError, match="`target` must have one column of each name"):
        fit(None, list(data["comment"]), labels, toy_model(), **QUICK)


def test_missing_texts_and_lengths_that_differ_are_refused(data):
    with pytest.raises(DataError, match="Row 2 is missing"):
        fit(data.assign(comment=data["comment"].mask(data.index == 9)), "comment", "kind", toy_model(), **QUICK)
    with pytest.raises(DataError, match="2 texts; `target` has 3 values"):
        fit(None, ["a", "b"], [0, 1, 0], toy_model(), **QUICK)
    with pytest.raises(ArgumentError, match="`sample_weights` must be numbers"):
        fit(None, ["a", "b"], [0, 1], toy_model(), sample_weights="weight", **QUICK)


def test_wrong_arguments_of_a_fitted_model_are_named(spam, data):
    for wrong, message in ((lambda: spam.predict(data, pair="id"), "`pair` must be left out"),
                           (lambda: spam.evaluate(TEXTS), "`target` must be given"),
                           (lambda: spam.evaluate(TEXTS, 3), "`target` must be a sequence"),
                           (lambda: spam.evaluate(data, pair="id"), "`pair` must be left out"),
                           (lambda: spam.predict({"comment": TEXTS}), "sequence of strings"),
                           (lambda: Bert(toy_model()).embed(data), "must be a list of texts"),
                           (lambda: spam.tokenize(TEXTS, max_len="9"), "`max_len` must be a whole number"),
                           (lambda: spam.save(None), "`path` must be the path"), (lambda: load(""), "`x` must be")):
        with pytest.raises(BertfitError, match=message):
            wrong()


@pytest.mark.parametrize("kind", [tuple, iter, np.array, lambda x: pd.Series(x, index=range(50, 56), dtype="string"),
                                  lambda x: pd.Series(x, dtype="category")])
def test_texts_may_be_any_sequence_of_strings(spam, kind):
    np.testing.assert_array_equal(spam.predict(kind(TEXTS)), spam.predict(TEXTS))


def test_a_fitted_model_embeds_and_tokenizes_its_own_columns(spam, data):
    np.testing.assert_array_equal(spam.embed(data), spam.embed(data["comment"]))
    np.testing.assert_array_equal(spam.tokenize(data)[0], spam.tokenize(list(data["comment"]))[0])


def test_iterators_of_texts_and_targets_are_fitted_as_lists_are(data, spam):
    listed = fit(None, iter(data["comment"]), iter(data["kind"]), toy_model(), **QUICK)
    np.testing.assert_array_equal(listed.predict(TEXTS), spam.predict(TEXTS))


def test_pickle_keeps_a_model(spam):
    again = pickle.loads(pickle.dumps(spam))
    np.testing.assert_array_equal(again.predict(TEXTS), spam.predict(TEXTS))
    assert again.labels == spam.labels and again.metrics == spam.metrics


def test_a_fit_is_loaded_as_it_was_saved(spam, tmp_path):
    again = load(spam.save(tmp_path / "spam"))
    np.testing.assert_array_equal(again.predict(TEXTS), spam.predict(TEXTS))
    assert isinstance(again, Bert) and again.labels == spam.labels and again.metrics == spam.metrics
    pd.testing.assert_frame_equal(again.history, spam.history)


def test_an_unfitted_model_embeds_and_tokenizes(tmp_path):
    model = load(persist.save(toy_model(), tmp_path / "toy"))
    assert not model.fitted and model.labels == () and "binary" not in repr(model)
    ids, segments, mask = model.tokenize(["a good film", "fun"])
    assert ids.tolist() == [[2, 11, 5, 7, 3], [2, 10, 3, 0, 0]] and mask.sum() == 8 and segments.sum() == 0
    assert model.embed(TEXTS, layers=(1, 2)).shape == (6, 32)
    with pytest.raises(ArgumentError, match="must be fitted"):
        model.predict(TEXTS)


def test_console_lines_unless_silent(capsys):
    texts, y = toy_rows(20)
    fitting.fit(None, texts, y, toy_model(), **QUICK)
    assert capsys.readouterr().err == ""
    fitting.fit(None, texts, y, toy_model(), **{**QUICK, "verbose": 1})
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "binary classification of target: 0, 1" and "epoch 1/1" in lines[-1]


def test_a_fresh_model_on_an_own_vocabulary(tmp_path):
    texts = ["a good film", "a bad film"] * 30
    words = bertfit.train_vocabulary(texts, 11, "sentencepiece", out=tmp_path / "v.model")
    sizes = bertfit.BertConfig(len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
                               intermediate_size=16, max_position_embeddings=16)
    model = bertfit.init(sizes, tmp_path / "v.model", seed=1, name="mine")
    assert (model.name, model.fitted, model.config) == ("mine", False, sizes)
    fitted = bertfit.fit(None, texts, [1, 0] * 30, model, epochs=20, learning_rate=0.02, batch_size=8, verbose=0,
                         seed=1)
    assert fitted.predict(["a good film", "a bad film"], type="class").tolist() == [1, 0]
    again = bertfit.load(fitted.save(tmp_path / "fit"))
    np.testing.assert_array_equal(again.predict(texts[:2]), fitted.predict(texts[:2]))


# -- A run that is stopped --------------------------------------------------------------------------------

STOPPED = {**QUICK, "epochs": 3, "batch_size": 8, "save_steps": 2}


def stoppable(data, **settings):
    return fit(data, "comment", "kind", Bert(toy_model()), **STOPPED, **settings)


def test_a_killed_fit_is_resumed_to_the_same_weights(data, tmp_path):
    script = textwrap.dedent(f"""
        import os, signal, sys
        import bertfit, pandas as pd
        from test_fitting import stoppable
        class Kill(bertfit.Callback):
            def on_step(self, info):
                if (info["epoch"], info["step"]) == (2, 4):
                    os.kill(os.getpid(), signal.SIGKILL)
        stoppable(pd.read_pickle({str(tmp_path / "data.pickle")!r}), checkpoint={str(tmp_path / "run")!r},
                  callbacks=[Kill()])
    """)
    data.to_pickle(tmp_path / "data.pickle")
    places = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                           env={**os.environ, "PYTHONPATH": places})
    assert child.returncode == -signal.SIGKILL, child.stderr
    (state,) = (tmp_path / "run").glob("state-*")
    assert 5 < int(state.name[6:15]) < 10  # an epoch has five steps
    with pytest.raises(ArgumentError, match="`checkpoint` must be a folder without a run"):
        stoppable(data, checkpoint=tmp_path / "run")
    whole, resumed = stoppable(data), stoppable(data, checkpoint=tmp_path / "run", resume=True)
    assert_same_run(resumed.model, whole.model)
    watch = Watch()
    assert_same_run(stoppable(data, checkpoint=tmp_path / "run", resume=True, callbacks=[watch]).model, whole.model)
    assert watch.count("step") == 0  # it was finished: its model comes back at once
    with pytest.raises(ArgumentError, match="The training rows are not the same"):
        stoppable(data.assign(comment=data["comment"].str.upper() + "s"), checkpoint=tmp_path / "run", resume=True)
    assert str(tmp_path) not in str(resumed.model.record)
    again = stoppable(data, checkpoint=str(tmp_path / "run"), overwrite=True)
    assert_same_run(again.model, whole.model)
    assert [path.name[:5] for path in sorted((tmp_path / "run").iterdir())] == ["run.j", "state"]


def test_a_state_that_cannot_be_saved_is_told_and_the_fit_goes_on(data, tmp_path, monkeypatch):
    def full(*_):
        raise DiskError("The disk must have room for what is written.")

    monkeypatch.setattr("bertfit.training.folder.write_state", full)
    with pytest.warns(UserWarning, match="the state could not be saved; the run goes on"):
        fitted = stoppable(data, checkpoint=tmp_path / "run")
    assert list(fitted.history["epoch"]) == [1, 2, 3]


def test_long_texts_are_read_as_the_fit_or_the_call_says(data):
    long = data.assign(comment=[" ".join(["film the plot"] * 6 + [text]) for text in data["comment"]])
    fitted = fit(long, "comment", "kind", Bert(toy_model()), max_len=12, long_text="windows", stride=2, **QUICK)
    assert fitted.model.record["windows"] == 3 * fitted.model.record["rows"]  # 21 words in windows of ten, steps of 8
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        link = fitted.predict(long, type="link")
    np.testing.assert_array_equal(
        link.to_numpy(), predict(fitted.model, Rows(list(long["comment"])), type="link", long_text="windows", stride=2))
    largest = fitted.predict(long, type="link", window_pooling="max")
    assert (largest[".pred_link"] > link[".pred_link"]).all()
    with pytest.warns(bertfit.TruncationWarning):
        assert (fitted.predict(long, type="link", long_text="truncate") != link).to_numpy().any()
    report = fitted.evaluate(long, window_pooling="max", by="toxic")
    assert report["n"].tolist() == long.groupby("toxic", sort=False).size().tolist()
    vectors = fitted.embed(long, stride=0)
    assert vectors.shape == (40, 16) and not np.array_equal(vectors, fitted.embed(long))
    with pytest.raises(ArgumentError, match="`long_text` must be one of"):
        fit(long, "comment", "kind", Bert(toy_model()), long_text="window", **QUICK)
    with pytest.raises(TypeError, match="Did you mean `stride`"):
        fitted.predict(long, doc_stride=3)

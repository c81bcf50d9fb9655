"""Finished classifiers of Hugging Face are fitted models that answer as transformers does."""

import json
import pickle
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import bertfit
from bertfit.errors import ArgumentError, CheckpointError, DataError
from bertfit.estimators import BertClassifier
from bertfit.notices import UnusedTensorsWarning
from toys.families import FAMILIES, TEXTS

QUICK = {"epochs": 1, "batch_size": 4, "learning_rate": 1e-3, "validation": 0, "precision": "float32", "verbose": 0,
         "seed": 1}
NAMED = {"id2label": {0: "ham", 1: "spam"}, "label2id": {"ham": 0, "spam": 1}}
KINDS = {
    "binary": {"num_labels": 2, **NAMED},
    "multiclass": {"num_labels": 3},
    "multilabel": {"num_labels": 3, "problem_type": "multi_label_classification"},
    "one label": {"id2label": {0: "toxic"}, "problem_type": "multi_label_classification"},
    "regression": {"num_labels": 1, "problem_type": "regression"},
    "unnamed number": {"num_labels": 1},
    "one logit": {"id2label": {0: "toxic"}},
}


def theirs(folder, texts, pairs=None):
    """transformers' logits [n, K]."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    # transformers 5's tokenizer of ALBERT leaves the segments of pairs out, which the model was pretrained with.
    inputs = tokenizer(texts, pairs, return_tensors="pt", padding=True, truncation=True, max_length=40,
                       return_token_type_ids=getattr(model.config, "type_vocab_size", 0) > 1)
    with torch.no_grad():
        return model(**inputs).logits.double().numpy()


def probabilities(kind, logits):
    """What transformers' pipeline makes of them, in our columns."""
    if kind in ("regression", "unnamed number"):
        return logits[:, 0]
    if kind in ("multilabel", "one label"):
        return 1 / (1 + np.exp(-logits))
    if kind == "one logit":
        p = 1 / (1 + np.exp(-logits[:, 0]))
        return np.stack([1 - p, p], axis=1)
    e = np.exp(logits)
    return e / e.sum(axis=1, keepdims=True)


def settings_of(folder, **changes):
    """Replace fields of a config.json; None removes one."""
    file = folder / "config.json"
    settings = {**json.loads(file.read_text()), **changes}
    file.write_text(json.dumps({key: value for key, value in settings.items() if value is not None}))
    return folder


@pytest.fixture
def copy(families, tmp_path):
    """A folder of one's own of a BERT classifier with two labels, or of another kind."""
    def make(kind="binary", **changes):
        return settings_of(shutil.copytree(families.folder("bert", "classifier", **KINDS[kind]), tmp_path / "copy",
                                           dirs_exist_ok=True), **changes)
    return make


# -- What it predicts -------------------------------------------------------------------------------------

@pytest.mark.parametrize("family", FAMILIES)
def test_texts_and_pairs_have_the_probabilities_of_transformers(families, family, tmp_path):
    folder = families.folder(family, "classifier", **KINDS["binary"])
    model = bertfit.load(folder)
    assert model.fitted and model.labels == ("ham", "spam") and model.task.kind == "binary"
    for pairs in (None, TEXTS[::-1]):
        p = model.predict(TEXTS, pairs, precision="float32")
        expected = probabilities("binary", theirs(folder, TEXTS, pairs))
        assert np.abs(p - expected).max() < 1e-5 < 1e-3 < np.ptp(expected[:, 1])
        links = model.predict(TEXTS, pairs, type="link", precision="float32")
        np.testing.assert_allclose(links[:, 0], np.log(expected[:, 1] / expected[:, 0]), atol=1e-4)
    for again in (bertfit.load(model.save(tmp_path / "saved")), pickle.loads(pickle.dumps(model)),
                  bertfit.load(model.export(tmp_path / "exported", "huggingface"))):
        assert again.labels == ("ham", "spam") and again.task == model.task
        np.testing.assert_allclose(again.predict(TEXTS, pairs, precision="float32"), p, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_every_task_has_the_probabilities_and_labels_of_config_json(families, kind):
    folder = families.folder("bert", "classifier", **KINDS[kind])
    model = bertfit.load(folder)
    labels = {"binary": ("ham", "spam"), "one label": ("toxic",), "one logit": ("not toxic", "toxic"),
              "regression": ("LABEL_0",), "unnamed number": ("LABEL_0",)}
    task = {"one label": "multilabel", "one logit": "binary", "unnamed number": "regression"}.get(kind, kind)
    assert model.task.kind == task and model.labels == labels.get(kind, ("LABEL_0", "LABEL_1", "LABEL_2"))
    assert model.model.text_len == model.max_len == 40
    expected = probabilities(kind, theirs(folder, TEXTS))
    p = model.predict(TEXTS, precision="float32")
    assert p.shape == expected.shape and np.abs(p - expected).max() < 1e-5
    if task in ("binary", "multilabel"):
        threshold = float(np.median(p[:, -1]))
        codes = (p[:, 1] >= threshold) if task == "binary" else (p >= threshold)
        classes = model.predict(TEXTS, type="class", threshold=threshold, precision="float32")
        named = classes == model.labels[1] if task == "binary" else classes == 1
        np.testing.assert_array_equal(named, codes)
    if task == "multiclass":
        np.testing.assert_array_equal(model.predict(TEXTS, type="class", precision="float32"),
                                      np.array(model.labels)[p.argmax(axis=1)])
    else:  # the same record of an own export: what it was
        assert repr(model).startswith(f"<Bert {model.name}, {task}: ")


def test_its_vectors_are_those_of_the_encoder(families):
    folder = families.folder("bert", "classifier", **KINDS["binary"])
    with pytest.warns(UnusedTensorsWarning, match="classifier"):
        encoder = bertfit.load(folder, task="none")
    assert not encoder.fitted
    np.testing.assert_array_equal(bertfit.load(folder).embed(TEXTS), encoder.embed(TEXTS))


def test_an_evaluation_takes_labels_or_numbers_as_their_ids(families):
    folder = families.folder("bert", "classifier", **KINDS["binary"])
    model, codes = bertfit.load(folder), np.array([0, 1] * 6)
    by_label = model.evaluate(TEXTS, np.array(["ham", "spam"])[codes].tolist(), precision="float32")["overall"]
    expected = (probabilities("binary", theirs(folder, TEXTS))[:, 1] >= 0.5) == codes
    assert by_label["accuracy"] == pytest.approx(expected.mean())
    for target in (codes, codes == 1, pd.Series(codes / 1.0)):
        assert model.evaluate(TEXTS, target, precision="float32")["overall"] == by_label
    with pytest.raises(DataError, match="must be one of ham, spam"):
        model.evaluate(TEXTS, codes + 1)
    unnamed = bertfit.load(families.folder("bert", "classifier", **KINDS["multiclass"]))
    codes = np.arange(12) % 3
    by_name = unnamed.evaluate(TEXTS, [f"LABEL_{i}" for i in codes])
    assert unnamed.evaluate(TEXTS, codes)["overall"] == by_name["overall"]


def test_tables_are_read_by_their_column_of_texts(families):
    model = bertfit.load(families.folder("bert", "classifier", **KINDS["multilabel"]))
    table = pd.DataFrame({"n": range(12), "comment": TEXTS})
    expected = model.predict(TEXTS)
    np.testing.assert_array_equal(model.predict(table), expected)
    assert list(model.predict(table).columns) == [".pred_LABEL_0", ".pred_LABEL_1", ".pred_LABEL_2"]
    both = table.rename(columns={"comment": "text"}).assign(pair=TEXTS[::-1])
    np.testing.assert_array_equal(model.predict(both), model.predict(TEXTS, TEXTS[::-1]))
    with pytest.raises(ArgumentError, match="only one column of texts"):
        model.predict(table.assign(note="x"))
    flags = {f"LABEL_{i}": (np.arange(12) + i) % 2 for i in (2, 0, 1)}
    by_position = model.evaluate(TEXTS, np.stack([flags[label] for label in model.labels], axis=1))
    for target in (None, ["LABEL_2", "LABEL_0", "LABEL_1"]):
        assert model.evaluate(table.assign(**flags), target)["overall"] == by_position["overall"]
    with pytest.raises(ArgumentError, match="`target` must be given"):
        model.evaluate(table)


# -- What config.json says --------------------------------------------------------------------------------

@pytest.mark.parametrize(("kind", "changes", "message"), [
    ("binary", {"id2label": {"0": "a"}, "label2id": None}, "`id2label` has 1 labels (a), and the head has 2 outputs"),
    ("binary", {"id2label": {"0": "a", "1": "b", "2": "c"}, "label2id": None}, "3 labels (a, b, c)"),
    ("binary", {"id2label": {"0": "a", "2": "b"}, "label2id": None}, "has no id 1; its ids are 0, 2"),
    ("binary", {"id2label": {"0": "a", "x": "b"}, "label2id": None}, "has the id 'x'"),
    ("binary", {"id2label": {"0": "a", "1": "a"}, "label2id": None}, "has 'a' more than once"),
    ("binary", {"id2label": {"0": "a", "1": ""}, "label2id": None}, "names '' for id '1'"),
    ("binary", {"id2label": ["a", "b"], "label2id": None}, "`id2label` is"),
    ("binary", {"label2id": {"ham": 1, "spam": 0}}, "names 'ham' for id 0; `label2id` gives 1"),
    ("binary", {"label2id": {"ham": 0}}, "`label2id` does not have it"),
    ("binary", {"label2id": {"ham": 0, "spam": 1, "eggs": 2}}, "`label2id` has 'eggs'"),
    ("binary", {"num_labels": 3}, "`num_labels` is 3, and the head has 2 outputs"),
    ("binary", {"problem_type": "ranking"}, "must be one of single_label_classification"),
    ("multilabel", {"problem_type": "regression"}, "must predict one number"),
    ("binary", {"classifier_dropout": 2}, "must describe a classifier"),
])
def test_contradictions_are_one_error_with_a_way_out(copy, kind, changes, message):
    folder = copy(kind, **changes)
    with pytest.raises(CheckpointError) as caught:
        bertfit.load(folder)
    assert message in str(caught.value)
    assert "task='none'" in str(caught.value) or "classifier_dropout" in changes
    with pytest.warns(UnusedTensorsWarning, match="classifier"):
        assert not bertfit.load(folder, task="none").fitted


@pytest.mark.parametrize(("kind", "changes", "task", "labels"), [
    ("binary", {"label2id": {"LABEL_0": 0, "LABEL_1": 1}}, "binary", ("ham", "spam")),  # transformers left them
    ("binary", {"id2label": {"1": "b", "0": "a"}, "label2id": {"a": "0", "b": "1"}}, "binary", ("a", "b")),
    ("binary", {"id2label": {"0": 1, "1": 2}, "label2id": None}, "binary", ("1", "2")),
    ("binary", {"id2label": None, "label2id": None, "num_labels": 2}, "binary", ("LABEL_0", "LABEL_1")),
    ("binary", {"architectures": None}, "binary", ("ham", "spam")),
    ("unnamed number", {"problem_type": "single_label_classification"}, "binary", ("not LABEL_0", "LABEL_0")),
    ("unnamed number", {"sentence_transformers": {"activation_fn": "torch.nn.modules.activation.Sigmoid"}}, "binary",
     ("not LABEL_0", "LABEL_0")),
    ("one logit", {"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"}, "regression",
     ("toxic",)),
])
def test_what_config_json_may_leave_out(copy, kind, changes, task, labels):
    model = bertfit.load(copy(kind, **changes))
    assert (model.task.kind, model.labels) == (task, labels)


def test_task_overrides_config_json(families, copy):
    folder = copy("unnamed number")
    logit = theirs(folder, TEXTS)[:, 0]
    np.testing.assert_allclose(bertfit.load(folder, task="binary").predict(TEXTS, precision="float32")[:, 1],
                               1 / (1 + np.exp(-logit)), atol=1e-5)
    both = bertfit.load(families.folder("bert", "classifier", **KINDS["binary"]), task="multilabel")
    expected = probabilities("multilabel", theirs(families.folder("bert", "classifier", **KINDS["binary"]), TEXTS))
    np.testing.assert_allclose(both.predict(TEXTS, precision="float32"), expected, atol=1e-5)
    for task, message in (("multiclass", "must fit the classifier's outputs"), ("ranking", "`task` must be one of")):
        with pytest.raises(ArgumentError, match=message):
            bertfit.load(folder, task=task)
    with pytest.raises(ArgumentError, match="must be left out for a checkpoint without a classifier"):
        bertfit.load(families.folder("bert"), task="binary")
    saved = bertfit.load(folder).save(folder.parent / "saved")
    assert bertfit.load(saved, task="regression").fitted
    with pytest.raises(ArgumentError, match="must be left out for a saved model"):
        bertfit.load(saved, task="binary")


def test_a_shorter_table_of_positions_keeps_the_head(families):
    folder = families.folder("bert", "classifier", **KINDS["binary"])
    short = bertfit.load(folder, max_len=16)
    assert short.max_len == 16 and short.labels == ("ham", "spam")
    few = TEXTS[2:4]
    np.testing.assert_allclose(short.predict(few, precision="float32"),
                               bertfit.load(folder).predict(few, precision="float32"), atol=1e-6)


@pytest.mark.parametrize("architecture", ["BertForTokenClassification", "BertForMultipleChoice"])
def test_a_head_of_another_kind_is_named_and_the_encoder_opens(copy, architecture):
    folder = copy(architectures=[architecture])
    with pytest.warns(UnusedTensorsWarning, match=r"classifier\.bias, classifier\.weight") as told:
        model = bertfit.load(folder)
    assert not model.fitted and len(told) == 1


# -- Going on from it -------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression"])
def test_a_fit_goes_on_with_the_head(families, kind):
    model = bertfit.load(families.folder("bert", "classifier", **KINDS[kind]))
    n = len(TEXTS)
    target = {"binary": np.array(["spam", "ham"])[np.arange(n) % 2], "multiclass": np.arange(n) % 3,
              "multilabel": (np.arange(3 * n).reshape(n, 3) % 2).astype(float),
              "regression": np.linspace(-1, 1, n)}[kind]
    still = bertfit.fit(None, TEXTS, target, model, head="keep", **{**QUICK, "learning_rate": 1e-12})
    assert still.task == model.task and still.model.head_config == model.model.head_config
    np.testing.assert_allclose(still.predict(TEXTS, precision="float32"), model.predict(TEXTS, precision="float32"),
                               atol=1e-5)
    fresh = bertfit.fit(None, TEXTS, target, model, **{**QUICK, "learning_rate": 1e-12})
    assert not np.allclose(fresh.model.weights()["output"][0], still.model.weights()["output"][0])
    assert still.model.source["origin"]["kind"] == "huggingface" and len(still.history) == 1


def test_a_kept_head_learns_in_the_order_of_its_labels(families):
    model = bertfit.load(families.folder("bert", "classifier", **KINDS["binary"]))
    data = pd.DataFrame({"x": TEXTS * 2, "y": ["spam", "ham"] * 12})
    kept = bertfit.fit(data, "x", "y", model, head="keep", **{**QUICK, "epochs": 15, "learning_rate": 5e-3})
    assert kept.labels == ("ham", "spam") and kept.metrics["accuracy"] > 0.9
    assert kept.evaluate(data.assign(y=[1, 0] * 12))["overall"]["accuracy"] > 0.9
    again = bertfit.fit(data, "x", "y", kept, head="keep", **QUICK)
    assert again.history["accuracy"][0] > 0.9


@pytest.mark.parametrize(("kind", "target", "message"), [
    ("binary", ["spam", "eggs"] * 6, r"must be one of ham, spam.*\n.*eggs"),
    ("binary", ["spam"] * 12, "at least two classes"),
    ("multiclass", ["LABEL_0", "LABEL_3"] * 6, "must be one of LABEL_0, LABEL_1, LABEL_2"),
    ("multilabel", pd.DataFrame({"LABEL_0": [0, 1] * 6, "LABEL_1": [0, 1] * 6, "other": [0, 1] * 6}),
     r"The model has LABEL_0, LABEL_1, LABEL_2\.\n.*The target has LABEL_0, LABEL_1, other"),
])
def test_other_classes_than_those_of_the_head_are_refused(families, kind, target, message):
    model = bertfit.load(families.folder("bert", "classifier", **KINDS[kind]))
    with pytest.raises(DataError, match=message):
        bertfit.fit(None, TEXTS, target, model, head="keep", **QUICK)


def test_columns_of_a_kept_multilabel_head_are_found_by_name(families):
    model = bertfit.load(families.folder("bert", "classifier", **KINDS["multilabel"]))
    data = pd.DataFrame({"text": TEXTS, **{f"LABEL_{i}": (np.arange(12) + i) % (i + 2) == 0 for i in range(3)}})
    orders = (["LABEL_0", "LABEL_1", "LABEL_2"], ["LABEL_2", "LABEL_0", "LABEL_1"])
    one, other = (bertfit.fit(data, "text", order, model, head="keep", **QUICK) for order in orders)
    np.testing.assert_array_equal(one.predict(TEXTS), other.predict(TEXTS))


def test_a_head_that_cannot_be_kept_is_told(families):
    encoder = bertfit.load(families.folder("bert"))
    target = ["a", "b"] * 6
    with pytest.raises(ArgumentError, match="`model` must be fitted where head='keep'"):
        bertfit.fit(None, TEXTS, target, encoder, head="keep", **QUICK)
    model = bertfit.load(families.folder("bert", "classifier", **KINDS["binary"]))
    with pytest.raises(ArgumentError, match="must be the model's task"):
        bertfit.fit(None, TEXTS, target, model, head="keep", task="multiclass", **QUICK)
    with pytest.raises(ArgumentError, match='or "keep"'):
        bertfit.fit(None, TEXTS, target, model, head="kept", **QUICK)
    with pytest.raises(ArgumentError, match="`head`"):
        BertClassifier(model, head="keep").fit(TEXTS, target)


def test_estimators_start_from_its_encoder(families):
    model = bertfit.load(families.folder("bert", "classifier", **KINDS["binary"]))
    fitted = BertClassifier(model, epochs=1, validation=0, random_state=1).fit(TEXTS, ["x", "y", "z"] * 4)
    assert fitted.predict_proba(TEXTS).shape == (12, 3) and set(fitted.predict(TEXTS)) <= {"x", "y", "z"}


# -- The command line -------------------------------------------------------------------------------------

def test_the_command_line_scores_and_goes_on(families, tmp_path):
    from toys.cli import bertfit_run

    folder = families.folder("bert", "classifier", **KINDS["binary"])
    lines = ["text,label"] + [f'"{text}",{label}' for text, label in zip(TEXTS, ["spam", "ham"] * 6, strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join([*lines, ""]))
    code, out, err = bertfit_run("predict", "--model", folder, "--input", tmp_path / "rows.csv", "--precision",
                                 "float32", "--gpu", "-1")
    assert code == 0, err
    assert out.splitlines()[0] == "text,label,.pred_ham,.pred_spam"
    written = [float(line.rpartition(",")[2]) for line in out.splitlines()[1:]]
    np.testing.assert_allclose(written, probabilities("binary", theirs(folder, TEXTS))[:, 1], atol=1e-5)
    command = ["train", "--pretrain", folder, "--train", tmp_path / "rows.csv", "--save", tmp_path / "kept", "--head",
               "keep", "--epoch", "1", "--validation", "0", "--gpu", "-1"]
    code, _, err = bertfit_run(*command)
    assert code == 0, err
    assert bertfit.load(tmp_path / "kept").labels == ("ham", "spam")
    code, _, err = bertfit_run(*command, "--overwrite", "--pooling", "cls")
    assert code == 1 and "`--pooling` must be left out where `--head keep`" in err


# -- Opening it without TensorFlow ------------------------------------------------------------------------

def test_opening_from_r_starts_no_tensorflow(families):
    folder = families.folder("bert", "classifier", **KINDS["multilabel"])
    code = f"""
import sys
from bertfit.r import functions
found = functions.call("load", {{"x": {str(folder)!r}}})
assert found["ok"], found
data = functions.call("to_bytes", {{"model": found["value"]["handle"]}})
assert data["ok"], data
print(sorted({{"tensorflow", "tf_keras", "keras_bert"}} & set(sys.modules)))
print(found["value"]["task"]["labels"], found["value"]["fitted"], len(data["value"]) > 1000)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "['LABEL_0', 'LABEL_1', 'LABEL_2'] True True"]

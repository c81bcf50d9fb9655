"""Exports answer in the other program as the model does here, and what a format cannot hold is refused."""

import json

import numpy as np
import pytest

from bertfit import _env
from bertfit.checkpoints.checkpoint import open_checkpoint
from bertfit.config.head import HeadConfig
from bertfit.config.pretraining import PretrainHeads
from bertfit.config.task import Task
from bertfit.errors import ArgumentError, DiskError
from bertfit.model.exporting import export
from bertfit.model.model import Model
from bertfit.rows.table import Rows
from toys.models import NO_DROPOUT, VOCABULARY, fill_at_random, toy_model, toy_texts

tf = _env.tensorflow()
TEXTS = toy_texts(6, longest=12)


def pretrained(**changes):
    model = toy_model(**NO_DROPOUT, **changes)
    model.add_pretraining(PretrainHeads())
    fill_at_random(model.weighted_layers().values(), seed=2)
    return model


def rows():
    ids, segments, mask = VOCABULARY_ENCODING.pad()
    return ids, segments, mask.astype(bool)


VOCABULARY_ENCODING = toy_model().encode(Rows(TEXTS, TEXTS[::-1]))


def answers(model, ids, segments):
    """Logits of MLM at every position [n, S, V], and of NSP [n, 2]."""
    sequence, pooled = model.encoder.graph()([ids, segments], training=False)
    flat = model.pretraining.token_logits(tf.reshape(sequence, [-1, sequence.shape[-1]]))
    return tf.reshape(flat, [*ids.shape, -1]).numpy(), model.pretraining.next_logits(pooled).numpy()


def softmax(x):
    return tf.nn.softmax(x).numpy()


def test_stock_keras_bert_answers_the_same(tmp_path):
    import keras_bert

    model = pretrained()
    folder = export(model, tmp_path / "out", "google")
    stock = keras_bert.load_trained_model_from_checkpoint(
        f"{folder}/bert_config.json", f"{folder}/bert_model.ckpt", training=True, seq_len=None
    )
    ids, segments, real = rows()
    tokens, following = stock([ids, segments, np.ones_like(ids)], training=False)
    ours = answers(model, ids, segments)
    assert np.abs(tokens.numpy() - softmax(ours[0]))[real].max() < 1e-5
    assert np.abs(following.numpy() - softmax(ours[1])).max() < 1e-5
    assert np.ptp(tokens.numpy()[real]) > 0.01 and np.ptp(following.numpy(), axis=0).max() > 0.001
    assert list(keras_bert.load_vocabulary(f"{folder}/vocab.txt")) == list(VOCABULARY.tokens)


@pytest.mark.parametrize("act", ["gelu", "gelu_new"])
def test_transformers_answers_the_same(tmp_path, act):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    model = pretrained(hidden_act=act)
    folder = export(model, tmp_path / "out", "huggingface")
    other, loading = transformers.BertForPreTraining.from_pretrained(folder, output_loading_info=True)
    assert not loading["missing_keys"] and not loading["unexpected_keys"]
    ids, segments, real = rows()
    with torch.no_grad():
        out = other.eval()(**{name: torch.tensor(value.astype(np.int64)) for name, value in
                              {"input_ids": ids, "token_type_ids": segments, "attention_mask": real}.items()})
    ours = answers(model, ids, segments)
    assert np.abs(out.prediction_logits.numpy() - ours[0])[real].max() < 1e-4
    assert np.abs(out.seq_relationship_logits.numpy() - ours[1]).max() < 1e-4


@pytest.mark.parametrize("format", ["google", "huggingface"])
def test_an_export_opens_again_with_its_heads(tmp_path, format):
    model = pretrained()
    again = Model.from_checkpoint(open_checkpoint(export(model, tmp_path / "out", format), lower_case=True))
    assert again.pretrain_heads == PretrainHeads()
    for name, arrays in model.weights().items():
        assert all(np.array_equal(a, b) for a, b in zip(arrays, again.weights()[name], strict=True)), name


@pytest.mark.parametrize("kind, labels", [("binary", "ab"), ("multiclass", "abc"), ("multilabel", "ab"),
                                          ("regression", "y")])
def test_a_fitted_model_is_a_sequence_classifier(tmp_path, kind, labels):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    model = toy_model(**NO_DROPOUT)
    task = Task(kind, list(labels), *((3.0, 2.0) if kind == "regression" else ()))
    model.add_head(task, HeadConfig(dropout=0))
    fill_at_random(model.weighted_layers().values(), seed=3)
    folder = export(model, tmp_path / "out", "huggingface")
    other = transformers.BertForSequenceClassification.from_pretrained(folder).eval()
    ids, segments, real = rows()
    with torch.no_grad():
        theirs = other(input_ids=torch.tensor(ids.astype(np.int64)), attention_mask=torch.tensor(real.astype(np.int64)),
                       token_type_ids=torch.tensor(segments.astype(np.int64))).logits.numpy()
    ours = model.graph()([ids, segments], training=False).numpy()
    if kind == "regression":
        ours = ours * task.scale + task.center
    if kind == "binary":
        theirs = (theirs[:, 1] - theirs[:, 0])[:, None]
    assert np.abs(theirs - ours).max() < 1e-4 < np.ptp(ours)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert list(config["id2label"].values()) == list(labels)


@pytest.mark.parametrize("format, changes, heads, why", [
    ("google", {"hidden_act": "gelu"}, None, "exact gelu"),
    ("google", {"layer_norm_eps": 1e-3}, None, "layer_norm_eps"),
    ("huggingface", {"attention_head_size": 5}, None, "Heads of size 5"),
    ("huggingface", {}, PretrainHeads(mlm="tied"), "another form"),
])
def test_what_a_format_cannot_hold_is_refused(tmp_path, format, changes, heads, why):
    model = toy_model(**changes)
    if heads is not None:
        model.add_pretraining(heads)
    with pytest.raises(ArgumentError, match=why):
        export(model, tmp_path / "out", format)
    assert not list(tmp_path.iterdir())


def test_a_head_with_hidden_layers_is_refused(tmp_path):
    model = toy_model()
    model.add_head(Task("binary", ["a", "b"]), HeadConfig(hidden=(4,)))
    with pytest.raises(ArgumentError, match="hidden layers"):
        export(model, tmp_path / "out", "huggingface")


def test_nothing_is_overwritten_and_no_part_is_left(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(ArgumentError, match="new or empty"):
        export(pretrained(), tmp_path / "out", "google")
    full = OSError(28, "No space left")
    monkeypatch.setattr("bertfit.model.exporting._write_google", lambda *_: (_ for _ in ()).throw(full))
    with pytest.raises(DiskError, match="is full"):
        export(pretrained(), tmp_path / "new", "google")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]

"""Saved models predict the same bits as before, in this process and in a fresh one; contradictions are refused."""

import dataclasses
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from bertfit.config.head import HeadConfig
from bertfit.config.pretraining import PretrainHeads
from bertfit.config.task import Task
from bertfit.errors import BundleError
from bertfit.inference.prediction import predict
from bertfit.model import bundle, persist
from bertfit.rows.table import Rows
from toys.bundles import rewrite
from toys.models import TEXTS, encoder_layer_names, toy_head, toy_model

KINDS = ["binary", "multiclass", "multilabel", "regression"]


def logits(model):
    return model.logits(model.encode(Rows(TEXTS)), "float32")


def same_record(a, b):
    """Equal records, where NaN equals NaN."""
    return json.dumps(bundle.plain(a), sort_keys=True) == json.dumps(bundle.plain(b), sort_keys=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fitted_model_comes_back_whole(tmp_path, kind):
    model = toy_head(kind, hidden=(6,), pooling="mean", layers=(-1, 1))
    path = persist.save(model, tmp_path / "modèle")
    for loaded in (persist.load(path), persist.from_bytes(persist.to_bytes(model))):
        np.testing.assert_array_equal(logits(loaded), logits(model))
        assert loaded.task == model.task and loaded.head_config == model.head_config
        assert loaded.config == model.config and loaded.max_len == model.max_len
        assert loaded.vocabulary.data == model.vocabulary.data
        assert same_record(loaded.record, model.record)
        assert loaded.source["kind"] == "bundle" and loaded.source["origin"] == {
            "name": "toy", "kind": "huggingface", "sha256": "ab" * 32}
    assert path == str(tmp_path / "modèle")


def test_a_fresh_process_predicts_the_same(tmp_path):
    model = toy_head("multiclass")
    path = persist.save(model, tmp_path / "model")
    code = ("import sys, json; from bertfit.model import persist; from bertfit.inference import prediction as predict;"
            "from bertfit.rows import Rows;"
            "m = persist.load(sys.argv[1]);"
            "print(json.dumps(predict.predict(m, Rows.of(json.loads(sys.argv[2]))).tolist()))")
    run = subprocess.run([sys.executable, "-c", code, path, json.dumps(TEXTS)], capture_output=True, check=True)
    assert json.loads(run.stdout) == predict(model, Rows(TEXTS)).tolist()


def test_an_unfitted_model_and_its_position_table(tmp_path):
    model = toy_model().copy(max_len=12)
    loaded = persist.load(persist.save(model, tmp_path / "plain"))
    assert not loaded.fitted and loaded.max_len == 12 and loaded.config.max_position_embeddings == 32
    for name, arrays in model.weights().items():
        for a, b in zip(arrays, loaded.weights()[name], strict=True):
            np.testing.assert_array_equal(a, b)


def test_files_are_what_their_names_say(tmp_path):
    model = toy_head("binary")
    path = Path(persist.save(model, tmp_path / "model"))
    assert (path / "vocab.txt").read_bytes() == model.vocabulary.data
    tensors = safetensors.numpy.load_file(path / "model.safetensors")
    layers = [*encoder_layer_names(model.config), "output"]
    assert {name.rsplit("/", 1)[0] for name in tensors} == set(layers)
    # keras-bert's order within a layer: Wq, bq, Wk, bk, Wv, bv, Wo, bo.
    assert tensors["Encoder-1-MultiHeadSelfAttention/6"].shape == (16, 16)
    assert tensors["Encoder-1-MultiHeadSelfAttention/7"].shape == (16,)
    assert tensors["Embedding-Token/0"].shape == (27, 16)
    lines = (path / "history.csv").read_text().splitlines()
    assert lines == ["epoch,loss,val_auc", "1,0.5,", f"2,0.30000000000000004,{1 / 3!r}"]
    description = json.loads((path / "bertfit.json").read_text("utf-8"))
    assert description["packages"]["tensorflow"].startswith("2.")
    assert description["record"]["settings"]["learning_rate"] == "auto"
    assert "/nowhere" not in json.dumps(description)


def test_saving_again_keeps_the_first_origin(tmp_path):
    first = persist.load(persist.save(toy_head(), tmp_path / "a"))
    second = persist.load(persist.save(first, tmp_path / "b"))
    assert second.source["origin"] == first.source["origin"]


def test_frozen_layers_stay_frozen(tmp_path):
    model = toy_head()
    for layer in model.encoder.layers:
        layer.trainable = not layer.name.startswith("Embedding-")
    loaded = persist.load(persist.save(model, tmp_path / "model"))
    assert loaded.trainable_parameters == model.trainable_parameters < model.parameters


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda body: body["config"].update(vocab_size=28), "vocab.txt has 27 tokens"),
        (lambda body: body["config"].update(hidden_size=7), r"Embedding-Token/0 is float32 \(27, 16\)"),
        (lambda body: body["config"].update(surprise=1), "surprise"),
        (lambda body: body["config"].update(intermediate_size=33), r"FeedForward/0 is float32 \(16, 32\)"),
        (lambda body: body["config"].update(num_hidden_layers=3), "Encoder-3-.* is missing"),
        (lambda body: body["config"].update(num_hidden_layers=1), "Encoder-2-.* belongs to no layer"),
        (lambda body: body.update(task=None), "output/. belongs to no layer"),
        (lambda body: body["task"].update(kind="ranking"), "task"),
        (lambda body: body["head"].update(pooling="sum"), "pooling"),
        (lambda body: body["frozen"].append("No-Such-Layer"), "No-Such-Layer"),
        (lambda body: body.update(max_len=64), "max_len"),
    ],
)
def test_a_description_that_contradicts_its_files_is_a_bundle_error(tmp_path, change, message):
    path = tmp_path / "model"
    persist.save(toy_head(), path)
    rewrite(path, change)
    with pytest.raises(BundleError, match=message):
        persist.load(path)


def test_weights_that_are_no_safetensors_are_a_bundle_error(tmp_path):
    path = tmp_path / "model"
    persist.save(toy_head(), path)
    junk = b"\xff" * 64
    (path / "model.safetensors").write_bytes(junk)
    facts = {"bytes": len(junk), "sha256": hashlib.sha256(junk).hexdigest()}
    rewrite(path, lambda body: body["files"].update({"model.safetensors": facts}))
    with pytest.raises(BundleError, match=r"model\.safetensors"):
        persist.load(path)


def test_a_model_stays_usable_after_it_was_saved_over_itself(tmp_path):
    path = persist.save(toy_head("binary", seed=1), tmp_path / "model")
    loaded = persist.load(path)
    before = logits(loaded)
    persist.save(loaded, path, overwrite=True)
    np.testing.assert_array_equal(logits(loaded), before)
    np.testing.assert_array_equal(logits(persist.load(path)), before)


def test_the_description_has_exactly_the_fields_that_are_read():
    assert set(persist._describe(toy_head())) == persist.FIELDS
    described = persist._describe(toy_head())["config"]
    assert list(described) == [f.name for f in dataclasses.fields(toy_head().config)][:14]


# -- Other encoders ------------------------------------------------------------------------------------

FIELDS = {"model_type": "electra", "embedding_size": 6, "share_layers": True, "position_offset": 2,
          "relative_attention_num_buckets": 8, "talking_heads": True, "gated_feed_forward": True, "type_vocab_size": 1}


@pytest.mark.parametrize("name", FIELDS)
def test_a_model_with_a_field_of_other_families_comes_back_whole(tmp_path, name):
    model = toy_model(**{name: FIELDS[name]})
    model.add_head(Task("binary", ("no", "yes")), HeadConfig())
    path = persist.save(model, tmp_path / "model")
    for loaded in (persist.load(path), persist.from_bytes(persist.to_bytes(model))):
        assert loaded.config == model.config and loaded.parameters == model.parameters
        np.testing.assert_array_equal(logits(loaded), logits(model))
    version = json.loads((tmp_path / "model" / "bertfit.json").read_text())["format_version"]
    assert version == (1 if name == "type_vocab_size" else 2)  # one segment is nothing new to older versions


def test_no_segments_and_an_mlm_head_alone_come_back_whole(tmp_path):
    model = toy_model(type_vocab_size=0)
    model.add_pretraining(PretrainHeads(nsp="none"), seed=2)
    loaded = persist.load(persist.save(model, tmp_path / "model"))
    assert loaded.pretrain_heads == model.pretrain_heads and "NSP" not in loaded.weights()
    for name, arrays in model.weights().items():
        for a, b in zip(arrays, loaded.weights()[name], strict=True):
            np.testing.assert_array_equal(a, b)
    assert json.loads((tmp_path / "model" / "bertfit.json").read_text())["format_version"] == 2
    plain = toy_model()
    plain.add_pretraining(PretrainHeads(nsp="none"), seed=2)
    assert persist._describe(plain)["format_version"] == 2


@pytest.mark.parametrize("name", ["loaded", "head", "google-heads"])
def test_a_plain_bert_is_saved_as_earlier_versions_saved_it(tmp_path, name):
    stored = Path(__file__).parent.parent / "stored" / "bundles" / name
    again = Path(persist.save(persist.load(stored), tmp_path / "model"))
    for file in ("vocab.txt", "model.safetensors", "history.csv"):
        assert (again / file).read_bytes() == (stored / file).read_bytes()

    def described(folder):
        fields = json.loads((folder / "bertfit.json").read_text("utf-8"))
        fields.pop("packages")  # which differ
        fields.pop("checksum")
        return json.dumps(fields)  # the order of fields, too

    assert described(again) == described(stored)

"""TF Hub's SavedModels: outputs equal those of TensorFlow running them; nothing is run, and all damage is reported.

The models and the outputs were made by the program that made TF Hub's: see tests/python/stored/tfhub.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest

from bertfit.checkpoints import archive, downloads, registry, saved_model
from bertfit.checkpoints.checkpoint import open_checkpoint
from bertfit.errors import BertfitError, CheckpointError, DownloadError
from toys.server import serve

STORED = Path(__file__).parents[1] / "stored" / "tfhub"
NAMES = ("bert", "bert_mlm", "albert", "talking_heads")
SENTENCES = ["this is such an amazing movie!", "The movie was great!", "The movie was meh.", "The movie was okish.",
             "The movie was terrible..."]
site = pytest.fixture(serve)


@pytest.fixture(scope="module")
def expected():
    return np.load(STORED / "expected.npz")


@pytest.fixture
def folder(tmp_path):
    def unpack(name):
        archive.unpack(STORED / f"{name}.tar.gz", tmp_path / name, 2**24)
        return tmp_path / name

    return unpack


def refused(path, match):
    with pytest.raises(CheckpointError, match=match) as caught:
        open_checkpoint(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


# ---- what is read ----


@pytest.mark.parametrize("name", NAMES)
def test_outputs_equal_those_of_the_saved_model(folder, expected, name):
    import tensorflow as tf

    from bertfit.model.model import Model

    model = Model.from_checkpoint(open_checkpoint(folder(name)))
    ids, segments, mask = (expected[f"{name}/input_{key}"] for key in ("word_ids", "type_ids", "mask"))
    ids = np.where(mask, ids, model.config.pad_token_id).astype(np.int32)
    sequence, pooled = model.encoder.graph()([ids, segments])
    wanted = expected[f"{name}/sequence"]
    assert np.std(wanted) > 0.5
    assert np.abs(sequence.numpy() - wanted)[mask > 0].max() < 1e-4
    assert np.abs(pooled.numpy() - expected[f"{name}/pooled"]).max() < 1e-4
    # The fast path, on which predictions are computed.
    inputs = [tf.constant(ids), tf.constant(segments)]
    assert np.abs(model.encoder.states(inputs, False)[-1].numpy() - wanted)[mask > 0].max() < 1e-4


def test_the_mlm_head_equals_that_of_the_saved_model(folder, expected):
    import tensorflow as tf

    from bertfit.model.model import Model

    model = Model.from_checkpoint(open_checkpoint(folder("bert_mlm")))
    inputs = [tf.constant(expected[f"bert_mlm/input_{key}"]) for key in ("word_ids", "type_ids")]
    at = expected["bert_mlm/masked_lm_positions"]
    states = model.encoder.states(inputs, False)[-1].numpy()
    gathered = np.take_along_axis(states, at[:, :, None], 1)
    logits = model.pretraining.token_logits(tf.constant(gathered)).numpy()
    assert np.abs(logits - expected["bert_mlm/mlm_logits"]).max() < 1e-4


def test_the_configuration_comes_from_shapes_and_graph(folder):
    def config(name):
        found = open_checkpoint(folder(name)).config
        return {**found.to_dict(), "embedding_size": found.embedding_size}

    plain = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "attention_head_size": 8,
             "intermediate_size": 24, "max_position_embeddings": 20, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
             "hidden_act": "gelu_new", "vocab_size": 75, "embedding_size": 16}
    assert plain.items() <= config("bert").items()
    assert {**plain, "hidden_act": "relu"}.items() <= config("bert_mlm").items()
    talking = {**plain, "num_attention_heads": 4, "attention_head_size": 4, "talking_heads": True,
               "gated_feed_forward": True}
    assert talking.items() <= config("talking_heads").items()
    albert = config("albert")
    assert {**plain, "vocab_size": albert["vocab_size"], "num_hidden_layers": 3, "embedding_size": 8,
            "share_layers": True, "model_type": "albert"}.items() <= albert.items()


def test_the_vocabulary_and_its_casing_come_from_the_assets(folder):
    vocabulary = open_checkpoint(folder("bert")).vocabulary
    assert len(vocabulary) == 75 and vocabulary.lower_case and vocabulary.type == "wordpiece"
    assert not open_checkpoint(folder("bert_mlm"), lower_case=False).vocabulary.lower_case
    albert = open_checkpoint(folder("albert")).vocabulary
    assert albert.algorithm == "unigram" and albert.lower_case and albert.tokens[albert.mask_id] == "[MASK]"


def test_nothing_of_the_model_is_run(folder, monkeypatch):
    """A SavedModel's functions can write files: TensorFlow's loader is never called."""
    import tensorflow as tf

    def run(*arguments, **options):
        raise AssertionError("run")

    for place, name in ((tf.saved_model, "load"), (tf.compat.v1.saved_model, "load")):
        monkeypatch.setattr(place, name, run)
    monkeypatch.setattr(tf.Graph, "as_graph_def", run)
    open_checkpoint(folder("bert"))


def test_the_folder_its_file_and_its_parts_mean_the_same(folder, tmp_path):
    bert = folder("bert")
    digest = open_checkpoint(bert).sha256
    for path in (bert / "saved_model.pb", bert / "variables", bert / "variables/variables.index", tmp_path):
        assert open_checkpoint(path).sha256 == digest


def test_an_archive_is_opened_and_its_files_vanish_with_it(tmp_path, monkeypatch):
    monkeypatch.setenv("BERTFIT_CACHE", str(tmp_path / "cache"))
    checkpoint = open_checkpoint(STORED / "bert.tar.gz")
    assert checkpoint.name == "bert" and checkpoint.path == str(STORED / "bert.tar.gz")
    assert len(list((tmp_path / "cache").iterdir())) == 1
    from bertfit.model.model import Model

    Model.from_checkpoint(checkpoint)
    del checkpoint
    assert list((tmp_path / "cache").iterdir()) == []
    (tmp_path / "bad.tar.gz").write_bytes((STORED / "bert.tar.gz").read_bytes()[:-100])
    refused(tmp_path / "bad.tar.gz", "whole tar file")
    assert list((tmp_path / "cache").iterdir()) == []


def test_reference_e_scores_are_the_same_after_saving(tmp_path):
    """A dropout of 0.1 and one logit on the pooled output of a small BERT; five sentences, saved and loaded."""
    import pandas as pd

    import bertfit

    model = bertfit.load(STORED / "bert.tar.gz")
    rows = pd.DataFrame({"text": ["good movie", "a bad movie", "great", "terrible"] * 2, "label": [1, 0, 1, 0] * 2})
    fit = bertfit.fit(rows, "text", "label", model, head=bertfit.HeadConfig(pooling="nsp", dropout=0.1), epochs=2,
                      batch_size=4, learning_rate=1e-3, max_len=20, seed=1, verbose=0)
    scores = fit.predict(SENTENCES)
    fit.save(tmp_path / "saved")
    again = bertfit.load(tmp_path / "saved").predict(SENTENCES)
    assert np.array_equal(scores, again)
    assert len(np.unique(scores[:, 1])) == len(SENTENCES)


# ---- what is refused ----


def changed(folder, change):
    """The folder with saved_model.pb changed by `change(graph)`."""
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    model.ParseFromString((folder / "saved_model.pb").read_bytes())
    change(model.meta_graphs[0])
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    return folder


def variable(graph, name):
    return next(node.variable for node in graph.object_graph_def.nodes if node.variable.name == name)


def test_missing_and_unknown_variables_are_named(folder):
    def rename(graph):
        variable(graph, "transformer/layer_1/output/bias").name = "transformer/layer_1/other/bias"

    message = refused(changed(folder("bert"), rename), "Missing: transformer/layer_1/output/bias")
    assert "Unknown: transformer/layer_1/other/bias" in message


def test_other_models_are_no_encoders(folder):
    def rename(graph):
        variable(graph, "word_embeddings/embeddings").name = "dense/kernel"

    assert "ALBERT" in refused(changed(folder("bert"), rename), "must be a BERT encoder of TF Hub")


def test_two_variables_of_one_name_are_refused(folder):
    def rename(graph):
        variable(graph, "transformer/layer_1/output/bias").name = "transformer/layer_0/output/bias"

    refused(changed(folder("bert"), rename), "two variables have this name")


def test_assets_stay_in_their_folder(folder):
    bert = folder("bert")
    for name in ("../../secret.txt", "/etc/passwd", "..", "", "a\\b"):
        def lead_out(graph, name=name):
            graph.asset_file_def[0].filename = name

        refused(changed(bert, lead_out), "is not the name of a file in assets")
    changed(bert, lambda graph: setattr(graph.asset_file_def[0], "filename", "other.txt"))
    refused(bert, "other.txt does not exist")


def test_other_activations_and_normalizations_are_refused(folder):
    def without_tanh(graph):
        for function in graph.graph_def.library.function:
            for node in function.node_def:
                node.op = node.op.replace("Pow", "Sin")

    refused(changed(folder("bert"), without_tanh), "must use gelu or relu")

    def other_epsilon(graph):
        for function in graph.graph_def.library.function:
            for node in function.node_def:
                if node.op == "Const" and node.name.endswith("layer_0/output_layer_norm/batchnorm/add/y"):
                    node.attr["value"].tensor.float_val[0] = 0.001

    refused(changed(folder("bert_mlm"), other_epsilon), "the same to the variance")
    albert = folder("albert")
    metadata = (albert / "keras_metadata.pb").read_bytes()
    (albert / "keras_metadata.pb").write_bytes(metadata + b'"norm_first": true')
    refused(albert, "normalize after")


def test_functions_that_call_each_other_are_counted_once(folder):
    def call_itself(graph):
        for function in graph.graph_def.library.function:
            for node in function.node_def:
                if "PartitionedCall" in node.op:
                    node.attr["f"].func.name = function.signature.name

    assert open_checkpoint(changed(folder("bert"), call_itself)).config.num_hidden_layers == 2


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.index", "assets/vocab.txt",
                                  "variables/variables.data-00000-of-00001"])
def test_a_missing_or_truncated_file_is_an_error(folder, name):
    bert = folder("bert")
    content = (bert / name).read_bytes()
    (bert / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(BertfitError):
        open_checkpoint(bert)
    (bert / name).unlink()
    with pytest.raises(CheckpointError, match="must"):
        open_checkpoint(bert)


def test_a_flipped_bit_in_the_variables_is_noticed(folder):
    bert = folder("bert")
    path = bert / "variables/variables.data-00000-of-00001"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    refused(bert, "must be whole")


def test_a_very_large_description_is_not_read(folder, monkeypatch):
    monkeypatch.setattr(saved_model, "_LARGEST", 1000)
    refused(folder("bert"), "more than 1,000 bytes")


# ---- by name ----


def test_the_names_of_the_tutorial_are_known(monkeypatch):
    monkeypatch.delenv("BERTFIT_TFHUB_MIRROR", raising=False)
    entries = [entry for entry in registry.MODELS.values() if entry.source == "tfhub"]
    assert len(entries) == 33
    assert registry.find("small_bert/bert_en_uncased_L-4_H-512_A-8").url == \
        "https://tfhub.dev/tensorflow/small_bert/bert_en_uncased_L-4_H-512_A-8/1?tf-hub-format=compressed"
    for name in ("experts_pubmed", "EXPERTS_PUBMED", "google/experts/bert/pubmed/2",
                 "https://tfhub.dev/google/experts/bert/pubmed/2"):
        assert registry.find(name).card == "https://tfhub.dev/google/experts/bert/pubmed/2"
    monkeypatch.setenv("BERTFIT_TFHUB_MIRROR", "http://localhost:1/")
    assert registry.find("albert_en_base").url.startswith("http://localhost:1/tensorflow/albert_en_base/2?")


def test_sizes_are_the_published_ones():
    # Counted by transformers for the configurations of Hugging Face's copies, the pooler included.
    counts = {"bert_en_uncased_L-12_H-768_A-12": 109_482_240, "bert_en_cased_L-12_H-768_A-12": 108_310_272,
              "bert_multi_cased_L-12_H-768_A-12": 177_853_440, "albert_en_base": 11_683_584,
              "small_bert/bert_en_uncased_L-2_H-128_A-2": 4_385_920, "talking-heads_base": None,
              "electra_small": 13_483_008 + 256 * 256 + 256}
    assert {name: registry.find(name).parameters for name in counts} == counts


def test_a_model_is_downloaded_and_opened_by_its_name(site, tmp_path, monkeypatch):
    import os

    import bertfit

    monkeypatch.setenv("BERTFIT_TFHUB_MIRROR", os.environ["BERTFIT_MIRROR"])
    site.body, name = (STORED / "bert.tar.gz").read_bytes(), "small_bert/bert_en_uncased_L-2_H-128_A-2"
    site.cuts = [len(site.body) // 2]
    path = Path(downloads.download(name, tmp_path))
    assert sorted(child.name for child in path.iterdir()) == [
        "assets", registry.MANIFEST, "fingerprint.pb", "keras_metadata.pb", "saved_model.pb", "variables"]
    assert any("Range" in request for request in site.requests)  # resumed where it was cut
    model = bertfit.load(name, cache_dir=tmp_path)
    assert model.name == name and model.config.hidden_size == 16
    assert registry.folder(registry.find(name), tmp_path) == path
    (path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(DownloadError, match=r"has changed(.*\n)*.*small_bert/bert_en_uncased_L-2_H-128_A-2"):
        downloads.download(name, tmp_path)


def test_an_archive_with_one_folder_and_one_of_something_else(site, tmp_path, monkeypatch):
    import os

    monkeypatch.setenv("BERTFIT_TFHUB_MIRROR", os.environ["BERTFIT_MIRROR"])
    archive.unpack(STORED / "bert.tar.gz", tmp_path / "in" / "3", 2**24)
    shutil.make_archive(str(tmp_path / "packed"), "gztar", tmp_path / "in", "3")
    site.body = (tmp_path / "packed.tar.gz").read_bytes()
    path = Path(downloads.download("electra_base", tmp_path / "cache"))
    assert (path / "saved_model.pb").is_file()
    shutil.rmtree(tmp_path / "in/3/variables")
    shutil.make_archive(str(tmp_path / "packed"), "gztar", tmp_path / "in", "3")
    site.body, site.etag = (tmp_path / "packed.tar.gz").read_bytes(), '"v2"'
    with pytest.raises(DownloadError, match=r"must contain variables/variables\.index"):
        downloads.download("electra_base", tmp_path / "cache2")

"""Google's checkpoints: outputs equal those of keras-bert and Google's code, and all damage is reported."""

import importlib
import json
import sys
import types

import numpy as np
import pytest

from bertfit import _env
from bertfit.checkpoints.checkpoint import open_checkpoint
from bertfit.errors import CheckpointError
from toys.checkpoints import CONFIG, google_tensors, toy_batch, write_google, write_tensorflow

tf = _env.tensorflow()
keras = _env.keras()


def filled(folder, **kwargs):
    from bertfit.network.encoder import Encoder

    checkpoint = open_checkpoint(folder, **kwargs)
    encoder = Encoder(checkpoint.config, fresh=False)
    checkpoint.fill(encoder)
    return encoder.graph()


def stock_model(folder):
    """keras-bert's own graph with its own loader; outputs: sequence, pooled."""
    import keras_bert

    model = keras_bert.load_trained_model_from_checkpoint(
        str(folder / "bert_config.json"), str(folder / "bert_model.ckpt"), training=True
    )
    last = model.get_layer(f"Encoder-{CONFIG['num_hidden_layers']}-FeedForward-Norm").output
    return keras.Model(model.inputs[:2], [last, model.get_layer("NSP-Dense").output])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_google(tmp_path_factory.mktemp("google") / "toy_uncased")


def test_outputs_and_parameters_equal_stock_keras_bert(folder):
    ours, stock = filled(folder), stock_model(folder)
    ids, segments, real = toy_batch()
    expected, actual = stock([ids, segments]), ours([ids, segments])
    assert np.abs(expected[0].numpy() - actual[0].numpy())[real].max() < 1e-4
    assert np.abs(expected[1].numpy() - actual[1].numpy()).max() < 1e-4
    assert np.std(actual[0].numpy()[real]) > 0.1  # the comparison is not of zeros
    assert ours.count_params() == stock.count_params()
    # Every weight is compared, not only their sum.
    for layer in (layer for layer in stock.layers if layer.weights):
        pairs = zip(layer.get_weights(), ours.get_layer(layer.name).get_weights(), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs), layer.name


def googles_modeling(monkeypatch):
    """Google's modeling.py, with a replacement for the only function that it uses of tf.contrib."""

    def layer_norm(inputs, begin_norm_axis, begin_params_axis, scope):
        assert begin_norm_axis == begin_params_axis == -1
        with tf.compat.v1.variable_scope(scope, default_name="LayerNorm"):
            beta = tf.compat.v1.get_variable("beta", inputs.shape[-1:])
            gamma = tf.compat.v1.get_variable("gamma", inputs.shape[-1:])
        mean, variance = tf.nn.moments(inputs, [-1], keepdims=True)
        return tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, 1e-12)

    contrib = types.ModuleType("tensorflow.contrib")
    contrib.layers = types.SimpleNamespace(layer_norm=layer_norm)
    monkeypatch.setitem(sys.modules, "tensorflow.contrib", contrib)
    try:
        return importlib.import_module("bert.modeling")
    except ModuleNotFoundError:
        pytest.skip("needs the package bert-tensorflow 1.0.4")


@pytest.mark.filterwarnings("ignore")
def test_outputs_equal_googles_own_code(folder, monkeypatch):
    modeling = googles_modeling(monkeypatch)
    v1 = tf.compat.v1
    ids, segments, real = toy_batch()
    with tf.Graph().as_default(), v1.Session() as session:
        model = modeling.BertModel(
            modeling.BertConfig.from_dict(CONFIG), is_training=False, input_ids=tf.constant(ids),
            input_mask=tf.constant(real.astype(np.int32)), token_type_ids=tf.constant(segments),
        )
        v1.train.Saver(v1.trainable_variables("bert")).restore(session, str(folder / "bert_model.ckpt"))
        expected = session.run([model.get_sequence_output(), model.get_pooled_output()])
        count = sum(int(np.prod(v.shape)) for v in v1.trainable_variables("bert"))
    encoder = filled(folder)
    actual = encoder([ids, segments])
    assert np.abs(expected[0] - actual[0].numpy())[real].max() < 1e-4
    assert np.abs(expected[1] - actual[1].numpy()).max() < 1e-4
    assert count == encoder.count_params()


def test_a_shorter_encoder_takes_the_first_positions(folder):
    from bertfit.network.encoder import Encoder

    checkpoint = open_checkpoint(folder)
    short = Encoder(checkpoint.config, max_len=7, fresh=False)
    checkpoint.fill(short)
    table = google_tensors()["bert/embeddings/position_embeddings"]
    assert np.array_equal(short.get_layer("Embedding-Position").get_weights()[0], table[:7])


def test_bert_base_with_a_binary_head_has_the_published_count():
    """109,128,193: the last line of the summary that a well-known keras-bert tutorial in R prints."""
    from bertfit.checkpoints import registry
    from bertfit.network.encoder import Encoder

    config = registry.find("bert-base-uncased").config
    encoder = Encoder(config, max_len=50, fresh=False).graph()
    output = keras.layers.Dense(1, activation="sigmoid")(encoder.get_layer("NSP-Dense").output)
    assert keras.Model(encoder.inputs, output).count_params() == 109_128_193


def test_gelu_is_the_tanh_form(folder):
    assert open_checkpoint(folder).config.hidden_act == "gelu_new"


# ---- finding the checkpoint ----


def test_any_prefix_is_found_and_several_are_ambiguous(tmp_path):
    folder = write_google(tmp_path / "tuned", prefix="model.ckpt-1000")
    assert open_checkpoint(folder).kind == "google"
    other = google_tensors(seed=2)
    write_tensorflow(folder / "model.ckpt-2000", other)
    with pytest.raises(CheckpointError, match=r"model\.ckpt-1000, model\.ckpt-2000"):
        open_checkpoint(folder)
    kernel = filled(folder / "model.ckpt-2000").get_layer("NSP-Dense").get_weights()[0]
    assert np.array_equal(kernel, other["bert/pooler/dense/kernel"])
    first = open_checkpoint(folder / "model.ckpt-1000.index")
    assert first.sha256 != open_checkpoint(folder / "model.ckpt-2000").sha256


@pytest.mark.parametrize("suffix", ["index", "data-00000-of-00001"])
def test_a_missing_file_is_named(tmp_path, suffix):
    folder = write_google(tmp_path / "toy")
    (folder / f"bert_model.ckpt.{suffix}").unlink()
    with pytest.raises(CheckpointError, match=f"bert_model.ckpt.{suffix}"):
        open_checkpoint(folder)


# ---- every tensor is accounted for ----


def refused(tmp_path, change, match, config=CONFIG):
    tensors = google_tensors()
    change(tensors)
    folder = write_google(tmp_path / "bad", tensors, config)
    with pytest.raises(CheckpointError, match=match) as caught:
        open_checkpoint(folder)
    assert "bert_model.ckpt" in str(caught.value)


@pytest.mark.parametrize("name", [n for n in google_tensors() if n.startswith("bert/") and "adam" not in n])
def test_every_missing_tensor_is_named(tmp_path, name):
    refused(tmp_path, lambda t: t.pop(name), f"Missing: {name} ")


def test_wrong_shapes_are_named(tmp_path):
    name = "bert/encoder/layer_1/output/dense/kernel"
    refused(tmp_path, lambda t: t.update({name: t[name].T}), rf"Wrong shape: {name} is \[16, 24\], not \[24, 16\]")


def test_unknown_tensors_are_named(tmp_path):
    extra = {"bert/encoder/layer_2/output/dense/kernel": np.zeros((24, 16), np.float32)}
    refused(tmp_path, lambda t: t.update(extra), r"Unknown: bert/encoder/layer_2/output/dense/kernel\.")


def test_other_types_and_values_that_are_not_finite_are_named(tmp_path):
    name = "bert/pooler/dense/bias"
    refused(tmp_path / "a", lambda t: t.update({name: t[name].astype(np.float16)}), f"{name}: it is float16")

    def poison(tensors):
        tensors[name][3] = np.nan

    refused(tmp_path / "b", poison, f"{name}: .*not finite")


def test_fewer_layers_in_the_config_than_in_the_file(tmp_path):
    refused(tmp_path, lambda t: None, "Unknown: bert/encoder/layer_1/", {**CONFIG, "num_hidden_layers": 1})


def test_heads_and_optimizer_slots_are_expected(tmp_path):
    tensors = {k: v for k, v in google_tensors().items() if k.startswith("bert/") and "adam" not in k}
    tensors |= {"output_weights": np.zeros((2, 16), np.float32), "output_bias": np.zeros(2, np.float32)}
    assert open_checkpoint(write_google(tmp_path / "plain", tensors)).kind == "google"


def test_object_checkpoints_are_refused_by_name(tmp_path):
    name = "model/layer-0/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    folder = write_google(tmp_path / "tf2", {name: np.zeros(2, np.float32)})
    with pytest.raises(CheckpointError, match=r"object names"):
        open_checkpoint(folder)


# ---- damage ----


@pytest.mark.parametrize("keep", [0, 1, 5000, -1])
def test_a_truncated_data_file_is_an_error(tmp_path, keep):
    folder = write_google(tmp_path / "toy")
    data = folder / "bert_model.ckpt.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="cut short"):
        open_checkpoint(folder)


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_bit_in_a_weight_is_an_error_that_names_it(tmp_path, seed):
    tensors = {k: v for k, v in google_tensors().items() if k.startswith("bert/") and "adam" not in k}
    folder = write_google(tmp_path / "toy", tensors)
    data = folder / "bert_model.ckpt.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    random = np.random.default_rng(seed)
    content[random.integers(len(content))] ^= 1 << random.integers(8)
    data.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"tensor bert/\S+: .*[Cc]hecksum"):
        open_checkpoint(folder)


@pytest.mark.parametrize("where", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_damaged_index_is_an_error(tmp_path, where):
    folder = write_google(tmp_path / "toy")
    index = folder / "bert_model.ckpt.index"
    content = bytearray(index.read_bytes())
    content[int(where * len(content))] ^= 0xFF
    index.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"bert_model\.ckpt"):
        open_checkpoint(folder)


def test_files_that_change_after_the_check_leave_no_half_filled_model(tmp_path):
    from bertfit.model.model import Model

    folder = write_google(tmp_path / "toy")
    checkpoint = open_checkpoint(folder)
    data = folder / "bert_model.ckpt.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match="must be whole"):
        Model.from_checkpoint(checkpoint)


def test_impossible_configurations_are_named(tmp_path):
    folder = write_google(tmp_path / "toy")
    for change, match in (
        ({"hidden_act": "swish"}, r"hidden_act.*one of"),
        ({"hidden_size": None}, "has no hidden_size"),
        ({"num_attention_heads": 3}, "multiple of `num_attention_heads`"),
        ({"hidden_size": "16"}, "`hidden_size` must be a whole number"),
        ({"vocab_size": 41}, r"has 40 tokens; `vocab_size` in .*bert_config\.json is 41"),
    ):
        (folder / "bert_config.json").write_text(json.dumps({**CONFIG, **change}))
        with pytest.raises(CheckpointError, match=match) as caught:
            open_checkpoint(folder)
        assert "bert_config.json" in str(caught.value)

"""A model answers in the caller's order, copies are its own, and its tables add up."""

import numpy as np
import pytest

from bertfit import _env
from bertfit.checkpoints import Checkpoint
from bertfit.config.head import HeadConfig
from bertfit.config.task import Task
from bertfit.errors import ArgumentError
from bertfit.model import persist
from bertfit.model.model import Model
from bertfit.model.questions import Logits
from bertfit.network.encoder import Encoder
from bertfit.network.keras_graph import hidden_states
from bertfit.rows.table import Rows
from toys.models import VOCABULARY, encoder_layer_names, fill_at_random, toy_config, toy_model, toy_texts

tf = _env.tensorflow()
keras = _env.keras()

MULTICLASS = Task("multiclass", "abc")
TEXTS = toy_texts(40, longest=25)


@pytest.fixture(scope="module")
def model():
    """A toy with a head, every weight random."""
    toy = toy_model()
    toy.add_head(MULTICLASS, HeadConfig(hidden=(6,)), seed=2)
    fill_at_random(layer for layer in toy.head.layers if layer.weights)
    return toy


def one_by_one(graph, toy, texts):
    """The graph's answers, each text alone and without any padding."""
    answers = []
    for text in texts:
        ids = np.array([[toy.vocabulary.ids[token] for token in ["[CLS]", *text.split(), "[SEP]"]]], np.int32)
        answers.append(graph([tf.constant(ids), tf.constant(ids * 0)], training=False))
    return answers


# -- Running -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("token_budget", [1, 100, 10_000])
def test_answers_come_in_the_callers_order_whatever_the_lengths(model, token_budget):
    expected = np.concatenate([answer.numpy() for answer in one_by_one(model.graph(), model, TEXTS)])
    logits = model.run(Logits(), model.encode(Rows(TEXTS)), "float32", token_budget=token_budget)
    assert logits.dtype == np.float32 and logits.shape == (40, 3)
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    assert np.abs(np.diff(expected, axis=0)).max(axis=1).min() > 1e-4  # no two neighbours answer alike


@pytest.mark.parametrize("pooling, layers", [("nsp", (-1,)), ("cls", (1,)), ("mean", (-1, 1)), ("max", (2,))])
def test_features_are_those_of_each_text_alone(model, pooling, layers):
    features = model.features(model.encode(Rows(TEXTS)), pooling, layers, "float32")
    sequences = {}
    for number in (1, 2):
        layer = keras.Model(model.encoder.graph().inputs, hidden_states(model.encoder.graph(), (number,))[0])
        sequences[number] = [tokens.numpy()[0] for tokens in one_by_one(layer, model, TEXTS[:10])]  # [S, H] each
    pool = {"cls": lambda x: x[0], "mean": lambda x: x.mean(axis=0), "max": lambda x: x.max(axis=0)}
    if pooling == "nsp":
        expected = [pooled[1].numpy()[0] for pooled in one_by_one(model.encoder.graph(), model, TEXTS[:10])]
    else:
        numbers = [n if n > 0 else 3 + n for n in layers]
        expected = [np.concatenate([pool[pooling](sequences[n][i]) for n in numbers]) for i in range(10)]
    np.testing.assert_allclose(features[:10], expected, atol=1e-5)
    assert features.shape == (40, 16 * len(layers))


def test_no_rows_give_logits_of_no_rows(model):
    assert model.logits(model.encode(Rows([]))).shape == (0, 3)


def test_progress_counts_rows_to_the_last(model):
    calls = []
    encoding = model.encode(Rows(TEXTS))
    model.run(Logits(), encoding, "float32", token_budget=160, progress=lambda *done: calls.append(done))
    assert calls[-1] == (40, 40) and {total for _, total in calls} == {40} and len(calls) > 2
    assert [done for done, _ in calls] == sorted({done for done, _ in calls})


def test_bfloat16_is_close_and_another_computation(model):
    encoding = model.encode(Rows(TEXTS))
    exact, close = model.logits(encoding, "float32"), model.logits(encoding, "bfloat16")
    assert 0 < np.abs(exact - close).max() < 0.1 * np.abs(exact).max()
    np.testing.assert_array_equal(model.logits(encoding, "float32"), exact)


def test_new_weights_are_used_without_a_new_graph(model):
    encoding = model.encode(Rows(TEXTS[:5]))
    before = model.logits(encoding, "float32")
    output = model.head.get_layer("output")
    kept = output.get_weights()
    output.set_weights([kept[0], kept[1] + 1])
    np.testing.assert_allclose(model.logits(encoding, "float32"), before + 1, atol=1e-5)
    output.set_weights(kept)


def test_without_a_head_nothing_is_predicted():
    with pytest.raises(ArgumentError, match="must be fitted"):
        toy_model().logits(toy_model().encode(Rows(["good"])))


# -- Lengths -------------------------------------------------------------------------------------------

def test_texts_are_cut_to_the_models_length_or_less(model):
    long = " ".join(["good"] * 100)
    assert model.max_len == 32 and model.encode(Rows([long])).lengths.tolist() == [32]
    assert model.encode(Rows([long]), max_len=9).lengths.tolist() == [9]
    with pytest.raises(ArgumentError, match="`max_len` must be at most 32"):
        model.encode(Rows([long]), max_len=33)


def test_a_fitted_model_keeps_the_length_it_was_fitted_at():
    toy = toy_model()
    fitted = Model("fit", toy.config, toy.vocabulary, toy.encoder, toy.source, record={"max_len": 12})
    assert fitted.encode(Rows([" ".join(["good"] * 100)])).lengths.tolist() == [12]


# -- Copies --------------------------------------------------------------------------------------------

def test_a_copy_is_alike_and_its_own(model):
    copy, encoding = model.copy(), model.encode(Rows(TEXTS))
    before = model.features(encoding, "mean", (-1,), "float32")
    np.testing.assert_array_equal(copy.features(encoding, "mean", (-1,), "float32"), before)
    assert not copy.fitted and (copy.name, copy.config, copy.source) == (model.name, model.config, model.source)
    fill_at_random(copy.encoder.get_layer(name) for name in encoder_layer_names(copy.config))
    copy.noise.reset(9)
    np.testing.assert_array_equal(model.features(encoding, "mean", (-1,), "float32"), before)
    assert np.abs(copy.features(encoding, "mean", (-1,), "float32") - before).max() > 0.1
    assert model.noise.state.numpy().tolist() != copy.noise.state.numpy().tolist()


def test_a_shorter_copy_keeps_the_first_positions(model):
    short = model.copy(max_len=10)
    assert short.max_len == 10 and model.max_len == 32
    assert short.parameters == model.copy().parameters - 22 * 16
    encoding = short.encode(Rows(TEXTS))
    assert encoding.lengths.max() == 10
    np.testing.assert_allclose(
        short.features(encoding, "cls", (-1,), "float32"), model.features(encoding, "cls", (-1,), "float32"), atol=1e-6
    )
    with pytest.raises(ArgumentError, match="`max_len` must be between 1 and 32"):
        model.copy(max_len=33)


@pytest.mark.parametrize("max_len", [None, 32, 7])
def test_a_checkpoint_fills_every_weight(max_len):
    filled = toy_model(seed=4)

    def fill(encoder):
        for name in encoder_layer_names(toy_config()):
            encoder.get_layer(name).set_weights(filled.encoder.get_layer(name).get_weights())

    checkpoint = Checkpoint("small", "google", "/a/folder", toy_config(), VOCABULARY, "abc", fill)
    model = Model.from_checkpoint(checkpoint, max_len=max_len)
    assert model.source == {"kind": "google", "path": "/a/folder", "sha256": "abc"} and model.name == "small"
    assert model.max_len == (max_len or 32)
    for name, weights in model.weights().items():
        for mine, theirs in zip(weights, filled.weights()[name], strict=True):
            np.testing.assert_array_equal(mine, theirs[: len(mine)])


@pytest.mark.parametrize("max_len", [None, 7])
def test_a_pooler_that_a_checkpoint_lacks_is_drawn_and_known_to_be_fresh(max_len):
    def fill(encoder):
        pass

    given = Checkpoint("small", "huggingface", "/a/folder", toy_config(), VOCABULARY, "abc", fill, missing=("pooler",))
    one, other = (Model.from_checkpoint(given, max_len=max_len) for _ in range(2))
    assert one.fresh_pooler and not toy_model().fresh_pooler
    kernel, bias = one.weights()["NSP-Dense"]
    assert kernel.std() > 0.1 and not bias.any()  # initializer_range is 0.2
    np.testing.assert_array_equal(kernel, other.weights()["NSP-Dense"][0])
    assert one.copy().fresh_pooler and persist.from_bytes(persist.to_bytes(one)).fresh_pooler


# -- Heads, weights and tables -------------------------------------------------------------------------

def test_a_new_head_takes_the_old_ones_place():
    toy = toy_model(num_hidden_layers=1)
    toy.add_head(MULTICLASS, HeadConfig())
    encoding = toy.encode(Rows(TEXTS[:3]))
    assert toy.logits(encoding).shape == (3, 3)
    toy.add_head(Task("regression", "y"), HeadConfig(pooling="mean"))
    assert toy.logits(encoding).shape == (3, 1) and toy.task.kind == "regression"
    assert [layer.name for layer in toy.head.layers if layer.weights] == ["output"]


def test_weights_go_by_layer_name_in_the_graphs_order(model):
    weights = model.weights()
    assert list(weights) == [*encoder_layer_names(model.config), "Head-Dense-1", "output"]
    again = Encoder(model.config, fresh=False)
    for name in encoder_layer_names(model.config):
        again.get_layer(name).set_weights(weights[name])
    for a, b in zip(again.weights, model.encoder.weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert {array.dtype for arrays in weights.values() for array in arrays} == {np.dtype(np.float32)}


def test_the_layer_table_adds_up(model):
    table = model.layer_table()
    assert {len(column) for column in table.values()} == {len(model.graph().layers)}
    assert sum(table["parameters"]) == model.parameters == sum(w.size for ws in model.weights().values() for w in ws)
    assert sum(table["trainable"]) == model.trainable_parameters == model.parameters
    rows = dict(zip(table["layer"], zip(table["type"], table["output"], table["parameters"], strict=True), strict=True))
    assert rows["Embedding-Token"] == ("TokenEmbedding", "(-, -, 16)", 27 * 16)
    assert rows["Input-Token"] == ("InputLayer", "(-, -)", 0)
    assert rows["Head-Dense-1"] == ("Dense", "(-, 6)", 16 * 6 + 6) and rows["output"][1:] == ("(-, 3)", 6 * 3 + 3)


def test_frozen_layers_do_not_count_as_trainable():
    toy = toy_model(num_hidden_layers=1)
    toy.encoder.get_layer("Embedding-Token").trainable = False
    table = toy.layer_table()
    assert toy.trainable_parameters == toy.parameters - 27 * 16 == sum(table["trainable"])
    assert table["trainable"][table["layer"].index("Embedding-Token")] == 0


def test_layers_that_are_not_read_do_not_count():
    toy = toy_model()
    toy.add_head(MULTICLASS, HeadConfig(pooling="cls", layers=(1,)))
    names = toy.layer_table()["layer"]
    assert "Encoder-1-FeedForward" in names and "Encoder-2-FeedForward" not in names and "NSP-Dense" not in names
    assert "Encoder-2-FeedForward" in toy.weights()  # but they are kept

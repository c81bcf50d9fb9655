"""Pooling against NumPy on the encoder's own outputs; heads by their weights, their counts and their noise."""

import numpy as np
import pytest

from bertfit import _env
from bertfit.config.head import HeadConfig
from bertfit.config.pretraining import PretrainHeads
from bertfit.config.task import Task
from bertfit.errors import ArgumentError
from bertfit.network.encoder import Encoder
from bertfit.network.heads import build_head, build_pooling, feature_width, network_graph
from bertfit.network.keras_graph import hidden_states
from bertfit.network.products import compute_in
from bertfit.rows import Rows
from toys.models import NO_DROPOUT, fill_at_random, toy_config, toy_head, toy_model, toy_texts

tf = _env.tensorflow()
keras = _env.keras()

LENGTHS = np.array([9, 4, 6])
RNG = np.random.default_rng(2)
TOKENS = np.where(np.arange(9) < LENGTHS[:, None], RNG.integers(1, 17, (3, 9)), 0).astype(np.int32)
BINARY = Task("binary", ("no", "yes"))


@pytest.fixture(scope="module")
def encoder():
    return Encoder(toy_config(), seed=1)


@pytest.fixture(scope="module")
def layers(encoder):
    """The outputs of both layers, [3, 9, 16] each."""
    return call(keras.Model(encoder.graph().inputs, hidden_states(encoder.graph(), [1, 2])))


def call(model, **kwargs):
    outputs = model([tf.constant(TOKENS), tf.constant(TOKENS * 0)], **kwargs)
    return [output.numpy() for output in tf.nest.flatten(outputs)]


POOLED = {
    "cls": lambda x: x[:, 0],
    "mean": lambda x: np.stack([row[:n].mean(axis=0) for row, n in zip(x, LENGTHS, strict=True)]),
    "max": lambda x: np.stack([row[:n].max(axis=0) for row, n in zip(x, LENGTHS, strict=True)]),
}


@pytest.mark.parametrize("pooling", POOLED)
@pytest.mark.parametrize("chosen, numbers", [((-1,), [2]), ((1,), [1]), ((-1, 1), [2, 1]), ((1, 2), [1, 2])])
def test_pooling_reads_real_tokens_of_the_chosen_layers(encoder, layers, pooling, chosen, numbers):
    (pooled,) = call(keras.Model(encoder.graph().inputs, build_pooling(encoder, pooling, chosen)))
    expected = np.concatenate([POOLED[pooling](layers[number - 1]) for number in numbers], axis=1)
    np.testing.assert_allclose(pooled, expected, atol=1e-5)
    assert pooled.shape[1] == feature_width(toy_config(), HeadConfig(pooling=pooling, layers=chosen))


def test_nsp_is_the_pretrained_pooler(encoder, layers):
    (pooled,) = call(keras.Model(encoder.graph().inputs, build_pooling(encoder, "nsp", (-1,))))
    kernel, bias = encoder.get_layer("NSP-Dense").get_weights()
    np.testing.assert_allclose(pooled, np.tanh(layers[1][:, 0] @ kernel + bias), atol=1e-5)


def test_layers_that_are_not_there_are_refused(encoder):
    with pytest.raises(ArgumentError, match="between 1 and 2"):
        build_pooling(encoder, "mean", (3,))


@pytest.mark.parametrize("hidden, task, parameters", [
    ((), BINARY, 16 + 1), ((5,), BINARY, 16 * 5 + 5 + 5 + 1), ((8, 3), Task("multiclass", "abcd"), 136 + 27 + 16),
    ((), Task("multilabel", "abc"), 16 * 3 + 3), ((), Task("regression", "y"), 17),
])
def test_parameters_of_a_head(encoder, hidden, task, parameters):
    head = build_head(16, HeadConfig(hidden=hidden), task, encoder.noise, 0)
    assert head.count_params() == parameters
    assert head.output_shape == (None, task.n_outputs) and head.layers[-1].name == "output"


@pytest.mark.parametrize("activation, function", [("relu", lambda x: np.maximum(x, 0)), ("tanh", np.tanh)])
def test_a_heads_answer_by_hand(encoder, activation, function):
    head = build_head(16, HeadConfig(hidden=(5, 4), activation=activation), BINARY, encoder.noise, 3)
    x = RNG.normal(0, 1, (6, 16)).astype(np.float32)
    (W1, b1), (W2, b2), (W3, b3) = [layer.get_weights() for layer in head.layers if layer.weights]
    expected = function(function(x @ W1 + b1) @ W2 + b2) @ W3 + b3
    np.testing.assert_allclose(head(x).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("initializer, widest", [("truncated_normal", 0.04), ("glorot_uniform", (6 / 300) ** 0.5)])
def test_initializers_and_their_seeds(encoder, initializer, widest):
    def kernels(seed):
        settings = HeadConfig(hidden=(100, 100), initializer=initializer)
        head = build_head(200, settings, BINARY, encoder.noise, seed)
        return [layer.get_weights()[0] for layer in head.layers if layer.weights]

    first, again, other = kernels(1), kernels(1), kernels(2)
    assert 0.95 * widest < np.abs(first[0]).max() <= widest * (1 + 1e-6)
    np.testing.assert_array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])
    flat = [kernel.ravel()[:50] for kernel in (*first, *other)]
    for i, a in enumerate(flat):
        for b in flat[:i]:
            assert not np.array_equal(a, b)


def test_dropout_stands_before_every_dense_layer(encoder):
    head = build_head(16, HeadConfig(hidden=(5, 4), dropout=0.4), BINARY, encoder.noise, 3)
    names = [layer.name for layer in head.layers[1:]]
    assert names == ["Head-Dropout-1", "Head-Dense-1", "Head-Dropout-2", "Head-Dense-2", "Head-Dropout-3", "output"]
    assert {layer.rate for layer in head.layers if "Dropout" in layer.name} == {0.4}
    plain = build_head(16, HeadConfig(hidden=(5, 4), dropout=0), BINARY, encoder.noise, 3)
    x = tf.constant(RNG.normal(0, 1, (6, 16)).astype(np.float32))
    np.testing.assert_array_equal(plain(x, training=True), plain(x, training=False))
    fill_at_random(layer for layer in head.layers if layer.weights)
    assert np.abs(head(x, training=True) - head(x, training=False)).max() > 1e-3


def test_the_network_is_the_head_on_the_pooled_encoder():
    config = toy_config(**NO_DROPOUT)
    encoder = Encoder(config, seed=1)
    settings = HeadConfig(hidden=(5,), pooling="max", layers=(1,))
    head = build_head(16, settings, BINARY, encoder.noise, 3)
    network = network_graph(encoder, settings, head)
    (pooled,) = call(keras.Model(encoder.graph().inputs, build_pooling(encoder, "max", (1,))))
    np.testing.assert_allclose(call(network)[0], head(pooled).numpy(), atol=1e-6)
    held = {layer.name for layer in network.layers}
    assert "Encoder-1-FeedForward" in held and "Encoder-2-FeedForward" not in held  # what is not read is not trained


@pytest.mark.parametrize("head", [{}, {"hidden": (6,)}, {"pooling": "nsp"}, {"pooling": "mean"}], ids=str)
def test_in_bfloat16_as_many_texts_get_an_answer_of_their_own_as_in_float32(head):
    model = toy_head("binary", **head)
    encoding = model.encode(Rows.of(toy_texts(300)))
    exact, rounded = (model.logits(encoding, precision) for precision in ("float32", "bfloat16"))
    assert len(np.unique(rounded)) >= 0.99 * len(np.unique(exact)) > 200
    assert 0 < np.abs(rounded - exact).max() < 0.05 * np.ptp(exact)
    network = model.graph()  # Keras's graph has the same heads
    ids, segments, _ = encoding.pad()
    with compute_in("bfloat16"):
        assert len(np.unique(network([ids, segments]))) >= 0.99 * len(np.unique(exact))


def test_pretraining_heads_give_float32_whose_next_sentence_is_not_rounded():
    model = toy_model()
    model.add_pretraining(PretrainHeads(), seed=1)
    vectors = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)
    with compute_in("bfloat16"):
        tokens, following = model.pretraining.token_logits(vectors), model.pretraining.next_logits(vectors)
    assert tokens.dtype == following.dtype == tf.float32
    assert len(np.unique(following.numpy())) == 600

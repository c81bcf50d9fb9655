"""Layers compute what NumPy does and survive their configs; Keras models of them are cloned, saved and loaded."""

import math

import numpy as np
import pytest

from bertfit import _env
from bertfit.config.head import HeadConfig
from bertfit.config.task import Task
from bertfit.network.attention import MultiHeadSelfAttention
from bertfit.network.heads import MaxPool, MeanPool
from bertfit.network.layers import (
    Dense,
    FeedForward,
    FirstToken,
    LayerNormalization,
    OneSegment,
    PositionEmbedding,
    RelativePositions,
    TokenEmbedding,
    activation,
    distance_buckets,
)
from bertfit.network.noise import Dropout, FreshNormal, Noise
from bertfit.network.pretrain_heads import TiedLogits
from toys.models import OTHER_ENCODERS, fill_at_random, toy_model

tf = _env.tensorflow()
keras = _env.keras()

IDS = np.array([[2, 5, 6, 7, 3, 0], [2, 8, 9, 3, 0, 0]], np.int32)
X = np.random.default_rng(0).normal(size=(2, 6, 8)).astype(np.float32)
RNG = np.random.default_rng(5)


def noise(seed=9):
    made = Noise()
    made.reset(seed)
    return made


def fresh():
    return FreshNormal(0.3, 5, 7)


#: A layer of every class, none of whose arguments is the default, and an input.
LAYERS = {
    "LayerNormalization": (lambda: LayerNormalization(1e-3, name="a"), X),
    "TokenEmbedding": (lambda: TokenEmbedding(17, 8, 3, noise=noise(), name="b", initializer=fresh()), IDS),
    "PositionEmbedding": (lambda: PositionEmbedding(9, name="c", initializer=fresh()), X),
    "MultiHeadSelfAttention": (lambda: MultiHeadSelfAttention(2, 3, 0.4, 6, fresh(), noise(), name="d"), X),
    "OneSegment": (lambda: OneSegment(1, 8, embeddings_initializer=fresh(), name="l"), IDS),
    "RelativePositions": (lambda: RelativePositions(6, 3, name="m", initializer=fresh()), X),
    "TalkingHeads": (lambda: MultiHeadSelfAttention(2, 3, 0.4, 6, fresh(), noise(), 0, True, name="n"), X),
    "GatedFeedForward": (lambda: FeedForward(5, "relu", fresh(), True, name="o"), X),
    "FeedForward": (lambda: FeedForward(5, "relu", name="e", initializer=fresh()), X),
    "Dense": (lambda: Dense(5, "tanh", use_bias=False, name="f", initializer=fresh()), X),
    "Dropout": (lambda: Dropout(0.4, 6, noise(), name="g"), X),
    "FirstToken": (lambda: FirstToken(name="h"), X),
    "MeanPool": (lambda: MeanPool(name="i"), X),
    "MaxPool": (lambda: MaxPool(name="j"), X),
    "TiedLogits": (lambda: TiedLogits(17, False, name="k"), X[:, 0]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_made_from_its_config_is_the_same(name):
    make, x = LAYERS[name]
    layer = make()
    first = layer(x).numpy()
    again = type(layer).from_config(layer.get_config())
    again_first = again(x).numpy()
    assert again.get_config() == layer.get_config() and again.name == layer.name
    np.testing.assert_array_equal(again_first, first)  # fresh weights are the same too
    fill_at_random([layer])
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x).numpy(), layer(x).numpy())
    if name == "TokenEmbedding":
        np.testing.assert_array_equal(again.compute_mask(x), x != 3)


@pytest.mark.parametrize("name", ["MultiHeadSelfAttention", "Dropout"])
def test_a_layer_with_noise_of_its_own_drops_by_its_seed_and_anew_at_every_call(name):
    make, x = LAYERS[name]
    layer = make()
    layer(x)
    fill_at_random([layer], scale=1.0)
    config = layer.get_config()
    assert config["seed"] == 9 and config["index"] == 6
    one, other, third = (type(layer).from_config(c) for c in (config, config, {**config, "seed": 10}))
    answers = []
    for made in (one, other, third):
        made(x)
        made.set_weights(layer.get_weights())
        answers.append([made(x, training=True).numpy() for _ in range(2)])
    np.testing.assert_array_equal(answers[0], answers[1])
    assert np.abs(answers[0][0] - answers[0][1]).max() > 0.01  # every call is a step
    assert np.abs(answers[0][0] - answers[2][0]).max() > 0.01
    np.testing.assert_array_equal(one(x).numpy(), layer(x).numpy())


def test_an_initializer_made_from_its_config_goes_on_where_it_began():
    drawn = FreshNormal(0.3, 5, 7)
    first = [drawn([3, 4]).numpy() for _ in range(2)]
    again = FreshNormal.from_config(drawn.get_config())
    np.testing.assert_array_equal([again([3, 4]).numpy() for _ in range(2)], first)
    plain = FreshNormal(0.3, 5)
    for _ in range(7):
        plain([3, 4])
    np.testing.assert_array_equal(plain([3, 4]).numpy(), first[0])


def test_tied_logits_use_the_embeddings_table_which_is_no_weight_of_theirs():
    embedding = TokenEmbedding(17, 8, initializer=fresh())
    embedding.build((None, None))
    layer = TiedLogits(17, True, embedding)
    np.testing.assert_allclose(layer(X[:, 0]).numpy(), X[:, 0] @ embedding.embeddings.numpy().T, atol=1e-5)
    assert [weight.shape for weight in layer.weights] == [(17,)]
    alone = TiedLogits.from_config(layer.get_config())
    alone(X[:, 0])
    assert sorted(tuple(weight.shape) for weight in alone.weights) == [(17,), (17, 8)]


# -- Against NumPy -------------------------------------------------------------------------------------

def test_gelus_are_the_textbooks():
    x = np.linspace(-6, 6, 101).astype(np.float32)
    erf = np.array([0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x])
    tanh = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    np.testing.assert_allclose(activation("gelu")(x).numpy(), erf, atol=1e-6)
    np.testing.assert_allclose(activation("gelu_new")(x).numpy(), tanh, atol=1e-6)
    assert np.abs(erf - tanh).max() > 1e-4  # so each test tells one from the other


@pytest.mark.parametrize("name, function", [
    ("gelu", lambda x: np.vectorize(lambda v: 0.5 * v * (1 + math.erf(v / math.sqrt(2))))(x)),
    ("relu", lambda x: np.maximum(x, 0)), ("tanh", np.tanh), ("linear", lambda x: x),
])
def test_the_feed_forward_uses_the_configs_activation(name, function):
    layer = FeedForward(7, name)
    x = RNG.normal(0, 1, (2, 3, 5)).astype(np.float32)
    layer(x)
    fill_at_random([layer], scale=1.0)
    W1, b1, W2, b2 = (weight.astype(np.float64) for weight in layer.get_weights())
    np.testing.assert_allclose(layer(x).numpy(), function(x @ W1 + b1) @ W2 + b2, atol=1e-5)


@pytest.mark.parametrize("name, function", [
    ("gelu", lambda x: np.vectorize(lambda v: 0.5 * v * (1 + math.erf(v / math.sqrt(2))))(x)), ("linear", lambda x: x),
])
@pytest.mark.parametrize("training", [False, True])
def test_a_gate_multiplies_the_activations_of_the_feed_forward_layer(name, function, training):
    layer = FeedForward(7, name, gated=True)  # "GLU variants": (act(x W1) * (x V)) W2, here with biases
    x = RNG.normal(0, 1, (2, 3, 5)).astype(np.float32)
    layer(x)
    fill_at_random([layer], scale=1.0)
    W1, b1, W2, b2, V, c = (weight.astype(np.float64) for weight in layer.get_weights())
    expected = (function(x @ W1 + b1) * (x @ V + c)) @ W2 + b2
    np.testing.assert_allclose(layer(x, training=training).numpy(), expected, atol=2e-5)
    assert (W1.shape, V.shape, W2.shape) == ((5, 7), (5, 7), (7, 5))


def slow_bucket(distance, buckets):
    """T5's rule in words: half of the buckets for keys after the query; of each half the first half for one distance
    each, the others for ranges that grow up to 128."""
    half, size = buckets // 2, abs(distance)
    start, single = half if distance > 0 else 0, half // 2
    if size < single:
        return start + size
    edges = [single * (128 / single) ** (k / (half - single)) for k in range(half - single)]
    return start + single + sum(size >= edge - 1e-6 for edge in edges) - 1


@pytest.mark.parametrize("buckets", [4, 6, 8, 32, 508])
def test_buckets_of_distances_are_t5s(buckets):
    distances = np.arange(-600, 601)
    ours = distance_buckets(distances, buckets)
    assert ours.tolist() == [slow_bucket(int(d), buckets) for d in distances]
    assert ours.min() == 0 and ours.max() == buckets - 1


@pytest.mark.parametrize("buckets", [8, 16, 32, 64])
def test_buckets_of_distances_are_transformers(buckets):
    torch = pytest.importorskip("torch")
    mpnet = pytest.importorskip("transformers.models.mpnet.modeling_mpnet")
    distances = np.arange(-600, 601)
    theirs = mpnet.MPNetEncoder.relative_position_bucket(torch.tensor(distances), buckets).numpy()
    np.testing.assert_array_equal(distance_buckets(distances, buckets), theirs)


@pytest.mark.parametrize("length", [1, 2, 7, 150])
def test_the_bias_of_a_pair_of_tokens_is_its_buckets_and_so_is_the_gradient(length):
    layer = RelativePositions(32, 3)
    x = tf.zeros([2, length, 4])
    layer(x)
    fill_at_random([layer])
    upstream = RNG.normal(size=(1, 3, length, length)).astype(np.float32)
    with tf.GradientTape() as tape:
        bias = layer(x)
        total = tf.reduce_sum(bias * upstream)
    gradient = tape.gradient(total, layer.bias)
    bucket = distance_buckets(np.arange(length)[None, :] - np.arange(length)[:, None], 32)  # [query, key]
    np.testing.assert_allclose(bias, layer.get_weights()[0][bucket].transpose(2, 0, 1)[None], atol=1e-6)
    table = tf.Variable(layer.get_weights()[0])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.transpose(tf.gather(table, bucket), [2, 0, 1]) * upstream[0])
    expected = tf.convert_to_tensor(tape.gradient(total, table))
    np.testing.assert_allclose(gradient, expected, atol=1e-4)


# -- Keras models --------------------------------------------------------------------------------------

#: All that other families have, in one encoder.
OTHERS = {name: value for fields in OTHER_ENCODERS.values() for name, value in fields.items()}


@pytest.fixture(scope="module", params=["encoder", "mean of two layers", "another family's"])
def graph(request):
    model = toy_model(**(OTHERS | {"type_vocab_size": 1} if request.param == "another family's" else {}))
    if request.param != "encoder":
        model.add_head(Task("multiclass", "abc"), HeadConfig(hidden=(6,), pooling="mean", layers=(1, -1)), seed=2)
    return model.graph()


def run(model, **kwargs):
    return [output.numpy() for output in tf.nest.flatten(model([tf.constant(IDS), tf.constant(IDS * 0)], **kwargs))]


def check_alike(graph, other):
    assert [layer.name for layer in other.layers] == [layer.name for layer in graph.layers]
    assert [type(layer) for layer in other.layers] == [type(layer) for layer in graph.layers]
    for one, two in zip(run(graph), run(other), strict=True):
        np.testing.assert_array_equal(one, two)


def check_training(model):
    """Dropout drops anew at every step, and the model learns."""
    assert np.abs(run(model, training=True)[-1] - run(model, training=True)[-1]).max() > 1e-3
    outputs = keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed=1))(model.outputs[-1])
    learner = keras.Model(model.inputs, outputs)
    learner.compile(keras.optimizers.Adam(0.01), "mse")
    x, y = np.tile(IDS, (8, 1)), np.tile([1.0, -1.0], 8)
    losses = learner.fit([x, x * 0], y, epochs=24, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


def test_a_clone_has_the_same_fresh_weights_and_can_be_trained(graph):
    clone = keras.models.clone_model(graph)
    fresh = {layer.name: layer.get_weights() for layer in clone.layers if not layer.name.startswith(("Head", "output"))}
    for name, weights in fresh.items():
        for mine, theirs in zip(weights, graph.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    clone.set_weights(graph.get_weights())
    check_alike(graph, clone)
    check_training(clone)


CUSTOM = {cls.__name__: cls for cls in (
    LayerNormalization, TokenEmbedding, PositionEmbedding, MultiHeadSelfAttention, OneSegment, RelativePositions,
    FeedForward, Dense, Dropout, FirstToken, MeanPool, MaxPool, FreshNormal)}


@pytest.mark.parametrize("file, custom", [
    ("model.keras", CUSTOM), ("model.h5", CUSTOM),
    ("model.keras", None),  # classes are registered; in HDF5 files Keras 2 does not find a registered initializer
], ids=["keras", "h5", "registered"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_saved_model_is_loaded_alike(graph, tmp_path, file, custom):
    graph.save(tmp_path / file)
    loaded = keras.models.load_model(tmp_path / file, custom_objects=custom)
    check_alike(graph, loaded)
    if custom is None:
        check_training(loaded)

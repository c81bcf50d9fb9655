"""Encoders of other families: the fields of their configurations, each computed in three ways that agree."""

import dataclasses
import itertools
import random

import numpy as np
import pytest

from bertfit import _env
from bertfit.checkpoints.registry import count_parameters
from bertfit.network import compiling
from bertfit.network.encoder import Encoder
from bertfit.network.keras_graph import hidden_states
from toys.models import NO_DROPOUT, OTHER_ENCODERS, fill_at_random, toy_config
from toys.networks import INPUTS, compare

tf = _env.tensorflow()
keras = _env.keras()

ALL = {name: value for fields in OTHER_ENCODERS.values() for name, value in fields.items()}
DROPPING = {"hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0.3}


def make(fields, **settings) -> Encoder:
    config = dataclasses.replace(toy_config(**fields, **settings), vocab_size=50)
    encoder = Encoder(config, seed=3)
    fill_at_random(layer for layer in encoder.layers if layer.weights)
    return encoder


# -- The computation as it runs, and the Keras graph ---------------------------------------------------

@pytest.mark.parametrize("family", OTHER_ENCODERS)
def test_states_are_the_graphs_with_the_same_values_dropped(family):
    encoder = make(OTHER_ENCODERS[family], **DROPPING)
    graph = encoder.graph()
    compare(encoder, lambda: encoder.states(INPUTS, True)[-1], lambda: graph(INPUTS, training=True)[0],
            value_atol=1e-5, gradient_atol=1e-5)


@pytest.mark.parametrize("precision, compiled, close", [("float32", True, 1e-5), ("bfloat16", False, 0.06),
                                                        ("bfloat16", True, 0.06)])
def test_everything_at_once_is_the_graphs_in_every_way_to_compute(precision, compiled, close):
    if compiled and not compiling.can_compile():
        pytest.skip("this TensorFlow has no XLA")
    encoder = make(ALL, **DROPPING)
    graph = encoder.graph()
    compare(encoder, lambda: encoder.states(INPUTS, True)[-1], lambda: graph(INPUTS, training=True)[0],
            precision=precision, compiled=compiled, value_atol=close, gradient_atol=close)


@pytest.mark.parametrize("family", OTHER_ENCODERS)
def test_the_first_token_alone_gets_what_it_gets_among_all(family):
    encoder = make(OTHER_ENCODERS[family], **NO_DROPOUT)
    compare(encoder, lambda: encoder.first(INPUTS, True), lambda: encoder.states(INPUTS, True)[-1][:, 0],
            value_atol=1e-5, gradient_atol=1e-5)


@pytest.mark.parametrize("family", OTHER_ENCODERS)
def test_prepared_weights_and_known_layers_give_the_same(family):
    encoder = make(OTHER_ENCODERS[family], **NO_DROPOUT)
    first, last = encoder.states(INPUTS, False)
    prepared = encoder.states(INPUTS, False, prepared=encoder.prepared())[-1]
    np.testing.assert_allclose(prepared, last, atol=1e-6)
    np.testing.assert_allclose(encoder.states(INPUTS, False, known=(1, first))[-1], last, atol=1e-6)
    np.testing.assert_allclose(encoder.first(INPUTS, False, known=(1, first)), last[:, 0], atol=1e-5)
    below = encoder.states(INPUTS, False, depth=1)
    assert len(below) == 1
    np.testing.assert_array_equal(below[0], first)


@pytest.mark.parametrize("family", OTHER_ENCODERS)
def test_every_layers_states_are_in_the_graph(family):
    encoder = make(OTHER_ENCODERS[family], **NO_DROPOUT)
    graph = encoder.graph()
    ours = keras.Model(graph.inputs, hidden_states(graph, [1, 2]))(INPUTS)
    for state, expected in zip(ours, encoder.states(INPUTS, False), strict=True):
        np.testing.assert_allclose(state, expected, atol=1e-5)


# -- Shared layers -------------------------------------------------------------------------------------

@pytest.mark.parametrize("compiled", [False, True])
def test_a_shared_layer_is_as_many_layers_with_its_weights_and_drops_other_values_in_each(compiled):
    if compiled and not compiling.can_compile():
        pytest.skip("this TensorFlow has no XLA")
    shared = make({"share_layers": True}, **DROPPING)
    apart = make({}, **DROPPING)
    for layer in apart.layers:
        name = layer.name.replace("Encoder-2-", "Encoder-1-")
        if layer.weights:
            layer.set_weights(shared.get_layer(name).get_weights())
    values = []
    for encoder in (shared, apart):
        encoder.noise.reset(5)
        with compiling.compiled(compiled):
            values.append(encoder.states(INPUTS, True))
    for one, other in zip(*values, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert len(set(shared.attention_dropouts)) == 2


def test_a_shared_layers_gradient_is_the_sum_of_its_uses():
    shared, apart = make({"share_layers": True}, **NO_DROPOUT), make({}, **NO_DROPOUT)
    for layer in apart.layers:
        if layer.weights:
            layer.set_weights(shared.get_layer(layer.name.replace("Encoder-2-", "Encoder-1-")).get_weights())

    def gradients(encoder, name):
        weights = encoder.get_layer(name).weights
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(encoder.states(INPUTS, True)[-1] * WEIGHT)
        return tape.gradient(total, weights)

    for part in ("MultiHeadSelfAttention", "FeedForward", "FeedForward-Norm"):
        both = zip(gradients(shared, f"Encoder-1-{part}"), gradients(apart, f"Encoder-1-{part}"),
                   gradients(apart, f"Encoder-2-{part}"), strict=True)
        for whole, first, second in both:
            np.testing.assert_allclose(whole, first + second, atol=2e-5 * max(1, np.abs(whole).max()))


WEIGHT = np.random.default_rng(8).normal(size=(3, 7, 16)).astype(np.float32)


def test_layers_that_are_shared_belong_to_every_number():
    encoder = make({"share_layers": True})
    held = [layer.name for layer in encoder.layers if layer.weights and layer.name.startswith("Encoder-")]
    assert held == [f"Encoder-1-{part}" for part in (
        "MultiHeadSelfAttention", "MultiHeadSelfAttention-Norm", "FeedForward", "FeedForward-Norm")]
    for number in (1, 2):
        assert set(held) <= {layer.name for layer in encoder.layers_up_to(number)}
    assert not set(held) & {layer.name for layer in encoder.layers_up_to(0)}


# -- Segments ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("segments", [0, 1])
def test_with_fewer_than_two_segments_their_ids_change_nothing(segments):
    encoder = make({"type_vocab_size": segments}, **NO_DROPOUT)
    names = [layer.name for layer in encoder.layers]
    assert ("Embedding-Segment" in names) == (segments == 1)
    of_first = [INPUTS[0], INPUTS[1] * 0]
    np.testing.assert_array_equal(encoder.states(INPUTS, False)[-1], encoder.states(of_first, False)[-1])
    graph = encoder.graph()
    np.testing.assert_array_equal(graph(INPUTS)[0], graph(of_first)[0])


def test_the_only_segment_is_added_to_every_token():
    one, none = make({"type_vocab_size": 1}, **NO_DROPOUT), make({"type_vocab_size": 0}, **NO_DROPOUT)
    row = one.get_layer("Embedding-Segment").get_weights()[0]
    assert row.shape == (1, 16)
    for layer in none.layers:
        layer.set_weights(one.get_layer(layer.name).get_weights())
    table, = none.get_layer("Embedding-Position").get_weights()
    none.get_layer("Embedding-Position").set_weights([table + row])
    np.testing.assert_allclose(one.states(INPUTS, False)[-1], none.states(INPUTS, False)[-1], atol=1e-5)


# -- Names and numbers of weights ----------------------------------------------------------------------

def test_weights_are_counted_without_the_network():
    choices = {name: (getattr(toy_config(), name), value) for name, value in ALL.items() if name != "hidden_act"}
    some = random.Random(0).sample(list(itertools.product(*choices.values())), 40)
    for values in [*some, *(tuple(choice[i] for choice in choices.values()) for i in (0, 1))]:
        config = toy_config(**dict(zip(choices, values, strict=True)), attention_head_size=5)
        encoder = Encoder(config, fresh=False)
        assert count_parameters(config) == sum(int(np.prod(weight.shape)) for weight in encoder.weights), values


def test_what_a_field_adds_has_a_name_of_its_own():
    encoder = make(ALL)
    shapes = {layer.name: [tuple(weight.shape) for weight in layer.weights] for layer in encoder.layers}
    assert shapes["Embedding-Token"] == [(50, 6)] and shapes["Embedding-Position"] == [(32, 6)]
    assert shapes["Embedding-Norm"] == [(6,), (6,)] and shapes["Embedding-Mapping"] == [(6, 16), (16,)]
    assert shapes["Embedding-Relative"] == [(8, 2)] and "Embedding-Segment" not in shapes
    assert shapes["Encoder-1-MultiHeadSelfAttention"][8:] == [(2, 2), (2, 2)]
    assert shapes["Encoder-1-FeedForward"] == [(16, 32), (32,), (32, 16), (16,), (16, 32), (32,)]


def test_fresh_weights_are_all_different():
    config = toy_config(**{**ALL, "relative_attention_num_buckets": 32, "num_attention_heads": 8})
    matrices = [weight.numpy() for weight in Encoder(config, seed=1).weights if len(weight.shape) == 2]
    starts = {matrix.ravel()[:32].tobytes() for matrix in matrices}
    assert len(starts) == len(matrices)
    assert all(matrix.std() > 0 for matrix in matrices)

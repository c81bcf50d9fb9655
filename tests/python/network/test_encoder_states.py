"""The encoder's computation as it runs, against the Keras graph that holds its weights."""

import numpy as np
import pytest

from bertfit.config.encoder import BertConfig
from bertfit.network import compiling
from bertfit.network.encoder import Encoder
from toys.networks import INPUTS, compare


def make(depth, dropout):
    config = BertConfig(50, hidden_size=16, num_hidden_layers=depth, num_attention_heads=2, intermediate_size=32,
                        max_position_embeddings=12, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
    return Encoder(config, seed=3)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_states_are_the_graphs_with_the_same_values_dropped(training, compiled):
    if compiled and not compiling.can_compile():
        pytest.skip("this TensorFlow has no XLA")
    encoder = make(2, 0.2)
    graph = encoder.graph()
    compare(encoder, lambda: encoder.states(INPUTS, training)[-1], lambda: graph(INPUTS, training=training)[0],
            compiled=compiled, value_atol=2e-6, gradient_atol=3e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_bfloat16_is_as_close_as_the_graphs(compiled):
    if compiled and not compiling.can_compile():
        pytest.skip("this TensorFlow has no XLA")
    encoder = make(2, 0.2)
    graph = encoder.graph()
    compare(encoder, lambda: encoder.states(INPUTS, True)[-1], lambda: graph(INPUTS, training=True)[0],
            precision="bfloat16", compiled=compiled, value_atol=0.03, gradient_atol=0.03)


def test_the_pooled_output_is_the_graphs():
    encoder = make(2, 0.0)
    graph = encoder.graph()
    compare(encoder, lambda: encoder.pooled(encoder.first(INPUTS, True)), lambda: graph(INPUTS, training=True)[1],
            value_atol=2e-6, gradient_atol=3e-6)


@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("depth", [1, 2])
def test_the_first_token_alone_gets_what_it_gets_among_all(depth, dropout):
    # With dropout only outside training, where both are the same function.
    encoder = make(depth, dropout)
    graph = encoder.graph()
    training = dropout == 0.0
    compare(encoder, lambda: encoder.first(INPUTS, training), lambda: graph(INPUTS, training=training)[0][:, 0],
            value_atol=2e-6, gradient_atol=3e-6)


def test_states_to_a_depth_are_the_first_of_all_states():
    encoder = make(3, 0.0)
    states = encoder.states(INPUTS, False)
    below = encoder.states(INPUTS, False, depth=2)
    assert (len(states), len(below)) == (3, 2)
    for one, other in zip(states, below, strict=False):
        np.testing.assert_array_equal(one, other)

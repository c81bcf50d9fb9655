"""One graph serves all variables of its shapes, and nothing outlives what it belongs to."""

import gc
import weakref

import numpy as np
import pytest

from bertfit import _env
from bertfit.network import tracing
from bertfit.network.tracing import custom_gradient, share

tf = _env.tensorflow()
FLOATS = (tf.TensorSpec([None], tf.float32),)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(tracing, "_kept", type(tracing._kept)())


def doubler(variable, traces, key="key"):
    """x -> 2 * variable * x, which adds 1 to the variable; `traces` counts how often it is traced."""

    def function(x):
        traces.append(1)
        answer = 2.0 * variable * x
        variable.assign_add(tf.ones_like(variable))
        return answer

    return share(function, FLOATS, [variable], key)


def test_equal_keys_share_a_graph_and_each_keeps_its_own_variables():
    traces, a, b = [], tf.Variable([3.0]), tf.Variable([5.0])
    of_a, of_b = doubler(a, traces), doubler(b, traces)
    assert traces == [1]
    assert [of_a(np.float32([1, 2])).numpy().tolist(), of_b([1.0]).numpy().tolist()] == [[6, 12], [10]]
    assert [of_a([1.0]).numpy().tolist(), a.numpy().tolist(), b.numpy().tolist()] == [[8], [5], [6]]


@pytest.mark.parametrize("change", [
    lambda traces: doubler(tf.Variable([3.0]), traces, "another"),
    lambda traces: doubler(tf.Variable([3.0, 4.0]), traces),
    lambda traces: share(lambda x: traces.append(1) or x, (tf.TensorSpec([None], tf.int32),), [tf.Variable([1.0])],
                         "key")])
def test_another_key_shape_or_signature_is_another_graph(change):
    traces = []
    doubler(tf.Variable([3.0]), traces)
    change(traces)
    assert traces == [1, 1]


def test_variables_are_freed_with_their_owner():
    variable = tf.Variable(tf.ones([1]))
    function, gone = doubler(variable, []), weakref.ref(variable)
    handle = weakref.ref(variable.handle)
    function([1.0])
    del variable, function
    gc.collect()
    assert gone() is None and handle() is None
    assert len(tracing._kept) == 1


def test_the_graph_used_longest_ago_is_freed(monkeypatch):
    monkeypatch.setattr(tracing, "KEPT", 2)
    traces, variable = [], tf.Variable([1.0])
    graphs = []
    for key in ("a", "b", "a", "c"):  # "b" has to go
        doubler(variable, traces, key)
        graphs.append(weakref.ref(next(reversed(tracing._kept.values()))._graph.graph))
    gc.collect()
    assert [graph() is None for graph in graphs] == [False, True, False, False] and len(traces) == 3
    doubler(variable, traces, "a")
    assert len(traces) == 3
    doubler(variable, traces, "b")
    assert len(traces) == 4


def test_a_variable_that_was_not_named_is_an_error():
    hidden = tf.Variable([1.0])
    with pytest.raises(KeyError):
        share(lambda x: hidden * x, FLOATS, [tf.Variable([1.0])], "key")


# -- Gradients -----------------------------------------------------------------------------------------

@custom_gradient
def tripled(x):
    return tf.identity(x), lambda dy: 3.0 * dy  # not the gradient of the identity, so that it can be told apart


def test_a_gradient_is_used_by_tapes_within_and_outside_of_a_graph():
    x = tf.Variable([1.0, 2.0])

    @tf.function
    def within():
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tripled(x * 1.0))
        return tape.gradient(y, x)

    assert within().numpy().tolist() == [3, 3]
    for forward in (tf.function(lambda: tf.reduce_sum(tripled(x * 1.0))), lambda: tf.reduce_sum(tripled(x * 1.0))):
        with tf.GradientTape() as tape:
            y = forward()
        assert tape.gradient(y, x).numpy().tolist() == [3, 3]


@pytest.mark.parametrize(("gradient", "freed"), [(custom_gradient, True), (tf.custom_gradient, False)])
def test_a_graph_with_a_gradient_is_freed_and_forgotten(gradient, freed):
    from tensorflow.python.framework import ops

    twice = gradient(lambda x: (x + x, lambda dy: dy + dy))
    before = set(ops.gradient_registry.list())
    graph = weakref.ref(tf.function(lambda: twice(tf.constant([1.0]))).get_concrete_function().graph)
    gc.collect()
    assert (graph() is None) == freed
    left = {name for name in set(ops.gradient_registry.list()) - before if name.startswith("CustomGradient")}
    assert (not left) == freed

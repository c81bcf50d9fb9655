"""Traced functions that networks of one shape share, and gradients that are freed with their graph.

Tracing and optimizing a training step takes seconds, and the result some ten megabytes. `share` traces a function once
for all networks of one shape in a process, and runs it on the variables of each.
"""

from __future__ import annotations

import collections
import functools
import threading
import weakref
from collections.abc import Callable, Hashable, Sequence

from bertfit import _env

tf = _env.tensorflow()

#: Traced functions kept. A further one takes the place of the one that was not used for longest.
KEPT = 8

_kept: collections.OrderedDict[Hashable, _Traced] = collections.OrderedDict()
_lock = threading.RLock()


def share(function: Callable, signature: Sequence, variables: Sequence, key: Hashable) -> Callable:
    """`function` as one graph, traced unless that was done before for the same `key`, to be called with tensors.

    Args:
        function: A function of tensors. The only other tensors and variables that it uses are `variables`.
        signature: The `tf.TensorSpec`s of its arguments; an argument may be a tuple of tensors.
        variables: What it may read and assign, in an order that is the same wherever the key is.
        key: Everything that determines the graph, apart from the signature and the variables' shapes and types.

    Returns:
        A function of the same arguments, which may be arrays. It keeps its variables alive; the graph, which others
        share, does not.
    """
    key = (key, tuple(signature), tuple((variable.shape, variable.dtype) for variable in variables))
    with _lock:
        traced = _kept.get(key) or _Traced(function, signature, variables)
        _kept[key] = traced
        _kept.move_to_end(key)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return traced.on(variables)


class _Traced:
    """A graph whose captured variables are given with every call.

    TensorFlow's graph captures the variables that `function` uses when it is traced, and would keep them alive. Their
    places are given to a function that is never called; `on` fills them.
    """

    def __init__(self, function: Callable, signature: Sequence, variables: Sequence):
        self._graph = tf.function(_env.as_written(function), input_signature=signature).get_concrete_function()
        number = {id(variable.handle): i for i, variable in enumerate(variables)}
        captured = list(self._graph.captured_inputs)
        self._order = [number[id(handle)] for handle in captured]  # a KeyError here: `variables` lacks one
        for handle in captured:
            self._graph.replace_capture_with_deferred_capture(handle, _nothing, tf.TensorSpec([], handle.dtype))
        if self._graph.graph.captures:  # reading this list also frees what it was before
            raise RuntimeError("A shared graph must keep no variables.")

    def on(self, variables: Sequence) -> Callable:
        """The function, on `variables`."""
        used = [variables[i] for i in self._order]

        def call(*inputs):
            tensors = [tf.convert_to_tensor(value) for value in tf.nest.flatten(inputs)]
            return self._graph._call_flat(tensors, [variable.handle for variable in used])

        return call


def _nothing():
    raise RuntimeError("A shared graph is called on the variables of a network.")


def custom_gradient(function: Callable) -> Callable:
    """`tf.custom_gradient`, without its leak.

    Within a graph TensorFlow registers every call's gradient under a new name, for good, and the gradient keeps the
    graph and all that the graph captures: the weights of the model. Here the graph keeps its gradients, and the
    register finds them there for as long as the graph exists.
    """
    differentiated = tf.custom_gradient(function)

    @functools.wraps(function)
    def call(*tensors):
        results = differentiated(*tensors)
        if not tf.executing_eagerly():
            _move_to_graph(tf.nest.flatten(results)[0].op)
        return results

    return call


def _move_to_graph(op) -> None:
    from tensorflow.python.framework import ops

    name, register = op.get_attr("_gradient_op_type").decode(), ops.gradient_registry._registry
    if not hasattr(op.graph, "_own_gradients"):
        op.graph._own_gradients = {}
    op.graph._own_gradients[name] = register[name]["type"]
    graph = weakref.ref(op.graph)  # saving as a SavedModel calls gradients without an operation
    register[name]["type"] = lambda op, *gradients: graph()._own_gradients[name](op, *gradients)
    weakref.finalize(op.graph, register.pop, name, None)

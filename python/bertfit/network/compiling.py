"""Compiling kernels with XLA: the switch for a whole graph, and the decorator for a kernel."""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Callable

from bertfit import _env

tf = _env.tensorflow()

_compiling = contextvars.ContextVar("compiling", default=False)


@contextlib.contextmanager
def compiled(wanted: bool = True):
    """Context in which graphs are traced with compiled kernels, if `wanted`."""
    token = _compiling.set(bool(wanted))
    try:
        yield
    finally:
        _compiling.reset(token)


def is_compiling() -> bool:
    """Whether the innermost enclosing `compiled` context is on."""
    return _compiling.get()


@functools.cache
def can_compile() -> bool:
    """Whether this TensorFlow has XLA for its device (TensorFlow for Windows does not)."""
    try:
        return float(tf.function(lambda x: x + 1.0, jit_compile=True)(tf.constant(1.0))) == 2.0
    except tf.errors.OpError:
        return False


def kernel(function: Callable) -> Callable:
    """Decorator: compile `function` once per set of keyword arguments. Tensors are passed by position."""

    @functools.cache
    def make(options: tuple):
        return tf.function(functools.partial(function, **dict(options)), autograph=False, jit_compile=True)

    @functools.wraps(function)
    def call(*tensors, **options):
        return make(tuple(sorted(options.items())))(*tensors)

    return call

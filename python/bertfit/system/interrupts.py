"""Ctrl-C: what it may not tear apart, and who hears it while R waits for Python.

Signals reach Python's main thread alone. Elsewhere, and where SIGINT is ignored (a job of a background shell), the
blocks below change nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import threading
from collections.abc import Callable, Iterator

_answered = False


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Ctrl-C inside is raised at the end of the block: what belongs together is done whole."""
    if not _can_listen():
        yield
        return
    came = []
    with _heard_by(lambda *about: came.append(about)) as before:
        yield
    if came:
        before(*came[0])


@contextlib.contextmanager
def from_r(heeded: bool = True) -> Iterator[None]:
    """While R waits, Ctrl-C is Python's alone: a KeyboardInterrupt (or nothing), and R notes none of its own.

    reticulate's own handler asks R, by an R function, who is to answer. R may notice the interrupt while it
    evaluates that function, and then the handler itself fails in the middle of whatever Python does: seen in
    reticulate 1.28 as "RuntimeError: (Unknown exception occurred)", about once in twenty times. Outside of R, and in
    calls that such a call makes, nothing changes.

    Args:
        heeded: False for work that Ctrl-C shall not stop.
    """
    global _answered
    if not _can_listen() or getattr(signal.getsignal(signal.SIGINT), "__module__", None) != "rpytools.signals":
        yield
        return
    _answered = not heeded
    with _heard_by(_raise):
        yield


def answered() -> None:
    """An interrupt has been taken up: those that follow in the same call from R change nothing more."""
    global _answered
    _answered = True


def _raise(signum, frame) -> None:
    if not _answered:
        raise KeyboardInterrupt


def _can_listen() -> bool:
    return threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT))


@contextlib.contextmanager
def _heard_by(handler: Callable) -> Iterator[Callable]:
    """`handler` hears SIGINT inside; afterwards whoever heard it before, here and in C, where R has its own."""
    before, before_in_c = signal.getsignal(signal.SIGINT), _get_handler(signal.SIGINT)
    signal.signal(signal.SIGINT, handler)
    try:
        yield before
    finally:
        signal.signal(signal.SIGINT, before)
        _set_handler(signal.SIGINT, before_in_c)


_get_handler, _set_handler = ctypes.pythonapi.PyOS_getsig, ctypes.pythonapi.PyOS_setsig
_get_handler.argtypes, _get_handler.restype = [ctypes.c_int], ctypes.c_void_p
_set_handler.argtypes, _set_handler.restype = [ctypes.c_int, ctypes.c_void_p], ctypes.c_void_p

"""Ctrl-C (SIGINT): delay it until a block has completed, and handle it in Python while R waits for Python.

Python runs signal handlers in its main thread only. In other threads, and where SIGINT is ignored (as in a shell's
background jobs), the functions below change nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import threading
from collections.abc import Callable, Iterator

_answered = False  # whether `_raise` ignores SIGINT


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Delay Ctrl-C: if it comes inside the block, it is raised at the end, so the block always completes."""
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
    """While R waits for Python, Ctrl-C raises KeyboardInterrupt in Python (or does nothing) and does not reach R.

    reticulate's own handler calls an R function to find out whether R or Python handles the interrupt. R may notice
    the interrupt while it evaluates that function, and then the handler itself fails in the middle of whatever Python
    is doing: seen in reticulate 1.28 as "RuntimeError: (Unknown exception occurred)", for about one interrupt in
    twenty. Changes nothing outside of R, nor inside another such block.

    Args:
        heeded: False to ignore Ctrl-C in the block.
    """
    global _answered
    if not _can_listen() or getattr(signal.getsignal(signal.SIGINT), "__module__", None) != "rpytools.signals":
        yield
        return
    _answered = not heeded
    with _heard_by(_raise):
        yield


def answered() -> None:
    """Ignore further interrupts in the current call from R, because one is already being acted upon."""
    global _answered
    _answered = True


def _raise(signum, frame) -> None:
    if not _answered:
        raise KeyboardInterrupt


def _can_listen() -> bool:
    return threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT))


@contextlib.contextmanager
def _heard_by(handler: Callable) -> Iterator[Callable]:
    """Handle SIGINT with `handler` inside the block, then restore Python's handler and the C one (R sets its own)."""
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

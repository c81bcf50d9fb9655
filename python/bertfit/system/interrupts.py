"""Ctrl-C (SIGINT): raised at safe points of long work, delayed until a block has completed, and taken over from R.

Python's own handler raises KeyboardInterrupt wherever Python happens to be. In a weakref callback or in ``__del__``
the exception is then lost, and in the middle of other people's code it may leave things half done. So during long work
(`listening`) the handler only takes a note, and `check`, called between batches or blocks of texts, raises. If none is
called within `GRACE` seconds (a connection that waits, a graph that is traced), the handler is called again and raises
itself, again and again until the exception comes through; not while a module is being imported, because a half
imported TensorFlow cannot be imported again.

Python runs signal handlers in its main thread only. In other threads, and where SIGINT is ignored (as in a shell's
background jobs), the functions below change nothing.
"""

from __future__ import annotations

import _thread
import contextlib
import ctypes
import signal
import sys
import threading
import time
import weakref
from _weakrefset import WeakSet
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

#: Seconds in which long work must reach a safe point; after them KeyboardInterrupt is raised anywhere.
GRACE = 1.0

_AGAIN = 0.25  # seconds before KeyboardInterrupt is raised once more, if it was swallowed
_TICK = 0.02  # seconds between two looks of the thread that waits

_current: _Listener | None = None  # of the outermost `listening` block


@contextlib.contextmanager
def listening(heeded: bool = True) -> Iterator[None]:
    """Long work: in the block, Ctrl-C raises KeyboardInterrupt at the next safe point, at its end at the latest.

    Replaces Python's default handler and, while R waits for Python, reticulate's, which fails now and then: up to 1.28
    it calls an R function to find out who handles the interrupt, and R may notice the interrupt in there. A handler of
    the caller's own stays. Changes nothing inside another such block. Also a decorator.

    Args:
        heeded: False to ignore Ctrl-C in the block.
    """
    global _current
    if not _can_listen() or _current is not None or not _replaceable(signal.getsignal(signal.SIGINT)):
        yield
        return
    listener = _Listener(heeded, sys._getframe(2))
    with _heard_by(listener.hear) as before:
        listener.watch_r(before)
        _current = listener
        try:
            yield
        except Exception as error:
            if listener.raised and not listener.answered:  # somebody made another exception of it
                raise KeyboardInterrupt from error
            raise
        finally:
            listener.end()
            _current = None
    if listener.pending():
        raise KeyboardInterrupt


def check() -> None:
    """A safe point: raise KeyboardInterrupt if Ctrl-C came since the `listening` block began."""
    listener = _current
    if listener is not None and listener.is_here():
        listener.look_at_r()
        if listener.pending() and not listener.held:
            listener.raised = True
            raise KeyboardInterrupt


def answered() -> None:
    """Ignore further interrupts in the current `listening` block, because one is already being acted upon."""
    if _current is not None:
        _current.answered = True


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Delay Ctrl-C: if it comes inside the block, it is raised at the end, so the block always completes."""
    listener = _current
    if listener is not None and listener.is_here():
        listener.held += 1
        try:
            yield
        finally:
            listener.held -= 1
        check()
        return
    if not _can_listen():
        yield
        return
    came = []
    with _heard_by(lambda *about: came.append(about)) as before:
        yield
    if came:
        before(*came[0])


@contextlib.contextmanager
def released() -> Iterator[None]:
    """Within a `held` block, an inner one in which Ctrl-C is raised nevertheless."""
    listener = _current
    if listener is None or not listener.is_here():
        yield
        return
    held_before, listener.held = listener.held, 0
    try:
        check()
        yield
    finally:
        listener.held = held_before


class _Listener:
    """The handler of one `listening` block: when Ctrl-C came, and whether it may be raised.

    Args:
        heeded: Whether Ctrl-C is heeded.
        frame: The frame that the block is in; what called that is no concern of the block's.
    """

    def __init__(self, heeded: bool, frame: FrameType):
        self.answered = not heeded
        self.raised = False
        self.held = 0  # blocks of `held` that are open
        self._since: float | None = None
        self._next = 0.0
        self._over = False
        self._thread = threading.get_ident()
        self._outer: FrameType | None = frame
        self._lock = threading.Lock()
        self._hook: Callable | None = None
        self._r: Any = None

    def pending(self) -> bool:
        return self._since is not None and not self.answered

    def is_here(self) -> bool:
        return threading.get_ident() == self._thread

    def watch_r(self, handler: Callable) -> None:
        """Where R waits, also heed R's own flag: IDEs such as RStudio set it instead of sending SIGINT."""
        self._r = None if handler is signal.default_int_handler else _r_flag()

    def look_at_r(self) -> None:
        if self._r is not None and self._r.value and not self.answered:
            self._r.value = 0
            self._note()

    def hear(self, signum: int, frame: FrameType | None) -> None:
        """The handler of SIGINT. Takes a note; once the time is over, and again from then on, raises."""
        if self.answered:
            return
        self.look_at_r()
        if self._since is None:
            self._note()
        elif time.monotonic() >= self._since + GRACE and not self._over and not self.held and self._may_raise(frame):
            self._next = time.monotonic() + _AGAIN
            self.raised = True
            raise KeyboardInterrupt

    def _note(self) -> None:
        if self._since is not None:
            return
        self._since = time.monotonic()
        self._next = self._since + GRACE
        self._hook, sys.unraisablehook = sys.unraisablehook, self._lost
        _thread.start_new_thread(self._repeat, ())  # not `threading`, whose locks the interrupted code may hold

    def _lost(self, unraisable) -> None:
        """In place of ``sys.unraisablehook``: an interrupt that was raised where nothing can be raised comes again."""
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._next = 0.0
        else:
            self._hook(unraisable)

    def _may_raise(self, frame: FrameType | None) -> bool:
        error = sys.exc_info()[1]
        while error is not None:  # cleaning up after an interrupt
            if isinstance(error, KeyboardInterrupt):
                return False
            error = error.__context__
        if frame is not None and frame.f_code.co_filename in _NEVER_IN:
            return False
        while frame is not None and frame is not self._outer:
            code = frame.f_code
            if code.co_filename in (__file__, _IMPORTS) or code.co_name == "__del__":
                return False
            frame = frame.f_back
        return True

    def _repeat(self) -> None:
        """Call the handler again when it may raise, in a thread of its own. The signal also ends a system call."""
        while not self._over and not self.answered:
            time.sleep(_TICK)
            with self._lock:
                if self._over or time.monotonic() < self._next:
                    continue
                if hasattr(signal, "pthread_kill"):
                    signal.pthread_kill(self._thread, signal.SIGINT)
                else:
                    _thread.interrupt_main()

    def end(self) -> None:
        with self._lock:  # no signal comes from `_repeat` any more
            self._over = True
        self._outer = None
        if self._hook is not None:
            sys.unraisablehook = self._hook


# The files of functions in which KeyboardInterrupt would be lost, or leave a `with` statement without its end.
_NEVER_IN = (contextlib.__file__, weakref.__file__, sys.modules[WeakSet.__module__].__file__)
_IMPORTS = "<frozen importlib._bootstrap>"


def _r_flag() -> Any:
    with contextlib.suppress(OSError, TypeError, ValueError):  # on Windows R calls it otherwise, and sets it itself
        return ctypes.c_int.in_dll(ctypes.CDLL(None), "R_interrupts_pending")
    return None


def _can_listen() -> bool:
    return threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT))


def _replaceable(handler: Any) -> bool:
    """Whether a handler is Python's default, or reticulate's: in Python up to 1.31, in C from then on."""
    return handler is signal.default_int_handler or getattr(handler, "__module__", None) in (
        "rpytools.signals", "rpycall")


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

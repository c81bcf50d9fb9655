"""Ctrl-C: delayed, handled in place of reticulate's handler, and handlers restored."""

from __future__ import annotations

import signal
import threading

import pytest

from bertfit.system import interrupts
from bertfit.system.interrupts import answered, from_r, held


@pytest.fixture
def hear():
    """Sets the handler of SIGINT; the previous one is restored after the test."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # pytest may run with SIGINT ignored
    yield lambda handler: signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGINT, before)


def reticulates(calls):
    """A handler like reticulate's where R notices the interrupt first."""
    def handler(signum, frame):
        calls.append(signum)
        raise RuntimeError("(Unknown exception occurred)")

    handler.__module__ = "rpytools.signals"
    return handler


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def in_c():
    return interrupts._get_handler(signal.SIGINT)


def test_what_is_held_is_done_whole(hear):
    done = []
    with pytest.raises(KeyboardInterrupt), held():
        ctrl_c()
        ctrl_c()
        done.append("the rest")
    assert done == ["the rest"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with held():
        pass  # nothing is raised if no interrupt came


def test_an_error_in_what_is_held_comes_first(hear):
    with pytest.raises(ZeroDivisionError), held():
        ctrl_c()
        1 / 0  # noqa: B018
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_is_held_reports_to_the_callers_own_handler(hear):
    came = []
    hear(lambda signum, frame: came.append(signum))
    with held():
        ctrl_c()
        assert not came
    assert came == [signal.SIGINT]


def test_while_r_waits_only_python_hears(hear):
    calls = []
    handler = reticulates(calls)
    hear(handler)
    with pytest.raises(RuntimeError):
        ctrl_c()  # as without from_r()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), from_r():
            ctrl_c()
        assert signal.getsignal(signal.SIGINT) is handler
    assert len(calls) == 1


def test_a_handler_in_c_is_given_back(hear):
    """R and reticulate set a handler in C that Python's signal module does not know of."""
    hear(reticulates([]))
    pythons = in_c()
    interrupts._set_handler(signal.SIGINT, int(signal.SIG_IGN))
    try:
        with from_r():
            assert in_c() == pythons
            with held():
                pass
            assert in_c() == pythons
        assert in_c() == int(signal.SIG_IGN)
        ctrl_c()  # would fail the test if Python's handler got it
    finally:
        interrupts._set_handler(signal.SIGINT, pythons)


def test_once_answered_further_ones_change_nothing_in_that_call(hear):
    hear(reticulates([]))
    with from_r():
        with pytest.raises(KeyboardInterrupt):
            ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            ctrl_c()
        answered()
        ctrl_c()
        with held():
            ctrl_c()
    with from_r(), pytest.raises(KeyboardInterrupt):
        ctrl_c()


def test_what_is_not_to_be_stopped_is_not(hear):
    hear(reticulates([]))
    with from_r(heeded=False):
        ctrl_c()
        with held():
            ctrl_c()


def test_without_r_nothing_is_taken_over(hear):
    with from_r():
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    answered()
    with pytest.raises(KeyboardInterrupt):
        ctrl_c()


def test_ignored_stays_ignored_and_threads_change_nothing(hear):
    hear(signal.SIG_IGN)
    with held(), from_r():
        ctrl_c()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    hear(signal.default_int_handler)
    seen = []

    def work():
        with held(), from_r():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]

"""Ctrl-C: raised at safe points, delayed, handled in place of reticulate's handler, and handlers restored."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import signal
import subprocess
import sys
import threading
import time
import weakref

import pytest

from bertfit.system import interrupts
from bertfit.system.interrupts import answered, check, held, listening


@pytest.fixture
def hear():
    """Sets the handler of SIGINT; the previous one is restored after the test."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # pytest may run with SIGINT ignored
    yield lambda handler: signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGINT, before)


def reticulates(calls, module="rpytools.signals"):
    """A handler like reticulate's where R notices the interrupt first."""
    def handler(signum, frame):
        calls.append(signum)
        raise RuntimeError("(Unknown exception occurred)")

    handler.__module__ = module
    return handler


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def in_c():
    return interrupts._get_handler(signal.SIGINT)


def test_an_interrupt_in_a_held_block_is_raised_at_its_end(hear):
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


@pytest.fixture
def soon(monkeypatch):
    """Waits for safe points are short."""
    monkeypatch.setattr(interrupts, "GRACE", 0.1)
    monkeypatch.setattr(interrupts, "_AGAIN", 0.05)


def test_an_interrupt_comes_at_the_next_safe_point(hear):
    done = []
    with pytest.raises(KeyboardInterrupt), listening():
        for i in range(10):
            check()
            if i == 3:
                ctrl_c()
                ctrl_c()
            done.append(i)
    assert done == [0, 1, 2, 3]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with listening():
        check()  # nothing is left of it
    check()


def test_a_block_without_safe_points_is_interrupted_at_its_end(hear):
    done = []
    with pytest.raises(KeyboardInterrupt), listening():
        ctrl_c()
        done.append("the rest")
    assert done == ["the rest"]


@pytest.mark.parametrize("wait", [lambda: time.sleep(20), lambda: [None for _ in iter(int, 1)],
                                  lambda: threading.Event().wait(20),
                                  lambda: subprocess.run([sys.executable, "-c", "import time; time.sleep(20)"])])
def test_without_a_safe_point_it_comes_a_second_later(hear, wait):
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt), listening():
        ctrl_c()
        wait()
    assert 0.9 < time.monotonic() - begun < 2


def test_what_is_raised_where_nothing_can_be_raised_comes_again(hear, soon, capsys):
    """In a weakref callback and in __del__ Python prints "Exception ignored in ..." and goes on."""
    class Thing:
        def __del__(self):
            until = time.monotonic() + 0.3
            while time.monotonic() < until:
                pass

    def gone(_):
        Thing.__del__(None)

    before = sys.unraisablehook
    for attempt in (lambda: Thing(), lambda: weakref.ref(Thing(), gone)):
        with pytest.raises(KeyboardInterrupt), listening():
            ctrl_c()
            kept = attempt()
            del kept
            time.sleep(20)
    assert "ignored" not in capsys.readouterr().err and sys.unraisablehook is before


def test_one_that_is_swallowed_comes_again_and_one_made_an_error_is_an_interrupt(hear, soon):
    def swallow():
        with contextlib.suppress(BaseException):
            time.sleep(20)

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt), listening():
        ctrl_c()
        swallow()
        swallow()
        time.sleep(20)
    with pytest.raises(KeyboardInterrupt) as caught, listening():
        ctrl_c()
        try:
            time.sleep(20)
        except KeyboardInterrupt:
            raise RuntimeError("made of it") from None
    assert isinstance(caught.value.__cause__, RuntimeError)
    with pytest.raises(KeyboardInterrupt), listening():
        ctrl_c()
        swallow()
    with pytest.raises(ZeroDivisionError), listening():  # no interrupt's doing
        ctrl_c()
        1 / 0  # noqa: B018
    assert time.monotonic() - begun < 3


def test_what_cleans_up_after_an_interrupt_is_not_interrupted(hear, soon):
    done = []
    with pytest.raises(KeyboardInterrupt), listening():
        try:
            ctrl_c()
            time.sleep(20)
        finally:
            time.sleep(0.5)
            done.append("clean")
    assert done == ["clean"]


def test_an_import_is_completed(hear, soon, tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(0.5)\nwhole = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(KeyboardInterrupt), listening():
        ctrl_c()
        importlib.import_module("slow_to_import")
        time.sleep(20)
    assert sys.modules.pop("slow_to_import").whole


def test_a_held_block_is_held_within_too(hear, soon):
    done = []
    with pytest.raises(KeyboardInterrupt), listening():
        with held():
            ctrl_c()
            with held():
                time.sleep(0.3)
            check()
            done.append("the block")
        done.append("more")
    assert done == ["the block"]


def test_a_decorated_function_listens_and_one_within_changes_nothing(hear):
    done = []

    @listening()
    def inner():
        ctrl_c()
        done.append("inner")

    with pytest.raises(KeyboardInterrupt), listening():
        inner()
        done.append("outer")
    with pytest.raises(KeyboardInterrupt):
        inner()
    assert done == ["inner", "outer", "inner"]


def test_a_callers_own_handler_stays(hear):
    came = []
    hear(lambda signum, frame: came.append(signum))
    with listening():
        ctrl_c()
        check()
        assert came == [signal.SIGINT]


@pytest.mark.parametrize("module", ["rpytools.signals", "rpycall"])
def test_while_r_waits_only_python_hears(hear, module):
    calls = []
    handler = reticulates(calls, module)
    hear(handler)
    with pytest.raises(RuntimeError):
        ctrl_c()  # as without listening()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), listening():
            ctrl_c()
            check()
        assert signal.getsignal(signal.SIGINT) is handler
    assert len(calls) == 1


def test_rs_own_flag_is_heeded_and_taken(hear, monkeypatch):
    """RStudio sets R_interrupts_pending instead of sending a signal."""
    flag = ctypes.c_int(0)
    monkeypatch.setattr(interrupts, "_r_flag", lambda: flag)
    hear(reticulates([]))
    with pytest.raises(KeyboardInterrupt), listening():
        check()
        flag.value = 1
        check()
    assert flag.value == 0
    flag.value = 1
    with listening(heeded=False):
        check()
    assert flag.value == 1
    hear(signal.default_int_handler)
    with listening():
        check()


def test_a_handler_in_c_is_given_back(hear):
    """R and reticulate set a handler in C that Python's signal module does not know of."""
    hear(reticulates([]))
    pythons = in_c()
    interrupts._set_handler(signal.SIGINT, int(signal.SIG_IGN))
    try:
        with listening():
            assert in_c() == pythons
            with held():
                pass
            assert in_c() == pythons
        assert in_c() == int(signal.SIG_IGN)
        ctrl_c()  # would fail the test if Python's handler got it
    finally:
        interrupts._set_handler(signal.SIGINT, pythons)


def test_once_answered_further_ones_change_nothing_in_that_call(hear):
    done = []
    with listening():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                ctrl_c()
                check()
        answered()
        ctrl_c()
        check()
        with held():
            ctrl_c()
        done.append("the rest")
    assert done == ["the rest"]
    with pytest.raises(KeyboardInterrupt), listening():
        ctrl_c()
        check()


def test_a_block_that_does_not_heed_interrupts_is_completed_and_the_next_one_heeds_them(hear):
    calls, done = [], []
    handler = reticulates(calls)
    hear(handler)
    with listening(heeded=False):
        ctrl_c()
        check()
        with held():
            ctrl_c()
        done.append("the rest")
    assert (done, calls) == (["the rest"], []) and signal.getsignal(signal.SIGINT) is handler
    with pytest.raises(KeyboardInterrupt), listening():
        ctrl_c()
        check()


def test_an_answer_outside_of_a_block_is_none(hear):
    answered()
    with pytest.raises(KeyboardInterrupt):
        ctrl_c()


def test_ignored_stays_ignored_and_threads_change_nothing(hear):
    hear(signal.SIG_IGN)
    with held(), listening():
        ctrl_c()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    hear(signal.default_int_handler)
    seen = []

    def work():
        with held(), listening():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]

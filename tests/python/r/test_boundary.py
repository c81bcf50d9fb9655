"""Calls by name: what goes wrong comes back as data, and nothing but plain values crosses."""

import signal

import numpy as np
import pytest

from bertfit.errors import Arg, ArgumentError, DataError, Sentence, Value
from bertfit.r import boundary


@pytest.fixture(autouse=True)
def half(monkeypatch):
    """A function of the boundary for each way to end."""
    def half(n, progress=None, how="plain"):
        if progress is not None:
            progress({"event": "rows"})
        if isinstance(how, BaseException):
            raise how
        return object() if how == "object" else (np.int64(n) // 2,)

    monkeypatch.setitem(boundary.functions, "half", half)


def call(**arguments):
    return boundary.call("half", arguments)


def test_values_come_back_plain():
    assert call(n=5) == {"ok": True, "value": [2]}
    assert type(call(n=5)["value"][0]) is int


def test_a_raw_value_crosses_as_it_is(monkeypatch):
    monkeypatch.setattr(boundary, "raw", {"half"})
    assert type(call(n=5, how="object")["value"]) is object


def test_names_and_arguments_are_checked():
    unheard = boundary.call("unheard", {})
    assert not unheard["ok"] and unheard["code"] == "argument" and unheard["received"] == {"value": "unheard"}
    assert call()["message"] == "`n` must be given to half."
    extra = call(n=1, colour="red")
    assert (extra["argument"], extra["rule"]) == ("colour", [{"text": "must be an argument of half."}])
    assert extra["python_type"] == "ArgumentError"


@pytest.mark.parametrize("error, code, words", [
    (DataError("Rows must be there.", ["None are."]), "data", ["Rows must be there.", "None are."]),
    (MemoryError(), "memory", ["enough memory", "batch_size"]),
    (ZeroDivisionError("by zero"), "internal", ["did not foresee", "ZeroDivisionError: by zero"]),
])
def test_errors_come_back_as_code_rule_and_details(error, code, words):
    answer = call(n=1, how=error)
    assert not answer["ok"] and answer["code"] == code and answer["python_type"] == type(error).__name__
    assert words[0] in answer["message"] and words[1] in str(answer["details"][0])
    assert "raise how" in answer["traceback"]


def test_sentences_cross_in_pieces_and_values_as_values():
    error = ArgumentError(Sentence("must be {} or below {}.", Value(None), Arg("b")), ["It's {None} `b`."],
                          argument="a", received=(1, 2.0))
    answer = call(n=1, how=error)
    assert answer["rule"] == [{"text": "must be "}, {"value": None}, {"text": " or below "}, {"argument": "b"},
                              {"text": "."}]
    assert answer["details"] == [[{"text": "It's {None} `b`."}]] and answer["message"] == str(error)
    assert (answer["argument"], answer["received"]) == ("a", {"value": [1, 2.0]})
    assert "received" not in call(n=1, how=ArgumentError("must be given.", argument="a"))


@pytest.mark.parametrize("received, crossed", [
    (None, {"value": None}), (np.int64(2), {"value": 2}), (range(3), {"text": "an object of class range"}),
    ("a\0b", {"text": r"'a\x00b'"}), ("\ud800", {"text": r"'\ud800'"}),
])
def test_what_was_received_crosses(received, crossed):
    assert call(n=1, how=ArgumentError("must be.", received=received))["received"] == crossed


def test_what_has_no_form_in_r_is_a_fault_of_ours():
    assert call(n=1, how="object")["code"] == "internal"


def test_an_interrupt_from_inside_and_from_the_listener_is_an_answer():
    assert call(n=1, how=KeyboardInterrupt())["code"] == "interrupt"
    answer = call(n=1, progress=lambda event: "interrupt")
    assert (answer["ok"], answer["code"], answer["python_type"]) == (False, "interrupt", "KeyboardInterrupt")


def test_an_interrupt_while_values_are_converted_comes_in_the_call_or_at_the_end():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # pytest may run with SIGINT ignored
    try:
        boundary.listen("some_work")
        signal.raise_signal(signal.SIGINT)
        assert call(n=1)["code"] == "interrupt" and boundary.unlisten()
        boundary.listen("some_work")
        assert call(n=1)["ok"]
        signal.raise_signal(signal.SIGINT)
        assert boundary.unlisten()
        boundary.listen("some_work")
        assert call(n=1)["ok"] and not boundary.unlisten()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)

"""Calls by name: what goes wrong comes back as data, and nothing but plain values crosses."""

import numpy as np
import pytest

from bertfit.errors import DataError
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
    assert not unheard["ok"] and unheard["code"] == "argument" and "'unheard'" in unheard["details"][0]
    assert call()["message"] == "`n` must be given to half."
    extra = call(n=1, colour="red")
    assert extra["message"] == "`colour` must be an argument of half." and extra["python_type"] == "ArgumentError"


@pytest.mark.parametrize("error, code, words", [
    (DataError("Rows must be there.", ["None are."]), "data", ["Rows must be there.", "None are."]),
    (MemoryError(), "memory", ["enough memory", "`batch_size`"]),
    (ZeroDivisionError("by zero"), "internal", ["did not foresee", "ZeroDivisionError: by zero"]),
])
def test_errors_come_back_as_code_rule_and_details(error, code, words):
    answer = call(n=1, how=error)
    assert not answer["ok"] and answer["code"] == code and answer["python_type"] == type(error).__name__
    assert words[0] in answer["message"] and words[1] in answer["details"][0]
    assert "raise how" in answer["traceback"]


def test_what_has_no_form_in_r_is_a_fault_of_ours():
    assert call(n=1, how="object")["code"] == "internal"


def test_an_interrupt_from_inside_and_from_the_listener_is_an_answer():
    assert call(n=1, how=KeyboardInterrupt())["code"] == "interrupt"
    answer = call(n=1, progress=lambda event: "interrupt")
    assert (answer["ok"], answer["code"], answer["python_type"]) == (False, "interrupt", "KeyboardInterrupt")

"""Calls of the boundary as R makes them, and a check that nothing but plain values comes back."""

import numpy as np

from bertfit.r import functions

PLAIN = (type(None), bool, int, float, str, bytearray)


def assert_plain(value, where="value"):
    """Nothing but what reticulate converts without loss."""
    if isinstance(value, dict):
        for key, item in value.items():
            assert type(key) is str
            assert_plain(item, f"{where}[{key!r}]")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            assert_plain(item, f"{where}[{i}]")
    elif isinstance(value, np.ndarray):
        assert value.dtype.kind in "biuf" and (value.ndim < 2 or value.flags.f_contiguous), where
    else:
        assert type(value) in PLAIN, f"{where} is {type(value)}"
        assert not isinstance(value, int) or abs(value) < 2**31, where


def ask(name, **arguments):
    answer = functions.call(name, arguments)
    assert answer["ok"], answer.get("traceback")
    assert_plain(answer["value"])
    return answer["value"]


def failure(name, **arguments):
    answer = functions.call(name, arguments)
    assert not answer["ok"]
    assert_plain(answer)
    return answer

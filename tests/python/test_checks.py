"""Lists and whole numbers as other languages give them."""

from __future__ import annotations

import numpy as np

from bertfit.checks import as_list, whole


def test_one_value_becomes_a_list_of_one():
    assert as_list(None) == [] and as_list("a") == ["a"] and as_list([1, 2]) == [1, 2]
    assert as_list(np.array([1.0, 2.0])) == [1.0, 2.0]


def test_whole_numbers_become_int_and_others_stay():
    assert whole(3.0) == 3 and type(whole(3.0)) is int
    assert whole([1.0, 2.5, "auto"]) == [1, 2.5, "auto"] and whole(True) is True and whole(None) is None
    assert type(whole(np.float64(4))) is int

"""Settings of long texts: their ranges, and which of them may be changed."""

import pytest

from bertfit.config.long_text import LongText
from bertfit.errors import ArgumentError


@pytest.mark.parametrize(("name", "value"), [
    ("long_text", "cut"), ("long_text", None), ("stride", -1), ("stride", 2.5), ("stride", True),
    ("window_pooling", "sum"),
])
def test_ranges(name, value):
    with pytest.raises(ArgumentError) as caught:
        LongText(**{name: value})
    assert caught.value.argument == name


def test_changes_are_of_windows():
    fitted = LongText("windows", 8)
    assert fitted.changed() == fitted
    assert fitted.changed("truncate").truncates and not fitted.truncates
    assert fitted.changed(stride=0, window_pooling="max") == LongText("windows", 0, "max")
    assert LongText().changed("windows", 4) == LongText("windows", 4)
    for given in ({"stride": 4}, {"window_pooling": "mean"}):
        with pytest.raises(ArgumentError, match="left out unless long_text='windows'") as caught:
            LongText("head_tail").changed(**given)
        assert caught.value.argument in given


def test_the_default_overlap_always_leaves_room():
    for max_len in range(3, 600):
        assert 0 <= LongText("windows").overlap(max_len) <= max_len - 3
    assert LongText("windows").overlap(512) == 128

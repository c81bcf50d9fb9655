"""Every rule of a head's settings, with values just inside and just outside of it."""

import pytest

from bertfit.config.head import HeadConfig
from bertfit.errors import ArgumentError


@pytest.mark.parametrize("name, value", [
    ("hidden", [0]), ("hidden", [2.5]), ("activation", "swish"), ("dropout", 1), ("pooling", "median"),
    ("layers", []), ("layers", [0]), ("layers", [1.5]), ("initializer", "zeros"),
])
def test_head_settings_are_refused_by_name(name, value):
    with pytest.raises(ArgumentError, match=f"`{name}` must be"):
        HeadConfig(**{"pooling": "mean", name: value})


def test_the_pooler_reads_the_last_layer_only():
    with pytest.raises(ArgumentError, match="`layers` must be -1"):
        HeadConfig(layers=(-2,))


def test_layers_count_from_both_ends():
    assert HeadConfig(pooling="mean", layers=(-1, -4, 1)).layer_numbers(12) == (12, 9, 1)
    for layer in (13, -13):
        with pytest.raises(ArgumentError, match="between 1 and 12, or -12 and -1"):
            HeadConfig(pooling="mean", layers=(layer,)).layer_numbers(12)


def test_a_layer_given_twice_is_refused():
    with pytest.raises(ArgumentError, match="`layers` must be"):
        HeadConfig(pooling="mean", layers=(-1, 12)).layer_numbers(12)

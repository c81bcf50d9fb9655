"""What crosses to R, and how R's numbers are read."""

import numpy as np
import pytest

from bertfit.checks import as_list, whole
from bertfit.config.head import HeadConfig
from bertfit.config.training import TrainConfig
from bertfit.errors import ArgumentError
from bertfit.r.values import to_plain
from bertfit.settings import build


def test_nearly_plain_values_become_plain():
    three = (np.float32(0.5), np.int64(3), np.bool_(True))
    value = to_plain({1: three, "big": 2**31, "small": 1 - 2**31, "none": None})
    assert value == {"1": [0.5, 3, True], "big": 2147483648.0, "small": -2147483647, "none": None}
    assert [type(v) for v in value["1"]] == [float, int, bool] and type(value["big"]) is float


def test_matrices_are_laid_out_as_r_has_them():
    matrix = to_plain(np.arange(6).reshape(2, 3))
    assert matrix.flags.f_contiguous and matrix.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("value", [object(), {"a": [b"bytes"]}, np.array(["text"]), {1, 2}])
def test_what_has_no_form_in_r_is_refused(value):
    with pytest.raises(TypeError, match="cannot cross to R"):
        to_plain(value)


def test_lists_from_r():
    assert as_list(None) == [] and as_list("a") == ["a"] and as_list([1, 2]) == [1, 2]
    assert as_list(np.array([1.0, 2.0])) == [1.0, 2.0]


def test_whole_numbers_from_r():
    assert whole(3.0) == 3 and type(whole(3.0)) is int
    assert whole([1.0, 2.5, "auto"]) == [1, 2.5, "auto"] and whole(True) is True and whole(None) is None
    assert type(whole(np.float64(4))) is int


def test_settings_from_r():
    config = build(TrainConfig, {"epochs": 2.0, "freeze": 3.0, "warmup": 0, "max_len": "auto", "seed": None}, "control")
    assert config.epochs == 2 and config.freeze == 3 and config.seed is None and config.warmup == 0
    assert build(HeadConfig, {"hidden": 8.0, "layers": [-1.0, -2.0], "pooling": "mean"}, "head").layers == (-1, -2)
    assert build(HeadConfig, {"hidden": np.array([8.0, 4.0])}, "head").hidden == (8, 4)
    assert build(HeadConfig, None, "head") == HeadConfig()
    with pytest.raises(ArgumentError, match="Unknown: epoch, lr") as caught:
        build(TrainConfig, {"epoch": 1, "lr": 2}, "control")
    assert "`control`" in caught.value.message and "learning_rate" in caught.value.details[1]
    with pytest.raises(ArgumentError, match="`head` must be a HeadConfig, or a dict of its fields"):
        build(HeadConfig, 3, "head")
    with pytest.raises(ArgumentError, match="`epochs`"):
        build(TrainConfig, {"epochs": 2.5}, "control")

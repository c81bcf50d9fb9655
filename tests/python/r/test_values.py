"""What crosses to R, and how R's arguments are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bertfit.config.training import TrainConfig
from bertfit.errors import ArgumentError, DataError
from bertfit.r.values import read_arguments, to_plain
from bertfit.rows.table import Rows

if TYPE_CHECKING:
    from bertfit.model import Model


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


# -- Arguments by annotation ---------------------------------------------------------------------------

def taken(model: Model, rows: Rows, control: TrainConfig | None = None, validation: Rows | None = None,
          batch_size: int | None = None, layers: int | Sequence[int] = (-1,), threshold: float = 0.5, flag: bool = True,
          other=None):
    """A function of every kind of argument."""


def read(**given):
    given = {"model": 7.0, "rows": {"texts": ["a"]}, **given}
    return read_arguments(taken, given, find={7.0: "the model"}.__getitem__)


def test_arguments_are_read_by_their_annotations():
    found = read(rows={"texts": "fun", "pairs": ["dull"], "targets": 1.0, "weights": np.array([2.0])},
                 control={"epochs": 2.0, "seed": 3.0}, validation={"texts": ["a", "b"]}, batch_size=8.0, layers=-1.0,
                 threshold=1.0, flag=False, other=3.0)
    rows, validation, config = found["rows"], found["validation"], found["control"]
    assert (rows.texts, rows.pairs, rows.weights.tolist()) == (["fun"], ["dull"], [2.0])
    assert (validation.texts, validation.targets, validation.weights) == (["a", "b"], None, None)
    assert config == TrainConfig(epochs=2, seed=3) and type(config.epochs) is int
    assert found["model"] == "the model" and found["layers"] == [-1] and type(found["layers"][0]) is int
    for name, kind in (("batch_size", int), ("threshold", float), ("flag", bool), ("other", float)):
        assert type(found[name]) is kind, name


def test_none_and_what_was_left_out_stay_so():
    found = read(control=None, batch_size=None)
    assert found["control"] is None and found["batch_size"] is None and "layers" not in found


def test_what_breaks_a_rule_goes_on_to_where_the_rule_is_known():
    assert read(batch_size=2.5)["batch_size"] == 2.5 and read(batch_size="8")["batch_size"] == "8"


@pytest.mark.parametrize("given, message", [
    ({"colour": 1}, r"`colour` must be an argument of taken\.\n- It takes model, rows, control,"),
    ({"control": 3}, "`control` must be a TrainConfig"), ({"rows": {"texts": ["a", None]}}, "Row 1 is missing"),
])
def test_arguments_that_cannot_be_read(given, message):
    with pytest.raises((ArgumentError, DataError), match=message):
        read(**given)


def test_arguments_without_a_default_must_be_given():
    with pytest.raises(ArgumentError, match="`rows` must be given to taken"):
        read_arguments(taken, {"model": 7.0}, find=lambda number: number)
    assert read_arguments(taken, {"batch_size": 8.0}, find=None, without=("model", "rows")) == {"batch_size": 8}

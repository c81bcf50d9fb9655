"""One walk makes plain values; what becomes of numbers, arrays and the rest is the caller's choice."""

import fractions
import json
import math

import numpy as np
import pytest

from bertfit.cli.console import as_json
from bertfit.config.encoder import BertConfig
from bertfit.model.bundle import plain, unplain
from bertfit.plain import plain_copy
from bertfit.r.values import to_plain


def test_numbers_names_and_lists_are_pythons_own():
    value = plain_copy({np.int64(1): (np.float32(0.5), np.bool_(True), np.str_("a"), fractions.Fraction(1, 4)),
                        "array": np.arange(4).reshape(2, 2), "none": [None, {}], "zero": np.array(3.0)})
    assert value == {"1": [0.5, True, "a", 0.25], "array": [[0, 1], [2, 3]], "none": [None, {}], "zero": 3.0}
    assert [type(v) for v in value["1"]] == [float, bool, str, float]
    assert {type(v) for row in value["array"] for v in row} == {int}


def test_a_copy_shares_nothing_that_can_change():
    inner = [1]
    copy = plain_copy({"a": inner})
    inner.append(2)
    assert copy == {"a": [1]}


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", object(), range(3), np.array([object()])])
def test_anything_else_is_refused_or_handed_on(value):
    with pytest.raises(TypeError, match="has no plain form"):
        plain_copy([value])
    assert plain_copy({"a": value}, array=repr, other=repr) == {"a": repr(value)}


def test_each_side_has_its_own_numbers():
    values = {"nan": np.float64("nan"), "low": -math.inf, "big": 2**40, "one": np.array([1.5, math.nan]), "true": True}
    stored = plain(values)
    assert stored == {"nan": {"number": "nan"}, "low": {"number": "-inf"}, "big": 2**40,
                      "one": [1.5, {"number": "nan"}], "true": True}
    assert repr(unplain(json.loads(json.dumps(stored, allow_nan=False)))) == repr(
        {"nan": math.nan, "low": -math.inf, "big": 2**40, "one": [1.5, math.nan], "true": True})
    assert json.loads(as_json(values)) == {"nan": None, "low": None, "big": 2**40, "one": [1.5, None], "true": True}
    to_r = to_plain(values)
    assert type(to_r["big"]) is float and to_r["big"] == 2.0**40 and math.isnan(to_r["nan"])
    assert to_r["one"] is values["one"] and to_r["true"] is True
    config = BertConfig(np.int64(30), hidden_size=np.int32(8), num_hidden_layers=1, num_attention_heads=2).to_dict()
    assert type(config["vocab_size"]) is int and type(config["hidden_size"]) is int

"""What all settings classes share: read from other numbers and names, kept as JSON, and fixed once made."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bertfit.config.encoder import BertConfig
from bertfit.config.head import HeadConfig
from bertfit.config.task import Task
from bertfit.config.training import TrainConfig
from bertfit.errors import ArgumentError
from bertfit.settings import build


@pytest.mark.parametrize("settings", [
    BertConfig(np.int64(10), layer_norm_eps=np.float32(1e-3)), HeadConfig(hidden=np.array([3, 2])),
    Task("regression", ("y",), np.float64(2), np.float32(0.5)), TrainConfig(epochs=np.int32(2), seed=np.int64(3)),
    TrainConfig(class_weights={"a": np.float32(2), "b": 1}),
])
def test_settings_written_as_json_are_read_back_equal(settings):
    again = type(settings)(**json.loads(json.dumps(settings.to_dict())))
    assert again == settings


def test_settings_cannot_be_changed_once_made():
    with pytest.raises(AttributeError):
        TrainConfig().epochs = 5


def test_settings_are_built_from_whole_floats_and_unknown_fields_are_named():
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

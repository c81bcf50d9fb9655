"""What all settings classes share: read from other numbers and names, kept as JSON, and fixed once made."""

from __future__ import annotations

import json

import numpy as np
import pytest

import bertfit
from bertfit.config.encoder import BertConfig
from bertfit.config.head import HeadConfig
from bertfit.config.task import Task
from bertfit.config.training import TrainConfig
from bertfit.errors import ArgumentError
from bertfit.settings import build, did_you_mean
from toys.models import toy_model


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
    assert "`control`" in caught.value.message and caught.value.details[1] == "Did you mean `epochs`, `learning_rate`?"
    with pytest.raises(ArgumentError, match="`head` must be a HeadConfig, or a dict of its fields"):
        build(HeadConfig, 3, "head")
    with pytest.raises(ArgumentError, match="`epochs`"):
        build(TrainConfig, {"epochs": 2.5}, "control")


@pytest.mark.parametrize(("unknown", "meant"), [
    ("lr", "learning_rate"), ("epoch", "epochs"), ("validation_split", "validation"), ("callback", "callbacks"),
    ("batchsize", "batch_size"), ("learningrate", "learning_rate"), ("class_weight", "class_weights"), ("txt", "text"),
])
def test_an_unknown_keyword_of_fit_brings_up_the_one_that_is_meant(unknown, meant):
    with pytest.raises(ArgumentError, match=f"Did you mean `{meant}`"):
        bertfit.fit(None, ["a", "b"], [0, 1], toy_model(), **{unknown: 1})


def test_unknown_keywords_of_other_functions_and_of_settings_bring_up_the_one_that_is_meant():
    bert = bertfit.frames.Bert(toy_model())
    for call, name, meant in [
        (lambda: TrainConfig(lr=1), "lr", "learning_rate"),
        (lambda: HeadConfig(drop_out=0.1), "drop_out", "dropout"),
        (lambda: bertfit.PretrainConfig(max_steps=3), "max_steps", "steps"),
        (lambda: bertfit.load("x", max_length=3), "max_length", "max_len"),
        (lambda: bertfit.train_vocabulary(["a"], 9, lowercase=True), "lowercase", "lower_case"),
        (lambda: bertfit.make_pretraining_data("a", "b", "c", maxlen=3), "maxlen", "max_len"),
        (lambda: bert.predict(["a"], typ="class"), "typ", "type"),
        (lambda: bert.evaluate(["a"], batch=3), "batch", "batch_size"),
        (lambda: bert.embed(["a"], pool="cls"), "pool", "pooling"),
    ]:
        with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'. Did you mean `{meant}`"):
            call()
    with pytest.raises(ArgumentError, match="Did you mean `steps`"):
        bertfit.pretrain(bert, "data", stepz=3)
    with pytest.raises(TypeError, match=r"argument 'zzz'\.$"):
        bert.predict(["a"], zzz=1)


def test_no_name_is_said_to_be_another_one_that_is_far_from_it():
    assert did_you_mean(["zzz", "colour"], ["epochs", "seed", "text"]) == []

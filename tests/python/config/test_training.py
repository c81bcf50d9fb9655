"""Every rule of training's settings, with values just inside and just outside of it."""

import pytest

from bertfit.config.training import TrainConfig
from bertfit.errors import ArgumentError

NAN = float("nan")


@pytest.mark.parametrize("name, values", {
    "epochs": [0, 1.5, True], "batch_size": [0, "32"], "accumulation": [0, None],
    "learning_rate": [0, -1e-5, NAN, "fast"], "warmup": [-0.1, 1.1, NAN], "min_learning_rate": [-1],
    "weight_decay": [-0.1, NAN], "clip_norm": [0, -1], "max_len": [2, 64.0, "long"], "max_len_quantile": [0, 1.01],
    "validation": [-0.1, 1, True], "class_weights": ["even", {}, {"a": -1}, {"a": 0, "b": 0}, {"a": "x"}, 3],
    "freeze": ["head", -1, 1.5],
    "early_stopping": [0, 1.5], "monitor": ["mae"], "restore_best": [1, None], "precision": ["half"],
    "seed": [-1, 2**31, 1.5], "verbose": [3, -1],
}.items())
def test_training_settings_are_refused_by_name(name, values):
    for value in values:
        with pytest.raises(ArgumentError, match=f"`{name}` must be"):
            TrainConfig(**{name: value})


@pytest.mark.parametrize("settings", [
    {"warmup": 0, "min_learning_rate": 0, "weight_decay": 0, "clip_norm": None}, {"warmup": 1, "max_len": 3},
    {"max_len_quantile": 1, "validation": 0, "freeze": 0, "early_stopping": 1, "seed": 0},
    {"class_weights": {"a": 0, "b": 2.5}, "freeze": "embeddings", "seed": 2**31 - 1, "verbose": 0},
])
def test_training_settings_at_their_limits(settings):
    config = TrainConfig(**settings)
    assert {name: getattr(config, name) for name in settings} == settings


def test_the_final_rate_is_not_above_the_highest():
    assert TrainConfig(learning_rate=1e-5, min_learning_rate=1e-5).min_learning_rate == 1e-5
    with pytest.raises(ArgumentError, match="must not be above"):
        TrainConfig(learning_rate=1e-5, min_learning_rate=1e-4)


@pytest.mark.parametrize("width, rate", [(128, 1e-4), (767, 1e-4), (768, 5e-5), (1024, 5e-5)])
def test_the_default_rate_depends_on_the_width_of_the_encoder(width, rate):
    assert TrainConfig().learning_rate == "auto"
    assert TrainConfig(epochs=7).for_encoder(width) == TrainConfig(epochs=7, learning_rate=rate)
    assert TrainConfig(learning_rate=3e-4).for_encoder(width).learning_rate == 3e-4
    with pytest.raises(ArgumentError, match="must not be above"):
        TrainConfig(min_learning_rate=1e-3).for_encoder(width)


def test_class_weights_take_labels_as_a_task_does():
    assert TrainConfig(class_weights={0: 1.0, 1: 5.0}).class_weights == {"0": 1.0, "1": 5.0}
    with pytest.raises(ArgumentError, match="name each label once"):
        TrainConfig(class_weights={"1": 1.0, 1: 5.0})

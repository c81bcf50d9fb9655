"""Every rule of pretraining's settings."""

import math

import pytest

from bertfit.config.pretraining import PretrainConfig
from bertfit.errors import ArgumentError


@pytest.mark.parametrize("setting, value", [
    ("epochs", 0), ("steps", 0), ("batch_size", 1.5), ("learning_rate", 0), ("warmup", 1.1), ("monitor", "auc"),
    ("masking", "some"), ("precision", "half"), ("seed", -1), ("verbose", 3), ("clip_norm", 0), ("save_steps", 0),
    ("weight_decay", math.nan), ("min_learning_rate", 1),
])
def test_pretraining_settings_are_refused_by_name(setting, value):
    with pytest.raises(ArgumentError, match=f"`{setting}` must"):
        PretrainConfig(**{setting: value})

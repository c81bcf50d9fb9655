"""Every rule of pretraining's settings."""

import math

import pytest

from bertfit.config.pretraining import PretrainConfig, PretrainHeads
from bertfit.errors import ArgumentError


@pytest.mark.parametrize("setting, value", [
    ("epochs", 0), ("steps", 0), ("batch_size", 1.5), ("learning_rate", 0), ("warmup", 1.1), ("monitor", "auc"),
    ("masking", "some"), ("precision", "half"), ("seed", -1), ("verbose", 3), ("clip_norm", 0), ("save_steps", 0),
    ("weight_decay", math.nan), ("min_learning_rate", 1),
])
def test_pretraining_settings_are_refused_by_name(setting, value):
    with pytest.raises(ArgumentError, match=f"`{setting}` must"):
        PretrainConfig(**{setting: value})


def test_forms_of_the_heads():
    assert [PretrainHeads(nsp=form).nsp for form in ("google", "plain", "none")] == ["google", "plain", "none"]
    with pytest.raises(ArgumentError, match='`nsp` must be "google", "plain" or "none"'):
        PretrainHeads(nsp="no")
    with pytest.raises(ArgumentError, match="`mlm` must be"):
        PretrainHeads(mlm="none")

"""Every rule of the four settings classes, with values just inside and just outside of it."""

import json

import numpy as np
import pytest

from bertfit.config.encoder import BertConfig
from bertfit.config.head import HeadConfig
from bertfit.config.task import Task
from bertfit.config.training import TrainConfig
from bertfit.errors import ArgumentError

NAN = float("nan")


def test_bert_base_by_default():
    config = BertConfig(30522)
    sizes = (config.hidden_size, config.num_hidden_layers, config.num_attention_heads, config.intermediate_size)
    assert sizes == (768, 12, 12, 3072) and config.attention_head_size == 64


def test_head_size_frees_the_heads_from_the_width():
    assert BertConfig(10, hidden_size=10, num_attention_heads=3, attention_head_size=5).attention_head_size == 5
    with pytest.raises(ArgumentError, match="multiple of `num_attention_heads`"):
        BertConfig(10, hidden_size=10, num_attention_heads=3)


@pytest.mark.parametrize("name", [
    "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
    "max_position_embeddings", "type_vocab_size",
])
@pytest.mark.parametrize("value", [0, -1, 1.0, True, "2", None])
def test_sizes_are_whole_numbers(name, value):
    with pytest.raises(ArgumentError, match=f"`{name}` must be a whole number of at least 1"):
        BertConfig(**{"vocab_size": 10, name: value})


@pytest.mark.parametrize("name, value", [
    ("hidden_dropout_prob", 1.0), ("attention_probs_dropout_prob", -0.1), ("hidden_dropout_prob", NAN),
    ("layer_norm_eps", 0.0), ("initializer_range", 0), ("pad_token_id", 10), ("pad_token_id", -1),
    ("hidden_act", "swish"), ("attention_head_size", 0),
])
def test_other_encoder_settings_are_refused_by_name(name, value):
    with pytest.raises(ArgumentError, match=f"`{name}` must be") as caught:
        BertConfig(10, **{name: value})
    assert repr(value) in str(caught.value)


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


def test_no_layer_twice():
    with pytest.raises(ArgumentError, match="`layers` must be"):
        HeadConfig(pooling="mean", layers=(-1, 12)).layer_numbers(12)


@pytest.mark.parametrize("kind, labels, outputs", [
    ("binary", ("no", "yes"), 1), ("multiclass", ("a", "b"), 2), ("multiclass", "abc", 3), ("multilabel", ("a",), 1),
    ("multilabel", ("a", "b", "c"), 3), ("regression", ("score",), 1),
])
def test_outputs_of_a_task(kind, labels, outputs):
    assert Task(kind, labels).n_outputs == outputs


@pytest.mark.parametrize("kind, labels, rule", [
    ("binary", ("a",), "2 names"), ("binary", ("a", "b", "c"), "2 names"), ("multiclass", ("a",), "at least 2 names"),
    ("multilabel", (), "at least 1 names"), ("regression", ("a", "b"), "1 names"), ("ordinal", ("a", "b"), "`task`"),
    ("multiclass", ("a", "b", "a"), "different"), ("binary", (1, "1"), "different"),
])
def test_labels_fit_the_task(kind, labels, rule):
    with pytest.raises(ArgumentError, match=rule):
        Task(kind, labels)


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


def test_class_weights_take_labels_as_a_task_does():
    assert TrainConfig(class_weights={0: 1.0, 1: 5.0}).class_weights == {"0": 1.0, "1": 5.0}


@pytest.mark.parametrize("settings", [
    BertConfig(np.int64(10), layer_norm_eps=np.float32(1e-3)), HeadConfig(hidden=np.array([3, 2])),
    Task("regression", ("y",), np.float64(2), np.float32(0.5)), TrainConfig(epochs=np.int32(2), seed=np.int64(3)),
    TrainConfig(class_weights={"a": np.float32(2), "b": 1}),
])
def test_settings_survive_json(settings):
    again = type(settings)(**json.loads(json.dumps(settings.to_dict())))
    assert again == settings


def test_settings_do_not_change():
    with pytest.raises(AttributeError):
        TrainConfig().epochs = 5


@pytest.mark.parametrize("scale", [0, -1, NAN])
def test_the_scale_of_a_regression_divides(scale):
    with pytest.raises(ArgumentError, match="`scale` must be a number above 0"):
        Task("regression", ("y",), 0.0, scale)

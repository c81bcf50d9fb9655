"""Every rule of an encoder's sizes, with values just inside and just outside of it."""

import pytest

from bertfit.config.encoder import BertConfig
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

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
    "max_position_embeddings",
])
@pytest.mark.parametrize("value", [0, -1, 1.0, True, "2", None])
def test_sizes_are_whole_numbers(name, value):
    with pytest.raises(ArgumentError, match=f"`{name}` must be a whole number of at least 1"):
        BertConfig(**{"vocab_size": 10, name: value})


@pytest.mark.parametrize("name, value", [
    ("hidden_dropout_prob", 1.0), ("attention_probs_dropout_prob", -0.1), ("hidden_dropout_prob", NAN),
    ("layer_norm_eps", 0.0), ("initializer_range", 0), ("pad_token_id", 10), ("pad_token_id", -1),
    ("hidden_act", "swish"), ("attention_head_size", 0),
    ("embedding_size", 0), ("embedding_size", 1.5), ("type_vocab_size", -1), ("type_vocab_size", None),
    ("position_offset", -1), ("position_offset", 2.0),
    ("model_type", ""), ("model_type", None), ("share_layers", 1), ("talking_heads", None),
    ("gated_feed_forward", "yes"), ("relative_attention_num_buckets", 2), ("relative_attention_num_buckets", 33),
    ("relative_attention_num_buckets", 510), ("relative_attention_num_buckets", True),
])
def test_other_encoder_settings_are_refused_by_name(name, value):
    with pytest.raises(ArgumentError, match=f"`{name}` must be") as caught:
        BertConfig(10, **{name: value})
    assert repr(value) in str(caught.value)


OTHERS = {"model_type": "albert", "embedding_size": 128, "share_layers": True, "position_offset": 2,
          "relative_attention_num_buckets": 32, "talking_heads": True, "gated_feed_forward": True}


def test_plain_bert_is_written_without_the_fields_of_other_families():
    assert list(BertConfig(30).to_dict()) == [
        "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
        "attention_head_size", "hidden_act", "hidden_dropout_prob", "attention_probs_dropout_prob",
        "max_position_embeddings", "type_vocab_size", "layer_norm_eps", "initializer_range", "pad_token_id",
    ]
    assert BertConfig(30).is_plain and not BertConfig(30, type_vocab_size=0).is_plain


@pytest.mark.parametrize("name", OTHERS)
def test_fields_of_other_families_survive_a_dict(name):
    config = BertConfig(30, **{name: OTHERS[name]})
    assert config.to_dict()[name] == OTHERS[name] and len(config.to_dict()) == 15
    assert BertConfig(**config.to_dict()) == config and not config.is_plain


def test_the_embeddings_are_as_wide_as_the_encoder_unless_told():
    assert BertConfig(30, hidden_size=24).embedding_size == 24
    assert BertConfig(30, hidden_size=24, embedding_size=24) == BertConfig(30, hidden_size=24)
    assert BertConfig.from_preset("kor-tiny", hidden_size=64).embedding_size == 64

"""Presets: their parameters, counted by hand, against the published totals and against real graphs."""

import numpy as np
import pytest

from bertfit.checkpoints import registry
from bertfit.config import presets
from bertfit.config.encoder import BertConfig
from bertfit.config.pretraining import PretrainHeads
from bertfit.errors import ArgumentError

# name, parameters of the encoder without the pooler, and of the NSP head with the pooler, as published
PUBLISHED = [("kor-small", 4_485_632, 66_304), ("kor-tiny", 1_240_832, 16_768), ("kor-mini", 1_438_336, 16_768)]


@pytest.mark.parametrize(("name", "encoder", "head"), PUBLISHED)
def test_the_korean_totals_are_the_published_ones(name, encoder, head):
    from bertfit.network.encoder import Encoder
    from bertfit.network.pretrain_heads import PretrainingLayers

    config = BertConfig.from_preset(name)
    made = Encoder(config, fresh=False)
    graph = made.graph()
    pooler = graph.get_layer("NSP-Dense").count_params()
    heads = PretrainingLayers(made, presets.find(name).heads)
    own = sum(layer.count_params() for layer in heads.layers)
    assert graph.count_params() - pooler == encoder
    assert pooler + own == head
    assert graph.count_params() + own == encoder + head
    assert registry.count_parameters(config) == graph.count_params()


def test_constants_of_the_keras_model():
    for name, _, _ in PUBLISHED:
        config, heads = BertConfig.from_preset(name), presets.find(name).heads
        assert (config.vocab_size, config.layer_norm_eps, config.pad_token_id) == (8007, 1e-3, 0)
        assert config.hidden_dropout_prob == config.attention_probs_dropout_prob == 0.1
        assert heads == PretrainHeads(mlm="tied", nsp="plain")
    assert [BertConfig.from_preset(name).max_position_embeddings for name, _, _ in PUBLISHED] == [256, 128, 128]


def test_half_is_half_of_full_and_full_is_base():
    half, full = BertConfig.from_preset("kor-half"), BertConfig.from_preset("kor-full")
    base = BertConfig.from_preset("bert-base-uncased")
    for name in ("hidden_size", "num_attention_heads", "intermediate_size"):
        assert 2 * getattr(half, name) == getattr(full, name) == getattr(base, name)
    assert half.num_hidden_layers == full.num_hidden_layers == base.num_hidden_layers == 12
    assert half.attention_head_size == full.attention_head_size == 64
    assert half.max_position_embeddings == 512


def test_googles_sizes_are_those_of_its_checkpoints():
    google = [entry for entry in registry.MODELS.values() if entry.source == "google"]
    assert len([entry for entry in google if entry.name.startswith("bert-uncased-l")]) == 24
    for entry in google:
        assert BertConfig.from_preset(entry.name) == entry.config
        assert presets.find(entry.name).heads == PretrainHeads()
    # Devlin et al. and Turc et al. give 110M, 340M and 4.4M; the exact numbers come from the published checkpoints.
    sizes = {"bert-base-uncased": 109_482_240, "bert-large-uncased": 335_141_888, "bert-tiny-uncased": 4_385_920}
    for name, total in sizes.items():
        assert registry.count_parameters(BertConfig.from_preset(name)) == total


def test_changes_go_before_the_preset():
    config = BertConfig.from_preset("kor-tiny", vocab_size=99, hidden_dropout_prob=0.0)
    assert (config.vocab_size, config.hidden_dropout_prob, config.attention_head_size) == (99, 0.0, 16)
    assert BertConfig.from_preset("kor-tiny", hidden_size=64).attention_head_size == 16  # 64 / 4
    assert BertConfig.from_preset("kor-tiny", num_attention_heads=2).attention_head_size == 64
    assert BertConfig.from_preset("kor-tiny", num_attention_heads=2, attention_head_size=5).attention_head_size == 5


def test_names_are_found_or_the_nearest_offered():
    assert presets.find("KOR-Tiny").name == "kor-tiny"
    with pytest.raises(ArgumentError, match="Did you mean kor-tiny"):
        BertConfig.from_preset("kor-tinny")
    with pytest.raises(ArgumentError, match="Known are kor-small"):
        presets.find("?")
    with pytest.raises(ArgumentError, match="Unknown: width"):
        BertConfig.from_preset("kor-tiny", width=3)


def test_no_preset_can_be_changed_by_accident():
    before = dict(presets.find("kor-tiny").settings)
    BertConfig.from_preset("kor-tiny", vocab_size=10, hidden_size=64)
    assert presets.find("kor-tiny").settings == before
    assert np.all([name == preset.name for name, preset in presets.PRESETS.items()])

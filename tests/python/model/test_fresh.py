"""Fresh models: how their weights are distributed, and what configuration and vocabulary must agree on."""

import numpy as np
import pytest

from bertfit.config.encoder import BertConfig
from bertfit.config.pretraining import PretrainHeads
from bertfit.errors import ArgumentError, VocabularyError
from bertfit.model.fresh import fresh_model
from bertfit.text.vocabulary import Vocabulary
from toys.models import VOCABULARY, toy_config

WORDS = Vocabulary.from_bytes("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh"]).encode(), True)
SIZES = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128,
         "max_position_embeddings": 50}


def test_weights_are_a_truncated_normal_and_no_two_alike():
    model = fresh_model(SIZES, WORDS, seed=5)
    matrices = [array for arrays in model.weights().values() for array in arrays if array.ndim > 1]
    values = np.concatenate([array.ravel() for array in matrices])
    assert np.abs(values).max() <= 0.04
    # A normal distribution cut at two standard deviations keeps 0.8796 of its own.
    assert values.std() == pytest.approx(0.02 * 0.8796, rel=0.02)
    assert abs(values.mean()) < 4 * 0.02 / len(values) ** 0.5
    square = [array for array in matrices if array.shape == (64, 64)]
    assert all(not np.array_equal(a, b) for i, a in enumerate(square) for b in square[:i])
    for name, arrays in model.weights().items():
        for index, array in enumerate(arrays):
            if array.ndim == 1:
                assert np.all(array == (1.0 if name.endswith("Norm") and index == 0 else 0.0))


def test_a_seed_gives_the_same_model_and_none_draws_one():
    same = [fresh_model(SIZES, WORDS, seed=5).weights()["Embedding-Token"][0] for _ in range(2)]
    np.testing.assert_array_equal(*same)
    drawn = [fresh_model(SIZES, WORDS) for _ in range(2)]
    assert drawn[0].source["seed"] != drawn[1].source["seed"]
    assert not np.array_equal(*(model.weights()["Embedding-Token"][0] for model in drawn))
    again = fresh_model(SIZES, WORDS, seed=drawn[0].source["seed"])
    np.testing.assert_array_equal(again.weights()["NSP-Dense"][0], drawn[0].weights()["NSP-Dense"][0])


def test_a_preset_brings_its_heads_and_takes_the_vocabularys_size():
    model = fresh_model("kor-tiny", WORDS, seed=1)
    assert (model.name, model.config.vocab_size, model.config.attention_head_size) == ("kor-tiny", len(WORDS), 16)
    assert model.pretrain_heads == PretrainHeads(mlm="tied", nsp="plain")
    assert fresh_model(SIZES, WORDS, seed=1).pretraining is None
    assert fresh_model(SIZES, WORDS, seed=1, heads=PretrainHeads()).pretrain_heads == PretrainHeads()


def test_the_configs_vocab_size_must_be_the_vocabularys():
    with pytest.raises(ArgumentError, match=r"8,007.*has 13(.|\n)*vocab_size = 13"):
        fresh_model(BertConfig.from_preset("kor-tiny"), WORDS)
    with pytest.raises(ArgumentError, match="same number of entries"):
        fresh_model({**SIZES, "vocab_size": 14}, WORDS)


def test_padding_is_the_vocabularys():
    turned = Vocabulary.from_bytes(b"[UNK]\n[CLS]\n[SEP]\n[PAD]\na\n", True)
    assert fresh_model(BertConfig(vocab_size=5, **SIZES), turned).config.pad_token_id == 3
    assert fresh_model(SIZES, turned).config.pad_token_id == 3


def test_a_vocabulary_comes_as_object_path_or_bytes(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_bytes(WORDS.data)
    for given in (path, str(path), WORDS.data, bytearray(WORDS.data)):
        assert fresh_model(SIZES, given, lower_case=False).vocabulary.tokens == WORDS.tokens
    assert fresh_model(SIZES, path).vocabulary.path == str(path)


@pytest.mark.parametrize(
    ("config", "words", "error", "message"),
    [
        ("kor-tinny", WORDS, ArgumentError, "Did you mean kor-tiny"),
        (3, WORDS, ArgumentError, "`config` must be"),
        (SIZES, 3, ArgumentError, "`vocab` must be"),
        (SIZES, "/no/such.txt", VocabularyError, "/no/such.txt"),
    ],
)
def test_values_that_are_no_config_or_no_vocabulary_are_refused(config, words, error, message):
    with pytest.raises(error, match=message):
        fresh_model(config, words)


@pytest.mark.parametrize("seed", [-1, 2**31, 1.5, True])
def test_seeds_are_whole_numbers(seed):
    with pytest.raises(ArgumentError, match="`seed`"):
        fresh_model(SIZES, WORDS, seed=seed)


def test_a_model_that_does_not_fit_into_memory_is_refused_before_it_is_made():
    huge = toy_config(hidden_size=2**31 - 2)
    with pytest.raises(ArgumentError, match=r"`config` must be a model whose weights fit into memory(.|\n)*GiB"):
        fresh_model(huge, VOCABULARY)
    for name in ("hidden_size", "intermediate_size", "max_position_embeddings"):
        with pytest.raises(ArgumentError, match=f"`{name}` must be at most 2147483647"):
            toy_config(**{name: 2**31})

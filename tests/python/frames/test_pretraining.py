"""`pretrain` and what a pretrained `Bert` answers: from texts to a fit, in names that Python users know."""

import numpy as np
import pandas as pd
import pytest

import bertfit
from bertfit.errors import ArgumentError
from bertfit.inference.mask_filling import fill_mask, next_sentence
from bertfit.rows.table import Rows

TALES = "\n\n".join(f"the {a} film is {b} .\na very {b} film .\nthe {a} day is {b} too .\n"
                    for a in ("old", "new") for b in ("good", "bad", "fun", "dull")) + "\n"
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
         "max_position_embeddings": 32}


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """A fresh model, and data for it."""
    folder = tmp_path_factory.mktemp("pretrain")
    (folder / "corpus.txt").write_text(TALES, "utf-8")
    vocabulary = bertfit.train_vocabulary([folder / "corpus.txt"], 50, "wordpiece")
    bertfit.make_pretraining_data(folder / "corpus.txt", vocabulary, folder / "data", max_len=24, seed=1)
    config = bertfit.BertConfig(vocab_size=len(vocabulary), **SIZES)
    return bertfit.init(config, vocabulary, seed=1), folder / "data"


@pytest.fixture(scope="module")
def model(start):
    return bertfit.pretrain(*start, steps=6, steps_per_epoch=3, batch_size=8, seed=1, verbose=0)


def test_a_pretrained_model_has_its_course(model, start):
    assert list(model.history["steps"]) == [3, 6]
    assert model.model.source["kind"] == "pretrained" and model.model.source["origin"]["kind"] == "fresh"
    assert not model.fitted and start[0].model.pretraining is None


def test_control_and_settings_are_one(model, start):
    control = bertfit.PretrainConfig(steps=6, steps_per_epoch=3, batch_size=8, verbose=0)
    again = bertfit.pretrain(*start, control=control, seed=1)
    for mine, other in zip(model.model.graph().get_weights(), again.model.graph().get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    for wrong in ({"control": 3}, {"step": 3}, {"callbacks": [print]}):
        with pytest.raises(ArgumentError):
            bertfit.pretrain(*start, **wrong)


def test_heads_by_name(start):
    plain = bertfit.pretrain(*start, heads={"mlm": "tied", "nsp": "plain"}, steps=1, verbose=0)
    assert plain.model.pretrain_heads == bertfit.PretrainHeads("tied", "plain")


def test_it_answers_as_the_core_does(model):
    texts = ["the [MASK] is good .", "a [MASK] [MASK] ."]
    frame = model.fill_mask(texts, top=2)
    assert isinstance(frame, pd.DataFrame) and list(frame["row"]) == [1, 1, 2, 2, 2, 2]
    counted = frame.assign(row=frame["row"] - 1, mask=frame["mask"] - 1)  # the core counts from 0
    assert counted.to_dict("list") == fill_mask(model.model, Rows.of(texts), 2)
    assert len(model.fill_mask("[MASK]", top=3)) == 3  # one text is one text
    np.testing.assert_array_equal(model.next_sentence("a day", "a film"),
                                  next_sentence(model.model, Rows.of(["a day"], ["a film"])))


def test_it_is_saved_exported_and_fitted(model, tmp_path):
    saved = bertfit.load(model.save(tmp_path / "saved"))
    assert saved.fill_mask("[MASK] film").equals(model.fill_mask("[MASK] film"))
    assert saved.history.equals(model.history)
    other = bertfit.load(model.export(tmp_path / "hf", "huggingface"))
    assert list(other.fill_mask("[MASK] film")["token"]) == list(model.fill_mask("[MASK] film")["token"])
    frame = pd.DataFrame({"text": ["good film", "bad film"] * 8, "kind": ["up", "down"] * 8})
    fitted = bertfit.fit(frame, "text", "kind", model, epochs=1, verbose=0)
    assert fitted.labels == ("down", "up")
    with pytest.raises(ArgumentError):
        fitted.fill_mask("[MASK]")

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
    data = bertfit.make_pretraining_data(folder / "corpus.txt", vocabulary, folder / "data", max_len=24, seed=1)
    config = bertfit.BertConfig(vocab_size=len(vocabulary), **SIZES)
    return bertfit.init(config, vocabulary, seed=1), data


@pytest.fixture(scope="module")
def model(start):
    return bertfit.pretrain(*start, steps=6, steps_per_epoch=3, batch_size=8, seed=1, verbose=0)


def test_a_pretrained_model_has_its_history_and_origin(model, start):
    assert list(model.history["steps"]) == [3, 6]
    assert model.model.source["kind"] == "pretrained" and model.model.source["origin"]["kind"] == "fresh"
    assert not model.fitted and start[0].model.pretraining is None


def test_settings_may_be_given_as_control_or_by_name(model, start):
    control = bertfit.PretrainConfig(steps=6, steps_per_epoch=3, batch_size=8, verbose=0)
    again = bertfit.pretrain(*start, control=control, seed=1)
    for mine, other in zip(model.model.graph().get_weights(), again.model.graph().get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    for wrong in ({"control": 3}, {"step": 3}, {"callbacks": [print]}, {"validation": {}}):
        with pytest.raises(ArgumentError):
            bertfit.pretrain(*start, **wrong)


def test_pretraining_heads_are_chosen_by_name(start):
    plain = bertfit.pretrain(*start, heads={"mlm": "tied", "nsp": "plain"}, steps=1, verbose=0)
    assert plain.model.pretrain_heads == bertfit.PretrainHeads("tied", "plain")


def test_masked_tokens_and_next_sentences_are_the_cores_counted_from_1(model):
    texts = ["the [MASK] is good .", "a [MASK] [MASK] ."]
    frame = model.fill_mask(texts, top=2)
    assert isinstance(frame, pd.DataFrame) and list(frame["row"]) == [1, 1, 2, 2, 2, 2]
    counted = frame.assign(row=frame["row"] - 1, mask=frame["mask"] - 1)  # the core counts from 0
    assert counted.to_dict("list") == fill_mask(model.model, Rows.of(texts), 2)
    assert len(model.fill_mask("[MASK]", top=3)) == 3  # one text is one text
    np.testing.assert_array_equal(model.next_sentence("a day", "a film"),
                                  next_sentence(model.model, Rows.of(["a day"], ["a film"])))


def test_a_pretrained_model_is_saved_exported_and_fitted(model, tmp_path):
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


def test_a_folder_with_a_run_is_refused_unless_it_is_said_what_becomes_of_it(start, tmp_path, capsys):
    settings = {"steps": 2, "steps_per_epoch": 1, "batch_size": 8, "verbose": 0}
    first = bertfit.pretrain(*start, seed=1, out_dir=tmp_path, **settings)
    with pytest.raises(ArgumentError, match="`out_dir` must be a folder without a run, or `resume` or `overwrite`"):
        bertfit.pretrain(*start, seed=2, out_dir=tmp_path, **settings)
    opened = bertfit.load(tmp_path)
    assert opened.model.source["path"] == str(tmp_path / "best")
    assert "is opened, the model of epoch" in capsys.readouterr().err
    bertfit.load(tmp_path, quiet=True)
    assert capsys.readouterr().err == ""

    class Stands(bertfit.Callback):
        """The earlier models stand while the new run has none."""

        def on_step(self, info):
            if info["epoch"] == 1:
                assert bertfit.load(tmp_path / "last").model.record["seed"] == 1

    second = bertfit.pretrain(*start, seed=2, out_dir=tmp_path, overwrite=True, callbacks=[Stands()], **settings)
    assert second.model.record["seed"] == 2 != first.model.record["seed"]
    assert {bertfit.load(tmp_path / name).model.record["seed"] for name in ("best", "last")} == {2}
    resumed = bertfit.pretrain(*start, seed=2, out_dir=tmp_path, resume=True, **settings)
    assert resumed.model.record["seed"] == 2 and list(resumed.history["epoch"]) == [1, 2]


def test_a_last_model_that_cannot_be_saved_in_its_place_is_kept_beside(start, tmp_path):
    class Appear(bertfit.Callback):
        def on_step(self, info):
            (tmp_path / "last").mkdir(exist_ok=True)
            (tmp_path / "last" / "mine.txt").write_text("mine")

    with pytest.warns(UserWarning) as told:
        made = bertfit.pretrain(*start, steps=2, batch_size=8, verbose=0, out_dir=tmp_path, callbacks=[Appear()])
    assert any(f"It is in {tmp_path / 'last-kept'}." in str(warning.message) for warning in told)
    kept = bertfit.load(tmp_path / "last-kept")
    assert (tmp_path / "last" / "mine.txt").read_text() == "mine"
    assert all(np.array_equal(a, b) for a, b in zip(kept.model.graph().get_weights(), made.model.graph().get_weights(),
                                                    strict=True))

"""Pretraining from R and from Python: the same files, the same weights, the same guesses."""

import filecmp
from pathlib import Path

import numpy as np
import pytest

import bertfit

TEXT = Path(__file__).resolve().parents[2] / "inst" / "extdata" / "two-places.txt"
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
         "max_position_embeddings": 32}
RUN = {"steps": 4, "steps_per_epoch": 2, "batch_size": 8, "precision": "float32", "seed": 5, "verbose": 0}


@pytest.fixture(scope="module")
def sides(r, tmp_path_factory):
    """Both sides' folders of data, and the Python model; R has `vocab`, `data` and `pretrained`."""
    folder = tmp_path_factory.mktemp("pretraining")
    vocabulary = bertfit.train_vocabulary([TEXT], 200, "wordpiece")
    bertfit.make_pretraining_data(TEXT, vocabulary, folder / "python", max_len=32, whole_word=True, seed=3)
    sizes = ", ".join(f"{name} = {value}" for name, value in SIZES.items())
    run = ", ".join(f"{name} = {value!r}" for name, value in RUN.items())
    r(f"""vocab <- bert_vocab_train(files = "{TEXT}", size = 200, quiet = TRUE)
          data <- bert_pretrain_data("{TEXT}", vocab, "{folder / 'r'}", max_len = 32, whole_word = TRUE, seed = 3,
                                     quiet = TRUE)
          config <- bert_config(vocab_size = vocab$size, {sizes})
          pretrained <- bert_pretrain(bert_init(config, vocab, seed = 2), data, {run})""")
    config = bertfit.BertConfig(vocab_size=len(vocabulary), **SIZES)
    model = bertfit.pretrain(bertfit.init(config, vocabulary, seed=2), folder / "python", **RUN)
    return folder, vocabulary, model


def test_vocabularies_are_byte_for_byte_the_same(r, sides):
    assert bytes(r("vocab$data")) == sides[1].data


def test_data_are_byte_for_byte_the_same(r, sides):
    names = sorted(path.name for path in (sides[0] / "python").glob("*.tfrecord"))
    assert names and names == sorted(r("data$files$name"))
    same, different, unread = filecmp.cmpfiles(sides[0] / "python", sides[0] / "r", names, shallow=False)
    assert (same, different, unread) == (names, [], [])


def test_the_course_is_the_same(r, sides):
    history = sides[2].history
    for name in ("steps", "mlm_loss", "mlm_accuracy", "nsp_loss", "nsp_accuracy", "learning_rate"):
        np.testing.assert_allclose(np.asarray(r(f"pretrained$history${name}")), history[name], rtol=1e-5)


def test_masks_are_filled_alike(r, assign, sides):
    texts = ["Old Tom mends [MASK] on the [MASK].", "[MASK]", "The é日 [MASK] sea"]
    assign("texts", texts)
    frame = sides[2].fill_mask(texts, top=4)
    found = r("bert_fill_mask(texts, pretrained, top = 4)")
    assert list(found.names) == list(frame.columns)
    assert list(found.rx2("token")) == list(frame["token"])
    for name in ("row", "mask", "rank"):
        assert list(found.rx2(name)) == list(frame[name])
    np.testing.assert_allclose(np.asarray(found.rx2("probability")), frame["probability"], rtol=1e-4)


def test_next_sentences_are_judged_alike(r, assign, sides):
    first, second = ["Old Tom mends nets.", "a"], ["His fingers know every knot.", "b"]
    assign("a", first)
    assign("b", second)
    found = np.asarray(r("bert_next_sentence(a, b, pretrained)"))
    np.testing.assert_allclose(found, sides[2].next_sentence(first, second), rtol=1e-4)

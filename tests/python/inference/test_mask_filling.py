"""Masked tokens and next sentences against the graph called by hand, and against transformers."""

import numpy as np
import pytest

from bertfit import _env
from bertfit.config.pretraining import PretrainHeads
from bertfit.errors import ArgumentError, DataError
from bertfit.inference.mask_filling import fill_mask, next_sentence
from bertfit.model.exporting import export
from bertfit.rows.table import Rows
from toys.models import fill_at_random, toy_model

tf = _env.tensorflow()


@pytest.fixture(scope="module")
def model():
    model = toy_model()
    model.add_pretraining(PretrainHeads())
    fill_at_random(model.weighted_layers().values(), seed=4)
    return model


def test_the_likeliest_tokens_are_those_of_the_graph(model):
    found = fill_mask(model, Rows.of(["the movie was [MASK] .", "[MASK] film [MASK]"]), top=3)
    assert found["row"] == [0] * 3 + [1] * 6
    assert found["mask"] == [0] * 3 + [0] * 3 + [1] * 3
    assert found["rank"] == [1, 2, 3] * 3
    ids = np.array([[2, 4, 7, 4, 3]], np.int32)  # [CLS] [MASK] film [MASK] [SEP]
    sequence, _ = model.encoder.graph()([ids, np.zeros_like(ids)], training=False)
    for mask, place in ((0, 1), (1, 3)):
        p = tf.nn.softmax(model.pretraining.token_logits(sequence[0, place][None]))[0].numpy()
        rows = [i for i in range(9) if (found["row"][i], found["mask"][i]) == (1, mask)]
        best = np.argsort(-p)[:3]
        assert [found["token"][i] for i in rows] == [model.vocabulary.tokens[i] for i in best]
        assert np.allclose([found["probability"][i] for i in rows], p[best], atol=1e-6)


def test_many_texts_are_answered_in_order(model):
    texts = [f"{'good ' * (i % 7)}[MASK] film" for i in range(70)]
    alone = [fill_mask(model, Rows.of([text]), top=1)["token"][0] for text in texts[:7]]
    assert fill_mask(model, Rows.of(texts), top=1)["token"] == alone * 10


def test_next_sentence_is_the_first_column_of_nsp(model):
    first, second = ["the movie", "a film was bad"], ["was good", "is"]
    encoding = model.encode(Rows(first, second))
    ids, segments, _ = encoding.pad()
    _, pooled = model.encoder.graph()([ids, segments], training=False)
    expected = tf.nn.softmax(model.pretraining.next_logits(pooled))[:, 0].numpy()
    assert np.allclose(next_sentence(model, Rows.of(first, second)), expected, atol=1e-6)


def test_transformers_fills_the_mask_alike(model, tmp_path):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    other = transformers.BertForMaskedLM.from_pretrained(export(model, tmp_path / "hf", "huggingface")).eval()
    ids = torch.tensor([[2, 12, 24, 25, 4, 3]])
    with torch.no_grad():
        p = other(input_ids=ids).logits[0, 4].softmax(-1).numpy()
    found = fill_mask(model, Rows.of(["the movie was [MASK]"]), top=4)
    assert np.allclose(found["probability"], np.sort(p)[::-1][:4], atol=1e-4)


def test_errors_name_the_rows(model):
    with pytest.raises(DataError, match=r"Row 1 is without one\."):
        fill_mask(model, Rows.of(["a [MASK]", "none here"]))
    with pytest.raises(DataError, match="at most 32 tokens"):
        fill_mask(model, Rows.of(["good " * 40 + "[MASK]"]))
    with pytest.raises(ArgumentError, match="between 1 and 27"):
        fill_mask(model, Rows.of(["[MASK]"]), top=0)
    with pytest.raises(ArgumentError, match="must have MLM and NSP heads"):
        fill_mask(toy_model(), Rows.of(["[MASK]"]))
    with pytest.raises(ArgumentError, match="must have MLM and NSP heads"):
        next_sentence(toy_model(), Rows.of(["a"], ["b"]))

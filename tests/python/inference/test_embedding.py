"""Text vectors against hidden states pooled by hand."""

import numpy as np
import pytest

from bertfit import _env
from bertfit.errors import ArgumentError
from bertfit.inference.embedding import embed
from bertfit.notices import TruncationWarning
from bertfit.rows.table import Rows
from toys.models import TEXTS, toy_head, toy_model


@pytest.fixture(scope="module")
def model():
    return toy_model()


def states(model, text, layer):
    """Token vectors [S, H] of one text without padding, and the pooled output."""
    tf = _env.tensorflow()
    encoding = model.tokenizer.encode([text])
    inputs = [tf.constant(encoding.ids[None]), tf.constant(encoding.segments[None])]
    graph = _env.keras().Model(model.encoder.graph().inputs, [
        model.encoder.get_layer(f"Encoder-{layer}-FeedForward-Norm").output, model.encoder.graph().outputs[1]])
    sequence, pooled = graph(inputs)
    return sequence.numpy()[0], pooled.numpy()[0]


@pytest.mark.parametrize("pooling, pool", [("mean", lambda x: x.mean(0)), ("max", lambda x: x.max(0)),
                                           ("cls", lambda x: x[0])])
def test_pooling_and_layers_side_by_side(model, pooling, pool):
    got = embed(model, Rows.of(TEXTS), layers=(-1, 1), pooling=pooling, precision="float32")
    wanted = [np.concatenate([pool(states(model, text, 2)[0]), pool(states(model, text, 1)[0])]) for text in TEXTS]
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_nsp_is_the_pooled_output(model):
    wanted = [states(model, text, 2)[1] for text in TEXTS]
    np.testing.assert_allclose(embed(model, Rows.of(TEXTS), pooling="nsp", precision="float32"), wanted, atol=1e-5)


def test_pairs_are_read_together(model):
    alone = embed(model, Rows.of(["fun"]), precision="float32")
    paired = embed(model, Rows.of(["fun"], ["dull plot"]), precision="float32")
    assert alone.shape == paired.shape == (1, 16) and np.abs(alone - paired).max() > 1e-3


def test_a_fitted_model_embeds_and_no_texts_give_no_rows(model):
    assert embed(toy_head(), Rows.of(TEXTS)).shape == (6, 16)
    assert embed(model, Rows.of([]), layers=(1, 2)).shape == (0, 32)
    np.testing.assert_array_equal(embed(model, Rows.of(TEXTS), layers=1), embed(model, Rows.of(TEXTS), layers=[1]))


@pytest.mark.parametrize("options, name", [({"layers": (3,)}, "layers"), ({"layers": (0,)}, "layers"),
                                           ({"layers": ()}, "layers"), ({"pooling": "sum"}, "pooling"),
                                           ({"pooling": "nsp", "layers": (1,)}, "layers")])
def test_refuses_layers_and_poolings_that_do_not_exist(model, options, name):
    with pytest.raises(ArgumentError, match=f"`{name}`"):
        embed(model, Rows.of(TEXTS), **options)


def test_normalized_vectors_have_length_one_and_their_old_direction(model):
    plain = embed(model, Rows.of(TEXTS), layers=(1, 2), precision="float32")
    unit = embed(model, Rows.of(TEXTS), layers=(1, 2), normalize=True, precision="float32")
    np.testing.assert_allclose((unit.astype(float) ** 2).sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(unit * np.sqrt((plain**2).sum(1))[:, None], plain, rtol=1e-5)
    assert unit.dtype == np.float32
    with pytest.raises(ArgumentError, match="`normalize` must be True or False"):
        embed(model, Rows.of(TEXTS), normalize="l2")


def test_cut_texts_are_counted(model):
    with pytest.warns(TruncationWarning, match="1 of 2 rows was longer than 32 tokens"):
        embed(model, Rows.of(["fun", "very " * 40]))

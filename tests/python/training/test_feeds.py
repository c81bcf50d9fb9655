"""What the loop is fed: batches padded to their own longest, and frozen layers that are computed once."""

from __future__ import annotations

import numpy as np
import pytest

from bertfit import _env
from bertfit.config.head import HeadConfig
from bertfit.config.training import TrainConfig
from bertfit.network import tracing
from bertfit.network.encoder import Encoder
from bertfit.rows.table import Rows
from bertfit.text.tokenizer import Tokenizer
from bertfit.training import feeds
from bertfit.training.feeds import FeatureFeed, TokenFeed, VectorFeed, training_feed
from bertfit.training.finetuning import fit_model
from bertfit.training.shapes import Shapes
from toys.fits import BINARY, FAST, GOOD, PLAIN, TEXTS, largest_change
from toys.models import NO_DROPOUT, VOCABULARY, toy_model, toy_texts

tf = _env.tensorflow()


@pytest.fixture(scope="module")
def two_still():
    """Two layers, no dropout."""
    return toy_model(num_hidden_layers=2, **NO_DROPOUT)


def feed_of(model, head=PLAIN, epochs=2, **settings):
    model = model.copy()
    model.add_head(BINARY, head)
    config = TrainConfig(epochs=epochs, **{**FAST, **settings})
    return training_feed(model, model.encode(Rows(TEXTS)), 32, "float32", config)


def test_batches_are_padded_to_their_own_longest_or_to_the_plans(two_still):
    encoding = Tokenizer(VOCABULARY).encode(["good film", "a good film was a nice movie", *toy_texts(3)])
    still = two_still.copy()
    still.add_head(BINARY, PLAIN)
    feed = TokenFeed(still, encoding, 32, "float32")
    ids, segments = feed.inputs(np.array([1, 0]))
    words = VOCABULARY.ids
    assert ids.shape == segments.shape == (2, 16) and not segments.any()
    assert ids[1].tolist() == [2, words["good"], words["film"], 3] + [0] * 12
    assert (ids[0] > 0).sum() == 9
    feed.shapes = Shapes((24, 32), 32, True)
    assert feed.inputs(np.array([1, 0]))[0].shape == (2, 24)


def test_what_is_kept_of_a_frozen_encoder_is_as_much_as_never_changes(two_still):
    cls, mean, both = HeadConfig(pooling="cls"), HeadConfig(pooling="mean"), HeadConfig(pooling="mean", layers=(-2, -1))
    assert [feed_of(two_still, cls, freeze=n).layers for n in (1, 2)] == [1, 1]  # see Encoder.first
    assert [feed_of(two_still, mean, freeze=n).layers for n in (1, 2, np.int64(2))] == [1, 2, 2]
    assert feed_of(two_still, both, freeze=2).layers == 1  # the head wants layer 1 too
    assert feed_of(two_still, HeadConfig(pooling="nsp"), freeze=2).layers == 1
    assert type(feed_of(two_still, freeze="encoder")) is FeatureFeed
    for settings in ({"freeze": "none"}, {"freeze": "embeddings"}, {"freeze": 0}, {"freeze": 1, "epochs": 1}):
        assert type(feed_of(two_still, **settings)) is TokenFeed


def test_of_layers_with_shared_weights_one_that_is_frozen_freezes_all():
    shared = toy_model(share_layers=True, num_hidden_layers=3, **NO_DROPOUT)
    assert feed_of(shared, HeadConfig(pooling="mean"), freeze=1).layers == 3
    assert feed_of(shared, HeadConfig(pooling="cls"), freeze=1).layers == 2  # see Encoder.first
    assert type(feed_of(shared, freeze=0)) is TokenFeed


def test_with_dropout_or_too_little_room_nothing_is_kept(two_still, monkeypatch):
    for dropout in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
        assert type(feed_of(toy_model(num_hidden_layers=2, **{**NO_DROPOUT, dropout: 0.1}), freeze=1)) is TokenFeed
    monkeypatch.setattr(feeds, "MOST_BYTES", 1000)
    assert type(feed_of(two_still, freeze=1)) is TokenFeed


def test_vectors_are_the_frozen_layers(two_still):
    feed = feed_of(two_still, freeze=1)
    rows = np.array([5, 0, 17])
    ids, segments, vectors = feed.inputs(rows)
    expected = feed.model.encoder.states([tf.constant(ids), tf.constant(segments)], False)[0].numpy()
    for place, row in enumerate(rows):
        length = feed.lengths[row]
        np.testing.assert_allclose(vectors[place, :length], expected[place, :length], atol=1e-6)
        assert not vectors[place, length:].any()


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("head", [
    HeadConfig(pooling="cls"), HeadConfig(pooling="nsp"), PLAIN, HeadConfig(pooling="max", layers=(-2, -1)),
], ids=lambda head: head.pooling)
def test_training_on_kept_vectors_is_training_on_tokens(two_still, head, compiled, monkeypatch, request):
    if compiled:
        request.getfixturevalue("compile_at_once")
    config, embedded, count = TrainConfig(epochs=3, freeze=1, **{**FAST, "validation": 0.2}), Encoder._embedded, []
    monkeypatch.setattr(Encoder, "_embedded", lambda *a: (count.append(1), embedded(*a))[1])
    tracing._kept.clear()  # graphs of earlier fits of this shape
    kept = fit_model(two_still, Rows.of(TEXTS, targets=GOOD), task=BINARY, head=head, config=config)
    traced = len(count)
    monkeypatch.setattr(feeds, "MOST_BYTES", 0)
    whole = fit_model(two_still, Rows.of(TEXTS, targets=GOOD), task=BINARY, head=head, config=config)
    # For the vectors and for validation; then for the steps, while validation has the graph of the first fit.
    assert (traced, len(count) - traced) == (2, 1)
    for name in ("loss", "val_loss", "val_auc"):
        np.testing.assert_allclose(kept.record["history"][name], whole.record["history"][name], rtol=1e-4)
    assert largest_change(kept, whole) < 1e-4 < largest_change(kept, two_still, "Encoder-2-FeedForward")
    assert largest_change(kept, two_still, "Encoder-1-FeedForward") == 0


def test_vector_feeds_steps_do_not_compute_frozen_layers(two_still, monkeypatch):
    feed = feed_of(two_still, freeze=1)
    monkeypatch.setattr(Encoder, "_embedded", lambda *a: pytest.fail("embeddings were computed"))
    logits = feed.apply([tf.constant(x) for x in feed.inputs(np.array([0, 1]))], True)
    assert type(feed) is VectorFeed and logits.shape == (2, 1)

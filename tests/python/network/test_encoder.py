"""The encoder against stock keras-bert on the same weights, its sizes by count."""


import numpy as np
import pytest

from bertfit import _env
from bertfit.config.encoder import BertConfig
from bertfit.errors import ArgumentError
from bertfit.network.encoder import Encoder
from bertfit.network.keras_graph import hidden_states
from bertfit.network.products import compute_in
from toys.models import NO_DROPOUT, encoder_layer_names, fill_at_random, toy_config

tf = _env.tensorflow()
keras = _env.keras()

S = 12  # tokens of the stock graph
RNG = np.random.default_rng(5)
LENGTHS = np.array([12, 7, 3, 9])
TOKENS = np.where(np.arange(S) < LENGTHS[:, None], RNG.integers(1, 17, (4, S)), 0).astype(np.int32)  # 0 is padding
SEGMENTS = (np.arange(S) >= LENGTHS[:, None] // 2).astype(np.int32) * (TOKENS > 0)


@pytest.fixture(scope="module")
def pair():
    """Our encoder and stock keras-bert's graph on the same random weights."""
    import keras_bert

    config = toy_config()
    ours = Encoder(config, fresh=False).graph()
    stock = keras_bert.get_model(
        token_num=config.vocab_size, pos_num=config.max_position_embeddings, seq_len=S, embed_dim=config.hidden_size,
        transformer_num=config.num_hidden_layers, head_num=config.num_attention_heads,
        feed_forward_dim=config.intermediate_size, dropout_rate=0.0, training=True,
    )
    fill_at_random([stock.get_layer(name) for name in encoder_layer_names(config)])
    for name in encoder_layer_names(config):
        ours.get_layer(name).set_weights(stock.get_layer(name).get_weights())
    return ours, stock


def run(model, tokens=TOKENS, segments=SEGMENTS, **kwargs):
    outputs = model([tf.constant(tokens), tf.constant(segments)], **kwargs)
    return [output.numpy() for output in tf.nest.flatten(outputs)]


# -- Against keras-bert --------------------------------------------------------------------------------

def test_outputs_are_stock_keras_berts(pair):
    ours, stock = pair
    outputs = [stock.get_layer(name).output for name in ("Encoder-2-FeedForward-Norm", "NSP-Dense")]
    theirs = keras.Model(stock.inputs[:2], outputs).predict([TOKENS, SEGMENTS], verbose=0)
    sequence, pooled = run(ours)
    real = TOKENS > 0  # what stands on padding has no meaning
    np.testing.assert_allclose(sequence[real], theirs[0][real], atol=1e-5)
    np.testing.assert_allclose(pooled, theirs[1], atol=1e-5)
    assert np.abs(pooled).std() > 0.1  # not all saturated or zero


def test_the_first_layer_is_stock_keras_berts(pair):
    ours, stock = pair
    theirs = keras.Model(stock.inputs[:2], stock.get_layer("Encoder-1-FeedForward-Norm").output)
    mine = keras.Model(ours.inputs, hidden_states(ours, [1]))
    expected = theirs.predict([TOKENS, SEGMENTS], verbose=0)
    np.testing.assert_allclose(run(mine)[0][TOKENS > 0], expected[TOKENS > 0], atol=1e-5)


def test_layers_weights_and_parameters_are_stock_keras_berts(pair):
    ours, stock = pair
    heads = ("MLM", "NSP")  # what only pretraining has; of these we keep NSP-Dense
    theirs = [layer for layer in stock.layers if layer.weights and
              (layer.name == "NSP-Dense" or not layer.name.startswith(heads))]
    assert [layer.name for layer in ours.layers if layer.weights] == encoder_layer_names(toy_config())
    assert sorted(layer.name for layer in theirs) == sorted(encoder_layer_names(toy_config()))
    for layer in theirs:
        shapes = [weight.shape for weight in ours.get_layer(layer.name).get_weights()]
        assert shapes == [weight.shape for weight in layer.get_weights()], layer.name
    assert ours.count_params() == sum(layer.count_params() for layer in theirs)


# -- Sizes ---------------------------------------------------------------------------------------------

def test_bert_base_at_length_50_has_reference_ds_parameters():
    base = Encoder(BertConfig(30522), max_len=50, fresh=False).graph()
    count = {layer.name: layer.count_params() for layer in base.layers}
    assert count["Embedding-Token"] == 23_440_896 and count["Embedding-Position"] == 38_400
    assert count["Embedding-Segment"] == 1_536 and count["NSP-Dense"] == 590_592
    assert count["Encoder-12-MultiHeadSelfAttention"] == 2_362_368 and count["Encoder-1-FeedForward"] == 4_722_432
    output = keras.layers.Dense(1, "sigmoid")(base.get_layer("NSP-Dense").output)
    assert keras.Model(base.inputs, output).count_params() == 109_128_193


@pytest.mark.parametrize("width, head_size, inner, layers, positions, expected, head", [
    (256, 64, 1024, 3, 256, 4_485_632, 66_304), (128, 16, 256, 2, 128, 1_240_832, 16_768),
    (128, 32, 512, 2, 128, 1_438_336, 16_768),
])
def test_reference_as_parameters(width, head_size, inner, layers, positions, expected, head):
    model = Encoder(BertConfig(
        8007, hidden_size=width, num_hidden_layers=layers, num_attention_heads=4, intermediate_size=inner,
        attention_head_size=head_size, max_position_embeddings=positions, layer_norm_eps=1e-3,
    ), fresh=False).graph()
    pooler = model.get_layer("NSP-Dense").count_params()
    assert model.count_params() - pooler == expected
    assert pooler + width * 2 == head  # its two outputs have no bias


# -- Padding, length, number format --------------------------------------------------------------------

def test_padding_changes_no_real_token(pair):
    ours, _ = pair
    sequence, pooled = run(ours)
    for row, length in enumerate(LENGTHS):
        alone = run(ours, TOKENS[row : row + 1, :length], SEGMENTS[row : row + 1, :length])
        np.testing.assert_allclose(alone[0][0], sequence[row, :length], atol=1e-5)
        np.testing.assert_allclose(alone[1][0], pooled[row], atol=1e-5)


def test_another_padding_id_is_masked():
    config = toy_config(pad_token_id=7, **NO_DROPOUT)
    model = Encoder(config, seed=1).graph()
    tokens = np.array([[2, 5, 6, 3]], np.int32)
    padded = np.array([[2, 5, 6, 3, 7, 7]], np.int32)
    short, long = run(model, tokens, tokens * 0), run(model, padded, padded * 0)
    np.testing.assert_allclose(long[0][:, :4], short[0], atol=1e-5)
    other = run(model, np.where(padded == 7, 8, padded), padded * 0)
    assert np.abs(other[0][:, :4] - short[0]).max() > 1e-3  # any other id is read


def test_max_len_keeps_the_first_positions():
    config = toy_config()
    short, full = Encoder(config, max_len=S, seed=3).graph(), Encoder(config, seed=3).graph()
    assert short.get_layer("Embedding-Position").get_weights()[0].shape == (S, 16)
    for name in encoder_layer_names(config):
        weights = full.get_layer(name).get_weights()
        short.get_layer(name).set_weights([weights[0][:S]] if name == "Embedding-Position" else weights)
    for cut, whole in zip(run(short), run(full), strict=True):
        np.testing.assert_allclose(cut, whole, atol=1e-6)


@pytest.mark.parametrize("max_len", [0, 33, "12", 12.0, True])
def test_max_len_stays_within_the_positions(max_len):
    with pytest.raises(ArgumentError, match="`max_len` must be between 1 and 32"):
        Encoder(toy_config(), max_len=max_len)


def test_bfloat16_multiplies_in_bfloat16_and_stays_close(pair):
    ours, _ = pair
    exact = run(ours)
    with compute_in("bfloat16"):
        close = run(ours)
        graph = tf.function(ours).get_concrete_function([tf.TensorSpec([None, None], tf.int32)] * 2).graph
    products = [op for op in graph.get_operations() if op.type in ("MatMul", "BatchMatMulV2")]
    assert len(products) == 2 * (2 + 2 + 2) + 1  # QKV and output, scores and context, feed-forward; the pooler
    # The pooler, the last product, is in float32.
    assert [op.get_attr("T") for op in products].count(tf.bfloat16) == len(products) - 1
    assert [op.get_attr("T") for op in products if op.get_attr("T") != tf.bfloat16] == [tf.float32]
    assert [output.dtype for output in close] == [np.float32, np.float32]
    for a, b in zip(close, exact, strict=True):
        assert 0 < np.abs(a - b).max() < 0.05 * np.abs(b).max() + 0.02
    assert {weight.dtype for weight in ours.weights} == {tf.float32}
    np.testing.assert_array_equal(run(ours)[0], exact[0])  # the context ends where it ends


# -- Dropout -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rates", [
    {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.0},
    {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.1},
])
def test_either_rate_makes_training_random_and_repeatable(rates):
    encoder = Encoder(toy_config(**rates), seed=1)
    model = encoder.graph()
    encoder.noise.reset(3)
    first, second = run(model, training=True), run(model, training=True)
    assert np.abs(first[0] - run(model)[0]).max() > 1e-3
    assert np.abs(first[0] - second[0]).max() > 1e-3  # a raw Keras model has nobody to ask for new numbers
    encoder.noise.reset(3)
    for once, again in zip(first, run(model, training=True), strict=True):
        np.testing.assert_array_equal(once, again)


def test_without_dropout_training_is_the_same_as_not():
    model = Encoder(toy_config(**NO_DROPOUT), seed=1).graph()
    np.testing.assert_array_equal(run(model, training=True)[0], run(model)[0])


# -- Fresh weights -------------------------------------------------------------------------------------

def test_fresh_weights_are_a_truncated_normal_and_all_different():
    config = BertConfig(500, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
                        max_position_embeddings=64)
    model = Encoder(config, seed=1).graph()
    matrices = [weight.numpy() for weight in model.weights if len(weight.shape) == 2]
    assert len(matrices) == 3 + 2 * 6 + 1
    for matrix in matrices:
        assert np.abs(matrix).max() <= 0.04 + 1e-6  # cut at two standard deviations
        if matrix.size > 1000:
            assert matrix.std() == pytest.approx(0.02 * 0.8796, rel=0.06)  # which leaves 0.88 of the deviation
            assert abs(matrix.mean()) < 0.001
    starts = {matrix.ravel()[:64].tobytes() for matrix in matrices}
    assert len(starts) == len(matrices)
    for layer in model.layers:
        for weight in layer.weights:
            if len(weight.shape) == 1:
                assert set(weight.numpy()) == ({1.0} if "gamma" in weight.name else {0.0}), weight.name


def test_a_seed_is_a_set_of_weights():
    def weights(seed):
        return Encoder(toy_config(), seed=seed).graph().get_weights()

    for a, b in zip(weights(4), weights(4), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(weights(4)[0], weights(5)[0])
    assert not np.array_equal(weights(None)[0], weights(None)[0])


def test_not_fresh_is_zero_but_for_normalization():
    for weight in Encoder(toy_config(), fresh=False).weights:
        assert set(weight.numpy().ravel()) == ({1.0} if "gamma" in weight.name else {0.0}), weight.name

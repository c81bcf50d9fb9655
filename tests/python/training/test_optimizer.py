"""AdamWarmup step by step against a slow NumPy version of keras-bert's; and inside Keras's compile and fit."""

import numpy as np
import pytest

from bertfit import _env
from bertfit.config.head import HeadConfig
from bertfit.config.task import Task
from bertfit.errors import ArgumentError
from bertfit.network.encoder import Encoder
from bertfit.training.optimizer import DECAYED, AdamWarmup, Update
from bertfit.training.schedule import learning_rate_at
from toys.models import toy_config, toy_model

tf = _env.tensorflow()
keras = _env.keras()

STEPS = 30


def slow_adam_warmup(weights, gradients, names, *, decay_steps, warmup_steps, learning_rate=1e-3, min_lr=0.0,
                     weight_decay=0.0, weight_decay_pattern=None, amsgrad=False, clip_norm=None,
                     beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """The weights after every step, as keras-bert 0.89's formulas give them, in float64."""
    weights = [w.astype(np.float64) for w in weights]
    m, v, highest = ([np.zeros_like(w) for w in weights] for _ in range(3))
    history = []
    for step, grads in enumerate(gradients, start=1):
        if step <= warmup_steps:
            rate = learning_rate * step / warmup_steps
        else:
            rate = min_lr + (learning_rate - min_lr) * (1 - min(step, decay_steps) / decay_steps)
        rate *= np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
        norm = np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in grads))
        scale = 1 if clip_norm is None or norm <= clip_norm else clip_norm / norm
        for i, name in enumerate(names):
            g = grads[i].astype(np.float64) * scale
            m[i] = beta_1 * m[i] + (1 - beta_1) * g
            v[i] = beta_2 * v[i] + (1 - beta_2) * g**2
            highest[i] = np.maximum(highest[i], v[i])
            update = m[i] / (np.sqrt(highest[i] if amsgrad else v[i]) + epsilon)
            if weight_decay_pattern is None or any(part in name for part in weight_decay_pattern):
                update = update + weight_decay * weights[i]
            weights[i] = weights[i] - rate * update
        history.append([w.copy() for w in weights])
    return history


SETTINGS = {
    "plain": {"decay_steps": 25, "warmup_steps": 7},
    "no warmup": {"decay_steps": 40, "warmup_steps": 0},
    "only warmup": {"decay_steps": 30, "warmup_steps": 30},
    "floor": {"decay_steps": 20, "warmup_steps": 5, "min_lr": 3e-3},
    "decay": {"decay_steps": 25, "warmup_steps": 3, "weight_decay": 0.3},
    "pattern": {"decay_steps": 25, "warmup_steps": 3, "weight_decay": 0.3, "weight_decay_pattern": ["kern", "nothing"]},
    "amsgrad": {"decay_steps": 25, "warmup_steps": 3, "amsgrad": True, "weight_decay": 0.1},
    "clip": {"decay_steps": 25, "warmup_steps": 3, "clip_norm": 0.5},
    "constants": {"decay_steps": 25, "warmup_steps": 3, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 0.1},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_step_is_keras_berts(name):
    settings = {"learning_rate": 0.02, **SETTINGS[name]}
    rng = np.random.default_rng(len(name))
    starts = [rng.normal(0, 1, shape).astype(np.float32) for shape in ((6, 4), (4, 3), (3,))]
    names = ["embeddings", "kernel", "bias"]
    variables = [tf.Variable(start, name=n) for start, n in zip(starts, names, strict=True)]
    tuned = AdamWarmup(**settings)
    tuned.build(variables)
    dense, ours = [], []
    for step in range(STEPS):
        # A few rows of the table, one of them twice, as an embedding's gradient names them; the rest is dense. Some
        # steps are small and some are large, so that both sides of the clipping and of amsgrad's maximum are met.
        rows = np.array([1, step % 6, 1])
        values = rng.normal(0, 0.05 if step % 3 else 2, (3, 4)).astype(np.float32)
        table = np.zeros((6, 4), np.float32)
        np.add.at(table, rows, values)
        others = [rng.normal(0, 0.05 if step % 3 else 2, start.shape).astype(np.float32) for start in starts[1:]]
        dense.append([table, *others])
        sparse = tf.IndexedSlices(tf.constant(values), tf.constant(rows), tf.constant([6, 4]))
        tuned.apply_gradients(zip([sparse, *map(tf.constant, others)], variables, strict=True))
        ours.append([variable.numpy() for variable in variables])
    expected = slow_adam_warmup(starts, dense, names, **settings)
    for step, (mine, theirs) in enumerate(zip(ours, expected, strict=True), start=1):
        for part, a, b in zip(names, mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5, err_msg=f"{part} after step {step}")
    assert np.abs(ours[-1][0] - starts[0]).max() > 0.01


@pytest.mark.parametrize("warmup_steps, min_lr", [(0, 0.0), (10, 0.0), (10, 2e-5), (100, 0.0)])
def test_the_rate_is_the_schedules(warmup_steps, min_lr):
    steps = np.arange(1, 131)
    tuned = AdamWarmup(decay_steps=100, warmup_steps=warmup_steps, min_lr=min_lr, learning_rate=1e-4)
    expected = learning_rate_at(
        steps, decay_steps=100, warmup_steps=warmup_steps, learning_rate=1e-4, min_learning_rate=min_lr
    )
    np.testing.assert_allclose(tuned.scheduled_rate(steps).numpy(), expected, rtol=1e-5, atol=1e-11)


def test_the_default_pattern_is_every_matrix_and_nothing_else():
    model = toy_model()
    model.add_head(Task("multiclass", "abc"), HeadConfig(hidden=[4]))
    tuned = AdamWarmup(10, 1, weight_decay=0.1, weight_decay_pattern=DECAYED)
    decays = {variable.name: tuned._decays(variable) for variable in model.graph().weights}
    assert decays == {variable.name: len(variable.shape) == 2 for variable in model.graph().weights}
    assert len(decays) == 5 + 2 * 16 + 2 + 2 * 2


def test_biases_by_distance_do_not_decay_and_other_new_matrices_do():
    config = toy_config(embedding_size=6, relative_attention_num_buckets=8, talking_heads=True, gated_feed_forward=True)
    tuned = AdamWarmup(10, 1, weight_decay=0.1, weight_decay_pattern=DECAYED)
    weights = Encoder(config, fresh=False).weights
    decays = {variable.name: tuned._decays(variable) for variable in weights}
    matrices = {variable.name for variable in weights if len(variable.shape) == 2}
    assert {name for name, decayed in decays.items() if decayed} == matrices - {"Embedding-Relative/bias:0"}
    assert len(decays) == len(weights) == 5 + 2 + 1 + 2 * (16 + 2 + 2) + 2


def test_keras_compiles_and_fits_with_it_on_the_raw_graph():
    # The way of reference D: NSP-Dense by name, a sigmoid on it, compile, fit.
    encoder = toy_model(num_hidden_layers=1, max_position_embeddings=8).graph()
    output = keras.layers.Dense(1, "sigmoid", name="output")(encoder.get_layer("NSP-Dense").output)
    model = keras.Model(encoder.inputs, output)
    rng = np.random.default_rng(0)
    tokens = rng.integers(5, 17, (64, 8)).astype(np.int32)
    target = (tokens[:, 1] > 10).astype(np.float32)
    model.compile(AdamWarmup(decay_steps=100, warmup_steps=8, lr=1e-2), "binary_crossentropy", metrics=["accuracy"])
    past = model.fit([tokens, tokens * 0], target, batch_size=16, epochs=25, verbose=0, shuffle=False).history
    assert int(model.optimizer.iterations) == 100
    assert past["loss"][-1] < 0.35 < 0.6 < past["loss"][0] and past["accuracy"][-1] > 0.9


def test_its_settings_make_the_same_optimizer_again():
    settings = {
        "decay_steps": 40, "warmup_steps": 4, "min_lr": 1e-6, "learning_rate": 2e-4, "beta_1": 0.8, "beta_2": 0.99,
        "epsilon": 1e-6, "weight_decay": 0.02, "weight_decay_pattern": ["kernel"], "amsgrad": True, "clip_norm": 2.0,
    }
    config = AdamWarmup(**settings, name="Mine").get_config()
    assert set(config) == {*settings, "name"}
    assert AdamWarmup.from_config(config).get_config() == config
    for name, value in settings.items():
        assert config[name] == (value if isinstance(value, list) else pytest.approx(value)), name


def test_lr_is_learning_rate():
    assert float(AdamWarmup(10, 1, lr=0.25).learning_rate) == 0.25


def test_one_pattern_may_be_a_string():
    tuned = AdamWarmup(10, 1, weight_decay=0.1, weight_decay_pattern="kernel")
    assert not tuned._decays(tf.Variable(0.0, name="knee")) and tuned._decays(tf.Variable(0.0, name="kernel"))


@pytest.mark.parametrize("name, value", [
    ("decay_steps", 0), ("warmup_steps", -1), ("min_lr", -1e-9), ("learning_rate", -1), ("weight_decay", -0.1),
    ("learning_rate", float("nan")), ("clip_norm", 0), ("clip_norm", -1.0), ("beta_1", 1.0), ("beta_2", -0.1),
    ("epsilon", 0.0), ("decay_steps", "10"),
])
def test_what_is_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(ArgumentError, match=f"`{name}` must be"):
        AdamWarmup(**{"decay_steps": 10, "warmup_steps": 1, name: value})


# -- Update --------------------------------------------------------------------------------------------

def update_in(precision):
    weight = tf.Variable([1.0, 2.0])
    optimizer = AdamWarmup(100, 0, learning_rate=0.1)
    optimizer.build([weight])
    return weight, Update(optimizer, precision)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_gradients_are_those_of_the_loss_whatever_the_scale(precision):
    weight, update = update_in(precision)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weight**2)
    gradients = update.gradients(tape, loss, [weight])
    np.testing.assert_allclose(gradients[0], [2.0, 4.0])
    update.apply(gradients, [weight])
    np.testing.assert_allclose(weight, [0.901, 1.901], atol=1e-5)  # Adam begins with a step of the rate, 0.099


def test_float16_keeps_gradients_that_would_be_zero():
    weight, update = update_in("float16")
    with tf.GradientTape() as tape:
        loss = tf.cast(tf.reduce_sum(tf.cast(weight, tf.float16) * tf.constant(1.0, tf.float16)), tf.float32) * 1e-8
    assert float(tf.cast(tf.constant(1e-8), tf.float16)) == 0.0  # what reaches the product without a scale
    np.testing.assert_allclose(update.gradients(tape, loss, [weight])[0], [1e-8, 1e-8], rtol=1e-2)


def test_float16_leaves_out_a_step_that_overflows_and_halves_the_scale():
    weight, update = update_in("float16")
    before = [variable.numpy() for variable in update.state[-2:]]
    update.apply([tf.constant([np.inf, 0.0])], [weight])
    np.testing.assert_array_equal(weight, [1.0, 2.0])
    assert update.state[-2].numpy() == before[0] / 2
    update.apply([tf.constant([1.0, 1.0])], [weight])
    assert (weight.numpy() < [1.0, 2.0]).all()


def test_only_float16_has_more_state_than_its_optimizer():
    sizes = {precision: len(update_in(precision)[1].state) for precision in ("float32", "bfloat16", "float16")}
    assert sizes["float32"] == sizes["bfloat16"] == sizes["float16"] - 2

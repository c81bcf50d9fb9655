"""Keras models of ours: trained, saved by Keras in its three formats, and opened again by another process."""

import subprocess
import sys

import numpy as np
import pytest

import bertfit
from bertfit import _env
from bertfit.config import HeadConfig, Task
from bertfit.errors import ArgumentError
from bertfit.frames import Bert
from bertfit.rows import Rows
from toys.models import toy_head, toy_model

tf, keras = _env.tensorflow(), _env.keras()

IDS = np.array([[2, 5, 7, 3], [2, 6, 3, 0]], np.int32)
ROWS = Rows.of(["a good film"])
FILES = ("model.h5", "model.keras", "folder")

# Opens every file given, before anything of bertfit's network has been imported, and trains what it opened.
OPEN = """
import sys, numpy as np, bertfit
import tf_keras as keras
ids, folder = np.load(sys.argv[1] + "/ids.npy"), sys.argv[1]
for file in sys.argv[2:]:
    model = keras.models.load_model(f"{folder}/{file}", custom_objects=bertfit.custom_objects())
    answers = model([ids, ids * 0]).numpy()
    drops = [model([ids, ids * 0], training=True).numpy() for _ in range(8)]
    steps, states = int(model.optimizer.iterations), [np.abs(v.numpy()).max() for v in model.optimizer.variables[1:]]
    model.fit([ids, ids * 0], np.ones([2, 1]), epochs=3, verbose=0)
    np.savez(f"{folder}/{file}.npz", answers=answers, steps=steps, states=max(states, default=0),
             dropped=np.ptp(drops, axis=0).max(), moved=np.abs(model([ids, ids * 0]) - answers).max())
"""


@pytest.fixture(scope="module")
def trained():
    """A fitted model's network under a layer of Keras's own, trained for two steps."""
    model = toy_model(num_hidden_layers=1)
    model.add_head(Task("multiclass", "abc"), HeadConfig(hidden=(6,), pooling="mean"), seed=2)
    network = bertfit.keras_model(Bert(model))
    last = keras.layers.Dense(1, "sigmoid", kernel_initializer=keras.initializers.GlorotUniform(seed=1))
    network = keras.Model(network.inputs, last(network.output))
    optimizer = bertfit.AdamWarmup(20, 2, learning_rate=1e-2, weight_decay=0.01, weight_decay_pattern=["kernel"])
    network.compile(optimizer, "binary_crossentropy")
    network.fit([IDS, IDS * 0], np.ones([2, 1]), epochs=2, verbose=0)
    return network


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_trained_model_is_opened_by_another_process_with_the_same_answers(trained, tmp_path):
    np.save(tmp_path / "ids.npy", IDS)
    for file in FILES:
        trained.save(tmp_path / file)
    subprocess.run([sys.executable, "-c", OPEN, str(tmp_path), *FILES], check=True, capture_output=True)
    for file in FILES:
        found = np.load(tmp_path / f"{file}.npz")
        np.testing.assert_array_equal(found["answers"], trained([IDS, IDS * 0]).numpy(), file)
        assert found["dropped"] > 1e-4 and found["moved"] > 1e-4, file
        if file != "folder":  # Keras 2 does not bring back an optimizer's state from a SavedModel, not even its own
            assert found["steps"] == 2 and found["states"] > 0, file


def test_tensorflow_saves_and_serves_a_network_with_dropout(trained, tmp_path):
    tf.saved_model.save(trained, str(tmp_path / "served"))
    serve = tf.saved_model.load(str(tmp_path / "served")).signatures["serving_default"]
    answers = serve(**{"Input-Token": tf.constant(IDS), "Input-Segment": tf.constant(IDS * 0)})
    np.testing.assert_allclose(next(iter(answers.values())).numpy(), trained([IDS, IDS * 0]).numpy(), atol=1e-6)


def test_the_noise_of_dropout_is_no_weight_and_in_no_checkpoint(trained, tmp_path):
    assert not [weight.name for weight in trained.weights if "noise" in weight.name]
    path = tf.train.Checkpoint(model=trained).write(str(tmp_path / "checkpoint"))
    assert not [name for name, _ in tf.train.list_variables(path) if "noise" in name]


def test_custom_objects_are_all_our_classes_and_hide_none_of_keras():
    ours = bertfit.custom_objects()
    assert {"bertfit>Dense", "bertfit>TiedLogits", "bertfit>AdamWarmup", "AdamWarmup", "FreshNormal"} <= set(ours)
    assert not {"Dense", "Dropout", "LayerNormalization"} & set(ours)
    assert all(value.__module__.startswith("bertfit.") for value in ours.values())


def test_a_keras_model_is_a_copy_that_may_be_frozen_and_shorter():
    model = toy_head("multiclass")
    network = bertfit.keras_model(model, max_len=8, training=False)
    assert network.get_layer("Embedding-Position").positions == 8 and network.trainable_weights == []
    before = model.logits(model.encode(ROWS), "float32")
    np.testing.assert_allclose(network([IDS, IDS * 0]).numpy(), model.graph()([IDS, IDS * 0]).numpy(), atol=1e-6)
    network.set_weights([weight * 0 for weight in network.get_weights()])
    np.testing.assert_array_equal(model.logits(model.encode(ROWS), "float32"), before)
    for wrong in ({"max_len": 33}, {"model": 3}):
        with pytest.raises(ArgumentError) as caught:
            bertfit.keras_model(**{"model": model, **wrong})
        assert caught.value.argument in wrong

"""Models as Keras models, for those who build and train the network themselves with tf_keras."""

from __future__ import annotations

import os
from typing import Any

from bertfit import _env
from bertfit.frames.bert import Bert
from bertfit.frames.opening import model_of
from bertfit.model import Model
from bertfit.network import FreshNormal
from bertfit.training import AdamWarmup

keras = _env.keras()


def keras_model(model: Bert | Model | str | os.PathLike, max_len: int | None = None, training: bool = True):
    """A copy of a model as a tf_keras model: the encoder or, once fitted, the whole network.

    Its layers have keras-bert's names: "Input-Token", "Input-Segment", "Encoder-1-MultiHeadSelfAttention", "NSP-Dense".
    Changes to the copy do not change the model. Keras saves it as .h5, .keras or SavedModel, and opens it again with
    `custom_objects`.

    Args:
        model: A `Bert`, or the name or folder of a model, as for `load`.
        max_len: Positions to keep, in tokens; None keeps those of the model.
        training: Whether its weights can be trained.

    Returns:
        A Keras model from token ids and segment ids, int [B, S] each, to the token vectors [B, S, H] and the pooled
        output [B, H]; of a fitted model, to logits [B, K]. It computes in float32.

    Raises:
        ArgumentError: `max_len` is above the model's, or `model` is not a model.

    Example:
        >>> network = keras_model("minilm-l6-uncased", max_len=50)  # doctest: +SKIP
        >>> network.get_layer("NSP-Dense").output.shape  # doctest: +SKIP
        TensorShape([None, 384])
    """
    model = model_of(model)
    copy = model.copy(max_len=max_len)
    if model.fitted:
        copy.add_head(model.task, model.head_config)
        copy.head.set_weights(model.head.get_weights())
    graph = copy.graph()
    for layer in graph.layers:
        layer.trainable = training
    return graph


def custom_objects() -> dict[str, Any]:
    """bertfit's Keras classes by name, for the `custom_objects` of Keras's functions that open a model.

    Example:
        >>> network.save("network.h5")  # doctest: +SKIP
        >>> tf_keras.models.load_model("network.h5", custom_objects=bertfit.custom_objects())  # doctest: +SKIP
    """
    registered = keras.saving.get_custom_objects()
    own = {name: value for name, value in registered.items() if name.startswith("bertfit>")}
    # HDF5 files name initializers and optimizers without the prefix. Layers are not listed without it: those called
    # Dense or Dropout would be taken for Keras's.
    return {**own, "FreshNormal": FreshNormal, "AdamWarmup": AdamWarmup}

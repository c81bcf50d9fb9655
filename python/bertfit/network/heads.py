"""The head of a fine-tuned model: pooling, hidden layers and the output layer.

`build_head` maps pooled features to logits. The head is a Keras model of its own: with a frozen encoder, features are
computed once and the head is trained on them. `logits_function` computes encoder and head together. Outputs are
logits, not probabilities: losses computed from logits stay exact where a sigmoid saturates.
"""

from __future__ import annotations

import numpy as np

from bertfit import _env
from bertfit.config import BertConfig, HeadConfig, Task
from bertfit.network.encoder import Encoder
from bertfit.network.keras_graph import hidden_states
from bertfit.network.layers import Dense, FirstToken
from bertfit.network.noise import Dropout, FreshNormal, Noise

tf = _env.tensorflow()
keras = _env.keras()

#: `Dropout.index` of the head's layers starts after this number; the encoder's indices start at 1.
_FIRST_DROPOUT = 10_000


@keras.saving.register_keras_serializable("bertfit")
class MeanPool(keras.layers.Layer):
    """[B, S, H] -> [B, H], the mean over the tokens that are not padding."""

    def call(self, inputs, mask=None):
        if mask is None:
            return tf.reduce_mean(inputs, axis=1)
        weight = tf.cast(mask, inputs.dtype)[:, :, None]  # [B, S, 1]
        return tf.reduce_sum(inputs * weight, axis=1) / tf.maximum(tf.reduce_sum(weight, axis=1), 1.0)

    def compute_mask(self, inputs, mask=None):
        return None


@keras.saving.register_keras_serializable("bertfit")
class MaxPool(keras.layers.Layer):
    """[B, S, H] -> [B, H], the maximum over the tokens that are not padding."""

    def call(self, inputs, mask=None):
        if mask is not None:
            inputs = tf.where(mask[:, :, None], inputs, inputs.dtype.min)
        return tf.reduce_max(inputs, axis=1)

    def compute_mask(self, inputs, mask=None):
        return None


_POOLS = {"cls": FirstToken, "mean": MeanPool, "max": MaxPool}


@_env.as_written
def build_pooling(encoder: Encoder, pooling: str, layers):
    """The pooled features [B, H * len(layers)] as a Keras tensor of `Encoder.graph()`.

    Args:
        encoder: The encoder.
        pooling: "nsp" (the pooled output), "cls", "mean" or "max".
        layers: Encoder layers as in `HeadConfig.layers`.
    """
    graph = encoder.graph()
    if pooling == "nsp":
        return graph.outputs[1]
    numbers = HeadConfig(pooling=pooling, layers=layers).layer_numbers(encoder.depth)
    states = hidden_states(graph, numbers)
    pooled = [_POOLS[pooling](name=f"Pool-{n}")(x) for n, x in zip(numbers, states, strict=True)]
    return pooled[0] if len(pooled) == 1 else keras.layers.Concatenate(name="Pool")(pooled)


@_env.as_written
def build_head(features: int, head: HeadConfig, task: Task, noise: Noise, seed: int):
    """A Keras model from features [B, features] to logits [B, K]; its last layer is called "output".

    Args:
        features: Width of the pooled features, see `feature_width`.
        head: Hidden layers, dropout and initializer.
        task: Determines K, the number of outputs.
        noise: Random numbers for dropout.
        seed: Seed of the fresh weights.
    """
    inputs = keras.layers.Input((features,), name="Features")
    x = inputs
    for number, units in enumerate(head.hidden, start=1):
        x = _dropped(x, head, noise, number)
        kernel = _initializer(head, seed, number)
        x = Dense(units, head.activation, kernel, name=f"Head-Dense-{number}")(x)
    x = _dropped(x, head, noise, len(head.hidden) + 1)
    logits = Dense(task.n_outputs, initializer=_initializer(head, seed, 0), name="output")(x)
    return keras.Model(inputs, logits, name="head")


@_env.as_written
def network_graph(encoder: Encoder, head_config: HeadConfig, head):
    """The whole network as a Keras model: token and segment ids to logits [B, K]."""
    x = build_pooling(encoder, head_config.pooling, head_config.layers)
    for layer in head.layers[1:]:  # without the head's own input layer
        x = layer(x)
    return keras.Model(encoder.graph().inputs, x, name="network")


def draw_pooler(encoder: Encoder, seed: int = 0) -> None:
    """Give the pooler ("NSP-Dense") random weights, as a fresh encoder has them."""
    pooler = encoder.get_layer("NSP-Dense")
    kernel, bias = pooler.get_weights()
    pooler.set_weights([FreshNormal(encoder.config.initializer_range, seed, 0)(kernel.shape).numpy(), 0 * bias])


def layers_read(encoder: Encoder, head_config: HeadConfig) -> list:
    """The encoder's layers that the head's features depend on, in the order of the graph."""
    if head_config.pooling == "nsp":
        return list(encoder.layers)
    return encoder.layers_up_to(max(head_config.layer_numbers(encoder.depth)))


def pooling_function(encoder: Encoder, pooling: str, layers):
    """The function that computes the features of `build_pooling` by direct calls on the layers.

    Returns:
        A function of [tokens, segments] and `training`, with optional `prepared` and `known` (see `Encoder.states`).
        Layers above the highest requested one are not computed; if only [CLS] of the last layer is requested, that
        layer is computed for [CLS] alone.
    """
    numbers = HeadConfig(pooling=pooling, layers=layers).layer_numbers(encoder.depth)
    if pooling == "nsp":
        return lambda inputs, training, **given: encoder.pooled(encoder.first(inputs, training, **given))
    if pooling == "cls" and numbers == (encoder.depth,):
        return encoder.first
    pool = _POOLS[pooling]()

    def pooled(inputs, training: bool, **given):
        states = encoder.states(inputs, training, max(numbers), **given)
        return tf.concat([pool.call(states[number - 1], mask=encoder.mask(inputs)) for number in numbers], axis=-1)

    return pooled


def logits_function(encoder: Encoder, head_config: HeadConfig, head):
    """The function that computes the logits of `network_graph`; arguments as of `pooling_function`'s function."""
    features = pooling_function(encoder, head_config.pooling, head_config.layers)
    return lambda inputs, training, **given: head(features(inputs, training, **given), training=training)


def feature_width(config: BertConfig, head: HeadConfig) -> int:
    """Width of the pooled features: H times the number of layers read."""
    return config.hidden_size * len(head.layers)


def _dropped(x, head: HeadConfig, noise: Noise, number: int):
    if not head.dropout:
        return x
    return Dropout(head.dropout, _FIRST_DROPOUT + number, noise, name=f"Head-Dropout-{number}")(x)


def _initializer(head: HeadConfig, seed: int, number: int):
    drawn = int(np.random.default_rng([seed, 3, number]).integers(2**31))  # a different seed for each layer
    if head.initializer == "truncated_normal":
        return keras.initializers.TruncatedNormal(stddev=0.02, seed=drawn)
    return keras.initializers.GlorotUniform(seed=drawn)

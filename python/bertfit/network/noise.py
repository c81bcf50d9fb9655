"""Random numbers for dropout and fresh weights, which depend only on a seed and a step.

The state of Keras's generators depends on what else ran in the process. Here two runs with the same seed draw the same
numbers in any process. Where dropout is applied, and its rate, is set in `attention`, `encoder` and `heads`.
"""

from __future__ import annotations

from bertfit import _env
from bertfit.network import kernels

tf = _env.tensorflow()
keras = _env.keras()


class Noise(tf.__internal__.tracking.AutoTrackable):
    """State of the random numbers for dropout: a seed and a step, shared by all layers of a model.

    `TokenEmbedding` advances the step whenever it is called in training, so Keras's own `fit` gets new numbers at every
    step too; code that trains a head without an encoder calls `advance` itself. It is no weight of the model.
    """

    def __init__(self, seed: int = 0):
        self.state = tf.Variable([seed, 0], dtype=tf.int32, trainable=False, name="noise")

    def _trackable_children(self, save_type="checkpoint", **kwargs):
        # A SavedModel needs the variable, because its functions use it. Checkpoints have weights only, and layers that
        # Keras makes again when it opens a SavedModel have noise of their own, which no checkpoint could fill.
        return super()._trackable_children(save_type, **kwargs) if save_type == "savedmodel" else {}

    @property
    def seed(self) -> int:
        """The current seed."""
        return int(self.state.numpy()[0])

    def reset(self, seed: int, step: int = 0) -> None:
        """Start again from `seed` (below 2^31) at `step`."""
        self.state.assign([seed, step])

    def advance(self) -> None:
        """Move to the next step's random numbers."""
        self.state.assign_add([0, 1])

    def key(self, index: int):
        """The key of layer `index` at this step: uint32 [2], for `kernels.drop`."""
        seed, step = tf.unstack(tf.cast(self.state, tf.uint32))
        first = kernels.mix(kernels.mix(kernels.mix(seed) + step) + tf.constant(index, tf.uint32))
        return tf.stack([first, kernels.mix(first ^ tf.constant(0x9E3779B9, tf.uint32))])

    def draw(self, rate: float, index: int, training: bool) -> tuple:
        """The rate and the key of layer `index` at this step; 0 and None where nothing is dropped."""
        return (rate, self.key(index)) if rate and training else (0.0, None)


class OwnNoise(Noise):
    """Noise of a single layer created without a model, as from its config: the step advances at every draw."""

    def draw(self, rate: float, index: int, training: bool) -> tuple:
        if rate and training:
            self.advance()
        return super().draw(rate, index, training)


@keras.saving.register_keras_serializable("bertfit")
class Dropout(keras.layers.Layer):
    """Dropout with random numbers from `Noise`; the identity outside training.

    Args:
        rate: Share of values set to zero; the rest are scaled by 1 / (1 - rate).
        index: Number of this layer, unique in its model; layers with different numbers drop different values.
        noise: The model's `Noise`; None for its own `OwnNoise`.
        seed: Seed of `OwnNoise`.
    """

    def __init__(self, rate: float, index: int, noise: Noise | None = None, seed: int = 0, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True
        self.rate, self.index = rate, index
        self._noise = noise or OwnNoise(seed)

    def call(self, inputs, training=None):
        if self.rate and training:  # Keras may pass a tensor, `draw` takes a bool
            return kernels.drop(inputs, *self.draw(True))
        return inputs

    def draw(self, training: bool) -> tuple:
        """The rate and the key of this call; see `Noise.draw`."""
        return self._noise.draw(self.rate, self.index, training)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "index": self.index, "seed": self._noise.seed}


@keras.saving.register_keras_serializable("bertfit")
class FreshNormal(keras.initializers.Initializer):
    """Truncated normal initializer (at two standard deviations) that draws different numbers at every call.

    Keras's initializers with a seed return the same numbers at every call: Wq, Wk and Wv of a layer would be equal.

    Args:
        stddev: Standard deviation before the truncation.
        seed: Seed of all draws.
        calls: Number of draws already made with this seed by other layers.
    """

    def __init__(self, stddev: float, seed: int, calls: int = 0):
        self.stddev, self.seed, self.first, self.calls = stddev, seed, calls, calls

    def __call__(self, shape, dtype=None, **kwargs):
        self.calls += 1
        seed = [self.seed, self.calls]
        return tf.random.stateless_truncated_normal(shape, seed, stddev=self.stddev, dtype=dtype or tf.float32)

    def get_config(self):
        return {"stddev": self.stddev, "seed": self.seed, "calls": self.first}

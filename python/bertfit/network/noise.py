"""Random numbers: dropout and fresh weights that depend on nothing but a seed and a step.

Keras draws from generators whose state depends on what else ran in the process; here two runs with one seed
agree in any process. Which layers drop, and how much, is decided by `layers`, `encoder` and `heads`.
"""

from __future__ import annotations

from bertfit import _env
from bertfit.network import kernels

tf = _env.tensorflow()
keras = _env.keras()


class Noise:
    """Where dropout's random numbers come from: a seed and a step, the same for all layers of a model.

    Held outside Keras's tracking, so that it is no weight of the model. It advances whenever a model that starts
    with `TokenEmbedding` is called in training, so that Keras's own `fit` gets new numbers at every step; a head
    without an encoder advances it by hand. Two runs that set the same seed drop the same values, in any process.
    """

    def __init__(self, seed: int = 0):
        self.state = tf.Variable([seed, 0], dtype=tf.int32, trainable=False, name="noise")

    @property
    def seed(self) -> int:
        """The seed that it follows."""
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
    """The noise of a single layer that was made without a model's, from its config: every draw is a step."""

    def draw(self, rate: float, index: int, training: bool) -> tuple:
        if rate and training:
            self.advance()
        return super().draw(rate, index, training)


@keras.saving.register_keras_serializable("bertfit")
class Dropout(keras.layers.Layer):
    """Dropout whose random numbers follow `Noise`; the identity outside training.

    Args:
        rate: Share of values set to zero; the rest are scaled by 1 / (1 - rate).
        index: This layer's own number, so that no two layers drop alike.
        noise: The model's `Noise`; None for one of its own, which starts from `seed`.
    """

    def __init__(self, rate: float, index: int, noise: Noise | None = None, seed: int = 0, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True
        self.rate, self.index = rate, index
        self._noise = [noise or OwnNoise(seed)]  # in a list: Keras would count a bare Noise's variable as a weight

    def call(self, inputs, training=None):
        if self.rate and training:  # Keras users may give a tensor
            return kernels.drop(inputs, *self.draw(True))
        return inputs

    def draw(self, training: bool) -> tuple:
        """The rate and the key of this call; see `Noise.draw`."""
        return self._noise[0].draw(self.rate, self.index, training)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "index": self.index, "seed": self._noise[0].seed}


@keras.saving.register_keras_serializable("bertfit")
class FreshNormal(keras.initializers.Initializer):
    """A normal distribution truncated at two standard deviations, drawn anew at every call.

    Keras's own initializers repeat themselves when they have a seed: Wq, Wk and Wv of a layer would start alike.

    Args:
        stddev: Standard deviation before the truncation.
        seed: Seed of all draws.
        calls: Number of draws that other layers with this seed have taken.
    """

    def __init__(self, stddev: float, seed: int, calls: int = 0):
        self.stddev, self.seed, self.first, self.calls = stddev, seed, calls, calls

    def __call__(self, shape, dtype=None, **kwargs):
        self.calls += 1
        seed = [self.seed, self.calls]
        return tf.random.stateless_truncated_normal(shape, seed, stddev=self.stddev, dtype=dtype or tf.float32)

    def get_config(self):
        return {"stddev": self.stddev, "seed": self.seed, "calls": self.first}

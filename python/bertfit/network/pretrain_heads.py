"""The two heads of pretraining: masked tokens (MLM) and the next sentence (NSP).

Their layers bear keras-bert's names: "MLM-Dense", "MLM-Norm", "MLM-Sim", "NSP" (the pooler "NSP-Dense" belongs
to the encoder). The vocabulary's softmax is taken at masked positions only: callers hand in the token vectors
they want predicted, not whole sequences.

Shapes in comments: M masked tokens of a batch, B rows, H width, V vocabulary.
"""

from __future__ import annotations

import numpy as np

from bertfit import _env
from bertfit.config import PretrainHeads
from bertfit.network.encoder import Encoder
from bertfit.network.layers import Dense, LayerNormalization
from bertfit.network.noise import FreshNormal
from bertfit.network.products import product

tf = _env.tensorflow()
keras = _env.keras()


@keras.saving.register_keras_serializable("bertfit")
class TiedLogits(keras.layers.Layer):
    """Token vectors [M, H] to logits [M, V] by the transposed token embedding, with a bias [V] if wanted.

    Args:
        vocab_size: V.
        use_bias: Whether there is a bias.
        embedding: The `TokenEmbedding` with the table [V, H], which stays that layer's weight; None for a table of
            its own.
    """

    def __init__(self, vocab_size: int, use_bias: bool, embedding=None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.vocab_size, self.use_bias = vocab_size, use_bias
        # Behind a function: Keras would count the table, the encoder's weight, as this layer's too.
        self._table = None if embedding is None else lambda: embedding.embeddings

    def build(self, input_shape):
        if self._table is None:
            shape = (self.vocab_size, input_shape[-1])
            self.embeddings = self.add_weight(name="embeddings", shape=shape, initializer="zeros")
            self._table = lambda: self.embeddings
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.vocab_size,), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        return tf.cast(product(inputs, tf.transpose(self._table()), self.bias), tf.float32)

    def get_config(self):
        return {**super().get_config(), "vocab_size": self.vocab_size, "use_bias": self.use_bias}


class PretrainingLayers:
    """The layers of both heads on an encoder.

    Args:
        encoder: Its token embedding is the MLM head's matrix.
        heads: Which forms the heads take.
        seed: Seed of fresh weights.
    """

    def __init__(self, encoder: Encoder, heads: PretrainHeads, seed: int = 0):
        config = encoder.config
        initializer = FreshNormal(config.initializer_range, int(np.random.default_rng([seed, 4]).integers(2**31)))
        width, google = config.hidden_size, heads.mlm == "transform"
        self.transform = []
        if google:
            self.transform = [
                Dense(width, config.hidden_act, initializer, name="MLM-Dense"),
                LayerNormalization(config.layer_norm_eps, name="MLM-Norm"),
            ]
        self.similarity = TiedLogits(config.vocab_size, google, encoder.get_layer("Embedding-Token"), name="MLM-Sim")
        self.next_sentence = Dense(2, initializer=initializer, use_bias=heads.nsp == "google", name="NSP")
        for layer in [*self.transform, self.similarity, self.next_sentence]:
            layer.build((None, width))

    @property
    def layers(self) -> list:
        """The layers that carry weights of their own, in keras-bert's order."""
        return [layer for layer in [*self.transform, self.similarity, self.next_sentence] if layer.weights]

    def token_logits(self, vectors):
        """MLM: token vectors [M, H] to logits [M, V]."""
        for layer in self.transform:
            vectors = layer(vectors)
        return self.similarity(vectors)

    def next_logits(self, pooled):
        """NSP: pooled outputs [B, H] to logits [B, 2]; column 0 is "is the next sentence", as in Google's files."""
        return self.next_sentence(pooled)

    def set_weights(self, weights: dict[str, list[np.ndarray]]) -> None:
        """Fill the layers from arrays by layer name."""
        for layer in self.layers:
            layer.set_weights(weights[layer.name])

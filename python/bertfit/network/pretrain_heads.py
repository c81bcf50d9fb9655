"""The two heads of pretraining: masked tokens (MLM) and the next sentence (NSP).

Their layers have keras-bert's names: "MLM-Dense", "MLM-Norm", "MLM-Sim", "NSP" (the pooler "NSP-Dense" belongs
to the encoder). Logits over the vocabulary are computed for masked positions only: callers pass the vectors of
masked tokens, not whole sequences.

Shapes in comments: M masked tokens of a batch, B rows, H width, E width of the embeddings, V vocabulary.
"""

from __future__ import annotations

import numpy as np

from bertfit import _env
from bertfit.config import PretrainHeads
from bertfit.errors import ArgumentError
from bertfit.network.encoder import Encoder
from bertfit.network.layers import Dense, LayerNormalization
from bertfit.network.noise import FreshNormal
from bertfit.network.products import product

tf = _env.tensorflow()
keras = _env.keras()


@keras.saving.register_keras_serializable("bertfit")
class TiedLogits(keras.layers.Layer):
    """Token vectors [M, E] to logits [M, V], by the transposed token embedding and an optional bias [V].

    Args:
        vocab_size: V.
        use_bias: Whether to add a bias.
        embedding: The `TokenEmbedding` whose table [V, E] is used and remains its weight; None to create a table.
    """

    def __init__(self, vocab_size: int, use_bias: bool, embedding=None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.vocab_size, self.use_bias = vocab_size, use_bias
        # In a function, so that Keras does not count the table, a weight of the encoder, as this layer's too.
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
        encoder: Its token embedding is also the output matrix of the MLM head.
        heads: Forms of the two heads; without "NSP" there is only the first.
        seed: Seed of the fresh weights.

    Raises:
        ArgumentError: The tied form is asked for an encoder whose embeddings have another width than its token vectors.
    """

    def __init__(self, encoder: Encoder, heads: PretrainHeads, seed: int = 0):
        config = encoder.config
        initializer = FreshNormal(config.initializer_range, int(np.random.default_rng([seed, 4]).integers(2**31)))
        width, embedded, google = config.hidden_size, config.embedding_size, heads.mlm == "transform"
        if not google and embedded != width:
            raise ArgumentError('must have mlm "transform" where embeddings and token vectors differ in width.',
                                [f"Their widths are {embedded} and {width}."], argument="heads")
        self.transform, self.next_sentence = [], None
        if google:
            self.transform = [
                Dense(embedded, config.hidden_act, initializer, name="MLM-Dense"),
                LayerNormalization(config.layer_norm_eps, name="MLM-Norm"),
            ]
        self.similarity = TiedLogits(config.vocab_size, google, encoder.get_layer("Embedding-Token"), name="MLM-Sim")
        for layer, inputs in zip([*self.transform, self.similarity], [width, embedded, embedded], strict=False):
            layer.build((None, inputs))
        if heads.nsp != "none":
            self.next_sentence = Dense(2, initializer=initializer, use_bias=heads.nsp == "google", name="NSP")
            self.next_sentence.build((None, width))

    @property
    def layers(self) -> list:
        """The layers that have weights, in keras-bert's order."""
        layers = [*self.transform, self.similarity, self.next_sentence]
        return [layer for layer in layers if layer is not None and layer.weights]

    def token_logits(self, vectors):
        """MLM: token vectors [M, H] to logits [M, V]."""
        for layer in self.transform:
            vectors = layer(vectors)
        return self.similarity(vectors)

    def next_logits(self, pooled):
        """NSP: pooled outputs [B, H] to logits [B, 2]; column 0 means "is the next sentence", as in Google's code.

        Not for heads without it.
        """
        return self.next_sentence(pooled)

    def set_weights(self, weights: dict[str, list[np.ndarray]]) -> None:
        """Set the weights of all layers: layer name -> arrays, in the order of `layer.weights`."""
        for layer in self.layers:
            layer.set_weights(weights[layer.name])

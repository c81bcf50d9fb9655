"""Inputs of a fine-tuning run: token ids, or the outputs of frozen layers, computed once.

A feed returns the inputs of a batch and applies the part of the network that takes them.
"""

from __future__ import annotations

import numpy as np

from bertfit import _env
from bertfit.config import TrainConfig
from bertfit.model import TOKEN_BUDGET, Model
from bertfit.network import compiling, compute_in, inference_batches, padded_length, share
from bertfit.text import Encoding, positions
from bertfit.training.rows import epoch_batches
from bertfit.training.shapes import Shapes, batch_bytes, plan_shapes, rows_in_memory

tf = _env.tensorflow()

#: Most bytes of token vectors to store; if there are more, frozen layers run in every epoch.
MOST_BYTES = 2 * 2**30


def training_feed(model: Model, encoding: Encoding, max_len: int, precision: str, config: TrainConfig):
    """The cheapest feed for training rows: outputs that are the same in every epoch are computed once."""
    layers = _constant_layers(model, config.freeze)
    size = int(encoding.lengths.sum()) * model.config.hidden_size * 4
    if layers and config.epochs > 1 and size <= MOST_BYTES:
        return VectorFeed(model, encoding, max_len, precision, layers)
    return validation_feed(model, encoding, max_len, precision, config)


def validation_feed(model: Model, encoding: Encoding, max_len: int, precision: str, config: TrainConfig):
    """The feed for validation rows: features if the encoder is frozen, else token ids."""
    feed = FeatureFeed if config.freeze == "encoder" else TokenFeed
    return feed(model, encoding, max_len, precision)


def _constant_layers(model: Model, freeze: str | int) -> int:
    """How many of the first layers give the same output in every epoch, up to the lowest that the head reads."""
    if isinstance(freeze, str) or model.config.hidden_dropout_prob or model.config.attention_probs_dropout_prob:
        return 0
    depth, head = model.config.num_hidden_layers, model.head_config
    numbers = head.layer_numbers(depth)
    of_first = head.pooling == "nsp" or (head.pooling == "cls" and numbers == (depth,))  # see Encoder.first
    frozen = depth if freeze and model.config.share_layers else int(freeze)
    return min(frozen, depth - 1 if of_first else min(numbers))


class TokenFeed:
    """Feeds token ids to the whole network."""

    def __init__(self, model: Model, encoding: Encoding, max_len: int, precision: str):
        self.model, self.encoding, self.max_len, self.precision = model, encoding, max_len, precision
        self.variables = model.trainable_weights
        self.lengths = encoding.lengths
        self.signature = (tf.TensorSpec([None, None], tf.int32),) * 2
        self.shapes = Shapes(None, max_len)

    def plan(self, config: TrainConfig, seed: int) -> None:
        """Choose the rows of a run's batches, and their padded lengths, from those of the first epoch."""
        rows, longest = min(config.batch_size, len(self.lengths)), self.shapes.padded(int(self.lengths.max()))
        self.batch_rows = rows_in_memory(rows, longest, self.model.config)
        self.batch_bytes = batch_bytes(self.batch_rows, longest, self.model.config)
        batches = epoch_batches(self.lengths, config.batch_size * config.accumulation, self.batch_rows, seed, 1)
        longest = np.array([self.lengths[batch.rows].max() for batch in batches])
        self.shapes = plan_shapes(np.tile(longest, config.epochs), self.batch_rows, self.max_len, self.model.config,
                                  compiling.can_compile)

    def inputs(self, rows: np.ndarray):
        """The inputs of a batch: token ids and segment ids, int32 [B, S]."""
        length = self.shapes.padded(int(self.lengths[rows].max()))
        return self.encoding.pad(rows, length, self.model.config.pad_token_id)[:2]

    def apply(self, inputs, training: bool):
        """The logits [B, K] of a batch's inputs."""
        return self.model.apply(list(inputs), training)

    def logits(self) -> np.ndarray:
        """The logits [n, K] of all rows, without training."""
        return self.model.logits(self.encoding, self.precision)


class FeatureFeed:
    """Feeds the head with features of a frozen encoder, which are computed once."""

    def __init__(self, model: Model, encoding: Encoding, max_len: int, precision: str):
        settings = model.head_config
        self.head, self.noise, self.precision = model.head, model.noise, precision
        self.encoding, self.max_len = encoding, max_len
        self.variables = self.head.trainable_weights
        self.features = model.features(encoding, settings.pooling, settings.layers, precision)
        self.lengths = np.ones(len(encoding), np.int64)  # equal, so that batches are purely random
        self.signature = (tf.TensorSpec([None, self.features.shape[1]], tf.float32),)
        self.shapes = Shapes(None, 1)

    def plan(self, config: TrainConfig, seed: int) -> None:
        """Choose the rows of a run's batches: features are small, and the head too small to compile kernels for."""
        self.batch_rows, self.batch_bytes = min(config.batch_size, len(self.lengths)), 0

    def inputs(self, rows: np.ndarray):
        return (self.features[rows],)

    def apply(self, inputs, training: bool):
        if training:
            self.noise.advance()
        return self.head(inputs[0], training=training)

    def logits(self) -> np.ndarray:
        with compute_in(self.precision):
            return self.head(self.features, training=False).numpy()


class VectorFeed(TokenFeed):
    """Feeds the upper layers with token vectors of the first ones, frozen and without dropout, computed once."""

    def __init__(self, model: Model, encoding: Encoding, max_len: int, precision: str, layers: int):
        super().__init__(model, encoding, max_len, precision)
        self.layers = layers
        self.vectors = self._token_vectors()  # [tokens of all rows, H]
        self.signature += (tf.TensorSpec([None, None, model.config.hidden_size], tf.float32),)

    def inputs(self, rows: np.ndarray):
        ids, segments = super().inputs(rows)
        vectors = np.zeros((*ids.shape, self.vectors.shape[1]), np.float32)  # padding stays 0: it is masked
        vectors[np.arange(ids.shape[1]) < self.lengths[rows][:, None]] = self.vectors[self._offsets(rows)]
        return ids, segments, vectors

    def apply(self, inputs, training: bool):
        *inputs, vectors = inputs
        if training:
            self.model.noise.advance()  # the embeddings do so where they are computed
        return self.model.apply(inputs, training, known=(self.layers, vectors))

    def _offsets(self, rows: np.ndarray) -> np.ndarray:
        """Where the tokens of some rows are among the tokens of all rows."""
        return positions(self.encoding.splits[:-1][rows], self.lengths[rows])

    def _token_vectors(self) -> np.ndarray:
        model = self.model

        def states(tokens, segments):
            with compute_in(self.precision):
                return model.encoder.states([tokens, segments], False, self.layers)[-1]

        function = share(states, (tf.TensorSpec([None, None], tf.int32),) * 2, model.variables,
                         key=("states", self.layers, self.precision, model.structure))
        vectors = np.empty((int(self.lengths.sum()), model.config.hidden_size), np.float32)
        for rows in inference_batches(self.lengths, TOKEN_BUDGET, model.max_len):
            length = padded_length(self.lengths[rows], model.max_len)
            ids, segments, mask = self.encoding.pad(rows, length, model.config.pad_token_id)
            vectors[self._offsets(rows)] = function(tf.constant(ids), tf.constant(segments)).numpy()[mask == 1]
        return vectors

"""The encoder's computation as plain calls on the layers of its Keras graph.

`encoder` lays the graph, which names the weights, holds them and can be taken apart. What runs in training and
prediction is this: the same layers in the same order, without what Keras does around each, with residual connection,
dropout and normalization in one step (`kernels.residual_norm`), and with nothing computed that is not asked for.
tests/python/test_forward.py holds its values and gradients against the graph's.

Shapes in comments: B rows, S tokens, H width.
"""

from __future__ import annotations

import contextlib

from bertfit import _env
from bertfit.config import BertConfig
from bertfit.network import kernels

tf = _env.tensorflow()


class Forward:
    """What an encoder computes, from token ids and segment ids [B, S].

    Args:
        encoder: From `encoder.build_encoder`.
        config: Its sizes.

    Attributes:
        depth: Number of layers.
    """

    def __init__(self, encoder, config: BertConfig):
        self._layers = {layer.name: layer for layer in encoder.layers}
        self.depth = config.num_hidden_layers
        self._prepared: dict[str, list] = {}
        self._known: tuple | None = None  # a layer's number and its token vectors

    def prepared(self) -> dict[str, list]:
        """The layers' weights as products take them, by layer: in the traced precision, Q, K and V side by side.

        Within a run that changes no weight they can be made once (see `using`).
        """
        return {name: layer.prepared() for name, layer in self._layers.items() if hasattr(layer, "prepared")}

    @contextlib.contextmanager
    def using(self, prepared: dict[str, list]):
        """Within this context, calls take what `prepared` gave instead of making it themselves."""
        self._prepared = prepared
        try:
            yield
        finally:
            self._prepared = {}

    @contextlib.contextmanager
    def after(self, number: int, vectors):
        """Within this context, calls begin after layer `number`, with its token vectors [B, S, H], float32."""
        self._known = (number, vectors)
        try:
            yield
        finally:
            self._known = None

    def mask(self, inputs):
        """Which tokens are not padding, bool [B, S]."""
        return self._layers["Embedding-Token"].compute_mask(inputs[0])

    def states(self, inputs, training: bool, depth: int | None = None) -> list:
        """Token vectors [B, S, H] after the first, second, ... layer, float32; all layers, or the first `depth`.

        Within `after`, None stands for those of lower layers.
        """
        return [exact for exact, _ in self._run(inputs, training, self.depth if depth is None else depth)[1:]]

    def first(self, inputs, training: bool):
        """The vector of [CLS] [B, H] after the last layer, float32.

        The last layer is computed for that token alone: of it, a classifier on [CLS] needs no other token's
        attention, feed-forward product or normalization.
        """
        before = self._run(inputs, training, self.depth - 1)[-1]
        return self._layer(self.depth, before, self.mask(inputs), training, first_only=True)[0][:, 0]

    def pooled(self, first):
        """The pooled output [B, H] of the vector of [CLS] [B, H]: a dense layer with tanh."""
        return self._layers["NSP-Dense"](first)

    def _run(self, inputs, training: bool, depth: int) -> list[tuple]:
        """The embeddings and the first `depth` layers; each in float32, and in the precision that products take."""
        mask = self.mask(inputs)
        if self._known is None:
            states = [self._embedded(inputs, training)]
        else:
            number, vectors = self._known
            states = [(None, None)] * number + [(vectors, vectors)]
        for number in range(len(states), depth + 1):
            states.append(self._layer(number, states[-1], mask, training))
        return states

    def _embedded(self, inputs, training: bool) -> tuple:
        tokens, segments = inputs
        layers = self._layers
        x = layers["Embedding-Token"].call(tokens, training) + layers["Embedding-Segment"].call(segments)  # [B, S, H]
        x = layers["Embedding-Norm"].call(layers["Embedding-Position"].call(x))
        if "Embedding-Dropout" in layers:
            x = layers["Embedding-Dropout"].call(x, training)
        return x, x

    def _layer(self, number: int, state: tuple, mask, training: bool, first_only: bool = False) -> tuple:
        exact, copy = state
        name = f"Encoder-{number}-MultiHeadSelfAttention"
        y = self._layers[name].attend(copy, mask, training, first_only, self._prepared.get(name))
        exact, copy = self._residual(exact[:, :1] if first_only else exact, y, name, training)
        name = f"Encoder-{number}-FeedForward"
        y = self._layers[name].transform(copy, training, self._prepared.get(name))
        return self._residual(exact, y, name, training)

    def _residual(self, x, y, name: str, training: bool) -> tuple:
        norm, dropout = self._layers[f"{name}-Norm"], self._layers.get(f"{name}-Dropout")
        rate, key = dropout.draw(training) if dropout is not None else (0.0, None)
        return kernels.residual_norm(x, y, norm.gamma, norm.beta, norm.epsilon, rate, key)

"""The layers of an encoder connected as a Keras model, for users, for the table of layers and for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertfit import _env
from bertfit.network.layers import FirstToken

if TYPE_CHECKING:
    from bertfit.network.encoder import Encoder

keras = _env.keras()

#: The two halves of an encoder layer. "Encoder-<n>-<part>" names the layer with the weights, and with "-Dropout",
#: "-Add" and "-Norm" at its end the layers after it.
PARTS = ("MultiHeadSelfAttention", "FeedForward")


@_env.as_written
def encoder_graph(encoder: Encoder):
    """The Keras model of an encoder's layers.

    Inputs: "Input-Token" and "Input-Segment", both [B, S] with any S; the second is not read where there is no
    "Embedding-Segment". Outputs: the token vectors [B, S, H] and the pooled output [B, H] (the layer "NSP-Dense").
    """
    layers, add = {layer.name: layer for layer in encoder.layers}, keras.layers.Add
    tokens = keras.layers.Input((None,), dtype="int32", name="Input-Token")  # [B, S]
    segments = keras.layers.Input((None,), dtype="int32", name="Input-Segment")  # [B, S]
    x = layers["Embedding-Token"](tokens)
    if "Embedding-Segment" in layers:
        x = add(name="Embedding-Token-Segment")([x, layers["Embedding-Segment"](segments)])
    x = layers["Embedding-Norm"](layers["Embedding-Position"](x))  # [B, S, E]
    for name in ("Embedding-Dropout", "Embedding-Mapping"):
        x = layers[name](x) if name in layers else x  # [B, S, H]
    bias = layers["Embedding-Relative"](x) if "Embedding-Relative" in layers else None  # [1, N, S, S]
    for number in range(1, encoder.depth + 1):
        for part in PARTS:
            name = encoder.layer_name(number, part)
            given = x if bias is None or part == "FeedForward" else [x, bias]
            own = name != f"Encoder-{number}-{part}" and part != "FeedForward"  # another use of a shared layer
            y = layers[name](given, index=encoder.attention_dropouts[number - 1]) if own else layers[name](given)
            dropout = layers.get(f"Encoder-{number}-{part}-Dropout")
            y = y if dropout is None else dropout(y)
            x = layers[f"{name}-Norm"](add(name=f"Encoder-{number}-{part}-Add")([x, y]))  # [B, S, H]
    pooled = layers["NSP-Dense"](FirstToken(name="Extract")(x))  # [B, H]
    return keras.Model([tokens, segments], [x, pooled], name="bert")


def hidden_states(graph, layers):
    """The outputs [B, S, H] of encoder layers, numbered from 1, as Keras tensors of `Encoder.graph()`."""
    own = {layer.name: layer for layer in graph.layers}

    def output(number: int):
        name = f"Encoder-{number}-FeedForward-Norm"
        if name in own:
            return own[name].get_output_at(0)
        return own["Encoder-1-FeedForward-Norm"].get_output_at(number - 1)  # layers that share the first one's weights

    return [output(number) for number in layers]

"""The layers of a Keras model as a table, for `summary()`."""

from __future__ import annotations


def layer_table(graph) -> dict[str, list]:
    """Columns with one row per layer of a Keras model: layer, type, output (shape), parameters, trainable."""
    table: dict[str, list] = {"layer": [], "type": [], "output": [], "parameters": [], "trainable": []}
    for layer in graph.layers:
        shape = layer.output_shape[0] if isinstance(layer.output_shape, list) else layer.output_shape
        table["layer"].append(layer.name)
        table["type"].append(type(layer).__name__)
        table["output"].append("(" + ", ".join("-" if n is None else str(n) for n in shape) + ")")
        table["parameters"].append(int(layer.count_params()))
        table["trainable"].append(int(sum(weight.shape.num_elements() for weight in layer.trainable_weights)))
    return table

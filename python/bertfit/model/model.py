"""A BERT model at hand: encoder, vocabulary, and, once fitted, its head and the record of its fit.

`Model` holds and runs; it neither trains (`train`) nor saves (`persist`). Whatever runs over many rows goes
through `Model.run`, which batches by length and answers in the caller's order.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bertfit import _env
from bertfit.config import BertConfig, HeadConfig, PretrainHeads, Task
from bertfit.errors import ArgumentError
from bertfit.network import (
    Forward,
    PretrainingLayers,
    attach,
    build_encoder,
    build_head,
    compute_in,
    encoder_layer_names,
    feature_width,
    inference_batches,
    logits_function,
    noise_of,
    padded_length,
    pooling_function,
)
from bertfit.text import Encoding, Tokenizer, Vocabulary

if TYPE_CHECKING:
    from bertfit.checkpoints import Checkpoint

tf = _env.tensorflow()
keras = _env.keras()

#: Tokens per batch when nothing is trained: enough to keep the cores busy, little enough for any machine.
TOKEN_BUDGET = 4096

Progress = Callable[[int, int], None]


class Model:
    """A loaded or fitted BERT.

    Args:
        name: What to call it, usually the checkpoint's name.
        config: Sizes of the encoder.
        vocabulary: Its vocabulary, of `config.vocab_size` entries.
        encoder: The Keras graph from `build_encoder`, filled.
        source: Where it came from: ``{"kind", "path", "sha256"}``.
        task, head_config, head: What a fitted model predicts, its head's settings, and the head.
        record: How it was fitted: settings, history, metrics. Empty for a model that was only loaded.

    Attributes:
        forward: What its encoder computes, as a `Forward`.
        network, apply: Of a fitted model, the whole Keras graph, and what it computes as a function of
            [tokens, segments] and whether it is for training.
        pretrain_heads, pretraining: The forms of its MLM and NSP heads and their layers, where it has them.
    """

    def __init__(
        self,
        name: str,
        config: BertConfig,
        vocabulary: Vocabulary,
        encoder,
        source: dict[str, Any],
        task: Task | None = None,
        head_config: HeadConfig | None = None,
        head=None,
        record: dict[str, Any] | None = None,
    ):
        self.name, self.config, self.vocabulary, self.encoder = name, config, vocabulary, encoder
        self.source, self.record = dict(source), dict(record or {})
        self.tokenizer = Tokenizer(vocabulary)
        self.forward = Forward(encoder, config)
        self.task = self.head_config = self.head = self.network = self.apply = None
        if head is not None:
            self._set_head(task, head_config, head)
        self.pretrain_heads: PretrainHeads | None = None
        self.pretraining: PretrainingLayers | None = None
        self._functions: dict[tuple, Callable] = {}

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, max_len: int | None = None) -> Model:
        """The model of a checkpoint, every weight in place.

        Args:
            checkpoint: From `open_checkpoint`.
            max_len: Keep only this many positions, in tokens; None keeps all.
        """
        encoder = build_encoder(checkpoint.config, fresh=False)
        checkpoint.fill(encoder)
        source = {"kind": checkpoint.kind, "path": checkpoint.path, "sha256": checkpoint.sha256}
        model = cls(checkpoint.name, checkpoint.config, checkpoint.vocabulary, encoder, source)
        if checkpoint.heads is not None:
            model.add_pretraining(PretrainHeads())
            model.pretraining.set_weights(checkpoint.heads())
        return model if max_len in (None, model.max_len) else model.copy(max_len, heads=True)

    @property
    def max_len(self) -> int:
        """Longest input in tokens: the rows of the position table."""
        return int(self.encoder.get_layer("Embedding-Position").positions)

    @property
    def fitted(self) -> bool:
        """Whether it has a head and can predict."""
        return self.network is not None

    @property
    def parameters(self) -> int:
        """Weights of the encoder with its pooler; of the whole network once fitted."""
        return int((self.network if self.fitted else self.encoder).count_params())

    @property
    def trainable_parameters(self) -> int:
        """Those that the last fit could change; all before any fit."""
        graph = self.network if self.fitted else self.encoder
        return int(sum(np.prod(weight.shape) for weight in graph.trainable_weights))

    @property
    def noise(self):
        """Source of its dropout's random numbers."""
        return noise_of(self.encoder)

    def copy(self, max_len: int | None = None, heads: bool = False) -> Model:
        """A model of its own with the same encoder weights, and the MLM and NSP heads if `heads`; no task's head.

        `max_len` cuts the position table.
        """
        encoder = build_encoder(self.config, self.max_len if max_len is None else max_len, fresh=False)
        for name in encoder_layer_names(self.config):
            weights = self.encoder.get_layer(name).get_weights()
            if name == "Embedding-Position":
                weights = [weights[0][: encoder.get_layer(name).positions]]
            encoder.get_layer(name).set_weights(weights)
        model = Model(self.name, self.config, self.vocabulary, encoder, self.source)
        if heads and self.pretraining is not None:
            model.add_pretraining(self.pretrain_heads)
            model.pretraining.set_weights({layer.name: layer.get_weights() for layer in self.pretraining.layers})
        return model

    def add_head(self, task: Task, head_config: HeadConfig, seed: int = 0) -> None:
        """Put a fresh head on the encoder; the model then predicts `task`."""
        head = build_head(feature_width(self.config, head_config), head_config, task, self.noise, seed)
        self._set_head(task, head_config, head)
        self._functions.clear()

    def _set_head(self, task: Task, head_config: HeadConfig, head) -> None:
        self.task, self.head_config, self.head = task, head_config, head
        self.network = attach(self.encoder, self.config, head_config, head)
        self.apply = logits_function(self.forward, head_config, head)

    def add_pretraining(self, heads: PretrainHeads, seed: int = 0) -> None:
        """Put fresh MLM and NSP heads on the encoder."""
        self.pretraining = PretrainingLayers(self.encoder, self.config, heads, seed)
        self.pretrain_heads = heads

    def weights(self) -> dict[str, list[np.ndarray]]:
        """Every weight as float32 arrays, by layer name, in the graph's order."""
        return {name: layer.get_weights() for name, layer in self.weighted_layers().items()}

    def weighted_layers(self) -> dict[str, Any]:
        """Every layer with weights by name: the encoder's (also those that a head passes by), then the heads'."""
        layers = [self.encoder.get_layer(name) for name in encoder_layer_names(self.config)]
        layers += self.pretraining.layers if self.pretraining is not None else []
        layers += self.head.layers if self.head is not None else []
        return {layer.name: layer for layer in layers if layer.weights}

    def layer_table(self) -> dict[str, list]:
        """One row per layer of the graph: layer, type, output shape, parameters, trainable parameters."""
        graph = self.network if self.fitted else self.encoder
        table: dict[str, list] = {"layer": [], "type": [], "output": [], "parameters": [], "trainable": []}
        for layer in graph.layers:
            shape = layer.output_shape[0] if isinstance(layer.output_shape, list) else layer.output_shape
            table["layer"].append(layer.name)
            table["type"].append(type(layer).__name__)
            table["output"].append("(" + ", ".join("-" if n is None else str(n) for n in shape) + ")")
            table["parameters"].append(int(layer.count_params()))
            table["trainable"].append(int(sum(np.prod(weight.shape) for weight in layer.trainable_weights)))
        return table

    def encode(self, texts, pairs=None, max_len: int | None = None) -> Encoding:
        """Tokenize, cut to `max_len` tokens (the model's own by default, or the fit's).

        Raises:
            ArgumentError: `max_len` is longer than the model's, or no whole number of at least 3.
        """
        if max_len is None:
            max_len = self.record.get("max_len", self.max_len)
        if isinstance(max_len, numbers.Real) and max_len > self.max_len:  # what is no number, the tokenizer refuses
            raise ArgumentError(f"must be at most {self.max_len}, the length of this model's position table.",
                                argument="max_len", received=max_len)
        return self.tokenizer.encode(texts, pairs, max_len=max_len)

    def logits(self, encoding: Encoding, precision: str = "auto", progress: Progress | None = None) -> np.ndarray:
        """The network's logits [n, K] in the caller's order, float32."""
        return self.run("logits", encoding, precision, progress=progress)

    def features(self, encoding: Encoding, pooling: str, layers, precision: str = "auto",
                 progress: Progress | None = None) -> np.ndarray:
        """Pooled hidden states [n, H * len(layers)] in the caller's order, float32."""
        return self.run(("features", pooling, tuple(layers)), encoding, precision, progress=progress)

    def run(self, what, encoding: Encoding, precision: str = "auto", *, token_budget: int = TOKEN_BUDGET,
            progress: Progress | None = None) -> np.ndarray:
        """Run the graph over rows without training it.

        Args:
            what: "logits", or ("features", pooling, layers).
            encoding: The rows.
            precision: "auto", "float32", "bfloat16" or "float16".
            token_budget: Tokens per batch, padding included.
            progress: Called with (rows done, rows in all) after each batch.

        Returns:
            [n, width], float32, in the order of `encoding`.
        """
        precision = _env.resolve_precision(precision)
        with compute_in(precision):
            prepared = self.forward.prepared()
        function, width = self._function(what, precision, prepared)
        result, done = np.empty((len(encoding), width), np.float32), 0
        for rows in inference_batches(encoding.lengths, token_budget, self.max_len):
            length = padded_length(encoding.lengths[rows], self.max_len)
            ids, segments, _ = encoding.pad(rows, length, self.config.pad_token_id)
            result[rows] = function(tf.constant(ids), tf.constant(segments), prepared).numpy()
            done += len(rows)
            if progress is not None:
                progress(done, len(encoding))
        return result

    def _function(self, what, precision: str, prepared: dict[str, list]):
        """The traced graph for `what` and the width of what it returns; traced once per precision."""
        key = (what, precision)
        if key not in self._functions:
            if what == "logits":
                if not self.fitted:
                    raise ArgumentError("must be fitted before it can predict.", ["Fit it with `bert_fit()`."],
                                        argument="model")
                graph, width = self.apply, self.task.n_outputs
            else:
                _, pooling, layers = what
                graph = pooling_function(self.forward, pooling, layers)
                width = self.config.hidden_size * (1 if pooling == "nsp" else len(layers))

            ids = tf.TensorSpec([None, None], tf.int32)
            weights = tf.nest.map_structure(tf.TensorSpec.from_tensor, prepared)

            @tf.function(input_signature=[ids, ids, weights])
            @_env.as_written
            def function(tokens, segments, prepared):
                with compute_in(precision), self.forward.using(prepared):
                    return graph([tokens, segments], False)

            self._functions[key] = (function, width)
        return self._functions[key]

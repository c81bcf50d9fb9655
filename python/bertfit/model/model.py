"""`Model`: a BERT encoder with its vocabulary and, once fitted, its head and the record of its fit.

It holds weights and runs them. Does not train (see `training`) or save (see `model.persist`). All computing over many
rows uses `Model.run`, which batches rows by length and returns results in the caller's order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bertfit import _env
from bertfit.config import BertConfig, HeadConfig, LongText, PretrainHeads, Task
from bertfit.errors import ArgumentError
from bertfit.model.layer_table import layer_table
from bertfit.model.questions import Features, Logits
from bertfit.network import (
    Encoder,
    PretrainingLayers,
    build_head,
    compute_in,
    draw_pooler,
    feature_width,
    inference_batches,
    layers_read,
    logits_function,
    network_graph,
    padded_length,
    share,
)
from bertfit.rows import Rows
from bertfit.settings import is_number
from bertfit.system import interrupts
from bertfit.text import Encoding, Tokenizer, Vocabulary, shortened

if TYPE_CHECKING:
    from bertfit.checkpoints import Checkpoint

tf = _env.tensorflow()

#: Tokens per batch without training, padding included: enough to use all cores, at little memory.
TOKEN_BUDGET = 4096

Progress = Callable[[int, int], None]


class Model:
    """A loaded or fitted BERT model.

    Args:
        name: What to call it, usually the checkpoint's name.
        config: Sizes of the encoder.
        vocabulary: Its vocabulary, of `config.vocab_size` entries.
        encoder: The encoder, with its weights.
        source: Where it came from: see `Checkpoint.source`.
        task, head_config, head: What a fitted model predicts, its head's settings, and the head.
        record: How it was fitted: settings, history, metrics. Empty for a model that was only loaded, also for a
            classifier that was trained elsewhere.

    Attributes:
        apply: Of a fitted model, the function from [tokens, segments], `training`, and `prepared` and `known` (see
            `Encoder.states`) to logits [B, K]; else None.
        pretrain_heads, pretraining: Forms and layers of its MLM and NSP heads; None if it has none.
        fresh_pooler: Whether its pooler has random weights, because its checkpoint had none.
    """

    def __init__(
        self,
        name: str,
        config: BertConfig,
        vocabulary: Vocabulary,
        encoder: Encoder,
        source: dict[str, Any],
        task: Task | None = None,
        head_config: HeadConfig | None = None,
        head=None,
        record: dict[str, Any] | None = None,
    ):
        self.name, self.config, self.vocabulary, self.encoder = name, config, vocabulary, encoder
        self.source, self.record = dict(source), dict(record or {})
        self.tokenizer = Tokenizer(vocabulary)
        self.task = self.head_config = self.head = self.apply = self._graph = None
        if head is not None:
            self._set_head(task, head_config, head)
        self.pretrain_heads: PretrainHeads | None = None
        self.pretraining: PretrainingLayers | None = None
        self.fresh_pooler = False

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, max_len: int | None = None) -> Model:
        """Build the model of a checkpoint, with all its weights.

        Args:
            checkpoint: From `open_checkpoint`.
            max_len: Keep only this many positions, in tokens; None keeps all.
        """
        encoder = Encoder(checkpoint.config, fresh=False)
        checkpoint.fill(encoder)
        model = cls(checkpoint.name, checkpoint.config, checkpoint.vocabulary, encoder, checkpoint.source)
        if "pooler" in checkpoint.missing:
            draw_pooler(encoder)
            model.fresh_pooler = True
        if checkpoint.heads is not None:
            weights = checkpoint.heads()
            model.add_pretraining(PretrainHeads(nsp="google" if "NSP" in weights else "none"))
            model.pretraining.set_weights(weights)
        model = model if max_len in (None, model.max_len) else model.copy(max_len, heads=True)
        if (classifier := checkpoint.classifier) is not None:
            model.add_head(classifier.task, classifier.head, weights=classifier.read())
        return model

    @property
    def max_len(self) -> int:
        """Longest input in tokens: the rows of the position table."""
        return int(self.encoder.get_layer("Embedding-Position").positions)

    @property
    def fitted(self) -> bool:
        """Whether it has a head and can predict."""
        return self.head is not None

    @property
    def parameters(self) -> int:
        """Number of weights of the encoder with its pooler; once fitted, of the whole network."""
        return sum(layer.count_params() for layer in self._layers_read())

    @property
    def trainable_parameters(self) -> int:
        """Number of weights that the last fit could change; all of them before any fit."""
        return int(sum(np.prod(weight.shape) for weight in self.trainable_weights))

    @property
    def trainable_weights(self) -> list:
        """The variables that training changes: those of unfrozen layers that the output depends on."""
        return [weight for layer in self._layers_read() for weight in layer.trainable_weights]

    @property
    def variables(self) -> list:
        """Everything that training changes: all weights, frozen or not, and the state of dropout's random numbers."""
        return [weight for layer in self.weighted_layers().values() for weight in layer.weights] + [self.noise.state]

    @property
    def structure(self) -> tuple:
        """What the graphs of its network depend on, apart from the shapes of `variables`."""
        task = self.task and (self.task.kind, self.task.n_outputs)
        return self.config, self.pretrain_heads, task, self.head_config

    def _layers_read(self) -> list:
        """The layers of the encoder; once fitted, those that the head depends on, and the head's."""
        return [*layers_read(self.encoder, self.head_config), *self.head.layers] if self.fitted else self.encoder.layers

    @property
    def noise(self):
        """The source of dropout's random numbers."""
        return self.encoder.noise

    @property
    def pad_id(self) -> int:
        """Id of the padding token."""
        return self.config.pad_token_id

    @property
    def text_len(self) -> int:
        """Tokens to which texts are truncated by default: the fit's max_len, or else the model's."""
        return self.record.get("max_len", self.max_len)

    @property
    def long_texts(self) -> LongText:
        """How texts of more than `text_len` tokens are read by default: as by the fit, or else truncated."""
        return LongText.recorded(self.record.get("settings") or {})

    def copy(self, max_len: int | None = None, heads: bool = False) -> Model:
        """An independent copy of the encoder and its weights, without a task's head.

        Args:
            max_len: Keep only this many positions, in tokens; None keeps all.
            heads: Copy the MLM and NSP heads, too.
        """
        encoder = Encoder(self.config, self.max_len if max_len is None else max_len, fresh=False)
        for mine, layer in zip(self.encoder.layers, encoder.layers, strict=True):
            weights = mine.get_weights()
            if layer.name == "Embedding-Position":
                weights = [weights[0][: layer.positions]]
            layer.set_weights(weights)
        model = Model(self.name, self.config, self.vocabulary, encoder, self.source)
        model.fresh_pooler = self.fresh_pooler
        if heads and self.pretraining is not None:
            model.add_pretraining(self.pretrain_heads)
            model.pretraining.set_weights({layer.name: layer.get_weights() for layer in self.pretraining.layers})
        return model

    def add_head(self, task: Task, head_config: HeadConfig, seed: int = 0,
                 weights: dict[str, list[np.ndarray]] | None = None) -> None:
        """Add a head; the model then predicts `task`. `weights` are by layer name, as `weights()` returns them, and may
        have other layers' too; None for random ones."""
        head = build_head(feature_width(self.config, head_config), head_config, task, self.noise, seed)
        if weights is not None:
            for layer in head.layers:
                layer.set_weights(weights[layer.name] if layer.weights else [])
        self._set_head(task, head_config, head)

    def _set_head(self, task: Task, head_config: HeadConfig, head) -> None:
        self.task, self.head_config, self.head = task, head_config, head
        self.apply = logits_function(self.encoder, head_config, head)
        self._graph = None

    def graph(self):
        """The encoder or, once fitted, the whole network as a Keras model; built on first use."""
        if not self.fitted:
            return self.encoder.graph()
        if self._graph is None:
            self._graph = network_graph(self.encoder, self.head_config, self.head)
        return self._graph

    def add_pretraining(self, heads: PretrainHeads, seed: int = 0) -> None:
        """Add MLM and NSP heads with random weights."""
        self.pretraining = PretrainingLayers(self.encoder, heads, seed)
        self.pretrain_heads = heads

    def weights(self) -> dict[str, list[np.ndarray]]:
        """Every weight as float32 arrays, by layer name, in the order of the layers."""
        return {name: layer.get_weights() for name, layer in self.weighted_layers().items()}

    def weighted_layers(self) -> dict[str, Any]:
        """Every layer with weights by name: the encoder's (also those that no head reads), then the heads'."""
        layers = self.encoder.layers
        layers += self.pretraining.layers if self.pretraining is not None else []
        layers += self.head.layers if self.head is not None else []
        return {layer.name: layer for layer in layers if layer.weights}

    def layer_table(self) -> dict[str, list]:
        """Columns with one row per layer of the graph: see `layer_table.layer_table`."""
        return layer_table(self.graph())

    def encode(self, rows: Rows, max_len: int | None = None, long: LongText | None = None) -> Encoding:
        """Tokenize rows; those longer than `max_len` tokens (None: `text_len`) as `long` says, None truncates them.

        Raises:
            ArgumentError: `max_len` is above the model's, or not a whole number of at least 3.
        """
        max_len = self.text_len if max_len is None else max_len
        if is_number(max_len, self.max_len, open_low=True):  # the tokenizer checks the rest
            raise ArgumentError(f"must be at most {self.max_len}, the length of this model's position table.",
                                argument="max_len", received=max_len)
        if long is None or long.truncates:
            return self.tokenizer.encode(rows.texts, rows.pairs, max_len=max_len)
        return shortened(self.tokenizer.encode(rows.texts, rows.pairs), max_len, long)

    def logits(self, encoding: Encoding, precision: str = "auto", progress: Progress | None = None) -> np.ndarray:
        """Logits [n, K], float32, in the caller's order. The model must be fitted."""
        return self.run(Logits(), encoding, precision, progress=progress)

    def features(self, encoding: Encoding, pooling: str, layers, precision: str = "auto",
                 progress: Progress | None = None) -> np.ndarray:
        """Pooled hidden states [n, H * len(layers)], float32, in the caller's order. See `Features`."""
        return self.run(Features(pooling, tuple(layers)), encoding, precision, progress=progress)

    def run(self, question: Logits | Features, encoding: Encoding, precision: str = "auto", *,
            token_budget: int = TOKEN_BUDGET, progress: Progress | None = None) -> np.ndarray:
        """Run the network over rows without training it.

        Args:
            question: What to compute, `Logits` or `Features`.
            encoding: The tokenized rows.
            precision: "auto", "float32", "bfloat16" or "float16".
            token_budget: Tokens per batch, padding included.
            progress: Called with (rows done, rows in all) after each batch.

        Returns:
            [n, width], float32, in the order of `encoding`.
        """
        precision = _env.resolve_precision(precision)
        with compute_in(precision):
            prepared = self.encoder.prepared()
        function, width = self._function(question, precision, prepared), question.width(self)
        prepared = tuple(tf.nest.flatten(prepared))
        result, done = np.empty((len(encoding), width), np.float32), 0
        for rows in inference_batches(encoding.lengths, token_budget, self.max_len):
            interrupts.check()
            length = padded_length(encoding.lengths[rows], self.max_len)
            ids, segments, _ = encoding.pad(rows, length, self.config.pad_token_id)
            result[rows] = function(tf.constant(ids), tf.constant(segments), prepared).numpy()
            done += len(rows)
            if progress is not None:
                progress(done, len(encoding))
        return result

    def _function(self, question: Logits | Features, precision: str, prepared: dict[str, list]) -> Callable:
        """The traced function for `question`, of token ids, segment ids and the flattened `prepared`."""
        compute = question.function(self)
        ids, weights = tf.TensorSpec([None, None], tf.int32), tf.nest.map_structure(tf.TensorSpec.from_tensor, prepared)

        def function(tokens, segments, flat):
            with compute_in(precision):
                return compute([tokens, segments], False, prepared=tf.nest.pack_sequence_as(weights, flat))

        return share(function, (ids, ids, tuple(tf.nest.flatten(weights))), self.variables,
                     key=(question, precision, self.structure))

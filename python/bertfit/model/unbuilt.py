"""A checkpoint that was opened and checked, and of which a `Model` is built later.

TensorFlow takes seconds to start. The name, sizes and source of an encoder, and the weights of a classifier, are known
without it, and R's `bert_load()` needs no more: the model is built by the first call that computes with it.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from bertfit.checkpoints import Checkpoint, registry


class Unbuilt:
    """The attributes of a model that `r.boundary.description` and `persist.to_bytes` read, and `build`, which returns
    the `Model`.

    Args:
        checkpoint: A Hugging Face checkpoint from `open_checkpoint`, without MLM and NSP heads. (Google's checkpoints
            can only be read with TensorFlow.)

    Attributes:
        complete: Whether the checkpoint has every weight of the model, so that it can be saved before it is built.
    """

    pretraining, pretrain_heads, fresh_pooler = None, None, False

    def __init__(self, checkpoint: Checkpoint):
        self._checkpoint = checkpoint
        self.name, self.config, self.vocabulary = checkpoint.name, checkpoint.config, checkpoint.vocabulary
        self.source = checkpoint.source
        self.record: dict[str, Any] = {}
        self.max_len = checkpoint.config.max_position_embeddings
        self.parameters = registry.count_parameters(checkpoint.config)
        self.complete = not checkpoint.missing
        self.fitted = checkpoint.classifier is not None
        self.task, self.head_config = None, None
        if self.fitted:
            self.task, self.head_config = checkpoint.classifier.task, checkpoint.classifier.head
            self.parameters += self._added_parameters()
        self.trainable_parameters = self.parameters

    def _added_parameters(self) -> int:
        """How many more weights the network has than the encoder with its pooler."""
        width, head = self.config.hidden_size, self.head_config
        widths = [width, *head.hidden, self.task.n_outputs]
        dense = sum((n + 1) * m for n, m in itertools.pairwise(widths))
        return dense - (0 if head.pooling == "nsp" else (width + 1) * width)

    def weights(self) -> dict[str, list[np.ndarray]]:
        """Every weight by layer name, as of the `Model`, if it is `complete`."""
        return {**self._checkpoint.read(), **(self._checkpoint.classifier.read() if self.fitted else {})}

    def weighted_layers(self) -> dict[str, Any]:
        """No layer: none is frozen."""
        return {}

    def build(self):
        """Build the `Model`.

        Raises:
            CheckpointError: The files have changed since they were opened.
        """
        from bertfit.model.model import Model

        self._checkpoint.require_unchanged()
        return Model.from_checkpoint(self._checkpoint)

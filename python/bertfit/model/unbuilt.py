"""A checkpoint that was opened and checked, and of which a `Model` is built later.

TensorFlow takes seconds to start. The name, sizes and source of an encoder are known without it, and R's `bert_load()`
needs no more: the model is built by the first call that computes with it.
"""

from __future__ import annotations

from typing import Any

from bertfit.checkpoints import Checkpoint, registry


class Unbuilt:
    """The attributes of a model that `r.boundary.description` reads, and `build`, which returns the `Model`.

    Args:
        checkpoint: A Hugging Face checkpoint from `open_checkpoint`, without MLM and NSP heads. (Google's checkpoints
            can only be read with TensorFlow.)
    """

    fitted, pretraining = False, None

    def __init__(self, checkpoint: Checkpoint):
        self._checkpoint = checkpoint
        self.name, self.config, self.vocabulary = checkpoint.name, checkpoint.config, checkpoint.vocabulary
        self.source = checkpoint.source
        self.record: dict[str, Any] = {}
        self.max_len = checkpoint.config.max_position_embeddings
        self.parameters = registry.count_parameters(checkpoint.config)

    def build(self):
        """Build the `Model`.

        Raises:
            CheckpointError: The files have changed since they were opened.
        """
        from bertfit.model.model import Model

        self._checkpoint.require_unchanged()
        return Model.from_checkpoint(self._checkpoint)

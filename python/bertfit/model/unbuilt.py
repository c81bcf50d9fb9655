"""An encoder's checkpoint, opened and checked, before a model is made of it.

TensorFlow takes seconds to start. What an encoder is called, how large it is and where it came from is known without
it, and `bert_load()` in R says no more than that: the model is made at the first call that computes with it.
"""

from __future__ import annotations

from typing import Any

from bertfit.checkpoints import Checkpoint, registry


class Unbuilt:
    """What `boundary.description` tells of a model, and `build`, which makes it.

    Args:
        checkpoint: A Hugging Face checkpoint from `open_checkpoint`, without MLM and NSP heads; Google's are read
            with TensorFlow anyway.
    """

    fitted, pretraining = False, None

    def __init__(self, checkpoint: Checkpoint):
        self._checkpoint = checkpoint
        self.name, self.config, self.vocabulary = checkpoint.name, checkpoint.config, checkpoint.vocabulary
        self.source = {"kind": checkpoint.kind, "path": checkpoint.path, "sha256": checkpoint.sha256}
        self.record: dict[str, Any] = {}
        self.max_len = checkpoint.config.max_position_embeddings
        self.parameters = registry.count_parameters(checkpoint.config)

    def build(self):
        """The `Model`.

        Raises:
            CheckpointError: The weights are no longer those that were opened.
        """
        from bertfit.model.model import Model

        self._checkpoint.require_unchanged()
        return Model.from_checkpoint(self._checkpoint)

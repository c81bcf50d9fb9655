"""Pretrained weights from Google and Hugging Face: found by name, downloaded, and every tensor checked.

In: a model's name, or a checkpoint folder. Out: a `Checkpoint`, whose weights can be copied into an encoder.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "registry": "registry",
    "catalogue": "models",
    "hub": "hub",
    "downloads": "download verify",
    "families": "families",
    "tensors": "Tensor encoder_tensors head_tensors",
    "classifier": "Classifier",
    "checkpoint": "Checkpoint open_checkpoint read_config",
})

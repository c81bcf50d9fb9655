"""Other people's weights: found by name, downloaded, and every tensor checked.

In: a name, or a folder of Google's or Hugging Face's. Out: a `Checkpoint` that can fill an encoder.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "registry": "registry models",
    "downloads": "download verify",
    "tensors": "Tensor encoder_tensors head_tensors",
    "checkpoint": "Checkpoint open_checkpoint read_config",
})

"""Settings of the encoder, the head, the task, fine-tuning and pretraining, as frozen dataclasses.

Each value is checked once, when the object is made. Does not import TensorFlow.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "encoder": "ACTIVATIONS BertConfig",
    "head": "POOLINGS HeadConfig",
    "task": "TASKS Task",
    "training": "FREEZES MONITORS TrainConfig",
    "pretraining": "PRETRAIN_MONITORS PretrainConfig PretrainHeads",
    "presets": "presets",
})

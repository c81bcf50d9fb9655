"""What can be set, each value checked once when it is made: encoder, head, task, training, pretraining.

In: names and numbers. Out: frozen dataclasses. No TensorFlow.
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

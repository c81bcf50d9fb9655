"""Settings of the encoder, the head, the task, fine-tuning and pretraining. Does not import TensorFlow.

In: names and numbers. Out: frozen dataclasses, whose values are checked once, when they are made.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "encoder": "ACTIVATIONS BertConfig",
    "head": "POOLINGS HeadConfig",
    "long_text": "LONG_TEXTS WINDOW_POOLINGS LongText",
    "task": "TASKS Task",
    "training": "FREEZES MONITORS TrainConfig TrainSettings",
    "pretraining": "PRETRAIN_MONITORS PretrainConfig PretrainHeads PretrainSettings",
    "presets": "presets",
})

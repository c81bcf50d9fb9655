"""Training: fine-tuning and pretraining runs with AdamWarmup.

In: a model and rows (or pretraining data). Out: a new model with a record of its training.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "callbacks": "Callback Console Report interruptible",
    "schedule": "learning_rate_at train_steps",
    "optimizer": "AdamWarmup",
    "finetuning": "check_keeps_head fit_model make_task",
    "folder": "check_folder",
    "pretraining": "pretrain",
})

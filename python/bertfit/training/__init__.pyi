# Written by tests/python/test_types.py.
from bertfit.training.callbacks import Callback as Callback
from bertfit.training.callbacks import Console as Console
from bertfit.training.callbacks import Report as Report
from bertfit.training.callbacks import interruptible as interruptible
from bertfit.training.schedule import learning_rate_at as learning_rate_at
from bertfit.training.schedule import train_steps as train_steps
from bertfit.training.optimizer import AdamWarmup as AdamWarmup
from bertfit.training.finetuning import check_keeps_head as check_keeps_head
from bertfit.training.finetuning import fit_model as fit_model
from bertfit.training.finetuning import make_task as make_task
from bertfit.training.folder import check_folder as check_folder
from bertfit.training.pretraining import pretrain as pretrain
__all__: list[str]

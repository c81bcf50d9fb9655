# Written by tests/python/test_types.py.
from bertfit.config.encoder import ACTIVATIONS as ACTIVATIONS
from bertfit.config.encoder import BertConfig as BertConfig
from bertfit.config.head import POOLINGS as POOLINGS
from bertfit.config.head import HeadConfig as HeadConfig
from bertfit.config.long_text import LONG_TEXTS as LONG_TEXTS
from bertfit.config.long_text import WINDOW_POOLINGS as WINDOW_POOLINGS
from bertfit.config.long_text import LongText as LongText
from bertfit.config.task import TASKS as TASKS
from bertfit.config.task import Task as Task
from bertfit.config.training import FREEZES as FREEZES
from bertfit.config.training import MONITORS as MONITORS
from bertfit.config.training import TrainConfig as TrainConfig
from bertfit.config.training import TrainSettings as TrainSettings
from bertfit.config.pretraining import PRETRAIN_MONITORS as PRETRAIN_MONITORS
from bertfit.config.pretraining import PretrainConfig as PretrainConfig
from bertfit.config.pretraining import PretrainHeads as PretrainHeads
from bertfit.config.pretraining import PretrainSettings as PretrainSettings
from bertfit.config import presets as presets
__all__: list[str]

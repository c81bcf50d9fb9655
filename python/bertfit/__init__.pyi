# Written by tests/python/test_types.py.
from bertfit.frames import Bert as Bert
from bertfit.frames import custom_objects as custom_objects
from bertfit.frames import fit as fit
from bertfit.frames import init as init
from bertfit.frames import keras_model as keras_model
from bertfit.frames import load as load
from bertfit.frames import pretrain as pretrain
from bertfit.frames import read_folders as read_folders
from bertfit.checkpoints import download as download
from bertfit.checkpoints import models as models
from bertfit.config import BertConfig as BertConfig
from bertfit.config import HeadConfig as HeadConfig
from bertfit.config import PretrainConfig as PretrainConfig
from bertfit.config import PretrainHeads as PretrainHeads
from bertfit.config import TrainConfig as TrainConfig
from bertfit.corpus import make_pretraining_data as make_pretraining_data
from bertfit.errors import BertfitError as BertfitError
from bertfit.estimators import BertClassifier as BertClassifier
from bertfit.estimators import BertEmbedder as BertEmbedder
from bertfit.estimators import BertRegressor as BertRegressor
from bertfit.notices import BertfitWarning as BertfitWarning
from bertfit.notices import EmptyClassWarning as EmptyClassWarning
from bertfit.notices import FreshPoolerWarning as FreshPoolerWarning
from bertfit.notices import LeftOutWarning as LeftOutWarning
from bertfit.notices import MissingTextWarning as MissingTextWarning
from bertfit.notices import OfflineWarning as OfflineWarning
from bertfit.notices import TruncationWarning as TruncationWarning
from bertfit.notices import UnusedTensorsWarning as UnusedTensorsWarning
from bertfit.text import Vocabulary as Vocabulary
from bertfit.text import train_vocabulary as train_vocabulary
from bertfit.training import AdamWarmup as AdamWarmup
from bertfit.training import Callback as Callback
from bertfit.training import train_steps as train_steps
pretrain_model = pretrain
download_model = download
__version__: str
__all__: list[str]

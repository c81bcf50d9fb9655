# Written by tests/python/test_types.py.
from bertfit.frames.opening import init as init
from bertfit.frames.opening import load as load
from bertfit.frames.opening import model_of as model_of
from bertfit.frames.tables import column_names as column_names
from bertfit.frames.tables import is_frame as is_frame
from bertfit.frames.tables import values_of as values_of
from bertfit.frames.fitting import fit as fit
from bertfit.frames.pretraining import pretrain as pretrain
from bertfit.frames.bert import Bert as Bert
from bertfit.frames.answers import prediction_columns as prediction_columns
from bertfit.frames.classes import Classes as Classes
from bertfit.frames.folders import read_folders as read_folders
from bertfit.frames.keras_models import custom_objects as custom_objects
from bertfit.frames.keras_models import keras_model as keras_model
from bertfit.frames.targets import code_target as code_target
__all__: list[str]

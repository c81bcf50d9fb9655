# Written by tests/python/test_types.py.
from bertfit.checkpoints import registry as registry
from bertfit.checkpoints.catalogue import models as models
from bertfit.checkpoints import hub as hub
from bertfit.checkpoints.downloads import download as download
from bertfit.checkpoints.downloads import verify as verify
from bertfit.checkpoints import families as families
from bertfit.checkpoints.tensors import Tensor as Tensor
from bertfit.checkpoints.tensors import encoder_tensors as encoder_tensors
from bertfit.checkpoints.tensors import head_tensors as head_tensors
from bertfit.checkpoints.classifier import Classifier as Classifier
from bertfit.checkpoints.checkpoint import Checkpoint as Checkpoint
from bertfit.checkpoints.checkpoint import open_checkpoint as open_checkpoint
from bertfit.checkpoints.checkpoint import read_config as read_config
__all__: list[str]

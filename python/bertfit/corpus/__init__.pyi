# Written by tests/python/test_types.py.
from bertfit.corpus.masking import MaskRule as MaskRule
from bertfit.corpus.writer import make_pretraining_data as make_pretraining_data
from bertfit.corpus.data import PretrainBatch as PretrainBatch
from bertfit.corpus.data import PretrainingData as PretrainingData
from bertfit.corpus.data import open_pretraining_data as open_pretraining_data
__all__: list[str]

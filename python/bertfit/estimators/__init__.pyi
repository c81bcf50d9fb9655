# Written by tests/python/test_types.py.
from bertfit.estimators.classifier import BertClassifier as BertClassifier
from bertfit.estimators.regressor import BertRegressor as BertRegressor
from bertfit.estimators.embedder import BertEmbedder as BertEmbedder
__all__: list[str]

# Written by tests/python/test_types.py.
from bertfit.inference.runner import check_fitted as check_fitted
from bertfit.inference.prediction import check_type as check_type
from bertfit.inference.prediction import predict as predict
from bertfit.inference.embedding import embed as embed
from bertfit.inference.evaluation import evaluate as evaluate
from bertfit.inference.evaluation import evaluate_groups as evaluate_groups
from bertfit.inference.mask_filling import fill_mask as fill_mask
from bertfit.inference.mask_filling import next_sentence as next_sentence
__all__: list[str]

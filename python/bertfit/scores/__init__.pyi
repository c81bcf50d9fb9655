# Written by tests/python/test_types.py.
from bertfit.scores.outcomes import classes as classes
from bertfit.scores.outcomes import probabilities as probabilities
from bertfit.scores.metrics import check_threshold as check_threshold
from bertfit.scores.metrics import epoch_metrics as epoch_metrics
from bertfit.scores.metrics import report as report
__all__: list[str]

# Written by tests/python/test_types.py.
from bertfit.scores.outcomes import check_threshold as check_threshold
from bertfit.scores.outcomes import classes as classes
from bertfit.scores.outcomes import probabilities as probabilities
from bertfit.scores.metrics import epoch_metrics as epoch_metrics
from bertfit.scores.metrics import report as report
from bertfit.scores.curves import trace_curves as trace_curves
__all__: list[str]

# Written by tests/python/test_types.py.
from bertfit.r.functions import call as call
__all__: list[str]

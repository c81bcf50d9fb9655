# Written by tests/python/test_types.py.
from bertfit.r.functions import call as call
from bertfit.r.functions import listen as listen
from bertfit.r.functions import unlisten as unlisten
__all__: list[str]

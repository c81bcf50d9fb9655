# Written by tests/python/test_types.py.
from bertfit.cli.program import main as main
__all__: list[str]

# Written by tests/python/test_types.py.
from bertfit.system.files import remove as remove
from bertfit.system.files import replacement as replacement
from bertfit.system import interrupts as interrupts
from bertfit.system.processes import cores as cores
from bertfit.system.processes import ordered_map as ordered_map
__all__: list[str]

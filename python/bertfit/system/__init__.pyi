# Written by tests/python/test_types.py.
from bertfit.system.files import free_beside as free_beside
from bertfit.system.files import remove as remove
from bertfit.system.files import replacement as replacement
from bertfit.system import interrupts as interrupts
from bertfit.system.lines import LONGEST_LINE as LONGEST_LINE
from bertfit.system.lines import read_lines as read_lines
from bertfit.system.lines import unpacked as unpacked
from bertfit.system.processes import cores as cores
from bertfit.system.processes import ordered_map as ordered_map
__all__: list[str]

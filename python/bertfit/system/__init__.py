"""The operating system: atomic replacement of folders, lines of files, worker processes, and Ctrl-C.

In: a folder to fill, tasks, or a block of code. Out: the folder under its final name, the results in order, or the
block completed before Ctrl-C is raised.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "files": "free_beside remove replacement",
    "interrupts": "interrupts",
    "lines": "LONGEST_LINE read_lines unpacked",
    "processes": "cores ordered_map",
})

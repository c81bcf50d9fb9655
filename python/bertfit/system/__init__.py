"""The operating system: files and folders that appear whole or not at all, work in processes, Ctrl-C.

In: a path, tasks, a block of code. Out: the same, done completely or not at all.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "files": "remove replacement",
    "interrupts": "interrupts",
    "processes": "cores ordered_map",
})

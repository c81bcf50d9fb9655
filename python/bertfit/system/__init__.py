"""The operating system: atomic replacement of folders, worker processes, and Ctrl-C.

The caller provides the work (a folder to fill, tasks, a block of code). Nothing here knows of models.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "files": "replacement",
    "interrupts": "interrupts",
    "processes": "cores ordered_map",
})

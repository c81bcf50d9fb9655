"""The command line: `bertfit vocab | data | pretrain | train | evaluate | predict`.

In: command-line arguments. Out: files, tables on stdout, and an exit code.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "program": "main",
})

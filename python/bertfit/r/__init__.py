"""The interface for R, which calls `call(name, arguments)`, between `listen(name)` and `unlisten()`.

In: a function's name and plain values by argument name. Out: a plain value, or an error as a dict. Models stay in
Python; R refers to them by number.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "functions": "call listen unlisten",
})

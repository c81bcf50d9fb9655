"""What R calls: `call(name, arguments)`, and nothing else.

In: plain values by name. Out: plain values, or a failure as data; models stay here under numbers.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "functions": "call",
})

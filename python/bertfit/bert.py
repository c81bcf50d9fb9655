"""Pickles written by bertfit 0.1 name this module as the home of `Bert`, which is now in `bertfit.frames`."""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports("bertfit.frames", {"bert": "Bert _from_bytes"})

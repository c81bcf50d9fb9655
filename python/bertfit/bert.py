"""The place that pickles of a `Bert` name, which bertfit 0.1 wrote; `Bert` itself is in `bertfit.frames`."""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports("bertfit.frames", {"bert": "Bert _from_bytes"})

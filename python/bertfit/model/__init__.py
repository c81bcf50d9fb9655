"""A model and its files: encoder, vocabulary, head and record; opened, saved and exported.

In: a checkpoint, a bundle, or a configuration. Out: a `Model`; bundles, and folders in other programs' formats.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "model": "TOKEN_BUDGET Model",
    "questions": "Features Logits",
    "bare_vocabulary": "BareVocabulary",
    "unbuilt": "Unbuilt",
    "opening": "open_model open_unbuilt",
    "fresh": "fresh_model",
    "bundle": "bundle",
    "persist": "persist",
    "exporting": "export",
})

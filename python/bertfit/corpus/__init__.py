"""Pretraining data: a text corpus to rows of masked sentence pairs, and the rows back as batches.

In: text files and a vocabulary. Out: TFRecord files in Google's format; `PretrainBatch`es of masked sentence pairs.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "masking": "MaskRule",
    "writer": "make_pretraining_data",
    "data": "PretrainBatch PretrainingData open_pretraining_data",
})

"""Text to token ids, and back; vocabularies read and made.

In: strings and a vocabulary. Out: an `Encoding` (ids, segments, splits), equal to what Google's tokenizer gives.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "vocabulary": "Vocabulary",
    "tokenizer": "Encoding Tokenizer truncated_pair_lengths",
    "wordpiece": "positions",
    "vocabulary_training": "train_vocabulary",
})

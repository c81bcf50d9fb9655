"""Texts to token ids and back: WordPiece, SentencePiece, or a tokenizer.json's; vocabularies read and trained.

In: strings and a `Vocabulary`. Out: an `Encoding` (ids, segments, splits). WordPiece ids equal Google's tokenizer's.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "special_tokens": "SpecialTokens",
    "vocabulary": "Vocabulary",
    "vocabulary_files": "read_sentencepiece read_vocabulary",
    "encoding": "Encoding PairForm truncated_pair_lengths",
    "tokenizer": "Tokenizer",
    "windows": "pooled shortened window_counts",
    "wordpiece": "positions",
    "vocabulary_training": "train_vocabulary",
})

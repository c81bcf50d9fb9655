"""A vocabulary in place of a model, for functions that only tokenize."""

from __future__ import annotations

from bertfit.rows import Rows
from bertfit.text import Encoding, Tokenizer, Vocabulary


class BareVocabulary:
    """A vocabulary and its tokenizer: the part of a `Model` that `tokenize`, `tokens` and `decode` use.

    Args:
        vocabulary: The vocabulary.

    Attributes:
        text_len: Tokens to which texts are truncated by default: 512, the positions of BERT.
        pad_id: Id of the padding token.
    """

    text_len = 512

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary, self.tokenizer, self.pad_id = vocabulary, Tokenizer(vocabulary), vocabulary.pad_id

    def encode(self, rows: Rows, max_len: int | None = None) -> Encoding:
        """Tokenize rows, truncated to `max_len` tokens (512 by default)."""
        return self.tokenizer.encode(rows.texts, rows.pairs, max_len=max_len or self.text_len)

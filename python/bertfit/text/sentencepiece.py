"""SentencePiece tokenization, without special tokens: texts to ids, to pieces with their offsets, and back.

`SentencePieces` is called like `wordpiece.Exact`; the library sentencepiece normalises and splits. Special tokens
never come from a text: "[MASK]" in a text is split like any other characters.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import numpy as np

from bertfit.system import interrupts
from bertfit.text.sentencepiece_model import SPACE, open_processor, spans
from bertfit.text.vocabulary import SPECIAL_TOKENS, Vocabulary
from bertfit.text.wordpiece import beginning, from_beginnings

_ALONE_BELOW = 64  # for fewer texts one thread is faster than several
_BLOCK = 4096  # texts in one call of the library, which cannot be interrupted
_SURROGATE = re.compile("[\ud800-\udfff]")  # Python strings can hold surrogates, UTF-8 cannot
_BYTE = re.compile("<0x[0-9A-F]{2}>")


class SentencePieces:
    """Token ids of many texts at once, by the library's segmentation.

    Args:
        vocabulary: A vocabulary of type "sentencepiece".

    Raises:
        VocabularyError: The library cannot read the model.
    """

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary
        self._processor = open_processor(vocabulary.data, vocabulary.name, frozenset(SPECIAL_TOKENS))
        self._threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        # If no piece has a space inside, the pieces of a text's first words do not depend on what follows them.
        self._by_words = not any(SPACE in token[1:].strip(SPACE) for token in vocabulary.tokens)
        self._blank: dict[str, bool] = {}
        self._bytes = {id_: int(token[3:5], 16) for id_, token in enumerate(vocabulary.tokens)
                       if _BYTE.fullmatch(token) and self._processor.is_byte(id_)}

    def __call__(self, texts: Sequence[str], enough: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Token ids of all texts, concatenated, and the number of ids of each: int32 [sum], int64 [n].

        Args:
            texts: The texts.
            enough: Ids needed per text: a text gives all its ids, or at least its first `enough`. None for all.
        """
        return from_beginnings(self._encode, beginning, texts, enough if self._by_words else None)

    def _encode(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        parts = [np.zeros(0, np.int32)]
        counts = np.zeros(len(texts), np.int64)
        threads = 1 if len(texts) < _ALONE_BELOW else self._threads
        for start in range(0, len(texts), _BLOCK):
            interrupts.check()
            found = self._processor.encode(_encodable(texts[start : start + _BLOCK]), out_type=int, num_threads=threads)
            counts[start : start + len(found)] = lengths = [len(row) for row in found]
            parts.append(np.fromiter((id_ for row in found for id_ in row), np.int32, sum(lengths)))
        return np.concatenate(parts), counts

    def located(self, text: str) -> list[tuple[str, int, int]]:
        """The pieces of a text as (piece, start, end); a piece comes from the characters text[start:end].

        The white space before a word belongs only to a piece "▁" by itself. Pieces that come from the same character
        share its range, and the "▁" that the library adds before a text has an empty range.
        """
        names = self.vocabulary.tokens
        (text,) = _encodable([text])
        # The library's offsets are in bytes; places[b] is the index of the character that contains byte b.
        width = np.array([len(char.encode()) for char in text], np.int64)
        places = np.append(np.repeat(np.arange(len(text)), width), len(text))
        found = [(names[id_], int(places[start]), int(places[end]))
                 for id_, start, end in spans(self._processor.encode(text, out_type="serialized_proto"))]
        shared = None
        for i in range(len(found) - 1, -1, -1):
            piece, start, end = found[i]
            while piece != SPACE and start < end and self._is_blank(text[start]):
                start += 1
            if start < end:
                shared = (start, end)
            elif piece != SPACE and shared is not None:
                start, end = shared  # "ﬁ" gives "f" and "i"; the library assigns it to the last only
            found[i] = (piece, start, end)
        return found

    def _is_blank(self, char: str) -> bool:
        """Whether the model normalises a character to white space or to nothing."""
        if char not in self._blank:
            self._blank[char] = not self._processor.normalize(char).strip(f"{SPACE} ")
        return self._blank[char]

    def decode(self, ids: list[int], skipped: set[int]) -> str:
        """The text of a row of ids. Special tokens that are not in `skipped` are put between spaces."""
        names, unknown = self.vocabulary.tokens, self.vocabulary.unk_id
        apart = {self.vocabulary.ids[token] for token in SPECIAL_TOKENS if token in self.vocabulary.ids} - {unknown}
        text, waiting = [], bytearray()  # bytes of a character that is spelled by byte pieces
        for id_ in ids:
            if id_ in self._bytes:
                waiting.append(self._bytes[id_])
                continue
            text.append(waiting.decode("utf-8", "replace"))
            waiting.clear()
            if id_ not in skipped:
                text.append(f" {names[id_]} " if id_ in apart else names[id_].replace(SPACE, " "))
        text.append(waiting.decode("utf-8", "replace"))
        return re.sub(" +", " ", "".join(text)).strip(" ")


def _encodable(texts: list[str]) -> list[str]:
    """The texts with U+FFFD in place of surrogates, which UTF-8 cannot encode."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return [_SURROGATE.sub("\ufffd", text) for text in texts]
    return texts

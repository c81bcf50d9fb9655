"""Byte-level BPE and unigram tokenization, by the package tokenizers: texts to ids, to tokens with offsets, and back.

`LibraryPieces` is called like `wordpiece.Exact`. Where the file allows it, a text is taken apart at single spaces,
each part goes through the package once, and its ids are kept: texts repeat their words. A space between two visible
characters is a boundary of these pre-tokenizers, and neither they nor these normalizers look across it, so the ids of
the parts are those of the text; tests/python/text/test_library_tokenizer.py compares them.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from bertfit.system import interrupts
from bertfit.text.tokenizer_json import HIDDEN, damaged, open_tokenizer, parse
from bertfit.text.vocabulary import Vocabulary
from bertfit.text.wordpiece import from_beginnings, positions

_BLOCK = 1024  # texts in one call of the package, which cannot be interrupted
_MOST_PARTS = 500_000  # parts whose ids are kept
_UNUSABLE = re.compile(f"[\ud800-\udfff{HIDDEN}]")  # surrogates, which UTF-8 cannot encode, and our own mark
_BOUNDARY = re.compile(r"(?<=\S) (?=\S)")
#: Normalizers that change characters, and their marks, one by one, and never look across a space.
_LOCAL = ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "BertNormalizer", "Precompiled", "Nmt")
_COMPOSING = ("NFC", "NFD", "Lowercase")  # of these, those that make no spaces and drop nothing
#: Characters that belong to one grapheme with what follows them, even a space (Unicode's class Prepend).
_PREPENDED = re.compile("[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd\U000111c2-\U000111c3]")


class LibraryPieces:
    """Token ids of many texts at once.

    Args:
        vocabulary: A vocabulary of type "tokenizers".

    Raises:
        VocabularyError: The package cannot read the file, or fails with a text.
    """

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary
        special = vocabulary.special
        self._document = parse(vocabulary.data, vocabulary.name)
        self._tokenizer = open_tokenizer(vocabulary.data, vocabulary.name, special.names)
        self._encode_all = getattr(self._tokenizer, "encode_batch_fast", self._tokenizer.encode_batch)
        added = [entry for entry in self._document["added_tokens"] if entry["content"] not in special.names]
        with damaged(vocabulary.name):
            self._by_parts = (_ends_at_spaces(self._document)
                              and not any(entry.get("normalized", True) for entry in added))
        whole = [re.escape(entry["content"]) for entry in added]
        if _uses(self._document.get("normalizer"), "Precompiled"):
            whole.append(_PREPENDED.pattern)
        self._whole = re.compile("|".join(whole)) if whole else None  # texts with a match are not taken apart
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._parts: tuple[_Numbered, _Numbered] = _numbered()  # of a text's first part, and of those after a space
        self._ids, self._counts = np.zeros(0, np.int32), np.zeros(0, np.int64)

    def __call__(self, texts: Sequence[str], enough: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Token ids of all texts, concatenated, and the number of ids of each: int32 [sum], int64 [n].

        Args:
            texts: The texts.
            enough: Ids needed per text: a text gives all its ids, or at least its first `enough`. None for all.
        """
        return from_beginnings(self._all, self._beginning, texts, enough if self._by_parts else None)

    def _beginning(self, text: str, size: int) -> str:
        """The text up to its last boundary within `size` characters; the whole text if it has none there."""
        if len(text) <= size or (self._whole is not None and self._whole.search(text)):
            return text
        place = text.rfind(" ", 1, size)
        while place > 0 and (text[place - 1].isspace() or text[place + 1].isspace()):
            place = text.rfind(" ", 1, place)
        return text[:place] if place > 0 else text

    def _all(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        blocks = []
        for start in range(0, len(texts), _BLOCK):
            interrupts.check()
            block = [_usable(text) for text in texts[start : start + _BLOCK]]
            blocks.append(self._of_parts(block) if self._by_parts else self._of_texts(block))
        return (np.concatenate([np.zeros(0, np.int32), *(ids for ids, _ in blocks)]),
                np.concatenate([np.zeros(0, np.int64), *(counts for _, counts in blocks)]))

    def _of_texts(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        with damaged(self.vocabulary.name, _FAILED):
            rows = [found.ids for found in self._encode_all(texts, add_special_tokens=False)]
        counts = np.fromiter(map(len, rows), np.int64, len(rows))
        return np.fromiter(itertools.chain.from_iterable(rows), np.int32, int(counts.sum())), counts

    def _of_parts(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        whole = self._whole
        split = [[text] if whole is not None and whole.search(text) else
                 text.split(" ") if " ".join(text.split()) == text else _BOUNDARY.split(text) for text in texts]
        with self._lock:  # the parts of one thread are numbered and tokenized before another's
            first, later = self._parts
            try:
                numbers: list[int] = []
                sizes = np.zeros(len(texts), np.int64)
                for i, parts in enumerate(split):
                    numbers.append(first[parts[0]])
                    numbers += map(later.__getitem__, parts[1:])
                    sizes[i] = len(parts)
                self._learn(first.new)
            except BaseException:
                self._forget()
                raise
            ids, counts = self._ids, self._counts
            if len(counts) > _MOST_PARTS:
                self._forget()
        number = np.array(numbers, np.int64)
        found = counts[number]
        starts = np.cumsum(counts) - counts
        ends = np.cumsum(sizes)
        total = np.concatenate([[0], np.cumsum(found)])
        return ids[positions(starts[number], found)], total[ends] - total[ends - sizes]

    def _learn(self, new: list[str]) -> None:
        """Tokenize parts that are new, in the order of their numbers."""
        for start in range(0, len(new), 4 * _BLOCK):
            interrupts.check()
            ids, counts = self._of_texts(new[start : start + 4 * _BLOCK])
            self._ids, self._counts = np.concatenate([self._ids, ids]), np.concatenate([self._counts, counts])
        new.clear()

    def located(self, text: str) -> list[tuple[str, int, int]]:
        """The tokens of a text as (token, start, end); a token comes from the characters text[start:end]."""
        names = self.vocabulary.tokens
        with damaged(self.vocabulary.name, _FAILED):
            found = self._tokenizer.encode(_usable(text), add_special_tokens=False)
        return [(names[id_], start, end) for id_, (start, end) in zip(found.ids, found.offsets, strict=True)]

    def masked(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Ids and counts as of a call, of texts in which the mask token is found, with the white space it takes in."""
        special = self.vocabulary.special
        hidden = tuple(token for token in special.names if token != special.mask)
        opened = open_tokenizer(self.vocabulary.data, self.vocabulary.name, hidden)
        with damaged(self.vocabulary.name, _FAILED):
            rows = [found.ids for found in opened.encode_batch(list(map(_usable, texts)), add_special_tokens=False)]
        counts = np.fromiter(map(len, rows), np.int64, len(rows))
        return np.fromiter(itertools.chain.from_iterable(rows), np.int32, int(counts.sum())), counts

    def decode(self, ids: list[int], skipped: set[int]) -> str:
        """The text of a row of ids, as the file's decoder makes it. Ids without a token stand by their names."""
        names, known = self.vocabulary.tokens, self._tokenizer.id_to_token
        kept = [id_ for id_ in ids if id_ not in skipped]
        texts = []
        with damaged(self.vocabulary.name, _FAILED):
            for unused, run in itertools.groupby(kept, lambda id_: known(id_) is None):
                if unused:
                    texts += [names[id_] for id_ in run]
                else:
                    texts.append(self._tokenizer.decode(list(run), skip_special_tokens=False).replace(HIDDEN, ""))
        return " ".join(texts)


_FAILED = "A tokenizer.json must be able to tokenize every text."


def _usable(text: str) -> str:
    """The text with U+FFFD in place of characters that the package is not given."""
    return text if text.isascii() else _UNUSABLE.sub("\ufffd", text)


class _Numbered(dict):
    """Numbers of parts: one that is not there yet gets the next number and is noted in `new`."""

    def __init__(self, prefix: str, counter: Any, new: list[str]):
        self.prefix, self.counter, self.new = prefix, counter, new

    def __missing__(self, part: str) -> int:
        self[part] = number = next(self.counter)
        self.new.append(self.prefix + part)
        return number


def _numbered() -> tuple[_Numbered, _Numbered]:
    counter, new = itertools.count(), []
    return _Numbered("", counter, new), _Numbered(" ", counter, new)


# -- What a file describes ------------------------------------------------------------------------------

def _members(part: Any) -> list[dict[str, Any]]:
    """The steps of a normalizer or pre-tokenizer."""
    if part is None:
        return []
    if not isinstance(part, dict) or "type" not in part:  # early versions did not say it
        return [{"type": "unknown"}]
    if part["type"] != "Sequence":
        return [part]
    return [step for inner in part.get("normalizers") or part.get("pretokenizers") or [] for step in _members(inner)]


def _uses(part: Any, type: str) -> bool:
    return any(step["type"] == type for step in _members(part))


def _ends_at_spaces(document: dict[str, Any]) -> bool:
    """Whether a single space between two visible characters separates what is before it from what is behind it."""
    normal, words = _members(document.get("normalizer")), _members(document.get("pre_tokenizer"))
    if not words:
        return False
    if words[0]["type"] in ("WhitespaceSplit", "BertPreTokenizer"):  # spaces are dropped
        return all(step["type"] in _LOCAL or _replaces_characters(step) for step in normal)
    if words[0]["type"] == "ByteLevel" and words[0].get("use_regex", True):
        return all(step["type"] in _COMPOSING for step in normal)
    return False


def _replaces_characters(step: dict[str, Any]) -> bool:
    """Whether it is a Replace of a string without white space, or of repeated spaces."""
    pattern = step.get("pattern") or {}
    text = pattern.get("String", " ")
    return step["type"] == "Replace" and bool(text) and (not any(map(str.isspace, text)) or
                                                         pattern == {"Regex": " {2,}"})

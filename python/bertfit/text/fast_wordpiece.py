"""WordPiece ids of texts, without special tokens, by TensorFlow Text: for texts where it provably equals Google's.

TensorFlow Text's FastBertTokenizer runs in C++ without Python's global lock, about ten times as fast as
`wordpiece.Exact`. But its normaliser differs from Google's: for uncased vocabularies it folds compatibility
characters ("…" becomes three dots, "ß" becomes "ss"), and it keeps some control characters that Google drops.
`Fast` therefore gives it only texts that consist of *safe* characters:

- a character is safe if both tokenizers treat it alike: alone, inside a word and doubled, with and without
  it in the vocabulary. Its treatment must not depend on its neighbours, as that of capital sigma does, and
  that of marks that decomposition may reorder and that are kept;
- both tokenizers map each safe character by itself to characters, white space or nothing, and split the
  resulting words greedily, so a text of safe characters gives the same words and hence the same ids;
- Google maps words of more than 200 characters to [UNK], so texts with very long words are left out.

The ranges below were measured; tests/python/text/test_fast_wordpiece.py compares every character in them. All
other texts go to `Exact`, and so do all texts if tensorflow_text is not installed (some platforms have none).
"""

from __future__ import annotations

import concurrent.futures
import functools
import importlib.util
import os
import zlib
from collections.abc import Sequence

import numpy as np

from bertfit import _env
from bertfit.system import interrupts
from bertfit.text.normalize import words
from bertfit.text.vocabulary import Vocabulary
from bertfit.text.wordpiece import CHARS_PER_TOKEN, LONGEST_WORD, Exact, beginning, gather, positions

# Safe code points, first-last in hexadecimal, of scripts and symbols in use today. Others only cost speed.
_SAFE_UNCASED = """
9-A D 20-7E A0-A7 A9 AB-AE B0-B1 B6-B7 BB BF-DE E0-131 134-13E 141-148 14A-17E 180-1C3 1CD-1F0 1F4-2AF
2E5-344 346-377 38E-3A1 3A4-3C1 3C3-3CF 3D7-3EF 3FA-52F 531-556 559-586 606-674 679-6DC 74D-7B1 898-8E1
8E3-983 1000-10C5 10FD-115E 1161-1248 1318-135A 1400-169C 16A0-16F8 1780-17DD 1820-1878 18B0-18F5 19DE-1A1B
1A1E-1A5E 1B00-1B43 1BAB-1BF1 1BFC-1C37 1DC0-1E99 1E9F-1F15 2000-2010 2012-2016 2018-2023 2027-2032 2035
2038-203B 203D 203F-2046 204A-2056 2058-2064 2066-206F 20A0-20A7 20A9-20C0 20D0-20F0 2180-2188 2190-222B
2231-2426 2440-244A 24EB-2A0B 2A0D-2A73 2A77-2B73 2B76-2B95 2B97-2C7B 2C7E-2CF3 2CF9-2D25 2D30-2D67
2D7F-2D96 2DE0-2E5D 2E80-2E99 2EA0-2EF2 2FF0-2FFB 3000-302D 3041-3096 30A0-30FE 3105-312F 31A0-31E3
31F0-31FF 3248-324F 3400-A48C A4D0-A62B A640-A69B A69E-A6F7 A700-A76F A771-A7CA A8E0-A952 AA5C-AAC2
AC00-D7A3 F900-FA6D FA70-FAD9 1F000-1F02B 1F030-1F093 1F0D1-1F0F5 1F150-1F169 1F16D-1F18F 1F191-1F1AD
1F1E6-1F1FF 1F300-1F6D7 1F700-1F773 1F780-1F7D8 1F810-1F847 1F860-1F887 1F890-1F8AD 1F900-1FA53 1FA90-1FAAC
1FB00-1FB92 1FB94-1FBCA 20000-2A6DF 2A700-2B738 2B740-2B81D 2B820-2CEA1 2CEB0-2EBE0 2F800-2FA1D 30000-3134A
E0100-E01EF"""
_SAFE_CASED = """
9-A D 20-7E A0-AC AE-377 37A-37F 384-38A 38E-3A1 3A3-52F 531-556 559-58A 61D-6DC 74D-7B1 898-8E1 8E3-983
F00-F47 1000-10C5 10D0-1248 1318-135A 13A0-13F5 1400-169C 16A0-16F8 1780-17DD 1820-1878 18B0-18F5 19DE-1A1B
1A1E-1A5E 1B00-1B4C 1B80-1BF3 1BFC-1C37 1C4D-1C88 1D00-1F15 2000-200A 2010-2029 202F-205F 2074-208E
2090-209C 20A0-20C0 20D0-20F0 2100-218B 2190-2426 2440-244A 2460-2B73 2B76-2B95 2B97-2CF3 2CF9-2D25
2D30-2D67 2D7F-2D96 2DE0-2E5D 2E80-2E99 2E9B-2EF3 2F00-2FD5 2FF0-2FFB 3000-303F 3041-3096 3099-30FF
3105-312F 3131-318E 3190-31E3 31F0-321E 3220-A48C A4D0-A62B A640-A6F7 A700-A7CA A8E0-A953 AA5C-AAC2
AB70-ABED AC00-D7A3 F900-FA6D FA70-FAD9 FB46-FBC2 FBD3-FD8F FE76-FEFC FF01-FFBE 1F000-1F02B 1F030-1F093
1F0D1-1F0F5 1F100-1F1AD 1F1E6-1F202 1F210-1F23B 1F300-1F6D7 1F700-1F773 1F780-1F7D8 1F810-1F847 1F860-1F887
1F890-1F8AD 1F900-1FA53 1FA90-1FAAC 1FB00-1FB92 1FB94-1FBCA 20000-2A6DF 2A700-2B738 2B740-2B81D 2B820-2CEA1
2CEB0-2EBE0 2F800-2FA1D 30000-3134A E0100-E01EF"""
_SAFE_ASCII = "9-A D 20-7E"

# `unicode_fingerprint` of the character tables that the ranges were measured with. Python's tables may
# change with its version; if they have, only ASCII is treated as safe.
_MEASURED_WITH = "2.21."  # tensorflow_text; another version's Unicode tables may differ likewise
_FINGERPRINTS = {True: 1329185368, False: 4170856005}

_BOUND_PER_CHARACTER = 3  # most characters that one safe character becomes (a Hangul syllable)
_LONG_RUN = LONGEST_WORD // _BOUND_PER_CHARACTER  # a shorter run gives no word longer than LONGEST_WORD
_BLOCK = 4096  # rows that one thread takes at a time


def safe_ranges(lower_case: bool) -> list[tuple[int, int]]:
    """The safe code points of uncased or cased vocabularies as (first, last)."""
    return _parsed(_SAFE_UNCASED if lower_case else _SAFE_CASED)


def _parsed(ranges: str) -> list[tuple[int, int]]:
    ends = [entry.split("-") for entry in ranges.split()]
    return [(int(end[0], 16), int(end[-1], 16)) for end in ends]


@functools.cache
def unicode_fingerprint(lower_case: bool) -> int:
    """CRC-32 of how this Python's Unicode tables treat the safe characters, without ideographs and Hangul
    syllables, whose treatment follows from their code points."""
    safe = (chr(c) for first, last in safe_ranges(lower_case) if last - first < 3000 for c in range(first, last + 1))
    facts = "\n".join(words("".join(f"a{char}b " for char in safe), lower_case))
    return zlib.crc32(facts.encode())


def available() -> bool:
    """Whether tensorflow_text is installed."""
    return importlib.util.find_spec("tensorflow_text") is not None


class Fast:
    """Token ids of many texts; texts that are not safe go through `exact`.

    Args:
        vocabulary: The tokens.
        exact: The tokenizer of the texts that are not safe.

    Raises:
        ImportError: tensorflow_text is not installed or does not fit TensorFlow.
    """

    def __init__(self, vocabulary: Vocabulary, exact: Exact):
        self._tf = _env.tensorflow()
        import tensorflow_text

        self._exact = exact
        known = tensorflow_text.__version__.startswith(_MEASURED_WITH)
        known = known and unicode_fingerprint(vocabulary.lower_case) == _FINGERPRINTS[vocabulary.lower_case]
        ranges = safe_ranges(vocabulary.lower_case) if known else _parsed(_SAFE_ASCII)
        self._safe = "[" + "".join(f"\\x{{{first:X}}}-\\x{{{last:X}}}" for first, last in ranges) + "]*"
        # White space and ASCII punctuation end words; a run without either is at least as long as its words.
        self._long = r"(?s).*[^\t\n\r -/:-@\[-`{-~]{" + str(_LONG_RUN) + "}.*"
        self._tokenizer = tensorflow_text.FastBertTokenizer(
            vocab=[_reachable(token, row) for row, token in enumerate(vocabulary.tokens)],
            max_bytes_per_word=2**30,  # its own limit is in bytes; ours is `_long`
            token_out_type=self._tf.int32,
            unknown_token="[UNK]",
            lower_case_nfd_strip_accents=vocabulary.lower_case,
        )
        self._threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    def __call__(self, texts: Sequence[str], enough: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Token ids of all texts, concatenated, and the number of ids of each: int32 [sum], int64 [n].

        Args:
            texts: The texts.
            enough: Ids needed per text: a text gives all its ids, or at least its first `enough`. None for all.
        """
        parts, left = [], []
        blocks = [np.arange(i, min(i + _BLOCK, len(texts))) for i in range(0, len(texts), _BLOCK)]
        with concurrent.futures.ThreadPoolExecutor(self._threads) as pool:
            for done, refused in pool.map(lambda rows: self._block(texts, rows, enough), blocks):
                interrupts.check()
                parts += done
                left += refused
        if left:
            rows = np.sort(np.concatenate(left))
            parts.append((rows, *self._exact([texts[row] for row in rows], enough)))
        return gather(parts, len(texts))

    def _block(self, texts, rows, enough):
        """Parts (rows, ids, counts) of the safe texts of a block, and the row numbers of the other texts."""
        done, refused = [], []
        size = None if enough is None else max(32, enough * CHARS_PER_TOKEN)
        while len(rows):
            block = [texts[row] for row in rows]
            if size is not None:
                cut = [beginning(text, size) for text in block]
                whole = _lengths(cut) == _lengths(block)
                block = cut
            try:
                strings = self._tf.constant(block)  # [n]
            except ValueError:  # a lone surrogate, which UTF-8 cannot encode (so no file and no R string has one)
                refused.append(rows)
                break
            regex = self._tf.strings.regex_full_match
            safe = (regex(strings, self._safe) & ~regex(strings, self._long)).numpy()
            if not safe.all():
                refused.append(rows[~safe])
                rows, strings = rows[safe], strings[safe]
                whole = None if size is None else whole[safe]
            ragged = self._tokenizer.tokenize(strings)
            ids, counts = ragged.values.numpy(), ragged.row_lengths().numpy()
            if size is None:
                done.append((rows, ids, counts))
                break
            finished = whole | (counts >= enough)
            starts, counts = np.cumsum(counts) - counts, np.where(finished, np.minimum(counts, enough), 0)
            done.append((rows[finished], ids[positions(starts, counts)], counts[finished]))
            rows, size = rows[~finished], size * 2
        return done, refused


def _lengths(texts: list[str]) -> np.ndarray:
    return np.fromiter(map(len, texts), np.int64, len(texts))


def _reachable(token: str, row: int) -> str:
    """The token as FastBertTokenizer gets it. A token that Google's code never finds (it has white space, control
    characters, punctuation or an ideograph beside other characters) is replaced by one that is in no text."""
    core = token.removeprefix("##")
    return token if words(core, False) == [core] or token == "[UNK]" else f"[unreachable {row}]"

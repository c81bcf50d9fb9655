"""Text to words exactly as Google's BasicTokenizer makes them, and where each word came from.

`words` is the reference of this package: clean, set CJK characters apart, lower-case and strip accents
(uncased vocabularies), split at white space and punctuation. `words_with_sources` gives the same words
with the place of every character in the text. Pieces and ids are `bertfit.tokenize`'s matter.

Character classes come from Python's unicodedata, as Google's do.
"""

from __future__ import annotations

import unicodedata

# Google's blocks of CJK ideographs, first and last code point (neither Hangul nor kana).
_CJK_BLOCKS = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip
_ASCII_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def is_cjk(code: int) -> bool:
    """Whether a code point is an ideograph, which is a word of its own."""
    return any(first <= code <= last for first, last in _CJK_BLOCKS)


def is_punctuation(char: str) -> bool:
    """Whether a character is a word of its own: Unicode's punctuation, and every ASCII symbol."""
    return char in _ASCII_PUNCTUATION or unicodedata.category(char).startswith("P")


class _Table(dict):
    """A table for `str.translate` that works out an entry when a text first needs it.

    There are 1.1 million code points and a text uses a few hundred.
    """

    def __init__(self, rule):
        self.rule = rule

    def __missing__(self, code: int):
        self[code] = value = self.rule(code)
        return value


def _clean(code: int) -> str | None:
    """What a character becomes before lower-casing; None drops it."""
    char = chr(code)
    category = unicodedata.category(char)
    if char in "\t\n\r" or category == "Zs":
        return " "
    if code in (0, 0xFFFD) or category in ("Cc", "Cf"):
        return None
    return f" {char} " if is_cjk(code) else char


def _split(code: int) -> str:
    char = chr(code)
    return f" {char} " if is_punctuation(char) else char


def _split_and_strip(code: int) -> str | None:
    return None if unicodedata.category(chr(code)) == "Mn" else _split(code)


_CLEAN, _SPLIT, _SPLIT_AND_STRIP = _Table(_clean), _Table(_split), _Table(_split_and_strip)


def words(text: str, lower_case: bool) -> list[str]:
    """The words and punctuation marks of a text, normalised.

    Google splits at white space first and then lower-cases, decomposes and splits word by word. Doing
    each step on the whole text gives the same: `str.lower` looks beyond a character only for the final
    sigma, and that look ends at white space; canonical decomposition reorders only marks that follow
    each other, and white space is no mark; neither makes or removes white space; the rest goes by
    single characters.

    Args:
        text: Any string.
        lower_case: Lower-case and strip accents.

    Example:
        >>> words("Ça va?", lower_case=True), words("Ça va?", lower_case=False)
        (['ca', 'va', '?'], ['Ça', 'va', '?'])
    """
    text = text.translate(_CLEAN)
    if not lower_case:
        return text.translate(_SPLIT).split()
    return unicodedata.normalize("NFD", text.lower()).translate(_SPLIT_AND_STRIP).split()


def words_with_sources(text: str, lower_case: bool) -> list[tuple[str, list[int], list[int]]]:
    """The same words, each with the source of its characters.

    Returns:
        One (word, starts, ends) per word: character i of the word comes from text[starts[i]:ends[i]].
        Where an accent that follows a character was dropped, the range goes to the accent's end. Two
        characters may share a range: a Hangul syllable is two or three characters after decomposition.
    """
    chars, sources = [], []  # after cleaning: one entry per character, and its index in the text
    for index, char in enumerate(text):
        for new in _CLEAN[ord(char)] or "":
            chars.append(new)
            sources.append(index)
    ends = [source + 1 for source in sources]
    if lower_case:
        chars, sources, ends = _lower_and_strip(chars, sources)
    found: list[tuple[str, list[int], list[int]]] = []
    open_word = False
    for char, source, end in zip(chars, sources, ends, strict=True):
        if char.isspace():
            open_word = False
        elif open_word and not is_punctuation(char):
            found[-1][0].append(char)
            found[-1][1].append(source)
            found[-1][2].append(end)
        else:
            found.append(([char], [source], [end]))
            open_word = not is_punctuation(char)
    return [("".join(word), starts, stops) for word, starts, stops in found]


def _lower_and_strip(chars: list[str], sources: list[int]) -> tuple[list[str], list[int], list[int]]:
    """Lower-case, decompose and drop accents, carrying every character's source along.

    The final sigma is the one character whose lower case depends on others, and its length does not:
    so lengths are taken character by character and the letters from the whole text.
    """
    lowered = "".join(chars).lower()
    spread = [source for char, source in zip(chars, sources, strict=True) for _ in char.lower()]
    decomposed: list[tuple[int, str, int]] = []  # combining class, character, source
    marks_from = 0
    for char, source in zip(lowered, spread, strict=True):
        for part in unicodedata.normalize("NFD", char):
            combining = unicodedata.combining(part)
            if not combining:  # marks since the last starter are put in canonical order, stably
                decomposed[marks_from:] = sorted(decomposed[marks_from:], key=_combining_class)
                marks_from = len(decomposed) + 1
            decomposed.append((combining, part, source))
    decomposed[marks_from:] = sorted(decomposed[marks_from:], key=_combining_class)
    kept, starts, ends = [], [], []
    for _, char, source in decomposed:
        if unicodedata.category(char) != "Mn":
            kept.append(char)
            starts.append(source)
            ends.append(source + 1)
        elif ends and source == ends[-1]:  # a mark right behind what it sits on
            ends[-1] = source + 1
    return kept, starts, ends


def _combining_class(entry: tuple[int, str, int]) -> int:
    return entry[0]

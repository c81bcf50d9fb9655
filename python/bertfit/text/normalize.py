"""Split text into words exactly as Google's BasicTokenizer does, and find where each word came from.

`words` is the reference of this package: clean, put spaces around CJK ideographs, lower-case and strip accents
(uncased vocabularies), split at white space and punctuation. `words_with_sources` gives the same words with the
offsets of every character in the text. Does not split words into pieces: see `text.wordpiece`.

Character classes come from Python's unicodedata, as in Google's code.
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
    """Whether a code point is a CJK ideograph, which becomes a word of its own."""
    return any(first <= code <= last for first, last in _CJK_BLOCKS)


def is_punctuation(char: str) -> bool:
    """Whether a character is punctuation, which becomes a word of its own: Unicode's P classes and ASCII symbols."""
    return char in _ASCII_PUNCTUATION or unicodedata.category(char).startswith("P")


class _Table(dict):
    """A table for `str.translate` that computes an entry when a text first needs it.

    There are 1.1 million code points and a text uses a few hundred of them.
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

    Google's code splits at white space first and then lower-cases, decomposes and splits each word. Doing
    each step on the whole text gives the same words: `str.lower` depends on neighbours only for the final
    sigma, and there not beyond white space; canonical decomposition reorders only adjacent combining marks,
    which white space separates; neither step adds or removes white space; all other steps act on single
    characters.

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
    """The words of `words`, each with the offsets in the text that its characters come from.

    Args:
        text, lower_case: As for `words`.

    Returns:
        One (word, starts, ends) per word: character i of the word comes from text[starts[i]:ends[i]].
        If an accent that follows a character was dropped, the range includes it. Two characters may
        share a range: a Hangul syllable becomes two or three characters by decomposition.

    Example:
        >>> words_with_sources("Ça va", lower_case=True)
        [('ca', [0, 1], [1, 2]), ('va', [3, 4], [4, 5])]
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
    """Lower-case, decompose and drop accents; returns the characters, and the start and end of the source of each.

    Only the final sigma's lower case depends on its neighbours, and its length does not. So the number of
    characters is taken from each character alone, and the characters from the lower-cased text.
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
        elif ends and source == ends[-1]:  # a mark directly after its base character
            ends[-1] = source + 1
    return kept, starts, ends


def _combining_class(entry: tuple[int, str, int]) -> int:
    return entry[0]

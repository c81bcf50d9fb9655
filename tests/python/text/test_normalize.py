"""Words against Google's BasicTokenizer, and the offsets that words come from."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bertfit.text.normalize import words, words_with_sources
from toys.google import google_tokenization

# Characters whose treatment depends on their neighbours, or on which step sees them first.
CORNERS = (
    "Σσς \u2028\u2029\u0085\t\n\r\x0b\x1c\x00\ufffd\u200d\u200b\u00a0\u0130\u0131ßﬁ…'.#[UNK]éÅǅ\u00ad\u037e\u1fef\u3000"
    "\u0301\u0323\u0345\u302e\U0001d165\u0e33\u212a\u2126한가\u1112\u1161\u11ab中\uf900\U0002f800あア\U0001f469\U0001f467"
)
texts = st.text(st.one_of(st.sampled_from(CORNERS), st.characters(exclude_categories=["Cs"])), max_size=30)


@pytest.fixture(scope="module", params=[True, False], ids=["uncased", "cased"])
def casing(request):
    return request.param, google_tokenization().BasicTokenizer(do_lower_case=request.param).tokenize


def every_character():
    codes = (code for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF)
    return [chr(code) for code in codes if unicodedata.category(chr(code)) not in ("Cn", "Co")]


@given(text=texts)
@example(text="ΣΑΣ\u2028ΣΑΣ ΑΣ\u0301 Σ.Σ")
@example(text="a\u0323\u302e\u0301\U0001d165b \u0301a \u0301")
@settings(max_examples=600, deadline=None)
def test_words_are_googles(casing, text):
    lower_case, google = casing
    assert words(text, lower_case) == google(text)


def test_every_character_is_treated_as_google_does(casing):
    lower_case, google = casing
    text = " ".join(f"x{char}x{char} {char}" for char in every_character())
    assert words(text, lower_case) == google(text)


@given(text=texts)
@settings(max_examples=600, deadline=None)
def test_words_with_sources_are_the_same_words(casing, text):
    lower_case, _ = casing
    found = words_with_sources(text, lower_case)
    assert [word for word, _, _ in found] == words(text, lower_case)
    for word, starts, ends in found:
        assert len(word) == len(starts) == len(ends)
        assert all(0 <= start < end <= len(text) for start, end in zip(starts, ends, strict=True))


@given(text=st.text(st.sampled_from("abÀé한가1ǆ中!ﬁ\u200d"), max_size=20))
@settings(max_examples=200, deadline=None)
def test_each_character_comes_from_where_it_says(text):
    # None of these characters depends on its neighbours, so the source alone must give the character.
    for word, starts, ends in words_with_sources(text, True):
        for char, start, end in zip(word, starts, ends, strict=True):
            assert end == start + 1
            assert char in "".join(words(text[start:end], True))


@pytest.mark.parametrize(
    ("text", "lower_case", "places"),
    [
        ("Ça va?", True, [("ca", "Ça"), ("va", "va"), ("?", "?")]),
        ("cafe\u0301s", True, [("cafes", "cafe\u0301s")]),
        ("un cafe\u0301 ", True, [("un", "un"), ("cafe", "cafe\u0301")]),  # a dropped accent stays with its letter
        ("ab\u200dc\u200d", True, [("abc", "ab\u200dc")]),  # a dropped joiner is included only inside of a word
        ("İx", True, [("ix", "İx")]),  # two characters after lower-casing
        ("한국", True, [("\u1112\u1161\u11ab\u1100\u116e\u11a8", "한국")]),
        ("中国x", False, [("中", "中"), ("国", "国"), ("x", "x")]),
        ("A.\u00a0É\u0000", False, [("A", "A"), (".", "."), ("É", "É")]),
    ],
)
def test_sources_by_hand(text, lower_case, places):
    found = words_with_sources(text, lower_case)
    assert [(word, text[min(starts) : max(ends)]) for word, starts, ends in found] == places

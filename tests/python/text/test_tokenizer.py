"""Encoding against Google's code; truncation, padding, offsets in the text, and decoding."""

import os
import pathlib

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bertfit.errors import ArgumentError, DataError
from bertfit.text import tokenizer as tokenizer_module
from bertfit.text.tokenizer import Tokenizer, truncated_pair_lengths
from bertfit.text.vocabulary import Vocabulary
from toys.google import google_ids, minilm_vocabulary, write_vocabulary

DATA = pathlib.Path(os.environ.get("BERTFIT_SHARED_DATA", pathlib.Path(__file__).parents[4] / "shared" / "data"))
CORNERS = (
    "aZé 中한!'#\u2028\u0085\t\n\x00\ufffd\u200d\u00ad\u00a0İßﬁ…ΣσςΑ"
    "\u0301\u0323\u302e\U0001d165ㅋ\u1112\u1161\U0001f469\U0001f467"
)
rows_of_text = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=25),
        st.text(st.sampled_from(CORNERS), max_size=40),
        st.sampled_from(["[SEP] [UNK]", "ΑΣ\u2028ΑΣ", "한" * 67, "é" * 201, "a!" * 300]),
        st.integers(199, 201).map(lambda length: "a" * length),
    ),
    max_size=8,
)


@pytest.fixture(params=["fast", "exact"])
def path(request, monkeypatch):
    """Whatever the number of rows, the one path or the other."""
    monkeypatch.setattr(tokenizer_module, "_FAST_FROM", 0 if request.param == "fast" else 10**9)


def compare(tokenizer, google, texts):
    vocabulary, encoding = tokenizer.vocabulary, tokenizer.encode(texts)
    for row, text in enumerate(texts):
        want = [vocabulary.cls_id, *google(text), vocabulary.sep_id]
        assert encoding.ids[encoding.splits[row] : encoding.splits[row + 1]].tolist() == want, ascii(text)


# -- Google's tokens -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["uncased", "cased", "korean"])
def both(request, tmp_path_factory):
    lower_case = request.param == "uncased"
    texts = ["film 한국어 영화 ㅋㅋ 재미있다"] if request.param == "korean" else [CORNERS, "Zaé aaé Żółć 50%"]
    file = write_vocabulary(tmp_path_factory.mktemp("vocab"), [*texts, "a" * 5], lower_case)
    return Tokenizer(Vocabulary.from_file(file, lower_case)), google_ids(file, lower_case)


@pytest.mark.parametrize("fast_from", [0, 10**9], ids=["fast", "exact"])
@given(texts=rows_of_text)
@example(texts=["[SEP]x[PAD] [UNK] ##a", "a" * 201 + " a", CORNERS])
@settings(max_examples=250, deadline=None)
def test_tokens_are_googles_on_any_unicode(both, fast_from, texts):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokenizer_module, "_FAST_FROM", fast_from)
        compare(*both, texts)


@pytest.mark.real
@pytest.mark.parametrize("lower_case", [True, False], ids=["uncased", "cased"])
def test_tokens_are_googles_on_all_shared_data(lower_case, tmp_path):
    files = sorted(DATA.glob("*.*")) if DATA.is_dir() else []
    if not files:
        pytest.skip("no ../shared/data")
    lines = [line for file in files for line in file.read_bytes().decode().split("\n")]
    # Every hundredth line gives the cased vocabulary, so that the others have unknown words as well.
    vocabulary = minilm_vocabulary() if lower_case else write_vocabulary(tmp_path, lines[::100], False)
    compare(Tokenizer(Vocabulary.from_file(vocabulary, lower_case)), google_ids(vocabulary, lower_case), lines)


@pytest.mark.real
def test_the_sentence_of_tensorflows_tutorial(path):
    tokenizer = Tokenizer(Vocabulary.from_file(minilm_vocabulary(), True))
    ids, segments, mask = tokenizer.encode(["this is such an amazing movie!"]).pad()
    assert ids.tolist() == [[101, 2023, 2003, 2107, 2019, 6429, 3185, 999, 102]]
    assert segments.tolist() == [[0] * 9]
    assert mask.tolist() == [[1] * 9]


# -- Rows ----------------------------------------------------------------------------------------------------

TOY = Tokenizer(Vocabulary.from_bytes("[PAD] [UNK] [CLS] [SEP] a b c ##d ! café".replace(" ", "\n").encode(), True))
PAD, UNK, CLS, SEP, A, B, C, D, BANG = range(9)


def rows_of(encoding):
    pairs = zip(encoding.splits[:-1], encoding.splits[1:], strict=True)
    return [(encoding.ids[i:j].tolist(), encoding.segments[i:j].tolist()) for i, j in pairs]


def test_a_text_stands_between_cls_and_sep(path):
    encoding = TOY.encode(["A bd!", "", "x"])
    assert rows_of(encoding) == [
        ([CLS, A, B, D, BANG, SEP], [0] * 6), ([CLS, SEP], [0, 0]), ([CLS, UNK, SEP], [0] * 3),
    ]  # fmt: skip
    assert encoding.lengths.tolist() == [6, 2, 3]
    assert encoding.truncated.tolist() == [False] * 3
    assert (encoding.ids.dtype, encoding.segments.dtype, encoding.splits.dtype) == (np.int32, np.int32, np.int64)


def test_a_pair_has_a_separator_after_each_text_and_two_segments(path):
    encoding = TOY.encode(["a", ""], ["b c", "!"])
    assert rows_of(encoding) == [
        ([CLS, A, SEP, B, C, SEP], [0, 0, 0, 1, 1, 1]), ([CLS, SEP, BANG, SEP], [0, 0, 1, 1]),
    ]  # fmt: skip


def test_truncation_of_single_texts(path):
    encoding = TOY.encode(["a b c a", "a b c", "a b"], max_len=5)
    assert [ids for ids, _ in rows_of(encoding)] == [[CLS, A, B, C, SEP], [CLS, A, B, C, SEP], [CLS, A, B, SEP]]
    assert encoding.truncated.tolist() == [True, False, False]


@given(
    texts=st.lists(st.text(st.sampled_from("ab!\u0085é  "), max_size=400), min_size=1, max_size=6),
    others=st.lists(st.text(st.sampled_from("c x "), max_size=400), min_size=6, max_size=6),
    max_len=st.integers(3, 60),
    fast_from=st.sampled_from([0, 10**9]),
)
@settings(max_examples=200, deadline=None)
def test_truncation_equals_googles_loop(texts, others, max_len, fast_from):
    others = others[: len(texts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokenizer_module, "_FAST_FROM", fast_from)
        single, pair = TOY.encode(texts, max_len=max_len), TOY.encode(texts, others, max_len=max_len)
    for row, (text, other) in enumerate(zip(texts, others, strict=True)):
        first, second = (rows_of(TOY.encode([t]))[0][0][1:-1] for t in (text, other))
        assert rows_of(single)[row][0] == [CLS, *first[: max_len - 2], SEP]
        assert single.truncated[row] == (len(first) > max_len - 2)
        assert pair.truncated[row] == (len(first) + len(second) > max_len - 3)
        while len(first) + len(second) > max_len - 3:  # as in run_classifier.py's _truncate_seq_pair
            (first if len(first) > len(second) else second).pop()
        assert rows_of(pair)[row][0] == [CLS, *first, SEP, *second, SEP]


def same(one, other):
    names = ("ids", "segments", "splits", "truncated")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


@given(
    texts=rows_of_text, max_len=st.integers(3, 60), first=st.sampled_from([None, 30, 60, 512]), paired=st.booleans(),
    fast_from=st.sampled_from([0, 10**9]),
)
@settings(max_examples=200, deadline=None)
def test_truncating_ids_equals_tokenizing_anew(both, texts, max_len, first, paired, fast_from):
    tokenizer, pairs = both[0], [text * 2 for text in texts[::-1]] if paired else None
    max_len = min(max_len, first or max_len)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokenizer_module, "_FAST_FROM", fast_from)
        encoding = tokenizer.encode(texts, pairs, max_len=first).truncated_to(max_len)
        anew = tokenizer.encode(texts, pairs, max_len=max_len)
    assert same(encoding, anew)
    assert encoding.ids.dtype == encoding.segments.dtype == np.int32 and encoding.splits.dtype == np.int64


def test_truncating_ids_by_hand():
    pair = TOY.encode(["a b c a", "a"], ["b b", "c c c c"]).truncated_to(7)
    assert rows_of(pair) == [([CLS, A, B, SEP, B, B, SEP], [0, 0, 0, 0, 1, 1, 1]),
                             ([CLS, A, SEP, C, C, C, SEP], [0, 0, 0, 1, 1, 1, 1])]
    assert pair.truncated.tolist() == [True, True]
    assert TOY.encode(["a b c", "a"], max_len=4).truncated_to(4).truncated.tolist() == [True, False]
    with pytest.raises(ArgumentError, match="`max_len` must be a whole number of at least 3"):
        pair.truncated_to(2)


def test_pair_lengths_equal_googles_loop():
    first, second = (grid.ravel() for grid in np.meshgrid(np.arange(25), np.arange(25)))
    for budget in range(20):
        expected = []
        for a, b in zip(first.tolist(), second.tolist(), strict=True):
            while a + b > budget:
                a, b = (a - 1, b) if a > b else (a, b - 1)
            expected.append((a, b))
        found = truncated_pair_lengths(first, second, budget)
        assert list(zip(*(lengths.tolist() for lengths in found), strict=True)) == expected


def test_padding_fills_rows_up_to_a_length(path):
    encoding = TOY.encode(["a b", "", "a"])
    ids, segments, mask = encoding.pad(length=6, pad_id=9)
    assert ids.tolist() == [[CLS, A, B, SEP, 9, 9], [CLS, SEP, 9, 9, 9, 9], [CLS, A, SEP, 9, 9, 9]]
    assert mask.tolist() == [[1, 1, 1, 1, 0, 0], [1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0]]
    assert segments.tolist() == np.zeros((3, 6)).tolist()
    assert {array.dtype for array in (ids, segments, mask)} == {np.dtype(np.int32)}


def test_padding_some_rows_in_another_order():
    encoding = TOY.encode(["a b", "", "a"], ["c", "!", ""])
    ids, segments, mask = encoding.pad(rows=[2, 1, 2])
    assert ids.tolist() == [[CLS, A, SEP, SEP], [CLS, SEP, BANG, SEP], [CLS, A, SEP, SEP]]
    assert segments.tolist() == [[0, 0, 0, 1], [0, 0, 1, 1], [0, 0, 0, 1]]
    assert mask.all()


def test_padding_refuses_to_cut():
    with pytest.raises(ArgumentError, match=r"`length` must be at least the longest row's\.\n- You gave 3"):
        TOY.encode(["a b"]).pad(length=3)


def test_no_texts_give_an_encoding_of_no_rows(path):
    for encoding in (TOY.encode([]), TOY.encode([], [], max_len=8)):
        assert len(encoding) == 0
        assert [matrix.shape for matrix in encoding.pad(length=8)] == [(0, 8)] * 3
        assert encoding.pad()[0].shape == (0, 0)
    assert TOY.tokens([]) == TOY.decode([]) == []


# -- Offsets and decoding ------------------------------------------------------------------------------------


def test_tokens_and_their_places():
    (row,) = TOY.tokens(["Á bd!\u200d xyz"], ["c"])
    assert row == {
        "token": ["[CLS]", "a", "b", "##d", "!", "[UNK]", "[SEP]", "c", "[SEP]"],
        "start": [-1, 0, 2, 3, 4, 7, -1, 0, -1],
        "end": [-1, 1, 3, 4, 5, 10, -1, 1, -1],
        "segment": [0, 0, 0, 0, 0, 0, 0, 1, 1],
    }


@given(texts=rows_of_text, max_len=st.sampled_from([None, 3, 6, 20]), paired=st.booleans())
@settings(max_examples=150, deadline=None)
def test_tokens_are_the_strings_of_the_ids(both, texts, max_len, paired):
    tokenizer, _ = both
    pairs = texts[::-1] if paired else None
    encoding, names = tokenizer.encode(texts, pairs, max_len=max_len), tokenizer.vocabulary.tokens
    for row, found in enumerate(tokenizer.tokens(texts, pairs, max_len)):
        ids, segments = rows_of(encoding)[row]
        assert found["token"] == [names[id_] for id_ in ids]
        assert found["segment"] == segments
        for token, start, end, segment in zip(*found.values(), strict=True):
            text = pairs[row] if segment else texts[row]
            assert (start, end) == (-1, -1) if token in ("[CLS]", "[SEP]") else 0 <= start < end <= len(text)


def test_ids_are_decoded_to_words_and_unknown_ids_refused():
    assert TOY.decode([[CLS, A, B, D, BANG, SEP, PAD], [CLS, UNK, SEP]]) == ["a bd !", "[UNK]"]
    assert TOY.decode(np.array([[CLS, A, SEP]]), skip_special=False) == ["[CLS] a [SEP]"]
    with pytest.raises(DataError, match="Row 1 has 99"):
        TOY.decode([[A], [B, 99]])


# -- What is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_len", [2, 0, -1, 3.5, "8", True])
def test_a_max_len_below_3_or_not_whole_is_refused(max_len):
    with pytest.raises(ArgumentError, match="`max_len` must be a whole number of at least 3"):
        TOY.encode(["a"], max_len=max_len)

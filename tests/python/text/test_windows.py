"""Head and tail, and windows, against lists of tokens cut one by one; windows also against transformers' tokenizers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertfit.config.long_text import LongText
from bertfit.errors import ArgumentError
from bertfit.text.encoding import Encoding, PairForm
from bertfit.text.tokenizer import Tokenizer
from bertfit.text.vocabulary import Vocabulary
from bertfit.text.windows import pooled, shortened, window_counts

WORDS = [f"w{i}" for i in range(40)]
VOCABULARY = Vocabulary.from_bytes("".join(f"{t}\n" for t in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]).encode(),
                                   lower_case=True)
TOY = Tokenizer(VOCABULARY)
CLS, SEP = VOCABULARY.cls_id, VOCABULARY.sep_id
tokens = st.lists(st.sampled_from(WORDS), max_size=30)


def ids_of(words):
    return [VOCABULARY.ids[word] for word in words]


def rows_of(encoding):
    """Every row's ids and segments, as lists."""
    return [(encoding.ids[a:b].tolist(), encoding.segments[a:b].tolist())
            for a, b in zip(encoding.splits[:-1], encoding.splits[1:], strict=True)]


def row_of(first, second=None):
    ids, segments = [CLS, *first, SEP], [0] * (len(first) + 2)
    return (ids, segments) if second is None else ([*ids, *second, SEP], segments + [1] * (len(second) + 1))


def cut(words, size, overlap):
    """Windows of a list, one after the other."""
    windows, begin = [words[:size]], 0
    while begin + size < len(words):
        begin += size - overlap
        windows.append(words[begin : begin + size])
    return windows


def popped(first, second, room):
    """How many tokens of both stay: Google's code removes one at a time from the longer one."""
    a, b = len(first), len(second)
    while a + b > room:
        if a > b:
            a -= 1
        else:
            b -= 1
    return a, b


def ends(words, kept):
    if kept == len(words):
        return words
    head = int(kept * 128 / 510 + 0.5)
    return words[:head] + words[len(words) - (kept - head) :]


@given(st.lists(tokens, max_size=6), st.integers(3, 20), st.none() | st.integers(0, 17))
@settings(max_examples=300, deadline=None)
def test_windows_are_cut_one_after_the_other(texts, max_len, stride):
    stride = None if stride is None else min(stride, max_len - 3)
    encoding = shortened(TOY.encode([" ".join(text) for text in texts]), max_len, LongText("windows", stride))
    expected, owners = [], []
    for number, text in enumerate(texts):
        windows = cut(ids_of(text), max_len - 2, max_len // 4 if stride is None else stride)
        expected += map(row_of, windows)
        owners += [number] * len(windows)
    assert rows_of(encoding) == expected
    assert (np.arange(len(texts)) if encoding.owners is None else encoding.owners).tolist() == owners
    assert encoding.truncated.tolist() == [False] * len(texts)


@given(st.lists(st.tuples(tokens, tokens), max_size=5), st.integers(3, 20), st.integers(0, 17))
@settings(max_examples=300, deadline=None)
def test_of_pairs_the_longer_text_is_cut_and_the_other_is_in_every_window(pairs, max_len, stride):
    stride = min(stride, max_len - 3)
    first, second = ([" ".join(pair[side]) for pair in pairs] for side in (0, 1))
    encoding = shortened(TOY.encode(first, second), max_len, LongText("windows", stride))
    expected, owners, truncated = [], [], []
    for number, pair in enumerate(pairs):
        a, b = map(ids_of, pair)
        room, long, other = max_len - 3, max(a, b, key=len), b if len(a) >= len(b) else a
        kept = other[: room // 2]
        size = room - len(kept)
        windows = cut(long, size, min(stride, size // 2)) if size else [[]]
        expected += [row_of(kept, window) if len(b) > len(a) else row_of(window, kept) for window in windows]
        owners += [number] * len(windows)
        truncated.append(len(kept) < len(other) or (not size and bool(long)))
    assert rows_of(encoding) == expected
    assert (np.arange(len(pairs)) if encoding.owners is None else encoding.owners).tolist() == owners
    assert encoding.truncated.tolist() == truncated


@given(st.lists(tokens, max_size=6), st.integers(3, 20))
@settings(max_examples=200, deadline=None)
def test_head_and_tail_of_texts(texts, max_len):
    encoding = shortened(TOY.encode([" ".join(text) for text in texts]), max_len, LongText("head_tail"))
    kept = [min(len(text), max_len - 2) for text in texts]
    assert rows_of(encoding) == [row_of(ends(ids_of(t), k)) for t, k in zip(texts, kept, strict=True)]
    assert encoding.owners is None
    assert encoding.truncated.tolist() == [k < len(t) for t, k in zip(texts, kept, strict=True)]


@given(st.lists(st.tuples(tokens, tokens), max_size=5), st.integers(3, 20))
@settings(max_examples=200, deadline=None)
def test_head_and_tail_of_pairs(pairs, max_len):
    first, second = ([" ".join(pair[side]) for pair in pairs] for side in (0, 1))
    encoding = shortened(TOY.encode(first, second), max_len, LongText("head_tail"))
    kept = [popped(a, b, max_len - 3) for a, b in pairs]
    assert rows_of(encoding) == [row_of(ends(ids_of(a), i), ends(ids_of(b), j))
                                 for (a, b), (i, j) in zip(pairs, kept, strict=True)]


def test_head_and_tail_are_the_published_ones():
    words = [WORDS[i % 40] for i in range(1000)]
    encoding = shortened(TOY.encode([" ".join(words)]), 512, LongText("head_tail"))
    assert encoding.ids.tolist() == [CLS, *ids_of(words[:128]), *ids_of(words[-382:]), SEP]
    sixteen = shortened(TOY.encode([" ".join(words)]), 16, LongText("head_tail"))  # 14 * 128 / 510 = 3.5
    assert sixteen.ids.tolist() == [CLS, *ids_of(words[:4]), *ids_of(words[-10:]), SEP]


@pytest.mark.parametrize("pair", [False, True])
def test_windows_are_those_of_transformers(pair, tmp_path):
    transformers = pytest.importorskip("transformers")
    (tmp_path / "vocab.txt").write_bytes(VOCABULARY.data)
    theirs = transformers.BertTokenizerFast.from_pretrained(str(tmp_path))
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, n)) for n in (0, 5, 17, 18, 19, 60, 200)]
    question = "w1 w2 w3"
    for stride in (0, 4, 7):
        own = shortened(TOY.encode([question] * len(texts), texts) if pair else TOY.encode(texts), 20,
                        LongText("windows", stride))
        arguments = ([question] * len(texts), texts) if pair else (texts,)
        want = theirs(*arguments, max_length=20, stride=stride, return_overflowing_tokens=True,
                      truncation="only_second" if pair else True)
        assert own.owners.tolist() == want["overflow_to_sample_mapping"]
        assert rows_of(own) == list(zip(want["input_ids"], want["token_type_ids"], strict=True))


def test_two_separators_between_the_texts_of_a_pair():
    # <s> A </s></s> B </s>; segments as the tokenizer gives them, 1 from the pair on.
    a, b = ids_of(WORDS[:6]), ids_of(WORDS[10:19])
    ids = np.array([CLS, *a, SEP, SEP, *b, SEP], np.int32)
    segments = np.array([0] * 9 + [1] * 10, np.int32)
    whole = Encoding(ids, segments, np.array([0, len(ids)]), np.array([False]), PairForm(2))
    windows = shortened(whole, 14, LongText("windows", 2))  # room 10: five of a, five of b
    assert [row[0] for row in rows_of(windows)] == [
        [CLS, *a[:5], SEP, SEP, *part, SEP] for part in (b[0:5], b[3:8], b[6:9])]
    assert windows.truncated.tolist() == [True]
    with pytest.raises(ArgumentError, match="at least 4"):
        shortened(whole, 3, LongText("windows", 0))
    ends_ = shortened(whole, 14, LongText("head_tail"))
    assert rows_of(ends_)[0][0] == [CLS, *ends(a, 5), SEP, SEP, *ends(b, 5), SEP]


def test_texts_that_fit_stay_as_they_are():
    encoding = TOY.encode(["w1 w2", "w3"])
    for how in ("head_tail", "windows"):
        same = shortened(encoding, 4, LongText(how))
        assert same is encoding and window_counts(same) is None
    values = np.ones((2, 3))
    assert pooled(values, encoding, "max") is values


def test_values_are_pooled_by_text():
    encoding = shortened(TOY.encode(["w1 w2 w3 w4", "w1", "w1 w2 w3"]), 4, LongText("windows", 0))
    assert encoding.owners.tolist() == [0, 0, 1, 2, 2] and window_counts(encoding).tolist() == [2, 1, 2]
    values = np.array([[1, 5], [4, 2], [7, 7], [0, -3], [-1, -1]], np.float32)
    assert pooled(values, encoding, "mean").tolist() == [[2.5, 3.5], [7, 7], [-0.5, -2]]
    assert pooled(values, encoding, "max").tolist() == [[4, 5], [7, 7], [0, -1]]
    assert pooled(values, encoding, "mean").dtype == np.float32


def test_a_stride_must_leave_room_for_new_text():
    encoding = TOY.encode(["w1 w2"])
    assert len(shortened(encoding, 8, LongText("windows", 5))) == 1
    with pytest.raises(ArgumentError, match="at most 5") as caught:
        shortened(encoding, 8, LongText("windows", 6))
    assert caught.value.argument == "stride"
    with pytest.raises(ArgumentError, match="`max_len` must be a whole number of at least 3"):
        shortened(encoding, 2, LongText("windows"))

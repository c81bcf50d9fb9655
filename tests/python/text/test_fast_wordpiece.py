"""The fast tokenizer: every character listed as safe is safe, and the texts it accepts get the exact one's ids."""

import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bertfit import _env
from bertfit.text import fast_wordpiece
from bertfit.text.fast_wordpiece import Fast, safe_ranges
from bertfit.text.normalize import words
from bertfit.text.vocabulary import Vocabulary
from bertfit.text.wordpiece import Exact
from toys.google import SPECIALS, write_vocabulary

pytestmark = pytest.mark.skipif(not fast_wordpiece.available(), reason="tensorflow_text is not installed")
CASINGS = pytest.mark.parametrize("lower_case", [True, False], ids=["uncased", "cased"])


def tensorflow_text():
    _env.tensorflow()  # with Keras 2, before tensorflow_text imports it with Keras 3
    import tensorflow_text

    return tensorflow_text


class Counting(Exact):
    """`Exact`, which records the texts that it gets."""

    def __call__(self, texts, enough=None):
        self.seen = list(texts)
        return super().__call__(texts, enough)


def safe_characters(lower_case):
    return [chr(code) for first, last in safe_ranges(lower_case) for code in range(first, last + 1)]


def expected(text, lower_case, tokens):
    """Ids by the definition of WordPiece, for vocabularies of single characters."""
    found = []
    for word in words(text, lower_case):
        pieces = [word[0], *(f"##{char}" for char in word[1:])]
        found += [tokens[piece] for piece in pieces] if all(piece in tokens for piece in pieces) else [1]
    return found


@pytest.mark.parametrize("known", [True, False], ids=["in the vocabulary", "not in it"])
@CASINGS
def test_every_safe_character_is_treated_alike(lower_case, known):
    tf, text = _env.tensorflow(), tensorflow_text()
    safe = safe_characters(lower_case)
    given = [*safe, "ab"] if known else ["ab"]
    chars = sorted({char for s in given for word in words(s, lower_case) for char in word})
    vocabulary = ["[PAD]", "[UNK]", *chars, *(f"##{char}" for char in chars)]
    tokens = {token: row for row, token in enumerate(vocabulary)}
    fast = text.FastBertTokenizer(
        vocab=vocabulary, max_bytes_per_word=1000, token_out_type=tf.int32, lower_case_nfd_strip_accents=lower_case
    )
    for template in ("{0}", "a{0}b", "a{0}{0}b", "{0}a {0}"):
        found = fast.tokenize([template.format(char) for char in safe]).to_list()
        differ = [
            f"U+{ord(char):04X}" for char, ids in zip(safe, found, strict=True)
            if ids != expected(template.format(char), lower_case, tokens)
        ]  # fmt: skip
        assert not differ


def test_no_safe_character_depends_on_its_neighbours():
    for char in safe_characters(True):
        assert char != "Σ"
        kept = [c for c in unicodedata.normalize("NFD", char.lower()) if unicodedata.category(c) != "Mn"]
        assert not any(map(unicodedata.combining, kept)), f"U+{ord(char):04X} may be reordered"


@CASINGS
def test_no_safe_character_outgrows_the_bound_on_words(lower_case):
    longest = max(len("".join(words(char, lower_case))) for char in safe_characters(lower_case))
    assert longest == (3 if lower_case else 1)
    assert longest * (fast_wordpiece._LONG_RUN - 1) <= 200


@CASINGS
def test_this_environment_is_the_measured_one(lower_case):
    # If this fails after an upgrade, only ASCII is fast: measure the ranges again (see the first test).
    assert tensorflow_text().__version__.startswith(fast_wordpiece._MEASURED_WITH)
    assert fast_wordpiece.unicode_fingerprint(lower_case) == fast_wordpiece._FINGERPRINTS[lower_case]


SAMPLES = [
    "The quick (brown) fox: can't jump 3.5 times!", "Ünïcödé façade Ωmega naïve",
    "한국어 영화 정말 재미있다", "中国 電影 アニメ",
    "“quoted” – dash… ™ ß ﬁ ㅋㅋㅋ", "ΣΑΣ ΟΔΟΣ",
    "👩‍👧 🎉🎉 emoji", "[SEP] [UNK] [MASK] ##s ## #",
]  # fmt: skip
texts = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
        st.text(st.sampled_from("".join(SAMPLES) + "\t\n\u2028\u0301\u200d\u0085"), max_size=60),
        st.text(st.sampled_from("aé한 "), min_size=55, max_size=300),
    ),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module", params=[True, False], ids=["uncased", "cased"])
def engines(request, tmp_path_factory):
    path = write_vocabulary(tmp_path_factory.mktemp("vocab"), SAMPLES, request.param)
    odd = ["\u2028", "", "##", "a b", "(brown)", "中国", "##, ", "x\u0000y", "don't", "##'t"]
    path.write_bytes(path.read_bytes() + "\n".join([*odd, "##!!"]).encode())
    vocabulary = Vocabulary.from_file(path, request.param)
    exact = Counting(vocabulary)
    return Fast(vocabulary, exact), exact


@given(rows=texts, enough=st.sampled_from([None, 1, 4, 30]))
@example(rows=["a" * length for length in (60, 65, 66, 67, 199, 200, 201, 999)], enough=None)
@example(rows=["한" * length for length in (60, 65, 66, 67, 200, 201)], enough=None)
@example(rows=SAMPLES, enough=None)
@example(rows=["don't a b 中国 ## ###", "x\u0000y", "a\ud800b"], enough=None)
@settings(max_examples=400, deadline=None)
def test_fast_is_exact(engines, rows, enough):
    fast, exact = engines
    ids, counts = fast(rows, enough)
    whole, whole_counts = Exact.__call__(exact, rows)
    ends, whole_ends = np.cumsum(counts), np.cumsum(whole_counts)
    for row, text in enumerate(rows):
        got = ids[ends[row] - counts[row] : ends[row]].tolist()
        want = whole[whole_ends[row] - whole_counts[row] : whole_ends[row]].tolist()
        assert got == want[: len(got)], text
        assert len(got) >= min(len(want), enough or len(want))


def test_everyday_text_is_fast_and_the_rest_is_exact(engines):
    fast, exact = engines
    everyday = ["It’s “fine” – naïve café, 50% off! http://a.example/b?c=" + "d" * 40]
    everyday += ["한국어 中国 🎉", "a\tb\r\nc\u00a0d"]
    odd = ["a\x07b", "x" * 201, "a\u0085b"]
    exact.seen = []
    fast(everyday)
    assert exact.seen == []
    fast([*everyday, *odd])
    assert exact.seen == odd


def test_rows_keep_their_order_over_blocks_and_threads(engines, monkeypatch):
    fast, exact = engines
    monkeypatch.setattr(fast_wordpiece, "_BLOCK", 7)
    rng = np.random.default_rng(5)
    rows = ["".join(rng.choice(list("a é한Σ\u0085"), rng.integers(0, 200))) for _ in range(100)]
    ids, counts = fast(rows)
    whole, whole_counts = Exact.__call__(exact, rows)
    assert counts.tolist() == whole_counts.tolist()
    assert ids.tolist() == whole.tolist()


def test_unknown_unicode_tables_leave_only_ascii(monkeypatch):
    vocabulary = Vocabulary.from_bytes("\n".join([*SPECIALS, "a", "e", "##e"]).encode(), True)
    monkeypatch.setitem(fast_wordpiece._FINGERPRINTS, True, -1)
    exact = Counting(vocabulary)
    ids, _ = Fast(vocabulary, exact)(["a é", "a e"])
    assert exact.seen == ["a é"]
    assert ids.tolist() == [5, 6, 5, 6]

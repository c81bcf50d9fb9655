"""SentencePiece vocabularies wherever one is used: encoding, offsets, decoding, and saved models."""

import io
import os
import pickle
import random

import numpy as np
import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bertfit.errors import ArgumentError, VocabularyError
from bertfit.rows.table import Rows
from bertfit.text import sentencepiece as pieces
from bertfit.text.tokenizer import Tokenizer
from bertfit.text.vocabulary import Vocabulary
from bertfit.text.vocabulary_training import train_vocabulary

TEXTS = [
    "이 영화 정말 재미있다 ㅋㅋ", "영화가 너무 지루해요...", "The film, the films: 10/10!", "ﬁne ① Ⅷ Café 영화",
    "정말 좋은 film",
] * 8


@pytest.fixture(scope="module", params=[True, False], ids=["uncased", "cased"])
def vocabulary(request):
    return train_vocabulary(TEXTS, 46, "sentencepiece", lower_case=request.param, character_coverage=1.0)


@pytest.fixture(scope="module")
def library(vocabulary):
    """The library itself, the oracle."""
    return sentencepiece.SentencePieceProcessor(model_proto=vocabulary.to_bytes())


def rows(encoding):
    return [row.tolist() for row in np.split(encoding.ids, encoding.splits[1:-1])]


texts_of_any_kind = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        st.text(st.sampled_from("영화 정말 theﬁ①Ⅷé\u0301\u1112\u1161\u11ab\t\n\x00\u3000▁[]😀"), max_size=30),
        st.sampled_from(["[SEP] [MASK][PAD]", "", " ", "▁▁", "the film " * 90]),
    ),
    min_size=1, max_size=6,
)


# -- Ids -----------------------------------------------------------------------------------------------------


@given(texts=texts_of_any_kind)
@example(texts=["  a\u0085b ", "[SEP]", "a▁b"])
@settings(max_examples=150, deadline=None)
def test_ids_are_the_librarys(vocabulary, library, texts):
    want = [[vocabulary.cls_id, *library.encode(text), vocabulary.sep_id] for text in texts]
    assert rows(Tokenizer(vocabulary).encode(texts)) == want


@given(texts=texts_of_any_kind, limit=st.integers(3, 40))
@settings(max_examples=100, deadline=None)
def test_a_limit_cuts_what_is_there_without_it(vocabulary, texts, limit):
    tokenizer = Tokenizer(vocabulary)
    cut, whole = tokenizer.encode(texts, max_len=limit), tokenizer.encode(texts)
    want = [row if len(row) <= limit else [*row[: limit - 1], vocabulary.sep_id] for row in rows(whole)]
    assert rows(cut) == want
    assert cut.truncated.tolist() == (whole.lengths > limit).tolist()


@given(texts=texts_of_any_kind, limit=st.integers(3, 40), first=st.sampled_from([None, 40, 100]), paired=st.booleans())
@settings(max_examples=100, deadline=None)
def test_truncating_ids_equals_tokenizing_anew(vocabulary, texts, limit, first, paired):
    tokenizer, pairs = Tokenizer(vocabulary), [text * 2 for text in texts[::-1]] if paired else None
    encoding = tokenizer.encode(texts, pairs, max_len=first).truncated_to(limit)
    anew = tokenizer.encode(texts, pairs, max_len=limit)
    assert rows(encoding) == rows(anew)
    for name in ("segments", "truncated"):
        np.testing.assert_array_equal(getattr(encoding, name), getattr(anew, name))


def test_pairs_have_their_segments(vocabulary, library):
    encoding = Tokenizer(vocabulary).encode(["the film"], ["정말 좋은"])
    first, second = library.encode("the film"), library.encode("정말 좋은")
    assert rows(encoding) == [[vocabulary.cls_id, *first, vocabulary.sep_id, *second, vocabulary.sep_id]]
    assert encoding.segments.tolist() == [0] * (len(first) + 2) + [1] * (len(second) + 1)


def test_threads_change_nothing(vocabulary, monkeypatch):
    texts = [" ".join(random.Random(i).choices(TEXTS, k=3)) for i in range(300)]
    tokenizer = Tokenizer(vocabulary)
    many = rows(tokenizer.encode(texts))
    monkeypatch.setattr(pieces, "_ALONE_BELOW", 10**9)
    assert rows(tokenizer.encode(texts)) == many


def test_no_text_gives_special_tokens_even_where_the_model_would(tmp_path):
    out = io.BytesIO()  # as some published models have them: user-defined symbols
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS), model_writer=out, vocab_size=70, pad_id=0, unk_id=1, bos_id=2, eos_id=3,
        pad_piece="[PAD]", unk_piece="[UNK]", bos_piece="[BOS]", eos_piece="[EOS]", minloglevel=2,
        user_defined_symbols=["[SEP]", "[CLS]", "[MASK]"], hard_vocab_limit=False, character_coverage=1.0,
    )
    path = tmp_path / "a.model"
    path.write_bytes(out.getvalue())
    vocabulary = Vocabulary.from_file(path)
    ids = (vocabulary.pad_id, vocabulary.unk_id, vocabulary.sep_id, vocabulary.cls_id, vocabulary.mask_id)
    assert ids == (0, 1, 4, 5, 6)
    assert vocabulary.to_bytes() == out.getvalue()
    inner = rows(Tokenizer(vocabulary).encode(["the [MASK] [SEP] [CLS]"]))[0][1:-1]
    assert not set(inner) & {4, 5, 6}


def test_surrogates_are_replaced_and_keep_their_place(vocabulary):
    tokenizer = Tokenizer(vocabulary)
    assert rows(tokenizer.encode(["the \ud800 film"])) == rows(tokenizer.encode(["the \ufffd film"]))
    found = tokenizer.tokens(["the \ud800 film"])[0]
    # The library treats the replacement character as white space, which is not part of a word's range.
    assert (found["start"][-2], found["end"][-2]) == (found["end"][-2] - len(found["token"][-2].strip("▁")), 10)
    assert min(start for start in found["start"] if start >= 4) == 6


# -- Offsets -------------------------------------------------------------------------------------------------


def test_places_by_hand():
    vocabulary = train_vocabulary(TEXTS, 46, "sentencepiece", character_coverage=1.0)
    text = "정말  ﬁ Ⅷ 😀①"
    row = Tokenizer(vocabulary).tokens([text])[0]
    assert (row["start"][0], row["end"][0], row["token"][0]) == (-1, -1, "[CLS]")
    places = {}
    for token, start, end in zip(row["token"][1:-1], row["start"][1:-1], row["end"][1:-1], strict=True):
        places.setdefault((start, end), []).append(token.replace("▁", ""))
    joined = {place: "".join(tokens) for place, tokens in places.items() if "".join(tokens)}
    assert "".join(text for place, text in sorted(joined.items()) if place[1] <= 2) == "정말"
    assert joined[4, 5] == "fi"  # one character, two letters
    assert joined[6, 7] == "viii"
    assert joined[8, 9] == "[UNK]"  # four bytes, one character
    assert joined[9, 10] == "1"


@given(texts=texts_of_any_kind)
@example(texts=["\u0085", " a\u3000b"])
@settings(max_examples=100, deadline=None)
def test_places_are_in_order_and_within_the_text(vocabulary, texts):
    tokenizer = Tokenizer(vocabulary)
    for text, row, ids in zip(texts, tokenizer.tokens(texts), rows(tokenizer.encode(texts)), strict=True):
        assert row["token"] == [vocabulary.tokens[id_] for id_ in ids]
        starts, ends = row["start"][1:-1], row["end"][1:-1]
        assert starts == sorted(starts) and ends == sorted(ends)
        assert all(0 <= start <= end <= len(text) for start, end in zip(starts, ends, strict=True))
        for token, start, end in zip(row["token"][1:-1], starts, ends, strict=True):
            if token != "▁" and start < end:
                assert text[start] not in " \t\n\r\u00a0\u2003\u3000"  # U+0085 is a character to SentencePiece


def test_places_of_plain_words_are_those_words(vocabulary):
    text = "the film 영화"
    row = Tokenizer(vocabulary).tokens([text])[0]
    for token, start, end in zip(row["token"], row["start"], row["end"], strict=True):
        if start >= 0 and token != "▁":
            assert text[start:end] == token.removeprefix("▁")


# -- Back to text --------------------------------------------------------------------------------------------


def test_decoding_gives_the_normalised_text(vocabulary, library):
    tokenizer = Tokenizer(vocabulary)
    ids = rows(tokenizer.encode(TEXTS[:5]))
    assert tokenizer.decode(ids) == [library.decode(library.encode(text)) for text in TEXTS[:5]]


def test_special_tokens_in_decoded_text():
    vocabulary = train_vocabulary(TEXTS, 46, "sentencepiece")
    tokenizer = Tokenizer(vocabulary)
    ids = rows(tokenizer.encode(["the film"]))[0]
    row = [ids[0], vocabulary.mask_id, *ids[1:], vocabulary.ids["[EOS]"], 0, 0]
    assert tokenizer.decode([row]) == ["[MASK] the film"]
    assert tokenizer.decode([row], skip_special=False) == ["[CLS] [MASK] the film [SEP] [EOS] [PAD] [PAD]"]


def test_byte_pieces_are_put_together():
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the film"] * 50), model_writer=out, vocab_size=400, byte_fallback=True, pad_id=0,
        unk_id=1, bos_id=2, eos_id=3, pad_piece="[PAD]", unk_piece="[UNK]", minloglevel=2, hard_vocab_limit=False,
        control_symbols=["[SEP]", "[CLS]"],
    )
    tokenizer = Tokenizer(Vocabulary.from_bytes(out.getvalue()))
    encoding = tokenizer.encode(["the 영 film"])
    assert "<0xEC>" in [tokenizer.vocabulary.tokens[i] for i in encoding.ids]
    assert tokenizer.decode(encoding.pad()[0]) == ["the 영 film"]


# -- The vocabulary --------------------------------------------------------------------------------------------


def test_what_a_vocabulary_says_of_itself(vocabulary, tmp_path):
    assert vocabulary.kind == "sentencepiece" and vocabulary.file_name == "vocab.model"
    assert vocabulary.tokens[:7] == ("[PAD]", "[UNK]", "[BOS]", "[EOS]", "[SEP]", "[CLS]", "[MASK]")
    path = tmp_path / "any.name"
    path.write_bytes(vocabulary.to_bytes())
    again = Vocabulary.from_file(path)
    assert (again.tokens, again.lower_case) == (vocabulary.tokens, vocabulary.lower_case)
    assert again.sha256 == vocabulary.sha256
    assert pickle.loads(pickle.dumps(again)) == again
    assert Vocabulary.from_bytes(b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n").file_name == "vocab.txt"


def test_casing_is_the_models_own(vocabulary):
    assert Vocabulary.from_bytes(vocabulary.data, vocabulary.lower_case) == vocabulary
    with pytest.raises(ArgumentError, match=r"vocab\.model (lower-cases|does not lower-case)"):
        Vocabulary.from_bytes(vocabulary.data, not vocabulary.lower_case)


def test_a_model_without_berts_tokens_is_refused():
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS), model_writer=out, vocab_size=60, minloglevel=2, hard_vocab_limit=False
    )
    with pytest.raises(VocabularyError, match=r"pieces and no \[PAD\], \[UNK\], \[CLS\], \[SEP\]"):
        Vocabulary.from_bytes(out.getvalue())


def test_a_damaged_model_is_no_text_file(vocabulary):
    with pytest.raises(VocabularyError, match="model must be whole"):
        Vocabulary.from_bytes(vocabulary.data[: len(vocabulary.data) // 2])


# -- Models ----------------------------------------------------------------------------------------------------


def test_a_model_is_saved_and_loaded_with_it(vocabulary, tmp_path):
    from bertfit.errors import BundleError
    from bertfit.model import bundle, persist
    from bertfit.model.fresh import fresh_model

    config = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    model = fresh_model({**config, "max_position_embeddings": 16}, vocabulary, seed=1)
    folder = persist.save(model, tmp_path / "m")
    assert sorted(os.listdir(folder)) == ["bertfit.json", "history.csv", "model.safetensors", "vocab.model"]
    texts = ["the film", "정말"]
    encoding = model.encode(Rows(texts))
    for again in (persist.load(folder), persist.from_bytes(persist.to_bytes(model))):
        assert again.vocabulary.kind == "sentencepiece" and again.vocabulary.data == vocabulary.data
        assert again.encode(Rows(texts)).ids.tolist() == encoding.ids.tolist()
        np.testing.assert_array_equal(again.features(encoding, "mean", (-1,)), model.features(encoding, "mean", (-1,)))
    assert persist.load(folder).vocabulary.path == str(tmp_path / "m" / "vocab.model")
    persist.save(model, folder, overwrite=True)  # a folder with only a model's own files may be replaced
    (tmp_path / "m" / "vocab.model").unlink()
    with pytest.raises(BundleError, match=r"lacks vocab\.txt"):
        bundle.read_directory(folder, persist.FIELDS)

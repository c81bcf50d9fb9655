"""What we parse of SentencePiece's files, against the library and against bytes made by hand."""

import io
import itertools

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from bertfit.errors import VocabularyError
from bertfit.text.sentencepiece_model import fields, is_model, open_processor, spans


@pytest.fixture(scope="module")
def model() -> bytes:
    """A model with [SEP], [CLS] and [MASK] as user-defined symbols, as some published models have them."""
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat on the mat", "a hat and a cat", "mask and sep"] * 20), model_writer=out,
        vocab_size=35, pad_id=0, unk_id=1, bos_id=2, eos_id=3, pad_piece="[PAD]", unk_piece="[UNK]",
        bos_piece="[BOS]", eos_piece="[EOS]", user_defined_symbols=["[SEP]", "[CLS]", "[MASK]"], minloglevel=2,
        hard_vocab_limit=False,
    )
    return out.getvalue()


def test_fields_of_a_message_made_by_hand():
    # field 1, varint 300; field 2, bytes "ab"; field 3, 32 bits; field 4, 64 bits
    data = bytes([8, 0xAC, 2, 18, 2, 97, 98, 29, 1, 2, 3, 4, 33, *range(8)])
    assert list(fields(data)) == [(1, 300, 3), (2, b"ab", 7), (3, b"\1\2\3\4", 12), (4, bytes(range(8)), 21)]


@pytest.mark.parametrize("data", [b"\x08", b"\x12\x05ab", b"\x0b", b"\x08" + b"\xff" * 11, b"\x1d\x01"])
def test_what_is_no_message_is_an_error(data):
    with pytest.raises(ValueError, match=r".+"):
        list(fields(data))


def test_a_model_is_told_from_a_text_file(model):
    assert is_model(model)
    for text in (b"", b"[PAD]\n[UNK]\n", b"\n", b"\na\nb\n[PAD]\n", b"\n\x05\n", b"\n\x04abcd"):
        assert not is_model(text)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6), max_size=8))
def test_lists_of_words_are_no_model(lines):
    assert not is_model("\n".join(["", *lines, "[PAD]"]).encode())


def test_special_pieces_come_from_no_text(model):
    text = "the [MASK] [SEP]"
    plain = open_processor(model)
    assert [plain.piece_to_id("[MASK]"), plain.piece_to_id("[SEP]")] == [6, 4]
    assert {4, 6} <= set(plain.encode(text))  # without the change the library finds them in texts
    ours = open_processor(model, special=frozenset({"[SEP]", "[MASK]"}))
    assert not {4, 6} & set(ours.encode(text))
    assert ours.encode("the cat") == plain.encode("the cat")
    assert [ours.id_to_piece(i) for i in range(len(ours))] == [plain.id_to_piece(i) for i in range(len(plain))]
    assert [i for i in range(len(ours)) if ours.is_control(i) != plain.is_control(i)] == [4, 6]


def test_spans_are_the_librarys(model):
    processor = open_processor(model)
    text = "the ① cat ﬁ 한"
    found = spans(processor.encode(text, out_type="serialized_proto"))
    assert [id_ for id_, _, _ in found] == processor.encode(text)
    assert found[-1][2] == len(text.encode())
    assert all(a[2] == b[1] for a, b in itertools.pairwise(found))  # every byte belongs to a piece


@pytest.mark.parametrize("damage", [lambda m: m[: len(m) // 2], lambda m: m[:40] + b"\xff\xff" + m[42:]])
def test_a_damaged_model_is_named(model, damage):
    with pytest.raises(VocabularyError, match=r"words\.model cannot be read"):
        open_processor(damage(model), "words.model")

"""Vocabulary files: line numbers are rows, invalid files raise errors, and bytes are kept."""

import hashlib
import pickle

import pytest

from bertfit.errors import VocabularyError
from bertfit.text.vocabulary import Vocabulary, guess_lower_case

HEAD = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n"


def test_ids_are_line_numbers():
    vocabulary = Vocabulary.from_bytes(HEAD + b"[MASK]\nfilm\n##s\n")
    assert vocabulary.tokens == ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "film", "##s")
    assert [vocabulary.ids[token] for token in vocabulary.tokens] == list(range(7))
    specials = vocabulary.pad_id, vocabulary.unk_id, vocabulary.cls_id, vocabulary.sep_id, vocabulary.mask_id
    assert specials == (0, 1, 2, 3, 4)
    assert len(vocabulary) == 7


@pytest.mark.parametrize("odd", ["\u0085", "\u2028", "\u2029", "\x1c", "\x0b", "\xa0", ""])
def test_a_line_of_white_space_keeps_its_row(odd):
    vocabulary = Vocabulary.from_bytes(HEAD + f"{odd}\n##{odd}\nfilm\n".encode())
    assert vocabulary.ids["film"] == 6
    assert len(vocabulary) == 7
    assert "" not in vocabulary.ids


def test_line_ends_of_windows_and_blank_lines_at_the_end():
    plain = Vocabulary.from_bytes(HEAD + b"film\n")
    for data in (HEAD + b"film", (HEAD + b"film\n").replace(b"\n", b"\r\n"), HEAD + b"film\n\n \n"):
        vocabulary = Vocabulary.from_bytes(data)
        assert vocabulary.tokens == plain.tokens
        assert vocabulary.to_bytes() == data


def test_bytes_and_digest_are_the_files(tmp_path):
    data = HEAD + "한국\n\u2028\n".encode()
    path = tmp_path / "vocab.txt"
    path.write_bytes(data)
    vocabulary = Vocabulary.from_file(path, lower_case=False)
    assert vocabulary.to_bytes() == data
    assert vocabulary.sha256 == hashlib.sha256(data).hexdigest()
    assert (vocabulary.path, vocabulary.lower_case) == (str(path), False)
    assert pickle.loads(pickle.dumps(vocabulary)) == vocabulary


def test_mask_is_optional():
    assert Vocabulary.from_bytes(HEAD).mask_id is None


@pytest.mark.parametrize("token", ["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
def test_a_missing_special_token_is_named(token, tmp_path):
    path = tmp_path / "v.txt"
    path.write_bytes(HEAD.replace(token.encode(), b"other"))
    with pytest.raises(VocabularyError) as error:
        Vocabulary.from_file(path)
    assert str(path) in str(error.value)
    assert f"no {token}" in str(error.value)


def test_a_duplicate_names_both_lines():
    with pytest.raises(VocabularyError, match="'film' is on line 5 and again on line 7"):
        Vocabulary.from_bytes(HEAD + b"film\nactor\nfilm \n")


def test_a_byte_order_mark_is_explained():
    with pytest.raises(VocabularyError, match="byte-order mark"):
        Vocabulary.from_bytes(b"\xef\xbb\xbf" + HEAD)


def test_bytes_that_are_not_utf8_are_located():
    with pytest.raises(VocabularyError, match="line 6"):
        Vocabulary.from_bytes(HEAD + b"film\ncaf\xe9\n")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(VocabularyError, match=r"absent\.txt"):
        Vocabulary.from_file(tmp_path / "absent.txt")


def test_casing_is_guessed_from_the_tokens():
    assert guess_lower_case(["[CLS]", "[unused1]", "film", "##s", "é", "한"])
    assert not guess_lower_case(["[CLS]", "Film", "##s"])
    assert not guess_lower_case(["##A"])
    assert Vocabulary.from_bytes(HEAD + b"Film\n").lower_case is False


def test_nothing_can_be_changed():
    vocabulary = Vocabulary.from_bytes(HEAD)
    with pytest.raises(AttributeError):
        vocabulary.pad_id = 7

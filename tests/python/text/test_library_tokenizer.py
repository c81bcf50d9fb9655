"""Ids, offsets, pairs, truncation and decoded texts against transformers' own tokenizers."""

import numpy as np
import pytest

from bertfit.errors import ArgumentError
from bertfit.text import Tokenizer, Vocabulary, read_vocabulary
from toys.tokenizers import NAMES, TEXTS, files, lines, transformers_tokenizer

pytest.importorskip("transformers")
LIBRARY = [name for name in NAMES if name not in ("bert", "mpnet")]


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """transformers' tokenizer and ours, read from the folder that it saves."""
    made = {}

    def get(name, **settings):
        key = (name, *settings.items())
        if key not in made:
            theirs = transformers_tokenizer(name, **settings)
            folder = tmp_path_factory.mktemp(name)
            theirs.save_pretrained(folder)
            theirs = type(theirs).from_pretrained(folder)
            made[key] = theirs, Tokenizer(read_vocabulary(folder))
        return made[key]

    return get


def rows(encoding):
    return [row.tolist() for row in np.split(encoding.ids, encoding.splits[1:-1])]


def theirs_of(tokenizer, *texts, **options):
    return tokenizer(*texts, add_special_tokens=True, split_special_tokens=False, **options)["input_ids"]


def ordinary(texts):
    """Texts without special tokens, which are characters to us and tokens to transformers."""
    return [text for text in texts if not any(token in text for token in ("<s>", "</s>", "<pad>", "<mask>", "[MASK]"))]


@pytest.mark.parametrize("name", LIBRARY)
def test_ids_are_transformers(opened, name):
    theirs, ours = opened(name)
    texts = ordinary(TEXTS)
    assert ours.vocabulary.type == "tokenizers"
    assert rows(ours.encode(texts)) == theirs_of(theirs, texts)
    assert rows(ours.encode(texts)) == theirs_of(theirs, texts)  # the second time from what was kept


@pytest.mark.real
@pytest.mark.parametrize("name", LIBRARY)
@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_ids_of_the_data_are_transformers(opened, name, path):
    theirs, ours = opened(name)
    texts = lines(path, 600)
    assert len(texts) > 100
    assert rows(ours.encode(texts)) == theirs_of(theirs, texts)
    found = ours.encode(texts, max_len=24)
    assert rows(found) == theirs_of(theirs, texts, truncation=True, max_length=24)


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("name", LIBRARY)
@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_ids_and_texts_of_all_data_are_transformers(opened, name, path):
    theirs, ours = opened(name)
    texts = lines(path)
    wanted = theirs_of(theirs, texts)
    assert rows(ours.encode(texts)) == wanted
    decoded = theirs.batch_decode(wanted, skip_special_tokens=False)
    assert ours.decode(wanted, skip_special=False) == decoded


@pytest.mark.parametrize("name", NAMES)
def test_pairs_and_truncation_are_transformers(opened, name):
    theirs, ours = opened(name)
    words = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "and", "the", "man", "went", "to",
             "the", "store"]
    texts = [" ".join(words[:n]) for n in range(1, 15) for _ in range(4)]
    pairs = [" ".join(words[-n:]) for _ in range(14) for n in (1, 4, 9, 14)]
    for max_len in (5, 8, 12, 13, 30):
        found = ours.encode(texts, pairs, max_len=max_len)
        wanted = theirs(texts, pairs, truncation="longest_first", max_length=max_len)["input_ids"]
        if name != "bert":  # Google's code has the odd token in the first text
            assert rows(found) == wanted
        again = ours.encode(texts, pairs).truncated_to(max_len)
        assert rows(again) == rows(found) and (again.segments == found.segments).all()
        assert (again.truncated == found.truncated).all()


@pytest.mark.parametrize("name", LIBRARY)
def test_tokens_have_transformers_offsets(opened, name):
    theirs, ours = opened(name)
    texts = ordinary(TEXTS)
    wanted = theirs(texts, return_offsets_mapping=True)
    for text, row, ids, offsets in zip(texts, ours.tokens(texts), wanted["input_ids"], wanted["offset_mapping"],
                                       strict=True):
        assert row["token"] == theirs.convert_ids_to_tokens(ids)
        assert list(zip(row["start"], row["end"], strict=True))[1:-1] == offsets[1:-1]
        assert row["start"][0] == row["end"][-1] == -1
        assert all(end <= len(text) for end in row["end"])


@pytest.mark.parametrize("name", LIBRARY)
def test_decoded_texts_are_transformers(opened, name):
    theirs, ours = opened(name)
    ids = theirs_of(theirs, ordinary(TEXTS))
    assert ours.decode(ids, skip_special=False) == theirs.batch_decode(ids, skip_special_tokens=False)
    assert ours.decode(theirs_of(theirs, [TEXTS[0]])) == theirs.batch_decode([theirs_of(theirs, TEXTS[0])],
                                                                             skip_special_tokens=True)


@pytest.mark.parametrize("name", LIBRARY)
def test_special_tokens_in_a_text_are_characters(opened, name):
    _, ours = opened(name)
    vocabulary = ours.vocabulary
    text = "a " + " ".join(vocabulary.special.names) + "".join(vocabulary.special.names)
    inner = ours.encode([text]).ids[1:-1]
    assert not {vocabulary.pad_id, vocabulary.cls_id, vocabulary.sep_id, vocabulary.mask_id} & set(inner.tolist())


@pytest.mark.parametrize("name", LIBRARY)
def test_masks_are_found_as_by_transformers(opened, name):
    theirs, ours = opened(name)
    mask = theirs.mask_token
    texts = [f"the man went {mask} the store", f"{mask} {mask}.", f"no{mask}space"]
    wanted = theirs_of(theirs, texts)
    assert rows(ours.encode_masked(texts)) == wanted
    assert rows(ours.encode_masked([text.replace(mask, "[MASK]") for text in texts])) == wanted


def test_a_lone_surrogate_is_a_replacement_character(opened):
    _, ours = opened("roberta")
    assert rows(ours.encode(["a \ud800b"])) == rows(ours.encode(["a \ufffdb"]))


def test_a_prefix_space_is_added_where_the_settings_say_so(opened):
    theirs, ours = opened("roberta", add_prefix_space=True)
    texts = ordinary(TEXTS)
    assert rows(ours.encode(texts)) == theirs_of(theirs, texts)
    assert rows(ours.encode(["the"])) != rows(opened("roberta")[1].encode(["the"]))


@pytest.mark.parametrize("settings", [{"do_lower_case": False}, {"keep_accents": True}])
def test_alberts_settings(opened, settings):
    theirs, ours = opened("albert", **settings)
    texts = ordinary(TEXTS)
    assert rows(ours.encode(texts)) == theirs_of(theirs, texts)
    assert ours.vocabulary.lower_case is settings.get("do_lower_case", True)


@pytest.mark.parametrize("settings", [{"strip_accents": False}, {"tokenize_chinese_chars": False},
                                      {"do_lower_case": False, "strip_accents": True}])
def test_a_wordpiece_that_is_not_googles_is_done_as_its_file_says(opened, settings):
    theirs, ours = opened("bert", **settings)
    texts = ordinary(TEXTS)
    assert (ours.vocabulary.type, ours.vocabulary.algorithm) == ("tokenizers", "WordPiece")
    assert rows(ours.encode(texts)) == theirs_of(theirs, texts)


def test_berts_own_wordpiece_becomes_a_vocab_txt(opened):
    theirs, ours = opened("bert")
    vocabulary = ours.vocabulary
    tokens = theirs.convert_ids_to_tokens(range(len(theirs)))
    assert (vocabulary.type, vocabulary.file_name) == ("wordpiece", "vocab.txt")
    assert vocabulary.data == "".join(f"{token}\n" for token in tokens).encode()


def test_mpnets_wordpiece_is_ours_with_its_special_tokens(opened):
    theirs, ours = opened("mpnet")
    vocabulary = ours.vocabulary
    texts = ordinary(TEXTS[:5])
    assert (vocabulary.type, vocabulary.file_name, vocabulary.special.pair_separators) == ("wordpiece",
                                                                                           "tokenizer.json", 2)
    assert rows(ours.encode(texts, texts[::-1])) == theirs(texts, texts[::-1])["input_ids"]
    assert Vocabulary.from_bytes(vocabulary.to_bytes(), vocabulary.lower_case) == Vocabulary.from_bytes(vocabulary.data)


def test_a_pair_with_two_separators_needs_four_tokens(opened):
    _, ours = opened("roberta")
    with pytest.raises(ArgumentError, match="at least 4"):
        ours.encode(["a"], ["b"], max_len=3)
    assert rows(ours.encode(["a"], ["b"], max_len=4)) == [[0, 2, 2, 2]]


def test_what_is_kept_is_forgotten_when_it_is_much(opened, monkeypatch):
    theirs, ours = opened("roberta")
    monkeypatch.setattr("bertfit.text.library_tokenizer._MOST_PARTS", 3)
    monkeypatch.setattr("bertfit.text.library_tokenizer._BLOCK", 2)
    texts = ordinary(TEXTS)
    assert rows(ours.encode(texts)) == theirs_of(theirs, texts)

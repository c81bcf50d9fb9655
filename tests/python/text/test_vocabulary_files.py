"""The vocabulary among a folder's files, in every form that transformers has written it."""

import json

import numpy as np
import pytest

from bertfit.errors import ArgumentError, CheckpointError, VocabularyError
from bertfit.text import Tokenizer, read_vocabulary
from toys.tokenizers import TEXTS, transformers_tokenizer

ORDINARY = [text for text in TEXTS if "<" not in text and "[" not in text]
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "The", "the", "##re"]


def ids(vocabulary, texts=ORDINARY):
    encoding = Tokenizer(vocabulary).encode(texts)
    return [row.tolist() for row in np.split(encoding.ids, encoding.splits[1:-1])]


def write(folder, **files):
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


def saved(name, folder, **settings):
    """A tokenizer of transformers in a folder, as it is after it was read from there, and its tokenizer.json."""
    made = transformers_tokenizer(name, **settings)
    made.save_pretrained(folder)
    return type(made).from_pretrained(folder), json.loads((folder / "tokenizer.json").read_text())


def older_roberta(folder, document):
    """vocab.json and merges.txt, as transformers wrote them before tokenizer.json."""
    merges = "".join(f"{left} {right}\n" for left, right in document["model"]["merges"])
    return write(folder, vocab__json=document["model"]["vocab"], merges__txt="#version: 0.2\n" + merges)


@pytest.fixture
def new(tmp_path):
    path = tmp_path / "new"
    path.mkdir()
    return path


def test_vocab_json_and_merges_are_transformers(tmp_path, new):
    pytest.importorskip("transformers")
    theirs, document = saved("roberta", tmp_path)
    vocabulary = read_vocabulary(older_roberta(new, document))
    assert (vocabulary.algorithm, vocabulary.file_name) == ("byte-level BPE", "tokenizer.json")
    assert ids(vocabulary) == theirs(ORDINARY)["input_ids"]
    from transformers import RobertaTokenizer

    assert ids(vocabulary) == RobertaTokenizer.from_pretrained(new)(ORDINARY)["input_ids"]
    write(new, tokenizer_config__json={"add_prefix_space": True})
    assert ids(read_vocabulary(new)) == RobertaTokenizer.from_pretrained(new)(ORDINARY)["input_ids"]


@pytest.mark.parametrize("change,match", [
    (lambda folder: (folder / "merges.txt").write_text("a b c\n"), "two pieces"),
    (lambda folder: (folder / "merges.txt").write_bytes(b"\xff\xfe a\n"), "UTF-8"),
    (lambda folder: (folder / "merges.txt").write_text("zz qq\n"), "whole"),
    (lambda folder: (folder / "vocab.json").write_text('{"a": "b"}'), "ids of tokens"),
    (lambda folder: (folder / "vocab.json").write_text("[1]"), "JSON object"),
    (lambda folder: (folder / "vocab.json").write_text('{"a": 0}'), "special tokens|whole"),
    (lambda folder: (folder / "merges.txt").write_text("#version: 0.2\n{"), "two pieces"),
])
def test_damaged_older_files_are_named(tmp_path, new, change, match):
    pytest.importorskip("transformers")
    older_roberta(new, saved("roberta", tmp_path)[1])
    change(new)
    with pytest.raises(VocabularyError, match=match):
        read_vocabulary(new)


def sentencepiece_model(path, specials=(), **settings):
    import sentencepiece

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(ORDINARY * 30), model_prefix=str(path.with_suffix("")), vocab_size=260,
        control_symbols=list(specials), minloglevel=2, hard_vocab_limit=False, character_coverage=0.99, **settings)
    return path


@pytest.mark.parametrize("kind,name", [("xlm-roberta", "sentencepiece.bpe"), ("camembert", "sentencepiece.bpe"),
                                       ("albert", "spiece")])
@pytest.mark.parametrize("settings", [{}, {"do_lower_case": False, "keep_accents": True}])
def test_a_sentencepiece_model_alone_is_transformers(new, kind, name, settings):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("google.protobuf")
    albert = {"pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1, "pad_piece": "<pad>"}
    camembert = {"unk_id": 0, "bos_id": 1, "eos_id": 2}
    specials = ("[CLS]", "[SEP]", "[MASK]") if kind == "albert" else ()
    sentencepiece_model(new / f"{name}.model", specials, **(albert if kind == "albert" else camembert))
    write(new, config__json={"model_type": kind}, tokenizer_config__json=settings)
    made = {"xlm-roberta": transformers.XLMRobertaTokenizer, "camembert": transformers.CamembertTokenizer,
            "albert": transformers.AlbertTokenizer}[kind]
    theirs = made.from_pretrained(new)
    vocabulary = read_vocabulary(new)
    assert vocabulary.algorithm == "unigram" and len(vocabulary) == len(theirs)
    assert ids(vocabulary) == theirs(ORDINARY)["input_ids"]
    assert vocabulary.lower_case is (kind == "albert" and settings.get("do_lower_case", True))


def test_a_sentencepiece_model_without_known_specials_is_refused(new):
    sentencepiece_model(new / "spiece.model")
    with pytest.raises(VocabularyError, match="special tokens that are known") as error:
        read_vocabulary(new)
    assert "tokenizer.json" in str(error.value)
    (new / "spiece.model").write_bytes(b"\n\x01")
    with pytest.raises(VocabularyError, match="whole"):
        read_vocabulary(new)


def test_a_bert_sentencepiece_model_stays_ours(new):
    sentencepiece_model(new / "spiece.model", ("[CLS]", "[SEP]", "[MASK]"), pad_id=0, unk_id=1, bos_id=2, eos_id=3,
                        pad_piece="[PAD]", unk_piece="[UNK]")
    assert read_vocabulary(new).type == "sentencepiece"


def test_vocab_txt_and_an_equal_tokenizer_json_are_the_vocab_txt(new):
    pytest.importorskip("transformers")
    _, document = saved("bert", new)
    names = sorted(document["model"]["vocab"], key=document["model"]["vocab"].get)
    write(new, vocab__txt="\n".join(names))
    vocabulary = read_vocabulary(new)
    assert vocabulary.path.endswith("vocab.txt") and vocabulary.data == "\n".join(names).encode()
    (new / "tokenizer.json").write_text("{")
    assert read_vocabulary(new).path.endswith("vocab.txt")
    document["added_tokens"].append({"id": len(names), "content": "covid", "single_word": False, "lstrip": False,
                                     "rstrip": False, "normalized": True, "special": False})
    write(new, tokenizer__json=document)
    vocabulary = read_vocabulary(new)
    assert (vocabulary.type, vocabulary.ids["covid"]) == ("tokenizers", len(names))
    assert ids(vocabulary, ["the covid"])[0][-2] == len(names)


def test_casing_is_the_settings_then_the_guess_then_the_tokens(new):
    write(new, vocab__txt="\n".join(BERT))
    assert read_vocabulary(new).lower_case is False  # a token has a capital
    assert read_vocabulary(new, guess=True).lower_case is True
    write(new, tokenizer_config__json={"do_lower_case": False})
    assert read_vocabulary(new, guess=True).lower_case is False
    assert read_vocabulary(new, True).lower_case is True


def test_a_tokenizer_with_its_own_casing_keeps_it(tmp_path, new):
    pytest.importorskip("transformers")
    saved("roberta", new)
    assert read_vocabulary(new, guess=True).lower_case is False
    with pytest.raises(ArgumentError, match="what it does"):
        read_vocabulary(new, True)


def test_tokens_that_were_added_later_are_found(tmp_path, new):
    pytest.importorskip("transformers")
    theirs, _ = saved("roberta", tmp_path)
    theirs.add_tokens(["<url>", "covid"])
    theirs.save_pretrained(new)
    theirs = type(theirs).from_pretrained(new)
    texts = ["see <url> about covid, covids", *ORDINARY]
    vocabulary = read_vocabulary(new)
    assert ids(vocabulary, texts) == theirs(texts)["input_ids"]
    assert vocabulary.tokens[-2:] == ("<url>", "covid")


def test_special_tokens_are_those_of_the_settings(new):
    pytest.importorskip("transformers")
    _, document = saved("roberta", new)
    document["post_processor"] = None
    write(new, tokenizer__json=document)
    assert read_vocabulary(new).special.pair_separators == 2
    assert ids(read_vocabulary(new), ["the"])[0][0] == 0


@pytest.mark.parametrize("name", ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"])
@pytest.mark.parametrize("content", ["{", "[1]", '{"a": {"b": null}, "added_tokens_decoder": {"x": 1}}'])
def test_damaged_settings_are_named(new, name, content):
    write(new, vocab__txt="\n".join(BERT))
    (new / name).write_text(content)
    if name == "special_tokens_map.json" and content.startswith('{"'):
        pytest.skip("nothing of it is read")
    with pytest.raises(VocabularyError, match="settings of a tokenizer"):
        read_vocabulary(new)


def test_a_folder_without_a_vocabulary_names_the_files(new):
    with pytest.raises(CheckpointError, match=r"has no vocab\.txt") as error:
        read_vocabulary(new)
    assert "merges.txt" in str(error.value)

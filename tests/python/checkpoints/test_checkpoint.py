"""Recognizing a checkpoint folder's format, its name and its casing."""

import json
import os

import pytest

from bertfit.checkpoints import registry
from bertfit.checkpoints.checkpoint import open_checkpoint
from bertfit.checkpoints.tensors import encoder_tensors
from bertfit.errors import ArgumentError, CheckpointError, VocabularyError
from toys.checkpoints import CONFIG, TOKENS, write_google, write_huggingface


def test_what_a_checkpoint_says_about_itself(tmp_path):
    google = open_checkpoint(write_google(tmp_path / "g"))
    assert (google.kind, google.name, google.path) == ("google", "g", str(tmp_path / "g"))
    assert google.config.hidden_size == 16 and google.config.layer_norm_eps == 1e-12
    assert len(google.vocabulary) == 40 and google.vocabulary.path == str(tmp_path / "g/vocab.txt")
    assert len(google.sha256) == 64
    face = open_checkpoint(str(write_huggingface(tmp_path / "h", layer_norm_eps=1e-5)), name="mine")
    assert (face.kind, face.name, face.config.layer_norm_eps) == ("huggingface", "mine", 1e-5)
    assert face.sha256 != google.sha256


def test_a_folder_around_the_folder_opens_too(tmp_path):
    write_google(tmp_path / "outer/inner")
    assert open_checkpoint(tmp_path / "outer").path == str(tmp_path / "outer/inner")
    write_huggingface(tmp_path / "outer/second")
    with pytest.raises(CheckpointError, match="inner, second"):
        open_checkpoint(tmp_path / "outer")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "vocab.txt"])
def test_one_of_the_files_stands_for_the_folder(tmp_path, name):
    folder = write_huggingface(tmp_path / "h")
    assert open_checkpoint(folder / name).path == str(folder)


def test_both_kinds_in_one_folder_are_ambiguous(tmp_path):
    write_google(tmp_path / "both")
    write_huggingface(tmp_path / "both")
    with pytest.raises(CheckpointError, match="Google's and Hugging Face's files"):
        open_checkpoint(tmp_path / "both")
    (tmp_path / "both/model.safetensors").unlink()  # a config.json without weights is ignored
    assert open_checkpoint(tmp_path / "both").kind == "google"


def test_paths_that_are_no_checkpoint_are_named(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    for path, match in ((tmp_path / "absent", "does not exist"), (tmp_path / "notes.txt", "no checkpoint consists of"),
                        (tmp_path, r"holds notes\.txt")):
        with pytest.raises(CheckpointError, match=match) as caught:
            open_checkpoint(path)
        assert str(path) in str(caught.value)
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle/bertfit.json").write_text("{}")
    with pytest.raises(CheckpointError, match="saved bertfit model"):
        open_checkpoint(tmp_path / "bundle")
    for path in ("", None, 3):
        with pytest.raises(ArgumentError, match="`path`"):
            open_checkpoint(path)
    with pytest.raises(ArgumentError, match="`lower_case`"):
        open_checkpoint(tmp_path, lower_case="yes")


@pytest.mark.parametrize(("write", "name"), [(write_google, "bert_config.json"), (write_huggingface, "config.json")])
def test_json_that_is_none_is_named(tmp_path, write, name):
    folder = write(tmp_path / "toy")
    bad = {b"{": "valid JSON", b"[1]": "one JSON object", b"": "valid JSON", b"\xff": "valid JSON"}
    for content, match in bad.items():
        (folder / name).write_bytes(content)
        with pytest.raises(CheckpointError, match=match) as caught:
            open_checkpoint(folder)
        assert str(folder / name) in str(caught.value)
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=f"readable {name}"):
        open_checkpoint(folder)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
def test_files_without_permission_are_named(tmp_path):
    folder = write_huggingface(tmp_path / "toy")
    (folder / "model.safetensors").chmod(0)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: Permission denied"):
        open_checkpoint(folder)


# ---- the vocabulary ----


def test_a_vocabulary_must_be_there_and_fit(tmp_path):
    folder = write_google(tmp_path / "toy")
    vocab = folder / "vocab.txt"
    vocab.write_text("".join(f"{t}\n" for t in TOKENS[:-1]))
    with pytest.raises(CheckpointError, match=r"vocab\.txt has 39 tokens; .*bert_config\.json is 40"):
        open_checkpoint(folder)
    vocab.write_text("".join(f"{t}\n" for t in ["Pad", *TOKENS[1:]]))
    with pytest.raises(VocabularyError, match=r"no \[PAD\]"):
        open_checkpoint(folder)
    vocab.unlink()
    with pytest.raises(CheckpointError, match=r"has no vocab\.txt"):
        open_checkpoint(folder)


def test_the_padding_id_of_google_files_comes_from_the_vocabulary(tmp_path):
    moved = [*TOKENS[1:5], "[PAD]", *TOKENS[5:]]
    assert open_checkpoint(write_google(tmp_path / "toy", tokens=moved)).config.pad_token_id == 4


CASED = [*TOKENS[:-1], "Apple"]


@pytest.mark.parametrize(
    ("folder", "tokens", "lower_case"),
    [
        ("uncased_L-2_H-16_A-4", TOKENS, True),
        ("my-bert-uncased-v2", TOKENS, True),
        ("cased_L-12_H-768_A-12", TOKENS, False),
        ("multi_cased_L-12_H-768_A-12", TOKENS, False),
        ("multilingual_L-12_H-768_A-12", CASED, True),
        ("chinese_L-12_H-768_A-12", CASED, True),
        ("showcased", TOKENS, True),
        ("anything", TOKENS, True),
        ("anything", CASED, False),
    ],
)
def test_casing_from_the_name_else_from_the_tokens(tmp_path, folder, tokens, lower_case):
    path = write_google(tmp_path / folder, tokens=tokens)
    assert open_checkpoint(path).vocabulary.lower_case is lower_case
    assert open_checkpoint(path, lower_case=not lower_case).vocabulary.lower_case is not lower_case
    assert open_checkpoint(path, name="bert-base-cased").vocabulary.lower_case is False


def test_casing_of_a_hugging_face_folder_is_the_tokenizers(tmp_path):
    folder = write_huggingface(tmp_path / "bert-uncased")
    settings = folder / "tokenizer_config.json"
    for value, expected in ((False, False), (True, True), (None, True)):
        settings.write_text(json.dumps({"do_lower_case": value}))
        assert open_checkpoint(folder).vocabulary.lower_case is expected
    settings.write_text(json.dumps({"do_lower_case": True, "strip_accents": False}))
    with pytest.raises(CheckpointError, match="strip_accents False"):
        open_checkpoint(folder)
    assert open_checkpoint(folder, lower_case=True).vocabulary.lower_case is True
    settings.write_text(json.dumps({"do_lower_case": True, "tokenize_chinese_chars": False}))
    with pytest.raises(CheckpointError, match="tokenize_chinese_chars False"):
        open_checkpoint(folder)


# ---- the table of tensors ----


def test_the_table_covers_every_weight_of_the_encoder_once():
    from bertfit.config.encoder import BertConfig
    from bertfit.network.encoder import Encoder

    config = BertConfig(**{k: v for k, v in CONFIG.items() if k != "hidden_act"}, attention_head_size=3)
    table = encoder_tensors(config)
    encoder = Encoder(config, fresh=False)
    shapes: dict[str, list] = {}
    for tensor in table:
        shapes.setdefault(tensor.layer, []).append(tensor.shape)
    assert shapes == {layer.name: [w.shape for w in layer.get_weights()] for layer in encoder.layers if layer.weights}
    assert len({t.google for t in table}) == len({t.huggingface for t in table}) == len(table)
    assert sum(w.size for w in encoder.graph().get_weights()) == registry.count_parameters(config)

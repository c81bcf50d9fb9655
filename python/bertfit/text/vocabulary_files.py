"""Find the vocabulary among a checkpoint's files, and read it with the settings that other files beside it hold."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from bertfit.errors import CheckpointError, VocabularyError
from bertfit.text import tokenizer_json, unigram_models
from bertfit.text.vocabulary import Vocabulary

_ROLES = ("pad", "unk", "cls", "sep", "mask")
_SENTENCEPIECE = ("spiece.model", "sentencepiece.bpe.model")
_WORDPIECE_SETTINGS = {"do_lower_case": "lowercase", "strip_accents": "strip_accents",
                       "tokenize_chinese_chars": "handle_chinese_chars"}


def read_vocabulary(
    folder: str | os.PathLike, lower_case: bool | None = None, guess: bool | None = None
) -> Vocabulary:
    """The vocabulary of a checkpoint's folder: vocab.txt, tokenizer.json, vocab.json with merges.txt, or a
    SentencePiece model (spiece.model as ALBERT has it, sentencepiece.bpe.model as XLM-RoBERTa and CamemBERT).

    tokenizer_config.json, special_tokens_map.json and added_tokens.json say which tokens are the special ones, what
    was added, and how texts are normalized. Of a vocab.txt and a tokenizer.json the first is read if they say the same.

    Args:
        folder: The folder.
        lower_case: Whether text is lower-cased first; None for what the folder's files say, else `guess`.
        guess: What to take where no file says it; None infers it from the tokens.

    Raises:
        CheckpointError: The folder has no vocabulary.
        VocabularyError: The vocabulary cannot be read.
        ArgumentError: `lower_case` is not what a tokenizer that does its own casing does.
    """
    folder = Path(folder)
    plain, described = folder / "vocab.txt", folder / tokenizer_json.FILE_NAME
    settings = _settings(folder)
    document = _described(described, settings) if described.is_file() else None
    if plain.is_file() and (document is None or tokenizer_json.is_berts_wordpiece(document)):
        told = settings.get("do_lower_case")
        if lower_case is None:
            lower_case = told if isinstance(told, bool) else guess
        return Vocabulary.from_file(plain, lower_case)
    if described.is_file():
        data = described.read_bytes()
        if document is None:
            tokenizer_json.parse(data, str(described))  # says what is wrong with it
        made = tokenizer_json.written(document)
        if made == tokenizer_json.written(tokenizer_json.parse(data, str(described))):
            made = data
        return Vocabulary.from_bytes(made, lower_case, str(described), str(described))
    if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        path = str(folder / "vocab.json")
        return Vocabulary.from_bytes(tokenizer_json.written(_byte_level(folder, settings)), lower_case, path, path)
    for path in (folder / name for name in _SENTENCEPIECE):
        if path.is_file():
            kind = _read(folder / "config.json").get("model_type")
            return unigram_models.vocabulary(path.read_bytes(), kind, settings, lower_case, str(path))
    raise CheckpointError("A checkpoint must have its vocabulary.", [
        f"{folder} has no vocab.txt.",
        f"It may also have {tokenizer_json.FILE_NAME}, vocab.json with merges.txt, or {' or '.join(_SENTENCEPIECE)}."])


def read_sentencepiece(path: str | os.PathLike, lower_case: bool | None = None) -> Vocabulary:
    """The vocabulary of a SentencePiece model of BERT's or ALBERT's kind, whatever its file is called.

    Raises:
        VocabularyError: The file is damaged, or no model with special tokens that are known.
    """
    return unigram_models.vocabulary(Path(path).read_bytes(), None, {}, lower_case, str(path))


def _read(path: Path) -> dict[str, Any]:
    """The JSON object in a file, or an empty one if there is no file."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise VocabularyError("The settings of a tokenizer must be valid JSON.", [f"{path}: {error}."]) from error
    if not isinstance(content, dict):
        raise VocabularyError("The settings of a tokenizer must be a JSON object.", [f"{path} has none."])
    return content


def _settings(folder: Path) -> dict[str, Any]:
    """tokenizer_config.json, with the special tokens of special_tokens_map.json and the tokens of added_tokens.json:
    tokens as strings, and "added" as entries of a tokenizer.json."""
    settings = {**_read(folder / "special_tokens_map.json"), **_read(folder / "tokenizer_config.json")}
    added = {}
    with tokenizer_json.damaged(str(folder / "tokenizer_config.json"), "The settings of a tokenizer must be whole."):
        for token, id_ in _read(folder / "added_tokens.json").items():
            added[token] = _entry(token, int(id_))
        for id_, entry in (settings.get("added_tokens_decoder") or {}).items():
            added[entry["content"]] = _entry(**{**entry, "id_": int(id_)})
        for role in _ROLES:
            token = settings.get(f"{role}_token")
            token = token.get("content") if isinstance(token, dict) else token
            settings[f"{role}_token"] = token if isinstance(token, str) else None
    return {**settings, "added": added}


def _entry(content: str, id_: int, *, special: bool = False, normalized: bool | None = None, lstrip: bool = False,
           rstrip: bool = False, single_word: bool = False, **_: Any) -> dict[str, Any]:
    """An added token as a tokenizer.json has it."""
    return {"id": id_, "content": content, "single_word": single_word, "lstrip": lstrip, "rstrip": rstrip,
            "normalized": not special if normalized is None else normalized, "special": special}


def _described(path: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """The content of a tokenizer.json with what the settings say otherwise; None if it cannot be read."""
    try:
        document = tokenizer_json.parse(path.read_bytes(), str(path))
    except VocabularyError:
        return None
    with tokenizer_json.damaged(str(path)):
        known = {entry["content"] for entry in document["added_tokens"]}
        missing = [entry for token, entry in settings["added"].items() if token not in known]
        document["added_tokens"] += sorted(missing, key=lambda entry: entry["id"])
        words = document.get("pre_tokenizer")
        if words and words["type"] == "ByteLevel" and isinstance(settings.get("add_prefix_space"), bool):
            words["add_prefix_space"] = settings["add_prefix_space"]
        normal = document.get("normalizer")
        if normal and normal["type"] == "BertNormalizer":
            normal.update({ours: settings[theirs] for theirs, ours in _WORDPIECE_SETTINGS.items()
                           if isinstance(settings.get(theirs), bool)})
        ids = tokenizer_json.ids(document)
        cls, sep, pad = (settings[f"{role}_token"] for role in ("cls", "sep", "pad"))
        if pad in ids and not document.get("padding"):
            document["padding"] = {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None,
                                   "pad_id": ids[pad], "pad_type_id": 0, "pad_token": pad}
        if document.get("post_processor") is None and cls in ids and sep in ids:
            document["post_processor"] = _around(cls, sep, ids)
    return document


def _around(cls: str, sep: str, ids: dict[str, int]) -> dict[str, Any]:
    """The post-processor that puts special tokens around a text: two separators in a pair, as RoBERTa, if it begins
    with "<s>"."""
    type_ = "RobertaProcessing" if cls == "<s>" else "BertProcessing"
    made: dict[str, Any] = {"type": type_, "sep": [sep, ids[sep]], "cls": [cls, ids[cls]]}
    return {**made, "trim_offsets": True, "add_prefix_space": False} if type_ == "RobertaProcessing" else made


def _byte_level(folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """The content of a tokenizer.json for vocab.json and merges.txt, as transformers' RobertaTokenizer has it."""
    vocab, path = _read(folder / "vocab.json"), folder / "merges.txt"
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise VocabularyError("A merges.txt must be UTF-8.", [f"{path}: {error.reason}."]) from error
    merges = [line.rstrip("\r").split(" ") for line in lines if line.rstrip("\r") and not line.startswith("#version")]
    wrong = [row for row, merge in enumerate(merges) if len(merge) != 2]
    if wrong or not all(isinstance(id_, int) for id_ in vocab.values()):
        where = f"{path}: {' '.join(merges[wrong[0]])!r:.60} is not" if wrong else f"{folder / 'vocab.json'} is not"
        raise VocabularyError("A merges.txt must have two pieces on a line, and a vocab.json ids of tokens.",
                              [f"{where}."])
    added = dict(settings["added"])
    defaults = {"pad": "<pad>", "unk": "<unk>", "cls": "<s>", "sep": "</s>", "mask": "<mask>"}
    special = {role: settings[f"{role}_token"] or token for role, token in defaults.items()}
    for role, token in special.items():
        if token in vocab:
            added.setdefault(token, _entry(token, vocab[token], special=True, lstrip=role == "mask"))
    prefix = settings.get("add_prefix_space") is True
    ids = {**vocab, **{token: entry["id"] for token, entry in added.items()}}
    missing = [token for role, token in special.items() if token not in ids and role != "mask"]
    if missing:
        raise VocabularyError("A vocabulary must have its special tokens.",
                              [f"{folder / 'vocab.json'} has no {', '.join(missing)}."])
    around = _around(special["cls"], special["sep"], ids)
    return {
        "version": "1.0", "truncation": None,
        "padding": {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None,
                    "pad_id": ids[special["pad"]], "pad_type_id": 0, "pad_token": special["pad"]},
        "added_tokens": sorted(added.values(), key=lambda entry: entry["id"]), "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": True},
        "post_processor": {**around, "add_prefix_space": prefix} if "trim_offsets" in around else around,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": vocab, "merges": merges},
    }

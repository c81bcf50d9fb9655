"""tokenizer.json, the file of the package tokenizers: recognized, checked, opened; its special tokens found.

A tokenizer.json describes a normalizer, a pre-tokenizer, a model (BPE, unigram, WordPiece), the special tokens that
are put around a text, and a decoder. What it describes is done by the package (`text.library_tokenizer`), except for
BERT's own WordPiece (`is_berts_wordpiece`), which is ours. Nothing in the file is code.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterator, Sequence
from typing import Any

from bertfit.errors import BertfitError, VocabularyError
from bertfit.text.special_tokens import SpecialTokens

FILE_NAME = "tokenizer.json"
MODELS = ("BPE", "Unigram", "WordPiece")
HIDDEN = "\U0010ffff"  # no character: texts are given to the package without it
_MOST_IDS = 10_000_000
#: How special tokens are spelled, for files that do not say which they are.
_SPELLINGS = {
    "pad": ("<pad>", "[PAD]"), "unk": ("<unk>", "[UNK]"), "cls": ("<s>", "[CLS]"), "sep": ("</s>", "[SEP]"),
    "mask": ("<mask>", "[MASK]"),
}


def is_tokenizer_json(data: bytes) -> bool:
    """Whether these are the bytes of a tokenizer.json rather than of a vocabulary of lines or a SentencePiece model.

    >>> is_tokenizer_json(b'{"model": {}}'), is_tokenizer_json(b"[PAD]\\n{\\n")
    (True, False)
    """
    return data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" and b'"model"' in data


def parse(data: bytes, name: str = FILE_NAME) -> dict[str, Any]:
    """The file's content, with every part that bertfit reads itself of the right type.

    Raises:
        VocabularyError: It is not a tokenizer.json, or one of another model than `MODELS`.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise VocabularyError("A tokenizer.json must be valid JSON.", [f"{name}: {error}."]) from error
    with damaged(name):
        model = document["model"]
        model["type"] = model.get("type") or _untagged(model)
        if model["type"] in MODELS:
            for entry in document.setdefault("added_tokens", []):
                if not (isinstance(entry["content"], str) and isinstance(entry["id"], int)):
                    raise TypeError("an added token without its text or id")
            if not isinstance(model["vocab"], list if model["type"] == "Unigram" else dict):
                raise TypeError("the vocabulary of its model")
            if model["type"] == "BPE" and (prefix := model.get("continuing_subword_prefix")):
                # The package aborts the process over pieces that are shorter than the prefix.
                second = [(merge.split(" ") if isinstance(merge, str) else merge)[1] for merge in model["merges"]]
                if not prefix.isascii() or not all(piece.startswith(prefix) for piece in second):
                    raise ValueError("its merges do not have the prefix of continuing pieces")
    if model["type"] not in MODELS:
        raise VocabularyError(f"The model of a tokenizer.json must be {', '.join(MODELS[:-1])} or {MODELS[-1]}.",
                              [f"{name} has {model['type']!s:.40}."])
    return document


def _untagged(model: dict[str, Any]) -> str:
    """The type of a model in files of early versions, which do not say it."""
    if "merges" in model:
        return "BPE"
    return "Unigram" if isinstance(model["vocab"], list) else "WordPiece"


def ids(document: dict[str, Any]) -> dict[str, int]:
    """The ids of the tokens of the model, and of those that were added to it."""
    vocab = document["model"]["vocab"]
    if document["model"]["type"] == "Unigram":
        vocab = {piece: id_ for id_, (piece, _) in enumerate(vocab)}
    return {**vocab, **{entry["content"]: entry["id"] for entry in document["added_tokens"]}}


def written(document: dict[str, Any]) -> bytes:
    """The bytes of a tokenizer.json with this content."""
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")


@contextlib.contextmanager
def damaged(name: str, rule: str = "A tokenizer.json must be whole.") -> Iterator[None]:
    """Context in which an error of the package tokenizers, or of a part that is not there, is a VocabularyError.

    A panic of the package's Rust code is a BaseException, which `except Exception` would not catch.
    """
    try:
        yield
    except (BertfitError, KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        what = {KeyError: "there is no {}", TypeError: "another type: {}"}.get(type(error), "{}")
        reason = " ".join(what.format(error).split())
        raise VocabularyError(rule, [f"{name}: {reason[:300].rstrip('.')}."]) from error


@functools.lru_cache(maxsize=4)
def open_tokenizer(data: bytes, name: str = FILE_NAME, hidden: tuple[str, ...] = ()) -> Any:
    """Open the file as a `tokenizers.Tokenizer` that neither pads nor truncates nor drops out.

    Args:
        data: The file's bytes.
        name: Its name in errors.
        hidden: Tokens that are not found in texts: "<s>" in a text is split like any other characters. They are
            opened under another name, which starts with `HIDDEN`.

    Raises:
        VocabularyError: The package cannot open it.
    """
    import tokenizers

    document = parse(data, name)
    with damaged(name):
        document.update(truncation=None, padding=None)
        model, names = document["model"], {token: f"{HIDDEN}{token}" for token in hidden}
        if "dropout" in model:
            model["dropout"] = None
        if model["type"] == "Unigram":
            model["vocab"] = [[names.get(token, token), score] for token, score in model["vocab"]]
        else:
            model["vocab"] = {names.get(token, token): id_ for token, id_ in model["vocab"].items()}
        if model.get("unk_token") in names:
            model["unk_token"] = names[model["unk_token"]]
        for entry in document["added_tokens"]:
            entry["content"] = names.get(entry["content"], entry["content"])
        opened = tokenizers.Tokenizer.from_str(json.dumps(document))
        if model["type"] == "Unigram":  # Rust reads numbers from JSON inexactly, and equal scores must stay equal
            opened.model = tokenizers.models.Unigram([(token, float(score)) for token, score in model["vocab"]],
                                                     model.get("unk_id"), model.get("byte_fallback", False))
        return opened


def token_names(opened: Any, name: str = FILE_NAME) -> tuple[str, ...]:
    """The tokens by id. An id without a token, or with one that has another id as well, is "[unused ID]"."""
    ids = opened.get_vocab(with_added_tokens=True)
    size = max(max(ids.values(), default=-1) + 1, opened.get_vocab_size(with_added_tokens=True))
    if not 0 < size <= _MOST_IDS or size > 4 * len(ids) + 1000:
        raise VocabularyError("The ids of a tokenizer.json must be numbered one after the other.",
                              [f"{name} has {len(ids):,} tokens, and ids up to {size - 1:,}."])
    names = [f"[unused {id_}]" for id_ in range(size)]
    for token, id_ in ids.items():
        names[id_] = token
    return tuple(names)


def special_tokens(document: dict[str, Any], tokens: Sequence[str], name: str = FILE_NAME) -> SpecialTokens:
    """Which special tokens the file has, and how many separators it puts between the texts of a pair.

    Raises:
        VocabularyError: It puts other tokens around a text than one before it and one after it, or there are none.
    """
    ids = {token: id_ for id_, token in enumerate(tokens)}
    with damaged(name):
        found = _around(document.get("post_processor"), ids, name)
        roles = dict(zip(("cls", "sep"), found[:2], strict=True)) if found else {}
        if document.get("padding"):
            roles["pad"] = document["padding"]["pad_token"]
        model = document["model"]
        if model["type"] == "Unigram" and isinstance(model.get("unk_id"), int):
            roles["unk"] = tokens[model["unk_id"]]
        elif model.get("unk_token"):
            roles["unk"] = model["unk_token"]
        for role, spellings in _SPELLINGS.items():
            if roles.get(role) not in ids:
                roles[role] = next((token for token in spellings if token in ids), None)
        if roles["mask"] is None:
            roles["mask"] = next((entry["content"] for entry in document["added_tokens"]
                                  if "mask" in entry["content"].lower() and entry["content"] in ids), None)
        missing = [role for role in ("pad", "unk", "cls", "sep") if roles[role] is None]
        if missing:
            raise VocabularyError(
                "A tokenizer must have tokens for padding, for unknown text, and before and after a text.",
                [f"{name} has none called {' or '.join(_SPELLINGS[missing[0]])}."])
        return SpecialTokens(**roles, pair_separators=found[2] if found else 2 if roles["cls"] == "<s>" else 1)


def _around(processor: Any, ids: dict[str, int], name: str) -> tuple[str, str, int] | None:
    """The tokens before and after a text, and the number between two; None if the file puts none there."""
    parts = processor["processors"] if processor and processor["type"] == "Sequence" else [processor]
    parts = [part for part in parts if part and part["type"] != "ByteLevel"]
    if not parts:
        return None
    if len(parts) > 1 or parts[0]["type"] not in ("BertProcessing", "RobertaProcessing", "TemplateProcessing"):
        raise _strange(name, " and ".join(str(part["type"]) for part in parts))
    if parts[0]["type"] != "TemplateProcessing":
        (sep, sep_id), (cls, cls_id) = parts[0]["sep"], parts[0]["cls"]
        used, between = {cls: cls_id, sep: sep_id}, 1 if parts[0]["type"] == "BertProcessing" else 2
    else:
        tokens = parts[0]["special_tokens"]
        single, pair = (_spelled(parts[0][form], tokens) for form in ("single", "pair"))
        between = len(pair) - 4
        if len(single) != 3 or single[1] is not None or None in single[::2] or between not in (1, 2):
            raise _strange(name, f"{parts[0]['single']!s:.200}")
        cls, sep = single[::2]
        if pair != [cls, None, *[sep] * between, None, sep]:
            raise _strange(name, f"{parts[0]['pair']!s:.200}")
        used = {token: tokens[token]["ids"][0] for token in (cls, sep)}
    wrong = [token for token, id_ in used.items() if ids.get(token) != id_]
    if wrong:
        raise VocabularyError("A tokenizer.json must not contradict itself.",
                              [f"{name}: the id of {wrong[0]} is {ids.get(wrong[0])} in the vocabulary and "
                               f"{used[wrong[0]]} in `post_processor`."])
    return cls, sep, between


def _spelled(template: list[dict[str, Any]], tokens: dict[str, Any]) -> list[str | None]:
    """The tokens of a template, None for a text."""
    spelled: list[str | None] = []
    for part in template:
        if "Sequence" in part:
            spelled.append(None)
        else:
            spelled += tokens[part["SpecialToken"]["id"]]["tokens"]
    return spelled


def _strange(name: str, what: str) -> VocabularyError:
    return VocabularyError("A tokenizer must put one token before a text and one after it.",
                           [f"`post_processor` of {name} is {what}."])


def algorithm(document: dict[str, Any]) -> str:
    """How the file makes pieces, for people: "byte-level BPE", "BPE", "unigram" or "WordPiece"."""
    if document["model"]["type"] != "BPE":
        return {"Unigram": "unigram"}.get(document["model"]["type"], "WordPiece")
    return "byte-level BPE" if '"ByteLevel"' in json.dumps(document.get("pre_tokenizer")) else "BPE"


def is_berts_wordpiece(document: dict[str, Any]) -> bool:
    """Whether the file describes what our WordPiece does: BERT's normalization and words, "##" pieces."""
    with damaged(FILE_NAME):
        return _is_berts_wordpiece(document)


def _is_berts_wordpiece(document: dict[str, Any]) -> bool:
    model, normal = document["model"], document.get("normalizer") or {}
    vocab = model["vocab"]
    return (
        model["type"] == "WordPiece" and model.get("continuing_subword_prefix", "##") == "##"
        and model.get("unk_token") in vocab
        and normal.get("type") == "BertNormalizer" and normal.get("clean_text", True) is True
        and normal.get("handle_chinese_chars", True) is True
        and normal.get("strip_accents") in (None, normal.get("lowercase", True))
        and (document.get("pre_tokenizer") or {}).get("type") == "BertPreTokenizer"
        and all(vocab.get(entry["content"]) == entry["id"] and _is_special(entry) for entry in document["added_tokens"])
    )


def _is_special(entry: dict[str, Any]) -> bool:
    return any(entry["content"] in spellings for spellings in _SPELLINGS.values())

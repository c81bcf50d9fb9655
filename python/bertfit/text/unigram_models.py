"""SentencePiece models of ALBERT, XLM-RoBERTa and CamemBERT as a tokenizer.json, whose ids are transformers'.

These models do not stand for themselves: ALBERT lower-cases and drops accents before its model sees a text, and the
RoBERTas number the pieces in fairseq's order. A tokenizer.json says all of it (unigram, by the package tokenizers).
Models with BERT's own special tokens, such as `train_vocabulary` makes, are in `text.sentencepiece`.
"""

from __future__ import annotations

import base64
import struct
from typing import Any

from bertfit.errors import VocabularyError
from bertfit.text.sentencepiece_model import SPACE, fields, is_model
from bertfit.text.tokenizer_json import damaged, written
from bertfit.text.vocabulary import Vocabulary

_ALBERT = ("<pad>", "<unk>", "[CLS]", "[SEP]")
_UNIGRAM = 1  # TrainerSpec.model_type


def vocabulary(data: bytes, model_type: str | None, settings: dict[str, Any], lower_case: bool | None,
               name: str) -> Vocabulary:
    """The vocabulary of a SentencePiece model.

    Args:
        data: The bytes of the file.
        model_type: What config.json says: "xlm-roberta" and "camembert" number the pieces in their own ways. None, or
            another one, for a model with special tokens of its own: BERT's or ALBERT's.
        settings: `do_lower_case` and `keep_accents` of ALBERT: true and false unless they are there.
        lower_case: Overrides `do_lower_case`, and accents go as the case does; None for the settings.
        name: The file's name.

    Raises:
        VocabularyError: The file is damaged, or no unigram model with special tokens that are known.
    """
    rule = "A SentencePiece model must be whole."
    if not is_model(data):
        raise VocabularyError(rule, [f"{name} is none."])
    with damaged(name, rule):
        pieces, kind, charsmap = _content(data)
    names = {piece for piece, _ in pieces}
    if model_type not in ("xlm-roberta", "camembert") and names.issuperset(("[PAD]", "[UNK]", "[CLS]", "[SEP]")):
        return Vocabulary.from_bytes(data, lower_case, name, name)
    if kind != _UNIGRAM:
        raise VocabularyError("A SentencePiece model of a checkpoint must be unigram.",
                              [f"{name} is of another kind.", "Save the model with a tokenizer.json."])
    normal: list[dict[str, Any]] = []
    if model_type == "xlm-roberta":
        pieces = [*((piece, 0.0) for piece in ("<s>", "<pad>", "</s>", "<unk>")), *pieces[3:], ("<mask>", 0.0)]
    elif model_type == "camembert":
        pieces = [("<s>NOTUSED", 0.0), ("<pad>", 0.0), ("</s>NOTUSED", 0.0), ("<unk>", 0.0), ("<unk>NOTUSED", -100.0),
                  *pieces[1:], ("<mask>", 0.0)]
    elif names.issuperset(_ALBERT):
        lowers = settings.get("do_lower_case") is not False if lower_case is None else lower_case
        keeps = settings.get("keep_accents") is True if lower_case is None else not lower_case
        normal = [{"type": "Replace", "pattern": {"String": quotes}, "content": '"'} for quotes in ("``", "''")]
        normal += [] if keeps else [{"type": "NFKD"}, {"type": "StripAccents"}]
        normal += [{"type": "Lowercase"}] if lowers else []
    else:
        raise VocabularyError(
            "A SentencePiece model must have special tokens that are known.",
            [f"{name} has neither [PAD], [UNK], [CLS] and [SEP] nor {', '.join(_ALBERT)}.",
             "Save the model with a tokenizer.json.",
             "Of xlm-roberta and camembert, config.json must say that it is theirs."])
    if charsmap:
        normal.append({"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()})
    return Vocabulary.from_bytes(_written(pieces, normal), lower_case, name, name)


def _content(data: bytes) -> tuple[list[tuple[str, float]], int, bytes]:
    """The pieces with their scores, the kind of model, and the table of its normalization."""
    pieces, kind, charsmap = [], _UNIGRAM, b""
    for number, message, _ in fields(data):
        if not isinstance(message, bytes) or number not in (1, 2, 3):
            continue
        inner = {tag: value for tag, value, _ in fields(message)}
        if number == 1:  # ModelProto.pieces: piece, score
            pieces.append((inner[1].decode(), struct.unpack("<f", inner.get(2, b"\0\0\0\0"))[0]))
        elif number == 2:  # trainer_spec
            kind = inner.get(3, _UNIGRAM)
        else:  # normalizer_spec
            charsmap = inner.get(2, b"")
    return pieces, kind, charsmap


def _written(pieces: list[tuple[str, float]], normal: list[dict[str, Any]]) -> bytes:
    ids = {piece: id_ for id_, (piece, _) in reversed(list(enumerate(pieces)))}
    fairseq = "<mask>" in ids
    cls, sep, mask = ("<s>", "</s>", "<mask>") if fairseq else ("[CLS]", "[SEP]", "[MASK]")
    added = [{"id": ids[token], "content": token, "single_word": False, "lstrip": token == mask, "rstrip": False,
              "normalized": False, "special": True}
             for token in sorted({"<pad>", "<unk>", cls, sep, mask} & set(ids), key=ids.get)]
    space = {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "always", "split": True}
    around = {"type": "RobertaProcessing" if fairseq else "BertProcessing", "sep": [sep, ids.get(sep)],
              "cls": [cls, ids.get(cls)]}
    if fairseq:
        around.update(trim_offsets=True, add_prefix_space=True)
    return written({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": {"type": "Sequence", "normalizers": normal} if normal else None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, space]},
        "post_processor": around, "decoder": space,
        "model": {"type": "Unigram", "unk_id": ids.get("<unk>"), "vocab": pieces, "byte_fallback": False},
    })

"""A SentencePiece model file: telling one from other files, opening it, and reading what the library writes.

The library is used for everything it does. Its protocol buffers are read here by hand, because the classes that
it brings for them clash with those of other packages (transformers) in one process: a few tags are all we need.
Texts are `sentence_pieces`' matter, training is `vocab_train`'s.

Format: sentencepiece's `sentencepiece_model.proto` and `sentencepiece.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bertfit.errors import VocabularyError

SPACE = "▁"  # U+2581, which pieces have in place of a space
_PIECES = 1  # ModelProto.pieces
_PIECE, _TYPE = 1, 3  # ModelProto.SentencePiece.piece, .type
_CONTROL, _USER_DEFINED = 3, 4  # ModelProto.SentencePiece.Type
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types


def fields(data: bytes) -> Iterator[tuple[int, Any, int]]:
    """The fields of a protocol-buffer message: (number, value, where it ends).

    A value is an int where the wire has a varint, else bytes.

    Raises:
        ValueError: These bytes are no message.
    """
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, place = _varint(data, place)
        else:
            if wire == _BYTES:
                size, place = _varint(data, place)
            elif wire in (_FIXED32, _FIXED64):
                size = 4 if wire == _FIXED32 else 8
            else:
                raise ValueError(f"wire type {wire}")
            if place + size > len(data):
                raise ValueError("cut short")
            value, place = data[place : place + size], place + size
        yield number, value, place


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(data) or shift > 63:
            raise ValueError("not a varint")
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def is_model(data: bytes) -> bool:
    """Whether these are the bytes of a SentencePiece model rather than of a text file.

    A model starts with its first piece: a message whose first field is the piece's text.
    """
    if data[:1] != b"\n":  # the tag of field 1
        return False
    try:
        number, first, _ = next(fields(data))
        inner = dict(entry[:2] for entry in fields(first))
    except (ValueError, StopIteration):
        return False
    return number == _PIECES and isinstance(inner.get(_PIECE), bytes) and set(inner) <= {1, 2, 3}


def open_processor(data: bytes, name: str = "vocab.model", special: frozenset[str] = frozenset()):
    """The library's processor of a model.

    Args:
        data: The bytes of the file.
        name: What errors call it.
        special: Pieces that no text may give. Where a model would find them in a text (reference A's has its
            "[SEP]", "[CLS]" and "[MASK]" as user-defined symbols), they are made control symbols, which it does not
            look for. So "[SEP]" in a text is a bracket and letters, as with WordPiece.

    Raises:
        VocabularyError: The file is damaged, or no SentencePiece model.
    """
    import sentencepiece

    try:
        return sentencepiece.SentencePieceProcessor(model_proto=_without_user_symbols(data, special))
    except (ValueError, RuntimeError) as error:
        raise VocabularyError("A SentencePiece model must be whole.", [f"{name} cannot be read."]) from error


def _without_user_symbols(data: bytes, special: frozenset[str]) -> bytes:
    """The same model with the user-defined symbols named in `special` as control symbols: one byte each."""
    changed, known = bytearray(data), {piece.encode() for piece in special}
    for number, message, end in fields(data):
        if number != _PIECES or not isinstance(message, bytes):
            continue
        if known and message[2 : 2 + message[1]] in known:
            for inner, value, place in fields(message):
                if inner == _TYPE and value == _USER_DEFINED:
                    changed[end - len(message) + place - 1] = _CONTROL
    return bytes(changed)


def spans(serialized: bytes) -> list[tuple[int, int, int]]:
    """(id, first byte, last byte + 1) of the pieces of a serialized SentencePieceText; bytes of the text's UTF-8."""
    found = []
    for number, message, _ in fields(serialized):
        if number == 2:  # SentencePieceText.pieces
            entry = {tag: value for tag, value, _ in fields(message)}
            found.append((entry.get(2, 0), entry.get(4, 0), entry.get(5, 0)))  # id, begin, end
    return found

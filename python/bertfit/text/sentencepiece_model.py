"""SentencePiece model files: recognize one, open it, and read the library's serialized results.

The library sentencepiece does the tokenization. Its protocol buffers are parsed here by hand, because the generated
classes that it ships clash with those of other packages (transformers) in one process, and only a few tags are needed.
Tokenization is in `text.sentencepiece`, training in `text.vocabulary_training`.

Format: sentencepiece's `sentencepiece_model.proto` and `sentencepiece.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bertfit.errors import VocabularyError

SPACE = "▁"  # U+2581, which stands for a space in pieces
_PIECES = 1  # ModelProto.pieces
_PIECE, _TYPE = 1, 3  # ModelProto.SentencePiece.piece, .type
_CONTROL, _USER_DEFINED = 3, 4  # ModelProto.SentencePiece.Type
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types


def fields(data: bytes) -> Iterator[tuple[int, Any, int]]:
    """Yield the fields of a protocol-buffer message as (number, value, offset of the field's end).

    The value is an int for a varint, else bytes.

    Raises:
        ValueError: The bytes are not a message.

    >>> list(fields(bytes([8, 5, 18, 2, 97, 98])))
    [(1, 5, 2), (2, b'ab', 6)]
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
    """Open a model as a `sentencepiece.SentencePieceProcessor`.

    Args:
        data: The bytes of the file.
        name: The file's name in error messages.
        special: Pieces that must never come from a text. Some published models have "[SEP]", "[CLS]" and "[MASK]" as
            user-defined symbols, which the library finds in texts; they are changed to control symbols, which it does
            not. So "[SEP]" in a text is split like any other characters, as with WordPiece.

    Raises:
        VocabularyError: The file is damaged, or not a SentencePiece model.
    """
    import sentencepiece

    try:
        return sentencepiece.SentencePieceProcessor(model_proto=_without_user_symbols(data, special))
    except (ValueError, RuntimeError) as error:
        raise VocabularyError("A SentencePiece model must be whole.", [f"{name} cannot be read."]) from error


def _without_user_symbols(data: bytes, special: frozenset[str]) -> bytes:
    """The model's bytes with the user-defined symbols in `special` changed to control symbols (one byte each)."""
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
    """The pieces of a serialized SentencePieceText as (id, start, end): byte offsets in the text's UTF-8."""
    found = []
    for number, message, _ in fields(serialized):
        if number == 2:  # SentencePieceText.pieces
            entry = {tag: value for tag, value, _ in fields(message)}
            found.append((entry.get(2, 0), entry.get(4, 0), entry.get(5, 0)))  # id, begin, end
    return found

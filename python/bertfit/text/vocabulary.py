"""The vocabulary: token strings in the order of the embedding's rows.

There are two kinds. A WordPiece file holds one token per line, and the number of a line is the row of the token
embedding. So lines end at a line feed and nowhere else: a token may itself be U+0085 or U+2028, which
``str.splitlines`` and text-mode readers take for line ends, shifting every later id. A SentencePiece file is that
library's model, whose pieces are numbered in it. Nothing here tokenizes (`bertfit.tokenize`) and nothing here
knows a checkpoint (`bertfit.checkpoint` passes the casing).
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import re

from bertfit.errors import ArgumentError, Sentence, Value, VocabularyError
from bertfit.text import sentencepiece_model

#: Kind of a vocabulary -> the name of its file in a folder that has nothing else of that kind.
FILE_NAMES = {"wordpiece": "vocab.txt", "sentencepiece": "vocab.model"}
#: Tokens that mark places and never come from a text. The last two are SentencePiece's own.
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[BOS]", "[EOS]")
_UPPER_CASE = re.compile("[A-Z]")
_SPECIAL = re.compile(r"\[[^\[\]]+\]")  # [CLS], [unused17], ...


@dataclasses.dataclass(frozen=True, repr=False)
class Vocabulary:
    """Tokens and their ids; the id of a token is its row in the token embedding.

    Make one with `from_file` or `from_bytes`.

    Args:
        tokens: The tokens by id, without the white space that surrounds them in the file. A token that
            is nothing else is "": it keeps its row and no text ever gives it.
        lower_case: Whether text is lower-cased first ("uncased"); WordPiece then strips accents as well.
        data: The bytes of the file.
        path: Where the file lies, or None.
        name: What errors call the file.
        kind: "wordpiece" or "sentencepiece".

    Attributes:
        ids: The id of every token.
        pad_id, unk_id, cls_id, sep_id: Ids of [PAD], [UNK], [CLS] and [SEP].
        mask_id: Id of [MASK], or None.
        file_name: What its file is called in a folder: "vocab.txt" or "vocab.model".

    Raises:
        VocabularyError: A token stands on two lines, or one of the four is missing.

    Example:
        >>> Vocabulary.from_bytes(b"[PAD]\\n[UNK]\\n[CLS]\\n[SEP]\\nspam\\n").ids["spam"]
        4
    """

    tokens: tuple[str, ...]
    lower_case: bool
    data: bytes
    path: str | None = None
    name: str = "vocab.txt"
    kind: str = "wordpiece"
    ids: dict[str, int] = dataclasses.field(init=False, compare=False)
    pad_id: int = dataclasses.field(init=False)
    unk_id: int = dataclasses.field(init=False)
    cls_id: int = dataclasses.field(init=False)
    sep_id: int = dataclasses.field(init=False)
    mask_id: int | None = dataclasses.field(init=False)

    def __post_init__(self):
        ids: dict[str, int] = {}
        for row, token in enumerate(self.tokens):
            if not token:
                continue
            # Google's reader skips the second of two equal lines, so every later id slips by one
            # against the embedding. No checkpoint is known to need that; an altered file is likelier.
            if ids.setdefault(token, row) != row:
                raise VocabularyError("Every token of a vocabulary must be on one line only.",
                                      [Sentence("{}: {} is on line {} and again on line {}.", self.name, Value(token),
                                                ids[token] + 1, row + 1)])
        self._set("ids", ids)
        missing = [token for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]") if token not in ids]
        if missing:
            unit = "lines" if self.kind == "wordpiece" else "pieces"
            details = [f"{self.name} has {len(self.tokens)} {unit} and no {', '.join(missing)}."]
            if self.data.startswith(b"\xef\xbb\xbf"):
                details.append("It starts with a byte-order mark: save it as UTF-8 without one.")
            raise VocabularyError("A vocabulary must have the tokens [PAD], [UNK], [CLS] and [SEP].", details)
        for field in ("pad", "unk", "cls", "sep"):
            self._set(f"{field}_id", ids[f"[{field.upper()}]"])
        self._set("mask_id", ids.get("[MASK]"))

    def _set(self, name, value) -> None:
        object.__setattr__(self, name, value)  # the dataclass is frozen for everybody else

    @classmethod
    def from_file(cls, path: str | os.PathLike, lower_case: bool | None = None) -> Vocabulary:
        """Read a vocabulary file: WordPiece (UTF-8, one token per line) or a SentencePiece model; its bytes say which.

        Args:
            path: The file.
            lower_case: Whether text is lower-cased first; None to tell by the tokens (`guess_lower_case`). A
                SentencePiece model does its own casing, which `lower_case` may confirm.

        Raises:
            VocabularyError: No such file, not UTF-8 (with the line), damaged, or not a BERT vocabulary.
            ArgumentError: `lower_case` is not what the SentencePiece model does.
        """
        path = os.fspath(path)
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError as error:
            raise VocabularyError("The vocabulary file must be readable.", [f"{path}: {error.strerror}."]) from error
        return cls.from_bytes(data, lower_case, name=path, path=path)

    @classmethod
    def from_bytes(
        cls, data: bytes, lower_case: bool | None = None, name: str | None = None, path: str | None = None
    ) -> Vocabulary:
        """The vocabulary whose file has these bytes; arguments and errors as in `from_file`."""
        data = bytes(data)
        kind = "sentencepiece" if sentencepiece_model.is_model(data) else "wordpiece"
        name = name or path or FILE_NAMES[kind]
        if kind == "sentencepiece":
            return cls._from_model(data, lower_case, name, path)
        lines = data.split(b"\n")
        while lines and not lines[-1].strip():  # the last line's end, and blank lines after it
            lines.pop()
        tokens = []
        for number, line in enumerate(lines, start=1):
            try:
                # Google's reader strips every line. Words have no white space, so a token that is
                # stripped to "" is out of reach for it as well.
                tokens.append(line.decode("utf-8").strip())
            except UnicodeDecodeError as error:
                raise VocabularyError(
                    "A vocabulary file must be UTF-8.", [f"{name}: line {number} is not ({error.reason})."]
                ) from error
        if lower_case is None:
            lower_case = guess_lower_case(tokens)
        return cls(tuple(tokens), bool(lower_case), data, path, name)

    @classmethod
    def _from_model(cls, data: bytes, lower_case: bool | None, name: str, path: str | None) -> Vocabulary:
        processor = sentencepiece_model.open_processor(data, name)
        tokens = tuple(processor.id_to_piece(id_) for id_ in range(processor.get_piece_size()))
        # What the model's normaliser does with a letter, whatever its rules are called.
        lowers = processor.normalize("A").strip(f"{sentencepiece_model.SPACE} ") == "a"
        if lower_case not in (None, lowers):
            raise ArgumentError("must be left out for a SentencePiece vocabulary, or be what it does.",
                                [f"{name} {'lower-cases' if lowers else 'does not lower-case'}."],
                                argument="lower_case", received=lower_case)
        return cls(tokens, lowers, data, path, name, "sentencepiece")

    @property
    def file_name(self) -> str:
        """What its file is called in a folder: "vocab.txt" or "vocab.model"."""
        return FILE_NAMES[self.kind]

    def to_bytes(self) -> bytes:
        """The file's bytes, unchanged."""
        return self.data

    @functools.cached_property
    def sha256(self) -> str:
        """SHA-256 of the file's bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    def __len__(self) -> int:
        return len(self.tokens)

    def __repr__(self) -> str:
        casing = "uncased" if self.lower_case else "cased"
        return f"Vocabulary({len(self):,} tokens, {self.kind}, {casing}, {self.name})"


def guess_lower_case(tokens) -> bool:
    """Whether a vocabulary with these tokens is an uncased one: no token but [LIKE_THIS] has a capital A to Z."""
    return not any(_UPPER_CASE.search(token) and not _SPECIAL.fullmatch(token) for token in tokens)

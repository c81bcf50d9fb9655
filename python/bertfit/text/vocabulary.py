"""The vocabulary: token strings in the order of the rows of the token embedding.

There are three types. A WordPiece file holds one token per line, and a line's number is the token's row in the
embedding. Lines end at a line feed only: a token may itself be U+0085 or U+2028, which ``str.splitlines`` and some
readers treat as line ends, and that would shift every later id. A SentencePiece file is the library's model, in which
the pieces are numbered. Byte-level BPE and unigram are in a tokenizer.json (see `text.tokenizer_json`). Does not
tokenize (see `text.tokenizer`) or read checkpoints (`checkpoints.checkpoint` passes the casing).
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import os
import re

from bertfit.errors import ArgumentError, Sentence, Value, VocabularyError
from bertfit.text import sentencepiece_model, tokenizer_json
from bertfit.text.special_tokens import SpecialTokens

#: Type of a vocabulary -> the name of its file in a model's folder.
FILE_NAMES = {"wordpiece": "vocab.txt", "sentencepiece": "vocab.model"}
#: Tokens with a special meaning, which never come from a text. Only SentencePiece vocabularies have the last two.
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[BOS]", "[EOS]")
_UPPER_CASE = re.compile("[A-Z]")
_SPECIAL = re.compile(r"\[[^\[\]]+\]")  # [CLS], [unused17], ...


@dataclasses.dataclass(frozen=True, repr=False)
class Vocabulary:
    """Tokens and their ids; the id of a token is its row in the token embedding.

    Make one with `from_file` or `from_bytes`.

    Args:
        tokens: The tokens by id, stripped of surrounding white space. A token of white space only is "":
            it keeps its row, and no text produces it.
        lower_case: Whether text is lower-cased first ("uncased"); WordPiece then strips accents as well.
        data: The bytes of the file.
        path: The file's path, or None.
        name: The file's name in error messages.
        type: "wordpiece", "sentencepiece", or "tokenizers" (byte-level BPE and unigram, by the package tokenizers).
            `kind` is the same.
        special: Its special tokens; None for BERT's.

    Attributes:
        ids: The id of every token.
        pad_id, unk_id, cls_id, sep_id: Ids of [PAD], [UNK], [CLS] and [SEP], or what `special` has in their place.
        mask_id: Id of [MASK], or None.
        file_name: Name of its file in a model's folder: "vocab.txt", "vocab.model" or "tokenizer.json".

    Raises:
        VocabularyError: A token is on two lines, or a special token other than [MASK] is missing.

    Example:
        >>> Vocabulary.from_bytes(b"[PAD]\\n[UNK]\\n[CLS]\\n[SEP]\\nspam\\n").ids["spam"]
        4
    """

    tokens: tuple[str, ...]
    lower_case: bool
    data: bytes
    path: str | None = None
    name: str = "vocab.txt"
    type: str = "wordpiece"
    special: SpecialTokens | None = None
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
            # Google's reader skips the second of two equal lines, which shifts every later id by one
            # against the embedding. No known checkpoint relies on that; an altered file is more likely.
            if ids.setdefault(token, row) != row:
                raise VocabularyError("Every token of a vocabulary must be on one line only.",
                                      [Sentence("{}: {} is on line {} and again on line {}.", self.name, Value(token),
                                                ids[token] + 1, row + 1)])
        self._set("ids", ids)
        special = self.special or SpecialTokens.bert(mask="[MASK]" in ids)
        self._set("special", special)
        needed = (special.pad, special.unk, special.cls, special.sep)
        missing = [token for token in needed if token not in ids]
        if missing:
            unit = "lines" if self.type == "wordpiece" else "pieces"
            details = [f"{self.name} has {len(self.tokens)} {unit} and no {', '.join(missing)}."]
            if self.data.startswith(b"\xef\xbb\xbf"):
                details.append("It starts with a byte-order mark: save it as UTF-8 without one.")
            names = f"{', '.join(needed[:-1])} and {needed[-1]}"
            raise VocabularyError(f"A vocabulary must have the tokens {names}.", details)
        for field, token in zip(("pad", "unk", "cls", "sep"), needed, strict=True):
            self._set(f"{field}_id", ids[token])
        self._set("mask_id", ids.get(special.mask))

    def _set(self, name, value) -> None:
        object.__setattr__(self, name, value)  # the dataclass is frozen

    @classmethod
    def from_file(cls, path: str | os.PathLike, lower_case: bool | None = None) -> Vocabulary:
        """Read a vocabulary file: WordPiece (UTF-8, one token per line) or a SentencePiece model, told by its bytes.

        Args:
            path: The file.
            lower_case: Whether text is lower-cased first; None infers it from the tokens (`guess_lower_case`). A
                SentencePiece model does its own casing, with which `lower_case` must agree unless it is None.

        Raises:
            VocabularyError: The file does not exist, is not UTF-8 (the message gives the line), is damaged, or is not
                a BERT vocabulary.
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
        """Make a vocabulary from the bytes of its file; arguments and errors as for `from_file`."""
        data = bytes(data)
        if tokenizer_json.is_tokenizer_json(data):
            return cls._from_json(data, lower_case, name or path or tokenizer_json.FILE_NAME, path)
        type = "sentencepiece" if sentencepiece_model.is_model(data) else "wordpiece"
        name = name or path or FILE_NAMES[type]
        if type == "sentencepiece":
            return cls._from_model(data, lower_case, name, path)
        lines = data.split(b"\n")
        while lines and not lines[-1].strip():  # the last line's end, and blank lines after it
            lines.pop()
        tokens = []
        for number, line in enumerate(lines, start=1):
            try:
                # Google's reader strips every line too. Words have no white space, so no text produces
                # a token that is stripped to "".
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
        # Found by normalising a letter, since the rules of a model may have any name.
        lowers = processor.normalize("A").strip(f"{sentencepiece_model.SPACE} ") == "a"
        _require_casing(lower_case, lowers, name)
        return cls(tokens, lowers, data, path, name, "sentencepiece")

    @classmethod
    def _from_json(cls, data: bytes, lower_case: bool | None, name: str, path: str | None) -> Vocabulary:
        document = tokenizer_json.parse(data, name)
        opened = tokenizer_json.open_tokenizer(data, name)
        tokens = tokenizer_json.token_names(opened, name)
        special = tokenizer_json.special_tokens(document, tokens, name)
        if tokenizer_json.is_berts_wordpiece(document):
            if lower_case is None:
                lower_case = document["normalizer"].get("lowercase", True) is True
            lines = "".join(f"{token}\n" for token in tokens).encode("utf-8", "surrogatepass")
            made = cls(tokens, lower_case, data, path, name, "wordpiece", special)
            if special == SpecialTokens.bert(special.mask is not None):
                with contextlib.suppress(VocabularyError):  # a token that is no line
                    plain = cls.from_bytes(lines, lower_case, name, path)
                    return plain if plain.tokens == tokens else made
            return made
        with tokenizer_json.damaged(name):
            lowers = opened.normalizer is not None and opened.normalizer.normalize_str("A") == "a"
        _require_casing(lower_case, lowers, name)
        return cls(tokens, lowers, data, path, name, "tokenizers", special)

    @property
    def file_name(self) -> str:
        """Name of its file in a model's folder: "vocab.txt", "vocab.model" or "tokenizer.json"."""
        return tokenizer_json.FILE_NAME if tokenizer_json.is_tokenizer_json(self.data) else FILE_NAMES[self.type]

    @functools.cached_property
    def algorithm(self) -> str:
        """How it makes pieces: "WordPiece", "SentencePiece", "byte-level BPE", "BPE" or "unigram"."""
        names = {"wordpiece": "WordPiece", "sentencepiece": "SentencePiece"}
        return names.get(self.type) or tokenizer_json.algorithm(tokenizer_json.parse(self.data, self.name))

    @property
    def word_mark(self) -> str:
        """What a piece starts with that continues a word ("##"), or that begins one ("▁", "Ġ"); "" if nothing does."""
        marks = {"WordPiece": "##", "SentencePiece": "▁", "unigram": "▁", "byte-level BPE": "Ġ"}
        return marks.get(self.algorithm, "")

    @property
    def kind(self) -> str:
        """Its type, under an older name."""
        return self.type

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
        kind = self.algorithm if self.type == "tokenizers" else self.type
        return f"Vocabulary({len(self):,} tokens, {kind}, {casing}, {self.name})"


def _require_casing(lower_case: bool | None, lowers: bool, name: str) -> None:
    if lower_case not in (None, lowers):
        raise ArgumentError("must be left out for a vocabulary that does its own casing, or be what it does.",
                            [f"{name} {'lower-cases' if lowers else 'does not lower-case'}."],
                            argument="lower_case", received=lower_case)


def guess_lower_case(tokens) -> bool:
    """Whether a vocabulary is uncased: no token has a capital A to Z, apart from those like [CLS].

    >>> guess_lower_case(["[CLS]", "spam"]), guess_lower_case(["[CLS]", "Spam"])
    (True, False)
    """
    return not any(_UPPER_CASE.search(token) and not _SPECIAL.fullmatch(token) for token in tokens)

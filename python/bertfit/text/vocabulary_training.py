"""Train a vocabulary on texts: WordPiece (`wordpiece_training`) or SentencePiece (`sentencepiece_training`).

`train_vocabulary` reads the texts once, as a stream, normalises them as the tokenizer does (`text.normalize`, so that
training sees the same words as encoding), lets the library find the pieces, and puts BERT's special tokens in front.
The same texts give the same bytes. Does not evaluate the quality of the pieces.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bertfit.errors import Arg, ArgumentError, DataError, RowNumbers, Sentence, VocabularyError, shown
from bertfit.settings import EITHER, is_number, is_whole, keywords_told, require
from bertfit.system import interrupts, replacement
from bertfit.text.sentencepiece_training import SENTENCEPIECE_SPECIALS, train_sentencepiece
from bertfit.text.text_files import read_texts
from bertfit.text.vocabulary import Vocabulary
from bertfit.text.wordpiece_training import WORDPIECE_SPECIALS, train_wordpiece

TYPES = ("wordpiece", "sentencepiece")
ALGORITHMS = ("unigram", "bpe")

_REPORT_EVERY = 20_000  # texts
_MOST, _MOST_UNUSED = 2**31 - 1 - 10**6 - 10, 10**6  # with the special tokens and the unused, ids are 32 bits

Progress = Callable[[dict[str, Any]], Any]


@keywords_told
@interrupts.listening()
def train_vocabulary(
    source: str | os.PathLike | Iterable[str] | Sequence[os.PathLike],
    size: int,
    type: str = "wordpiece",
    *,
    lower_case: bool = True,
    out: str | os.PathLike | None = None,
    overwrite: bool = False,
    field: str | None = None,
    min_frequency: int = 2,
    character_coverage: float = 0.9995,
    algorithm: str = "unigram",
    unused: int = 0,
    sample_size: int = 2_000_000,
    progress: Progress | None = None,
) -> Vocabulary:
    """Make a vocabulary from texts.

    Args:
        source: Texts (any iterable of strings, gone through once), the path of a text file (a string or a path), or
            a sequence of `pathlib.Path`. Files have a text per line; see `text_files.read_texts` for JSON and gzip.
        size: Pieces to find. The special tokens come on top, 5 with WordPiece and 7 with SentencePiece, and so do
            the `unused` ones: 8,000 gives 8,005 or 8,007 entries.
        type: "wordpiece" or "sentencepiece".
        lower_case: Lower-case first; WordPiece then also strips accents and takes Hangul syllables apart, as
            Google's uncased models do. SentencePiece normalises by nmt_nfkc_cf, or by nmt_nfkc if False.
        out: File to write; None writes none. Written whole or not at all.
        overwrite: Whether a file at `out` is replaced.
        field: For files of JSON lines, the field with the text.
        min_frequency: Occurrences from which pieces are joined to a new one (WordPiece only).
        character_coverage: Share of all characters that the alphabet must cover; rarer ones are left to [UNK].
        algorithm: "unigram" or "bpe" (SentencePiece only).
        unused: Spare entries [unused0], [unused1], ... behind the special tokens.
        sample_size: Texts that SentencePiece learns from: it keeps them in memory. Of more, a fixed random sample
            is taken. WordPiece learns from all and keeps its different words.
        progress: Called with ``{"event": "texts", "done"}`` every 20,000 texts, then ``{"event": "pieces"}`` when
            the search begins, then ``{"event": "end", "size"}``.

    Returns:
        The vocabulary; its `path` is `out`.

    Raises:
        ArgumentError: A setting breaks its rule; `size` is too small for the alphabet or too large for the texts
            (the message says what is possible); something stands at `out`.
        DataError: There is no text; a text is missing or no string; a file is no UTF-8 (with its line).
        VocabularyError: The disk refuses `out`.

    >>> vocabulary = train_vocabulary(["a cat", "a cat and a hat", "the hat"] * 9, 16)
    >>> vocabulary.tokens[:6], "cat" in vocabulary.ids
    (('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a'), True)
    """
    require(type in TYPES, "type", f"one of {', '.join(TYPES)}", type)
    require(algorithm in ALGORITHMS, "algorithm", f"one of {', '.join(ALGORITHMS)}", algorithm)
    for name, value, low, high in (("size", size, 1, _MOST), ("min_frequency", min_frequency, 1, _MOST),
                                   ("unused", unused, 0, _MOST_UNUSED), ("sample_size", sample_size, 1000, _MOST)):
        require(is_whole(value, low), name, f"a whole number of at least {low}", value)
        require(value <= high, name, f"at most {high}", value)
    for name, value in (("lower_case", lower_case), ("overwrite", overwrite)):
        require(isinstance(value, bool), name, EITHER, value)
    require(is_number(character_coverage, 0, 1, open_low=True), "character_coverage", "a share above 0 and at most 1",
            character_coverage)
    target = None if out is None else _target(out, overwrite)
    stream = _Stream(_texts_of(source, field), progress)
    spare = tuple(f"[unused{i}]" for i in range(unused))
    if type == "wordpiece":
        data = train_wordpiece(stream, size, lower_case, min_frequency, character_coverage, spare)
    else:
        data = train_sentencepiece(stream, size, lower_case, character_coverage, algorithm, sample_size, spare)
    if target is not None:
        _write(target, data)
    if progress is not None:
        progress({"event": "end", "size": size + len(_specials(type)) + unused})
    return Vocabulary.from_bytes(data, lower_case, path=None if target is None else str(target))


def _specials(type: str) -> tuple[str, ...]:
    return WORDPIECE_SPECIALS if type == "wordpiece" else SENTENCEPIECE_SPECIALS


# -- Texts ----------------------------------------------------------------------------------------------

def _texts_of(source, field: str | None) -> Iterable[str]:
    if isinstance(source, (str, os.PathLike)):
        return read_texts([source], field)
    if isinstance(source, (bytes, dict)) or not isinstance(source, Iterable):
        raise ArgumentError("must be texts, or the path of a file.", argument="source", received=source)
    if isinstance(source, Sequence) and len(source) and all(isinstance(item, os.PathLike) for item in source):
        return read_texts(source, field)
    if field is not None:
        raise ArgumentError(Sentence("must be left out unless {} is files.", Arg("source")), argument="field",
                            received=field)
    return source


class _Stream:
    """Texts one by one: checked, counted, reported. An error of theirs is kept, for SentencePiece to lose it."""

    def __init__(self, texts: Iterable[str], progress: Progress | None):
        self.texts, self.progress = texts, progress
        self.done, self.empty, self.error = 0, True, None

    def __iter__(self) -> Iterator[str]:
        try:
            for text in self.texts:
                self.done += 1
                interrupts.check()
                if not isinstance(text, str):
                    raise DataError("Texts must be strings, none of them missing.",
                                    [Sentence("{} is {}.", RowNumbers([self.done - 1]), shown(text))])
                if text and not text.isspace():
                    self.empty = False
                    yield text
                if self.done % _REPORT_EVERY == 0:
                    self._report({"event": "texts", "done": self.done})
            self._report({"event": "texts", "done": self.done})
            if self.empty:
                raise DataError("There must be text to make a vocabulary from.",
                                [f"{self.done:,} texts were read, all of them empty." if self.done else
                                 "The source has no texts."])
            self._report({"event": "pieces"})
        except BaseException as error:
            self.error = error
            raise

    def _report(self, event: dict[str, Any]) -> None:
        if self.progress is not None:
            self.progress(event)


# -- Writing --------------------------------------------------------------------------------------------

def _target(out: str | os.PathLike, overwrite: bool) -> Path:
    target = Path(os.path.abspath(os.path.expanduser(os.fspath(out))))
    if target.is_dir() or (target.exists() and not overwrite):
        raise ArgumentError(Sentence("must be a new file, or one to replace when {} is true.", Arg("overwrite")),
                            [f"{target} is a folder." if target.is_dir() else f"{target} exists."], argument="out")
    return target


def _write(target: Path, data: bytes) -> None:
    try:
        with replacement(target, "file") as draft:
            draft.write_bytes(data)
    except OSError as error:
        raise VocabularyError("The vocabulary could not be written.", [f"{target}: {error.strerror}."]) from error

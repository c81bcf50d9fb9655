"""Train a vocabulary on texts: WordPiece with the library tokenizers, SentencePiece with sentencepiece.

`train_vocabulary` reads the texts once, as a stream, normalises them as the tokenizer does (`text.normalize`, so that
training sees the same words as encoding), lets the library find the pieces, and puts BERT's special tokens in front.
The same texts give the same bytes. Does not evaluate the quality of the pieces.

Sources: Wu et al. 2016 (WordPiece); Kudo 2018, Kudo and Richardson 2018 (SentencePiece).
"""

from __future__ import annotations

import io
import os
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bertfit.errors import Arg, ArgumentError, DataError, Sentence, VocabularyError
from bertfit.settings import EITHER, is_number, is_whole, require
from bertfit.text.normalize import words
from bertfit.text.text_files import read_texts
from bertfit.text.vocabulary import Vocabulary
from bertfit.text.wordpiece import LONGEST_WORD, beginning

TYPES = ("wordpiece", "sentencepiece")
ALGORITHMS = ("unigram", "bpe")
WORDPIECE_SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
SENTENCEPIECE_SPECIALS = ("[PAD]", "[UNK]", "[BOS]", "[EOS]", "[SEP]", "[CLS]", "[MASK]")  # ids 0 to 6

_MOST_WORDS = 5_000_000  # different words counted at once: about 1 GB
_LONGEST_LINE = 50_000  # characters; longer texts are handed to SentencePiece in parts
_THREADS = 16  # not the machine's number: how SentencePiece adds up depends on it, in the last digit
_REPORT_EVERY = 20_000  # texts
_CHUNK = 1000  # words handed to the trainer at a time

Progress = Callable[[dict[str, Any]], Any]


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
    for name, value, low in (("size", size, 1), ("min_frequency", min_frequency, 1), ("unused", unused, 0),
                             ("sample_size", sample_size, 1000)):
        require(is_whole(value, low), name, f"a whole number of at least {low}", value)
    for name, value in (("lower_case", lower_case), ("overwrite", overwrite)):
        require(isinstance(value, bool), name, EITHER, value)
    require(is_number(character_coverage, 0, 1, open_low=True), "character_coverage", "a share above 0 and at most 1",
            character_coverage)
    target = None if out is None else _target(out, overwrite)
    stream = _Stream(_texts_of(source, field), progress)
    spare = tuple(f"[unused{i}]" for i in range(unused))
    if type == "wordpiece":
        data = _wordpiece(stream, size, lower_case, min_frequency, character_coverage, spare)
    else:
        data = _sentencepiece(stream, size, lower_case, character_coverage, algorithm, sample_size, spare)
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
                if not isinstance(text, str):
                    raise DataError("Texts must be strings, none of them missing.",
                                    [f"Row {self.done} is {text!r:.40}."])
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


# -- WordPiece ------------------------------------------------------------------------------------------

def _wordpiece(stream, size, lower_case, min_frequency, coverage, spare) -> bytes:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    counts = _count_words(stream, lower_case)
    alphabet, kept = _alphabet(counts, coverage)
    # Every character as a word's first, and "##" with those that follow another.
    letters = [*sorted(alphabet), *sorted({f"##{char}" for word in kept for char in word[1:]})]
    least = len(letters)
    if size < least:
        raise ArgumentError(f"must be at least {least:,} for these texts.",
                            [f"Their alphabet alone takes {least:,} entries.",
                             Sentence("A smaller {} leaves more rare characters to [UNK].", Arg("character_coverage"))],
                            argument="size", received=size)
    first = [*WORDPIECE_SPECIALS, *spare]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()  # the words are cut already
    # The trainer numbers letters as it meets them, in a random order, and breaks ties between pairs by number: two
    # runs would differ. Letters that are named among the special tokens have their numbers beforehand.
    trainer = trainers.WordPieceTrainer(
        vocab_size=size + len(first), min_frequency=min_frequency, special_tokens=[*first, *letters],
        limit_alphabet=len(alphabet), continuing_subword_prefix="##", show_progress=False,
    )
    tokenizer.train_from_iterator(_repeated(kept), trainer)
    tokens = [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]
    if len(tokens) < size + len(first):
        most = len(tokens) - len(first)
        raise ArgumentError(f"must be at most {most:,} for these texts.",
                            [f"Pieces that occur {min_frequency} times or more end there.",
                             Sentence("More texts, or a smaller {}, give more.", Arg("min_frequency"))],
                            argument="size", received=size)
    return "".join(f"{token}\n" for token in tokens).encode()


def _count_words(texts: Iterable[str], lower_case: bool) -> Counter:
    counts: Counter = Counter()
    for text in texts:
        counts.update(words(text, lower_case))
        while len(counts) > _MOST_WORDS:  # the rarest are forgotten, as word2vec does
            rarest = min(counts.values())
            counts = Counter({word: count for word, count in counts.items() if count > rarest})
    return counts


def _alphabet(counts: Counter, coverage: float) -> tuple[set[str], dict[str, int]]:
    """The most frequent characters that make up a share of all, and the words that have no other."""
    chars: Counter = Counter()
    counts = {word: count for word, count in counts.items() if len(word) <= LONGEST_WORD and _encodable(word)}
    for word, count in counts.items():
        for char in word:
            chars[char] += count
    alphabet, covered, wanted = set(), 0, coverage * chars.total()
    for char, count in sorted(chars.items(), key=lambda item: (-item[1], item[0])):
        if covered >= wanted:
            break
        alphabet.add(char)
        covered += count
    if not alphabet:
        raise DataError("There must be text to make a vocabulary from.", ["The texts have no words."])
    return alphabet, {word: count for word, count in counts.items() if alphabet.issuperset(word)}


def _encodable(word: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in word)


def _repeated(counts: dict[str, int]) -> Iterator[str]:
    """Lines with every word as often as it was counted, in an order of their own."""
    for word in sorted(counts):
        count = counts[word]
        while count > 0:
            yield " ".join([word] * min(count, _CHUNK))
            count -= _CHUNK


# -- SentencePiece --------------------------------------------------------------------------------------

# The library passes over texts with a tab or a null; others end its lines, or are no UTF-8.
_REFUSED = {**dict.fromkeys(map(ord, "\t\n\r"), " "), 0: None, **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}


def _sentencepiece(stream, size, lower_case, coverage, algorithm, sample_size, spare) -> bytes:
    import sentencepiece

    model = io.BytesIO()
    entries = size + len(SENTENCEPIECE_SPECIALS) + len(spare)
    pad, unknown, begin, end, *others = SENTENCEPIECE_SPECIALS
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=_lines_of(stream), model_writer=model, model_type=algorithm, vocab_size=entries,
            normalization_rule_name="nmt_nfkc_cf" if lower_case else "nmt_nfkc", character_coverage=coverage,
            pad_id=0, unk_id=1, bos_id=2, eos_id=3, pad_piece=pad, unk_piece=unknown, bos_piece=begin, eos_piece=end,
            control_symbols=[*others, *spare], input_sentence_size=sample_size, shuffle_input_sentence=True,
            max_sentence_length=4 * _LONGEST_LINE + 4, num_threads=_THREADS, minloglevel=2,
        )
    except Exception as error:
        if stream.error is not None:
            raise stream.error from None
        raise _explained(str(error), size, entries) from error
    return model.getvalue()


def _lines_of(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        text = text.translate(_REFUSED)
        while text:
            part = beginning(text, _LONGEST_LINE)[:_LONGEST_LINE]
            yield part
            text = text[len(part) :]


def _explained(reason: str, size: int, entries: int) -> Exception:
    """What the library's complaint means for `size`, of which the special tokens are no part."""
    special = entries - size
    if match := re.search(r"smaller than required_chars. \d+ vs (\d+)", reason):
        return ArgumentError(f"must be at least {int(match[1]) - special:,} for these texts.",
                             ["Their alphabet takes more.",
                              Sentence("A smaller {} leaves more rare characters to [UNK].",
                                       Arg("character_coverage"))],
                             argument="size", received=size)
    if match := re.search(r"too high \(\d+\)\. Please set it to a value <= (\d+)", reason):
        return ArgumentError(f"must be at most {int(match[1]) - special:,} for these texts.", ["More texts give more."],
                             argument="size", received=size)
    return VocabularyError("SentencePiece must be able to train on the texts.", [" ".join(reason.split())])


# -- Writing --------------------------------------------------------------------------------------------

def _target(out: str | os.PathLike, overwrite: bool) -> Path:
    target = Path(os.path.abspath(os.path.expanduser(os.fspath(out))))
    if target.is_dir() or (target.exists() and not overwrite):
        raise ArgumentError(Sentence("must be a new file, or one to replace when {} is true.", Arg("overwrite")),
                            [f"{target} is a folder." if target.is_dir() else f"{target} exists."], argument="out")
    return target


def _write(target: Path, data: bytes) -> None:
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(data)
        os.replace(draft, target)
    except OSError as error:
        raise VocabularyError("The vocabulary could not be written.", [f"{target}: {error.strerror}."]) from error
    finally:
        draft.unlink(missing_ok=True)

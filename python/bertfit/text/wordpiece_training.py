"""WordPiece vocabularies out of texts, by the library tokenizers: the same texts give the same bytes.

Source: Wu et al. 2016.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from bertfit.errors import Arg, ArgumentError, DataError, Sentence
from bertfit.text.normalize import words
from bertfit.text.wordpiece import LONGEST_WORD

WORDPIECE_SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

_MOST_WORDS = 5_000_000  # different words counted at once: about 1 GB
_CHUNK = 1000  # words handed to the trainer at a time


def train_wordpiece(
    texts: Iterable[str], size: int, lower_case: bool, min_frequency: int, coverage: float, spare: Sequence[str]
) -> bytes:
    """The lines of vocab.txt: special and spare tokens, then `size` pieces; see `train_vocabulary`."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    counts = _count_words(texts, lower_case)
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
    # Every join shortens a word by a piece, so there are no more. The trainer reserves memory for all that it may find.
    most = least + sum(len(word) - 1 for word in kept)
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()  # the words are cut already
    # The trainer numbers letters as it meets them, in a random order, and breaks ties between pairs by number: two
    # runs would differ. Letters that are named among the special tokens have their numbers beforehand.
    trainer = trainers.WordPieceTrainer(
        vocab_size=min(size, most) + len(first), min_frequency=min_frequency, special_tokens=[*first, *letters],
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

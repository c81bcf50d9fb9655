"""SentencePiece vocabularies out of texts, by the library sentencepiece: the same texts give the same bytes.

Sources: Kudo 2018, Kudo and Richardson 2018.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bertfit.errors import Arg, ArgumentError, Sentence, VocabularyError
from bertfit.text.wordpiece import beginning

SENTENCEPIECE_SPECIALS = ("[PAD]", "[UNK]", "[BOS]", "[EOS]", "[SEP]", "[CLS]", "[MASK]")  # ids 0 to 6

_LONGEST_LINE = 50_000  # characters; longer texts are handed to SentencePiece in parts
_THREADS = 16  # not the machine's number: how SentencePiece adds up depends on it, in the last digit

# The library passes over texts with a tab or a null; others end its lines, or are no UTF-8.
_REFUSED = {**dict.fromkeys(map(ord, "\t\n\r"), " "), 0: None, **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}


def train_sentencepiece(
    stream: Any, size: int, lower_case: bool, coverage: float, algorithm: str, sample_size: int, spare: Sequence[str]
) -> bytes:
    """The library's model file; see `train_vocabulary`. The library loses an error of the texts: `stream` keeps it."""
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

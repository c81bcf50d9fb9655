"""Texts to the token ids that a BERT encoder reads, and back.

`Tokenizer.encode` adds [CLS] and [SEP], truncates, and returns rows without padding; `Encoding.pad` makes the
id, segment and mask matrices; `Tokenizer.tokens` gives token strings with their offsets in the text;
`Tokenizer.decode` turns ids into text. WordPiece tokens equal those of Google's tokenization.py for every text:
words are made in `text.normalize`, pieces in `text.wordpiece` and `text.fast_wordpiece`. SentencePiece is in
`text.sentencepiece`.

Once the ids of the pieces are known, all is index arithmetic on one flat array, without a loop over rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from bertfit.errors import ArgumentError, DataError, RowNumbers, Sentence, Value
from bertfit.settings import is_whole, require
from bertfit.system import interrupts
from bertfit.text import fast_wordpiece
from bertfit.text.normalize import words_with_sources
from bertfit.text.sentencepiece import SentencePieces
from bertfit.text.vocabulary import Vocabulary
from bertfit.text.wordpiece import Exact, positions

_FAST_FROM = 256  # texts; fewer are done before the fast path would have begun


@dataclasses.dataclass(frozen=True, eq=False)
class Encoding:
    """Token ids of n texts (or pairs), special tokens included, without padding.

    Args:
        ids: int32 [sum of lengths]; the ids of all rows, concatenated.
        segments: int32, like ids; 0 up to the first [SEP] and 1 after it.
        splits: int64 [n + 1]; row i is ids[splits[i]:splits[i + 1]].
        truncated: bool [n], of windows [texts]; whether tokens of the text were left out.
        owners: Of windows the text of each row, int64 [n], ascending; None if every row is a text (see `text.windows`).
    """

    ids: np.ndarray
    segments: np.ndarray
    splits: np.ndarray
    truncated: np.ndarray
    owners: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.splits) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Tokens per row, special ones included: int64 [n]."""
        return np.diff(self.splits)

    def pad(
        self, rows: np.ndarray | None = None, length: int | None = None, pad_id: int = 0
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Matrices of some or all rows, padded on the right.

        Args:
            rows: Row numbers from 0, in the order wanted; None for all.
            length: Columns, L; None for the longest of these rows.
            pad_id: Id of [PAD].

        Returns:
            input_ids, segment_ids and attention_mask (1 on tokens, 0 on padding): int32 [n, L].

        Raises:
            ArgumentError: A row is longer than `length`.
        """
        starts, lengths = self.splits[:-1], self.lengths
        if rows is not None:
            rows = np.asarray(rows, np.int64)
            starts, lengths = starts[rows], lengths[rows]
        longest = int(lengths.max(initial=0))
        if length is None:
            length = longest
        elif longest > length:
            raise ArgumentError("must be at least the longest row's.",
                                [f"A row has {longest} tokens."],
                                argument="length", received=length)
        # Row by row, position j of row i lies at starts[i] + j; positions at and beyond lengths[i] are
        # padding. A boolean assignment fills the real ones in the same order as they lie in `ids`.
        mask = np.arange(length) < lengths[:, None]  # [n, L]
        source = positions(starts, lengths) if rows is not None else slice(None)
        input_ids = np.full(mask.shape, pad_id, np.int32)
        segment_ids = np.zeros(mask.shape, np.int32)
        input_ids[mask] = self.ids[source]
        segment_ids[mask] = self.segments[source]
        return input_ids, segment_ids, mask.astype(np.int32)


    def truncated_to(self, max_len: int) -> Encoding:
        """The same rows in at most `max_len` tokens each, as `Tokenizer.encode` gives them for that length.

        Raises:
            ArgumentError: `max_len` is not a whole number of at least 3.
        """
        max_len = _check_max_len(max_len)
        if int(self.lengths.max(initial=0)) <= max_len:
            return self
        starts, lengths = self.splits[:-1], self.lengths
        of_pair = np.diff(np.concatenate([[0], np.cumsum(self.segments)])[self.splits])  # 0, or the pair and its [SEP]
        first, second = lengths - of_pair - 2, np.maximum(of_pair - 1, 0)
        keep_first, keep_second = truncated_pair_lengths(first, second, max_len - 2 - (of_pair > 0))
        # Place of every token in its row: [CLS], first text, [SEP], and where there is a pair its text and [SEP].
        place = np.arange(len(self.ids)) - np.repeat(starts, lengths)
        first, last = np.repeat(first, lengths), np.repeat(lengths - 1, lengths)
        in_first = place <= np.repeat(keep_first, lengths)
        in_second = (place > first + 1) & (place <= first + 1 + np.repeat(keep_second, lengths))
        kept = in_first | in_second | (place == first + 1) | (place == last)
        splits = np.concatenate([[0], np.cumsum(kept)])[self.splits]
        return Encoding(self.ids[kept], self.segments[kept], splits, self.truncated | (lengths > np.diff(splits)))


def truncated_pair_lengths(
    first: np.ndarray, second: np.ndarray, budget: int | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How many tokens of each text of a pair stay when both together may have `budget`.

    Google pops one token at a time, from the first text while it is the longer one and else from the
    second. So a text that fits into its half stays whole and the other gets the rest; when neither does,
    each gets half and the odd token goes to the first.

    Args:
        first, second: int [n]; tokens of each text.
        budget: Tokens that both may have together; a number, or int [n].
    """
    too_long = first + second > budget
    kept = np.minimum(first, np.maximum(budget - second, (budget + 1) // 2))
    return np.where(too_long, kept, first), np.where(too_long, budget - kept, second)


class Tokenizer:
    """Google's BERT tokenizer, or SentencePiece's, for many texts at once.

    Args:
        vocabulary: The tokens and the casing; its `type` chooses the tokenizer.

    Example:
        >>> vocabulary = Vocabulary.from_bytes(b"[PAD]\\n[UNK]\\n[CLS]\\n[SEP]\\na\\ngood\\nfilm\\n##s\\n")
        >>> tokenizer = Tokenizer(vocabulary)
        >>> encoding = tokenizer.encode(["Good films", "a"])
        >>> encoding.pad()[0].tolist()
        [[2, 5, 6, 7, 3], [2, 4, 3, 0, 0]]
        >>> tokenizer.decode(encoding.pad()[0])
        ['good films', 'a']
    """

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary
        self._sentence = SentencePieces(vocabulary) if vocabulary.type == "sentencepiece" else None
        self._exact = Exact(vocabulary)
        self._fast: fast_wordpiece.Fast | None = None  # made when first worth it: it starts TensorFlow

    def encode(
        self, texts: Sequence[str], pairs: Sequence[str] | None = None, *, max_len: int | None = None
    ) -> Encoding:
        """Ids of "[CLS] text [SEP]", or "[CLS] text [SEP] pair [SEP]".

        Args:
            texts: The texts, a list of strings. They are not checked: see `bertfit.rows`.
            pairs: The second text of every row.
            max_len: Most tokens of a row, special ones included; None for no limit. Pairs lose tokens
                from the longer text first.

        Raises:
            ArgumentError: `max_len` is below 3.
        """
        max_len = _check_max_len(max_len)
        specials = 2 if pairs is None else 3
        budget = None if max_len is None else max_len - specials
        # One token more than can stay tells whether anything was left out.
        first_ids, first = self._pieces(texts, None if budget is None else budget + 1)
        if pairs is None:
            second_ids, second = np.zeros(0, np.int32), np.zeros(len(texts), np.int64)
        else:
            second_ids, second = self._pieces(pairs, None if budget is None else budget + 1)
        full = first + second
        if budget is None:
            keep_first, keep_second = first, second
        elif pairs is None:
            keep_first, keep_second = np.minimum(first, budget), second
        else:
            keep_first, keep_second = truncated_pair_lengths(first, second, budget)
        lengths = keep_first + keep_second + specials
        splits = np.concatenate([[0], np.cumsum(lengths)])
        ids = np.full(int(splits[-1]), self.vocabulary.sep_id, np.int32)
        segments = np.zeros(len(ids), np.int32)
        starts = splits[:-1]
        ids[starts] = self.vocabulary.cls_id
        ids[positions(starts + 1, keep_first)] = first_ids[positions(np.cumsum(first) - first, keep_first)]
        if pairs is not None:
            behind = starts + keep_first + 2
            ids[positions(behind, keep_second)] = second_ids[positions(np.cumsum(second) - second, keep_second)]
            segments[positions(behind, keep_second + 1)] = 1
        kept = keep_first + keep_second
        return Encoding(ids, segments, splits, kept < full)

    def _pieces(self, texts: list[str], enough: int | None) -> tuple[np.ndarray, np.ndarray]:
        """Ids of all rows and how many each has; rows with more than `enough` of them may stay unfinished."""
        if self._sentence is not None:
            return self._sentence(texts, enough)
        if len(texts) < _FAST_FROM or not fast_wordpiece.available():
            return self._exact(texts, enough)
        if self._fast is None:
            self._fast = fast_wordpiece.Fast(self.vocabulary, self._exact)
        return self._fast(texts, enough)

    def tokens(
        self, texts: Sequence[str], pairs: Sequence[str] | None = None, max_len: int | None = None
    ) -> list[dict[str, list]]:
        """The tokens that `encode` gives the ids of, as strings, with their offsets in the text.

        Args:
            texts, pairs, max_len: As for `encode`.

        Returns:
            One dict per row, of four lists as long as the row: "token"; "start" and "end" (the token comes from
            text[start:end], of the pair in segment 1; -1 for special tokens); "segment". The range of [UNK] is the
            whole word (SentencePiece: the unknown characters). Tokens that come from the same character, such as a
            Hangul syllable, share its range. The "▁" that SentencePiece adds before a text has an empty range.

        Raises:
            ArgumentError, DataError: As for `encode`.
        """
        max_len = _check_max_len(max_len)
        first = [self._located(text) for text in texts]
        second = [self._located(text) for text in pairs] if pairs is not None else None
        a = np.array([len(row) for row in first], np.int64)
        if second is not None:
            b = np.array([len(row) for row in second], np.int64)
            if max_len is not None:
                a, b = truncated_pair_lengths(a, b, max_len - 3)
        elif max_len is not None:
            a = np.minimum(a, max_len - 2)
        cls, sep = ("[CLS]", -1, -1), ("[SEP]", -1, -1)
        rows = []
        for i, row in enumerate(first):
            head = [cls, *row[: a[i]], sep]
            tail = [*second[i][: b[i]], sep] if second is not None else []
            token, start, end = (list(column) for column in zip(*head, *tail, strict=True))
            rows.append({"token": token, "start": start, "end": end, "segment": [0] * len(head) + [1] * len(tail)})
        return rows

    def _located(self, text: str) -> list[tuple[str, int, int]]:
        """(token, start, end) of every piece of a text."""
        interrupts.check()
        if self._sentence is not None:
            return self._sentence.located(text)
        names, found = self.vocabulary.tokens, []
        for word, starts, ends in words_with_sources(text, self.vocabulary.lower_case):
            for id_, start, end in self._exact.cut(word):
                found.append((names[id_], min(starts[start:end]), max(ends[start:end])))
        return found

    def decode(self, ids_rows: Sequence[Sequence[int]], skip_special: bool = True) -> list[str]:
        """The text of every row of ids. WordPiece tokens are joined by spaces, and "##" pieces to the token before
        them; SentencePiece pieces are concatenated, and "▁" becomes a space.

        Args:
            ids_rows: A matrix or rows of different lengths.
            skip_special: Leave out [PAD], [CLS] and [SEP] (and SentencePiece's [BOS] and [EOS]). [UNK] and [MASK]
                are kept, since they stand for a word.

        Raises:
            DataError: An id is not in the vocabulary.
        """
        vocabulary, names = self.vocabulary, self.vocabulary.tokens
        skipped = set()
        if skip_special:
            skipped = {vocabulary.pad_id, vocabulary.cls_id, vocabulary.sep_id}
            if self._sentence is not None:
                skipped |= {vocabulary.ids[token] for token in ("[BOS]", "[EOS]") if token in vocabulary.ids}
        texts = []
        for number, row in enumerate(ids_rows):
            row = np.asarray(row).tolist()
            bad = [id_ for id_ in row if not (isinstance(id_, int) and 0 <= id_ < len(names))]
            if bad:
                raise DataError(f"Ids must be whole numbers from 0 to {len(names) - 1}.",
                                [Sentence("{} has {}.", RowNumbers([number]), Value(bad[0]))])
            if self._sentence is not None:
                texts.append(self._sentence.decode(row, skipped))
                continue
            text = " ".join(names[id_] for id_ in row if id_ not in skipped)
            texts.append(text.replace(" ##", ""))
        return texts


def _check_max_len(max_len: int | None) -> int | None:
    if max_len is None:
        return None
    require(is_whole(max_len, 3), "max_len", "a whole number of at least 3", max_len)
    return int(max_len)

"""Texts to the token ids that a BERT encoder reads, and back.

`Tokenizer.encode` adds [CLS] and [SEP], truncates, and returns rows without padding; `Encoding.pad` makes the
id, segment and mask matrices; `Tokenizer.tokens` gives token strings with their offsets in the text;
`Tokenizer.decode` turns ids into text. WordPiece tokens equal those of Google's tokenization.py for every text:
words are made in `text.normalize`, pieces in `text.wordpiece` and `text.fast_wordpiece`. SentencePiece is in
`text.sentencepiece`, byte-level BPE and unigram of a tokenizer.json in `text.library_tokenizer`. Special tokens are as
the vocabulary spells them: [CLS] and [SEP] stand below for "<s>" and "</s>" too.

Once the ids of the pieces are known, all is index arithmetic on one flat array, without a loop over rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from bertfit.errors import DataError, RowNumbers, Sentence, Value, VocabularyError
from bertfit.system import interrupts
from bertfit.text import fast_wordpiece
from bertfit.text.encoding import Encoding, PairForm, check_max_len, truncated_pair_lengths
from bertfit.text.library_tokenizer import LibraryPieces
from bertfit.text.normalize import words_with_sources
from bertfit.text.sentencepiece import SentencePieces
from bertfit.text.vocabulary import Vocabulary
from bertfit.text.wordpiece import Exact, positions

MASK = "[MASK]"  # how a user may spell the mask token of any vocabulary
_FAST_FROM = 256  # texts; fewer are done before the fast path would have begun


class Tokenizer:
    """Google's BERT tokenizer, SentencePiece's, or that of a tokenizer.json, for many texts at once.

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
        other = {"sentencepiece": SentencePieces, "tokenizers": LibraryPieces}.get(vocabulary.type)
        self._other: SentencePieces | LibraryPieces | None = None if other is None else other(vocabulary)
        self._exact = Exact(vocabulary)
        separators = vocabulary.special.pair_separators
        self.pair_form = PairForm(separators, odd_to_longer=separators > 1 or vocabulary.type == "tokenizers")
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
            ArgumentError: `max_len` is below 3, or has no room for the special tokens of a pair.
        """
        between = self.pair_form.separators
        max_len = check_max_len(max_len, 3 if pairs is None else 2 + between)
        specials = 2 if pairs is None else 2 + between
        budget = None if max_len is None else max_len - specials
        # One token more than can stay tells whether anything was left out, but not which text of a pair is longer.
        counted = budget is None or (pairs is not None and self.pair_form.odd_to_longer and budget % 2 == 1)
        enough = None if counted else budget + 1
        first_ids, first = self._pieces(texts, enough)
        if pairs is None:
            second_ids, second = np.zeros(0, np.int32), np.zeros(len(texts), np.int64)
        else:
            second_ids, second = self._pieces(pairs, enough)
        full = first + second
        if budget is None:
            keep_first, keep_second = first, second
        elif pairs is None:
            keep_first, keep_second = np.minimum(first, budget), second
        else:
            keep_first, keep_second = truncated_pair_lengths(first, second, budget, self.pair_form.odd_to_longer)
        lengths = keep_first + keep_second + specials
        splits = np.concatenate([[0], np.cumsum(lengths)])
        ids = np.full(int(splits[-1]), self.vocabulary.sep_id, np.int32)
        segments = np.zeros(len(ids), np.int32)
        starts = splits[:-1]
        ids[starts] = self.vocabulary.cls_id
        ids[positions(starts + 1, keep_first)] = first_ids[positions(np.cumsum(first) - first, keep_first)]
        if pairs is not None:
            behind = starts + keep_first + 1 + between
            ids[positions(behind, keep_second)] = second_ids[positions(np.cumsum(second) - second, keep_second)]
            segments[positions(behind, keep_second + 1)] = 1
        kept = keep_first + keep_second
        return Encoding(ids, segments, splits, kept < full, pair_form=self.pair_form)

    def encode_masked(self, texts: Sequence[str]) -> Encoding:
        """Ids of "[CLS] text [SEP]", in which every mask token of a text becomes one. It is not truncated.

        Args:
            texts: The texts, with the mask token as the vocabulary spells it, or "[MASK]".

        Raises:
            VocabularyError: The vocabulary has no mask token.
        """
        vocabulary = self.vocabulary
        if vocabulary.mask_id is None:
            raise VocabularyError("A vocabulary must have a mask token to have masks filled.",
                                  [f"{vocabulary.name} has none."])
        if isinstance(self._other, LibraryPieces):
            ids, counts = self._other.masked([text.replace(MASK, vocabulary.special.mask) for text in texts])
        else:
            parts = [re.split(f"{re.escape(vocabulary.special.mask)}|{re.escape(MASK)}", text) for text in texts]
            ids, counts = self._pieces([part for row in parts for part in row], None)
            number = np.array([len(row) for row in parts], np.int64)
            behind = np.ones(len(counts), bool)  # parts behind a mask: all but the first of each text
            behind[np.cumsum(number) - number] = False
            ids = np.insert(ids, (np.cumsum(counts) - counts)[behind], vocabulary.mask_id)
            total = np.concatenate([[0], np.cumsum(counts + behind)])
            counts = np.diff(total[np.concatenate([[0], np.cumsum(number)])])
        splits = np.concatenate([[0], np.cumsum(counts + 2)])
        flat = np.full(int(splits[-1]), vocabulary.sep_id, np.int32)
        flat[splits[:-1]] = vocabulary.cls_id
        flat[positions(splits[:-1] + 1, counts)] = ids
        return Encoding(flat, np.zeros_like(flat), splits, np.zeros(len(counts), bool), pair_form=self.pair_form)

    def has_mask(self, text: str) -> bool:
        """Whether a text has the mask token, as the vocabulary spells it or as "[MASK]"."""
        return MASK in text or (self.vocabulary.special.mask or MASK) in text

    def _pieces(self, texts: list[str], enough: int | None) -> tuple[np.ndarray, np.ndarray]:
        """Ids of all rows and how many each has; rows with more than `enough` of them may stay unfinished."""
        if self._other is not None:
            return self._other(texts, enough)
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
        max_len = check_max_len(max_len, 3 if pairs is None else 2 + self.pair_form.separators)
        first = [self._located(text) for text in texts]
        second = [self._located(text) for text in pairs] if pairs is not None else None
        a = np.array([len(row) for row in first], np.int64)
        if second is not None:
            b = np.array([len(row) for row in second], np.int64)
            if max_len is not None:
                a, b = truncated_pair_lengths(a, b, max_len - 2 - self.pair_form.separators,
                                              self.pair_form.odd_to_longer)
        elif max_len is not None:
            a = np.minimum(a, max_len - 2)
        special = self.vocabulary.special
        cls, sep = (special.cls, -1, -1), (special.sep, -1, -1)
        rows = []
        for i, row in enumerate(first):
            head = [cls, *row[: a[i]], *([sep] if second is None else [sep] * special.pair_separators)]
            tail = [*second[i][: b[i]], sep] if second is not None else []
            token, start, end = (list(column) for column in zip(*head, *tail, strict=True))
            rows.append({"token": token, "start": start, "end": end, "segment": [0] * len(head) + [1] * len(tail)})
        return rows

    def _located(self, text: str) -> list[tuple[str, int, int]]:
        """(token, start, end) of every piece of a text."""
        interrupts.check()
        if self._other is not None:
            return self._other.located(text)
        names, found = self.vocabulary.tokens, []
        for word, starts, ends in words_with_sources(text, self.vocabulary.lower_case):
            for id_, start, end in self._exact.cut(word):
                found.append((names[id_], min(starts[start:end]), max(ends[start:end])))
        return found

    def decode(self, ids_rows: Sequence[Sequence[int]], skip_special: bool = True) -> list[str]:
        """The text of every row of ids. WordPiece tokens are joined by spaces, and "##" pieces to the token before
        them; SentencePiece pieces are concatenated, and "▁" becomes a space; a tokenizer.json has its own decoder. An
        id that has a row in the token embedding and no token stands by its name, "[unused ID]".

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
            if isinstance(self._other, SentencePieces):
                skipped |= {vocabulary.ids[token] for token in ("[BOS]", "[EOS]") if token in vocabulary.ids}
        texts = []
        for number, row in enumerate(ids_rows):
            row = np.asarray(row).tolist()
            bad = [id_ for id_ in row if not (isinstance(id_, int) and 0 <= id_ < len(names))]
            if bad:
                raise DataError(f"Ids must be whole numbers from 0 to {len(names) - 1}.",
                                [Sentence("{} has {}.", RowNumbers([number]), Value(bad[0]))])
            if self._other is not None:
                texts.append(self._other.decode(row, skipped))
                continue
            text = " ".join(names[id_] for id_ in row if id_ not in skipped)
            texts.append(text.replace(" ##", ""))
        return texts

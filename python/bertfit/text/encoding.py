"""Token ids of many rows in one flat array: truncated, padded to matrices, all by index arithmetic without a loop."""

from __future__ import annotations

import dataclasses

import numpy as np

from bertfit.errors import ArgumentError
from bertfit.settings import is_whole, require
from bertfit.text.wordpiece import positions


@dataclasses.dataclass(frozen=True)
class PairForm:
    """How a vocabulary's pairs are put together and truncated.

    Args:
        separators: Separators between the two texts, see `SpecialTokens`.
        odd_to_longer: Where both texts of a pair are truncated and the room is odd, the token more goes to the longer
            text, or the second of two of the same length, as in the package tokenizers; else to the first, as Google's
            code has it.
    """

    separators: int = 1
    odd_to_longer: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Encoding:
    """Token ids of n texts (or pairs), special tokens included, without padding.

    Args:
        ids: int32 [sum of lengths]; the ids of all rows, concatenated.
        segments: int32, like ids; 0 up to the first [SEP] and 1 after it.
        splits: int64 [n + 1]; row i is ids[splits[i]:splits[i + 1]].
        truncated: bool [n], of windows [texts]; whether tokens of the text were left out.
        pair_form: How its pairs are put together.
        owners: Of windows the text of each row, int64 [n], ascending; None if every row is a text (see `text.windows`).
    """

    ids: np.ndarray
    segments: np.ndarray
    splits: np.ndarray
    truncated: np.ndarray
    pair_form: PairForm = PairForm()
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
            ArgumentError: `max_len` is not a whole number of at least 3, or has no room for a pair's special tokens.
        """
        max_len = check_max_len(max_len, 2 + self.pair_form.separators if self.segments.any() else 3)
        if int(self.lengths.max(initial=0)) <= max_len:
            return self
        starts, lengths = self.splits[:-1], self.lengths
        of_pair = np.diff(np.concatenate([[0], np.cumsum(self.segments)])[self.splits])  # 0, or the pair and its [SEP]
        between = np.where(of_pair > 0, self.pair_form.separators, 1)  # [SEP] after the first text
        first, second = lengths - of_pair - between - 1, np.maximum(of_pair - 1, 0)
        keep_first, keep_second = truncated_pair_lengths(first, second, max_len - 1 - between - (of_pair > 0),
                                                         self.pair_form.odd_to_longer)
        # Place of every token in its row: [CLS], first text, [SEP], and where there is a pair its text and [SEP].
        place = np.arange(len(self.ids)) - np.repeat(starts, lengths)
        first, last = np.repeat(first, lengths), np.repeat(lengths - 1, lengths)
        behind = first + np.repeat(between, lengths)  # the place of the last [SEP] before the second text
        in_first = place <= np.repeat(keep_first, lengths)
        in_second = (place > behind) & (place <= behind + np.repeat(keep_second, lengths))
        kept = in_first | in_second | ((place > first) & (place <= behind)) | (place == last)
        splits = np.concatenate([[0], np.cumsum(kept)])[self.splits]
        return Encoding(self.ids[kept], self.segments[kept], splits, self.truncated | (lengths > np.diff(splits)),
                        self.pair_form)


def truncated_pair_lengths(
    first: np.ndarray, second: np.ndarray, budget: int | np.ndarray, odd_to_longer: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """How many tokens of each text of a pair stay when both together may have `budget`.

    Google pops one token at a time, from the first text while it is the longer one and else from the
    second. So a text that fits into its half stays whole and the other gets the rest; when neither does,
    each gets half and the odd token goes to the first.

    Args:
        first, second: int [n]; tokens of each text.
        budget: Tokens that both may have together; a number, or int [n].
        odd_to_longer: See `PairForm`.
    """
    too_long = first + second > budget
    half = np.where(first > second, budget + 1, budget) // 2 if odd_to_longer else (budget + 1) // 2
    kept = np.minimum(first, np.maximum(budget - second, half))
    return np.where(too_long, kept, first), np.where(too_long, budget - kept, second)


def check_max_len(max_len: int | None, least: int = 3) -> int | None:
    """`max_len` as an int, or None.

    Raises:
        ArgumentError: It is not a whole number of at least `least`.
    """
    if max_len is None:
        return None
    require(is_whole(max_len, least), "max_len", f"a whole number of at least {least}", max_len)
    return int(max_len)

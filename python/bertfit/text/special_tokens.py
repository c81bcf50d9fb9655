"""The special tokens of a vocabulary: how each family spells them, and how many stand between the texts of a pair."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class SpecialTokens:
    """The tokens with a meaning of their own, as the vocabulary spells them.

    Args:
        pad: Fills rows up to the length of the longest.
        unk: Stands for what the vocabulary cannot spell.
        cls: Begins every row.
        sep: Ends every text.
        mask: Hides a token in pretraining; None if the vocabulary has none.
        pair_separators: Separators between the two texts of a pair: 1 ("[CLS] A [SEP] B [SEP]"), or 2 as in RoBERTa
            ("<s> A </s></s> B </s>").

    >>> SpecialTokens.bert().sep, SpecialTokens.roberta().sep
    ('[SEP]', '</s>')
    """

    pad: str
    unk: str
    cls: str
    sep: str
    mask: str | None = None
    pair_separators: int = 1

    @classmethod
    def bert(cls, mask: bool = True) -> SpecialTokens:
        """BERT's: "[CLS] A [SEP] B [SEP]"."""
        return cls("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" if mask else None)

    @classmethod
    def roberta(cls) -> SpecialTokens:
        """RoBERTa's: "<s> A </s></s> B </s>"."""
        return cls("<pad>", "<unk>", "<s>", "</s>", "<mask>", 2)

    @property
    def names(self) -> tuple[str, ...]:
        """The different tokens."""
        return tuple(dict.fromkeys(token for token in (self.pad, self.unk, self.cls, self.sep, self.mask) if token))

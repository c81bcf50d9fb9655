"""How texts are read that are longer than the input of a model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from bertfit.errors import ArgumentError, Sentence, Setting
from bertfit.settings import Settings, is_whole, require

LONG_TEXTS = ("truncate", "head_tail", "windows")
WINDOW_POOLINGS = ("mean", "max")


@dataclasses.dataclass(frozen=True)
class LongText(Settings):
    """What is read of a text that has more than `max_len` tokens.

    Args:
        long_text: "truncate": its first tokens. "head_tail": its first and last tokens, in the proportion of 128 to 382
            that Sun et al. (2019) use for 510. "windows": all, in windows of `max_len` tokens that overlap.
        stride: Tokens by which neighbouring windows overlap, as in the package transformers; None for a quarter of
            `max_len`.
        window_pooling: How the logits of a text's windows become one: their "mean", or their "max".

    Raises:
        ArgumentError: A value is out of range.

    Source: Sun et al. (2019), "How to Fine-Tune BERT for Text Classification?", <https://arxiv.org/abs/1905.05583>.
    """

    long_text: str = "truncate"
    stride: int | None = None
    window_pooling: str = "mean"

    def __post_init__(self):
        require(self.long_text in LONG_TEXTS, "long_text", f"one of {', '.join(LONG_TEXTS)}", self.long_text)
        require(self.stride is None or is_whole(self.stride, 0), "stride", "a whole number of at least 0", self.stride,
                or_none=True)
        require(self.window_pooling in WINDOW_POOLINGS, "window_pooling", f"one of {', '.join(WINDOW_POOLINGS)}",
                self.window_pooling)

    @classmethod
    def recorded(cls, settings: Mapping[str, Any]) -> LongText:
        """Those of the settings that a model keeps; of an earlier version, the defaults."""
        return cls(**{field.name: settings[field.name] for field in dataclasses.fields(cls) if field.name in settings})

    @property
    def truncates(self) -> bool:
        """Whether only the beginning of a text is read."""
        return self.long_text == "truncate"

    def changed(self, long_text: str | None = None, stride: int | None = None,
                window_pooling: str | None = None) -> LongText:
        """These settings with others in the place of those that are not None.

        Raises:
            ArgumentError: A value is out of range, or `stride` or `window_pooling` is given where there are no windows.

        >>> LongText("windows", stride=16).changed(window_pooling="max")
        LongText(long_text='windows', stride=16, window_pooling='max')
        """
        given = {"long_text": long_text, "stride": stride, "window_pooling": window_pooling}
        new = dataclasses.replace(self, **{name: value for name, value in given.items() if value is not None})
        for name in ("stride", "window_pooling"):
            if given[name] is not None and new.long_text != "windows":
                raise ArgumentError(Sentence("must be left out unless {}.", Setting("long_text", "windows")),
                                    argument=name, received=given[name])
        return new

    def overlap(self, max_len: int) -> int:
        """Tokens by which windows of `max_len` tokens overlap.

        Raises:
            ArgumentError: `stride` leaves no token of a window for new text.

        >>> LongText("windows").overlap(512), LongText("windows", stride=0).overlap(512)
        (128, 0)
        """
        if self.stride is None:
            return max_len // 4
        if self.stride > max_len - 3:
            raise ArgumentError(f"must be at most {max_len - 3}: a window of {max_len} tokens has {max_len - 2} of the "
                                "text, one of which must be new.", argument="stride", received=self.stride)
        return int(self.stride)

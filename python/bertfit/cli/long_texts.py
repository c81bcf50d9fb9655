"""The options of long texts, and the arguments that they are."""

from __future__ import annotations

from typing import Any

from bertfit.cli.parsers import Command
from bertfit.config import LONG_TEXTS, WINDOW_POOLINGS, TrainConfig


def add_long_texts(command: Command, fitting: bool) -> None:
    """Add the options to a command that fits, or to one that may read texts otherwise than the fit did."""
    default = "" if fitting else " (default: that of the fit)"
    command.add("--long_text", choices=LONG_TEXTS, default=TrainConfig.long_text if fitting else None,
                help=f"what is read of texts beyond max_len: the beginning, both ends, or all in windows{default}")
    command.add("--stride", type=int, metavar="N",
                help=f"tokens by which windows overlap{default or ' (default: a quarter of max_len)'}")
    command.add("--window_pooling", choices=WINDOW_POOLINGS, default=TrainConfig.window_pooling if fitting else None,
                help=f"how the logits of a text's windows become one{default}")


def read_as(o) -> dict[str, Any]:
    """The arguments of `inference.predict` and `evaluate` from the options; None where a command has none."""
    return {name: getattr(o, name, None) for name in ("long_text", "stride", "window_pooling")}

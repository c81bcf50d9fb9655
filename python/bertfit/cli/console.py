"""Output of the command line: progress bars on a terminal, reports as tables or JSON."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from bertfit.errors import Function, Setting, Variable, Words
from bertfit.plain import plain_copy

_UNITS = {"texts": " texts", "rows": " rows"}


class Bar:
    """A tqdm bar to pass as a `progress` argument. Use it in a `with` statement; without a terminal it shows nothing.

    Events: "texts" and "pieces" (`text.train_vocabulary`), "data" (`corpus.make_pretraining_data`), "download",
    "rows" (`inference`), and "read" (`cli.rows`).
    """

    def __init__(self, title: str, quiet: bool = False, stream=None):
        self.stream = stream or sys.stderr
        self.title, self.shown, self._bar = title, not quiet and self.stream.isatty(), None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, event: Mapping[str, Any]) -> None:
        if not self.shown:
            return
        bytewise = "done_bytes" in event
        if self._bar is None:
            from tqdm import tqdm

            total = event.get("total_bytes") if bytewise else event.get("total")
            self._bar = tqdm(desc=self.title, total=total, file=self.stream, leave=False, unit_scale=True,
                             unit="B" if bytewise else _UNITS.get(event["event"], " rows"))
        done = event.get("done_bytes" if bytewise else "done")
        if done is not None:
            self._bar.update(done - self._bar.n)
        notes = {name: f"{event[name]:,}" for name in ("instances", "rows") if name in event}
        if notes:
            self._bar.set_postfix(notes)
        if event["event"] == "pieces":
            self._bar.set_description("finding pieces")


#: The command that does what a function of bertfit does.
_COMMANDS = {"train_vocabulary": "vocab", "make_pretraining_data": "data", "pretrain": "pretrain", "fit": "train"}


class OptionWords(Words):
    """Words with options and commands in place of arguments and functions."""

    first_row = 1

    def __init__(self, names: Mapping[str, str]):
        self._names = names

    def argument(self, name: str) -> str:
        return f"`{self._names.get(name, name)}`"

    def value(self, value: Any) -> str:
        """A value as it is typed: text in quotation marks, several values with spaces; an option without one is left
        out, and a flag is given or left out."""
        if value is None or value is False:
            return "left out"
        if value is True:
            return "given"
        return " ".join(map(self.value, value)) if isinstance(value, (list, tuple)) else super().value(value)

    def setting(self, part: Setting) -> str:
        option = self._names.get(part.name, part.name)
        if part.value is True:
            return f"`{option}`"
        return f"`{option} {part.value}`" if option.startswith("-") else f"{option} = {part.value}"

    def variable(self, part: Variable) -> str:
        return f"`export {part.name}={part.value}`"

    def function(self, part: Function) -> str:
        command = _COMMANDS.get(part.name)
        if part.name == "download":
            words = [*map(str, part.values), *(self.setting(setting).strip("`") for setting in part.settings)]
            return f"`bertfit download {' '.join(words)}`"
        return f"{Words().function(part)} in Python" if command is None else f"`bertfit {command}`"


def note(text: str, quiet: bool = False) -> None:
    """Print a line to stderr, unless `quiet`."""
    if not quiet:
        print(text, file=sys.stderr)


def table(columns: Mapping[str, Sequence[Any]]) -> list[str]:
    """Lines of a table: the first column aligned left, the others right; fractions with four digits."""
    cells = [[name, *map(_cell, values)] for name, values in columns.items()]
    widths = [max(map(_width, column)) for column in cells]
    lines = []
    for row in zip(*cells, strict=True):
        padded = [" " * (width - _width(text)) for text, width in zip(row, widths, strict=True)]
        lines.append("  ".join([row[0] + padded[0], *(p + t for p, t in zip(padded[1:], row[1:], strict=True))]))
    return [line.rstrip() for line in lines]


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.4f}"
    return f"{value:,}"


def _width(text: str) -> int:
    """Width on a terminal, in columns: wide East Asian characters take two."""
    import unicodedata

    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """The dict of `scores.report` as lines of text."""
    threshold = "" if report["threshold"] is None else f", threshold {report['threshold']:g}"
    lines = [f"{report['task']}, {report['n']:,} rows{threshold}", ""]
    lines += table({"measure": list(report["overall"]), "value": list(report["overall"].values())})
    if report["per_class"] is not None:
        names = ["precision", "recall", "f1", "support"]
        merged = {"class": [*report["per_class"]["label"], *report["averages"]["average"]]}
        for name in names:
            merged[name] = [*report["per_class"][name], *report["averages"][name]]
        merged["support"] = [int(value) for value in merged["support"]]
        lines += ["", *table(merged)]
    if report["confusion"] is not None:
        counts = {"true \\ predicted": list(report["labels"])}
        counts.update({label: list(report["confusion"][:, j]) for j, label in enumerate(report["labels"])})
        lines += ["", *table(counts)]
    return lines + (["", *report["notes"]] if report["notes"] else [])


def as_json(report: Mapping[str, Any]) -> str:
    """The dict of `scores.report` as strict JSON; NaN and infinite values become null."""
    values = plain_copy(report, number=lambda x: x if isinstance(x, int) or math.isfinite(x) else None)
    return json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False) + "\n"

"""Callbacks of a training run: progress in a terminal, or passed to a function.

A run calls them with plain dicts. A callback cannot change the run; an exception that it raises ends the run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from bertfit.errors import Sentence, Words


class Callback:
    """Base class, whose hooks do nothing. Override the ones you need; `info` has the keys named there.

    >>> class Losses(Callback):
    ...     def on_epoch(self, info):
    ...         print(info["epoch"], info["loss"])
    >>> Losses().on_epoch({"epoch": 1, "loss": 0.5})
    1 0.5
    """

    def on_begin(self, info: dict[str, Any]) -> None:
        """Before the first step: epochs, steps (per epoch), step (steps done), rows, validation_rows, max_len (tokens),
        truncated (rows), precision, device, parameters, trainable.
        """

    def on_step(self, info: dict[str, Any]) -> None:
        """After an optimizer step: epoch, step and steps (of the epoch), loss, metric_name, metric, seconds_left."""

    def on_epoch(self, info: dict[str, Any]) -> None:
        """After an epoch: epoch, epochs, measures ("loss", "val_loss", ...), learning_rate, seconds, best."""

    def on_end(self, info: dict[str, Any]) -> None:
        """After the last epoch: best_epoch, interrupted."""


class Report(Callback):
    """Passes every event to one function; R's progress bar uses it.

    Args:
        function: Called from the training thread with `info` and the key "event": "begin", "step", "epoch" or "end".
        per_second: Most calls per second for steps.
    """

    def __init__(self, function: Callable[[dict[str, Any]], Any], per_second: float = 5.0):
        self.function, self.pause, self._next = function, 1.0 / per_second, 0.0

    def on_begin(self, info):
        self.function({"event": "begin", **info})

    def on_step(self, info):
        now = time.monotonic()
        if now >= self._next or info["step"] == info["steps"]:
            self._next = now + self.pause
            self.function({"event": "step", **info})

    def on_epoch(self, info):
        self.function({"event": "epoch", **info})

    def on_end(self, info):
        self.function({"event": "end", **info})


class Console(Callback):
    """Prints progress for Python users: a line per epoch and, in a terminal, a tqdm bar per epoch.

    Args:
        verbose: 2 for lines and bars, 1 for lines only.
        stream: File to print to; None for standard error.
        words: How arguments and values are written; None for Python's way.

    Attributes:
        opening: Lines to print before the first.
    """

    def __init__(self, verbose: int = 2, stream=None, words: Words | None = None):
        self.stream = stream or sys.stderr
        self.words = words or Words()
        self.opening: Sequence[str | Sentence] = ()
        self.bars = verbose >= 2 and self.stream.isatty()
        self._bar = None

    def on_begin(self, info):
        for line in self.opening:
            print(self.words.sentence(line), file=self.stream)
        rows = f"{info['rows']:,} rows, {info['validation_rows']:,} held out"
        print(f"{rows}; max_len {info['max_len']}; {info['precision']} on {info['device']}", file=self.stream)

    def on_step(self, info):
        if not self.bars:
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=info["steps"], desc=f"epoch {info['epoch']}", leave=False, file=self.stream)
        self._bar.update(info["step"] - self._bar.n)
        self._bar.set_postfix({"loss": f"{info['loss']:.4f}", info["metric_name"]: f"{info['metric']:.4f}"})

    def _close_bar(self):
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def on_epoch(self, info):
        self._close_bar()
        shown = {k: v for k, v in info.items() if isinstance(v, float) and k not in ("seconds", "learning_rate")}
        values = ", ".join(f"{name} {value:.4f}" for name, value in shown.items())
        best = " (best so far)" if info["best"] else ""
        print(f"epoch {info['epoch']}/{info['epochs']}: {values}, {info['seconds']:.1f} s{best}", file=self.stream)

    def on_end(self, info):
        self._close_bar()  # open after an interrupt within an epoch
        if info["interrupted"]:
            print("interrupted: the model is returned as it stands", file=self.stream)


def interruptible(function: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """Wrap an R function so that an interrupt in R raises KeyboardInterrupt in Python.

    The R function returns "interrupt" if it was interrupted while drawing the progress bar. An interrupt just before
    or after that goes through reticulate, which before 1.31 raises a RuntimeError ("Unknown exception occurred").
    """

    def listener(event: dict[str, Any]) -> Any:
        try:
            answer = function(event)
        except RuntimeError as error:
            if "Unknown exception occurred" in str(error):
                raise KeyboardInterrupt from error
            raise
        if isinstance(answer, str) and answer == "interrupt":
            raise KeyboardInterrupt
        return answer

    return listener

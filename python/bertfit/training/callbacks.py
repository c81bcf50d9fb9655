"""Callbacks of a training run: progress in a terminal, or passed to a function.

A run calls them with plain dicts, from the thread that trains. A callback can end the run by returning "stop"; an
exception that it raises ends the run, and reaches the caller.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from bertfit.errors import CallbackError, Sentence, Words

STOP = "stop"


class Callback:
    """Base class, whose hooks do nothing. Override the ones you need; `info` has the keys named there.

    A hook that returns "stop" ends the run after the current step, as early stopping would: with the weights of the
    best epoch if `restore_best`, else as they are. The model's ``record["stopped"]`` says so. An epoch that is cut
    short has no row in the history. Other values that a hook returns are ignored.

    >>> class Losses(Callback):
    ...     def on_epoch(self, info):
    ...         print(info["epoch"], info["loss"])
    >>> Losses().on_epoch({"epoch": 1, "loss": 0.5})
    1 0.5
    """

    def on_begin(self, info: dict[str, Any]) -> str | None:
        """Before the first step: epochs, steps (per epoch), step (steps done), rows, windows (of these rows, if they
        are read in windows), validation_rows, max_len (tokens), truncated (rows), precision, parts (in which a batch is
        computed, because of the memory it takes), bytes (of memory that each takes, estimated, beside the weights),
        device, parameters, trainable.
        """

    def on_step(self, info: dict[str, Any]) -> str | None:
        """After an optimizer step: epoch, step and steps (of the epoch), loss, metric_name, metric, and seconds_left
        (of the run), which is None as long as it cannot be estimated.
        """

    def on_epoch(self, info: dict[str, Any]) -> str | None:
        """After an epoch: epoch, epochs, measures ("loss", "val_loss", ...), learning_rate, seconds, best."""

    def on_end(self, info: dict[str, Any]) -> None:
        """After the last epoch: best_epoch, interrupted."""


class Report(Callback):
    """Passes every event to one function, and its answer to the run; R's progress bar and callbacks use it.

    Args:
        function: Called from the training thread with `info` and the key "event": "begin", "step", "epoch" or "end".
        per_second: Most calls per second for steps; `math.inf` for a call after every step.
    """

    def __init__(self, function: Callable[[dict[str, Any]], Any], per_second: float = 5.0):
        self.function, self.pause, self._next = function, 1.0 / per_second, 0.0

    def on_begin(self, info):
        return self.function({"event": "begin", **info})

    def on_step(self, info):
        now = time.monotonic()
        if now >= self._next or info["step"] == info["steps"]:
            self._next = now + self.pause
            return self.function({"event": "step", **info})
        return None

    def on_epoch(self, info):
        return self.function({"event": "epoch", **info})

    def on_end(self, info):
        return self.function({"event": "end", **info})


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
        windows = f" in {info['windows']:,} windows" if "windows" in info else ""
        rows = f"{info['rows']:,} rows{windows}, {info['validation_rows']:,} held out"
        print(f"{rows}; max_len {info['max_len']}; {info['precision']} on {info['device']}", file=self.stream)
        if info.get("bytes", 0) >= 2**30:
            each = f"each of the {info['parts']} parts of a batch" if info["parts"] > 1 else "a batch"
            print(f"{each} takes about {info['bytes'] / 2**30:.1f} GB of memory", file=self.stream)

    def on_step(self, info):
        if not self.bars:
            return
        if self._bar is None:
            from tqdm import tqdm

            # Without tqdm's own estimate, which takes the first step for a typical one.
            self._bar = tqdm(total=info["steps"], desc=f"epoch {info['epoch']}", leave=False, file=self.stream,
                             bar_format="{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]")
        self._bar.update(info["step"] - self._bar.n)
        seconds = info["seconds_left"]
        left = {} if seconds is None else {"left": self._bar.format_interval(seconds)}
        self._bar.set_postfix({"loss": f"{info['loss']:.4f}", info["metric_name"]: f"{info['metric']:.4f}", **left})

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


def is_stop(answer: Any) -> bool:
    """Whether what a hook returned asks to stop.

    >>> is_stop("stop"), is_stop(None), is_stop([1, 2])
    (True, False, False)
    """
    return isinstance(answer, str) and answer == STOP


def interruptible(function: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """Wrap an R function so that an interrupt in R raises KeyboardInterrupt in Python, and an error a CallbackError.

    The R function returns "error" if it failed: R has kept the error. It returns "interrupt" if it was interrupted
    while drawing the progress bar. An interrupt just before or after that goes through reticulate, which before 1.31
    raises a RuntimeError ("Unknown exception occurred").
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
        if isinstance(answer, str) and answer == "error":
            raise CallbackError("A callback must not fail.")
        return answer

    return listener

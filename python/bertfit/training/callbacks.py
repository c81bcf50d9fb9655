"""What a training run tells the outside: hooks that do nothing until somebody fills them in.

A callback sees plain dicts and cannot change the run; whatever it raises ends the run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any


class Callback:
    """Base: every hook does nothing."""

    def on_begin(self, info: dict[str, Any]) -> None:
        """Before the first step: epochs, steps, rows, validation_rows, max_len, truncated, precision, device."""

    def on_step(self, info: dict[str, Any]) -> None:
        """After a step: epoch, step, steps, loss, metric_name, metric, seconds_left."""

    def on_epoch(self, info: dict[str, Any]) -> None:
        """After an epoch: epoch, epochs, the history's row, seconds, best."""

    def on_end(self, info: dict[str, Any]) -> None:
        """After the last epoch: best_epoch, interrupted."""


class Report(Callback):
    """Hands every event to one function as a dict with the key "event", steps at most `per_second` times a second.

    This is what R's progress bar listens to. It is called from the thread that trains.
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
    """Progress in a terminal for Python users: a tqdm bar per epoch (`verbose` 2) and a line per epoch.

    Without a terminal (logs, notebooks run by a tool) the bar is left out.
    """

    def __init__(self, verbose: int = 2, stream=None):
        self.stream = stream or sys.stderr
        self.bars = verbose >= 2 and self.stream.isatty()
        self._bar = None

    def on_begin(self, info):
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
        self._close_bar()  # one is open where an interrupt came in the middle of an epoch
        if info["interrupted"]:
            print("interrupted: the model is returned as it stands", file=self.stream)


def interruptible(function: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """`function`, where an interrupt in R's part of it arrives as Python's own KeyboardInterrupt.

    R answers "interrupt" when it noticed one while it drew. One that R notices just outside of that unwinds
    through reticulate, which before 1.31 reports it as a RuntimeError without a name.
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

"""How long a run still takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable


class Pace:
    """Estimates the time that a run still takes from that of its steps and of the end of its last epoch.

    The first step with batches of a new shape is not typical: TensorFlow optimizes and compiles graphs in it. Once
    there are steps whose shapes were all seen before, only those count; until then, the fastest step.

    Args:
        clock: Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter):
        self.clock, self.now = clock, clock()
        self._seen: set[Hashable] = set()
        self._new, self._first = False, []  # whether this step has a new shape; seconds of such steps
        self._later, self._steps, self._end = 0.0, 0, 0.0

    def start(self) -> None:
        """A step begins."""
        self.now, self._new = self.clock(), False

    def batch(self, shape: Hashable) -> None:
        """The step has a batch of this shape."""
        self._new |= shape not in self._seen
        self._seen.add(shape)

    def step(self) -> None:
        """The step has ended, and the next begins."""
        seconds = self._passed()
        if self._new:
            self._first.append(seconds)
        else:
            self._later, self._steps = self._later + seconds, self._steps + 1
        self._new = False

    def end(self) -> None:
        """The end of an epoch (validation and saving) is over, and a step begins."""
        self._end = self._passed()

    def left(self, steps: int, epochs: int) -> float | None:
        """The seconds that so many steps and ends of epochs take; None while the only step is one of a new shape."""
        if not self._steps and len(self._first) < 2:
            return None
        step = self._later / self._steps if self._steps else min(self._first)
        return steps * step + epochs * self._end

    def _passed(self) -> float:
        before, self.now = self.now, self.clock()
        return self.now - before

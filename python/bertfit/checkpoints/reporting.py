"""How a download reports to the caller, and notices Ctrl-C while it does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from bertfit.system import interrupts

Progress = Callable[[dict[str, Any]], Any]


class Reporter:
    """Calls `progress` at most five times a second, and once at the end.

    Args:
        name: Name of the model.
        folder: Where it will be.
        progress: Called with ``{"event": "download", "name", "folder", "done_bytes", "total_bytes"}``; None for nobody.
    """

    def __init__(self, name: str, folder: str | os.PathLike, progress: Progress | None):
        self.name, self.folder, self.progress, self.next = name, os.fspath(folder), progress, 0.0

    def __call__(self, done: int, total: int | None, last: bool = False) -> None:
        interrupts.check()
        now = time.monotonic()
        if self.progress is None or (now < self.next and not last):
            return
        self.next = now + 0.2
        self.progress({"event": "download", "name": self.name, "folder": self.folder, "done_bytes": done,
                       "total_bytes": total})

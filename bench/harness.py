"""Timing of contenders side by side: warm-up, interleaved runs, medians, ratios.

A contender is a function that does its work once and returns its seconds. Runs are interleaved, so that
whatever else the machine does meets all of them; the median of each is what is compared.
"""

from __future__ import annotations

import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

ROOT = pathlib.Path(__file__).resolve().parents[1]
DATA = pathlib.Path(os.environ.get("BERTFIT_SHARED_DATA", ROOT.parent / "shared" / "data"))


def timed(function: Callable[[], object]) -> Callable[[], float]:
    """A contender that times a Python function."""

    def run() -> float:
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    return run


class Worker:
    """A process of its own, R or Python, that runs one of its contenders when told the name, and answers seconds.

    The script, in bench/workers, reads names from standard input, a line each, and writes one number per line
    (in Python: `serve`).
    """

    def __init__(self, script: str, *arguments: str):
        path = str(ROOT / "bench" / "workers" / script)
        program = "Rscript" if script.endswith(".R") else sys.executable
        self._process = subprocess.Popen(
            [program, path, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def contender(self, name: str) -> Callable[[], float]:
        """The contender of that name in the R script."""

        def run() -> float:
            self._process.stdin.write(f"{name}\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            if not answer:
                raise SystemExit(f"The process of contender {name!r} ended.")
            return float(answer)

        return run

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()


def serve(contenders: dict[str, Callable[[], float]]) -> None:
    """A Python worker's main loop: a name comes in, the contender's number goes out."""
    for line in sys.stdin:
        print(contenders[line.strip()](), flush=True)


def compare(contenders: dict[str, Callable[[], float]], repeats: int = 5) -> dict[str, float]:
    """Median seconds of each contender over `repeats` interleaved runs, after one run that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(repeats + 1):
        for name, run in contenders.items():
            elapsed = run()
            if turn:
                seconds[name].append(elapsed)
    return {name: statistics.median(times) for name, times in seconds.items()}


def machine() -> str:
    """Processor, cores and load, one line."""
    name = platform.processor() or platform.machine()
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        models = [line.split(":", 1)[1] for line in info.read_text().splitlines() if line.startswith("model name")]
        name = models[0].strip() if models else name
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{name}, {os.cpu_count()} cores{load}"

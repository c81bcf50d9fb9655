"""What the measurements share: contenders in processes of their own, interleaved runs, medians, rows of the table.

A contender does its work once and returns its seconds. Runs are interleaved, so that whatever else the machine
does meets all of them; the median of each is what is compared. A side of a benchmark is a function in the
benchmark's own file: it makes ready and returns the function to be timed; `Side` runs it in a fresh process.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
DATA = pathlib.Path(os.environ.get("BERTFIT_SHARED_DATA", ROOT.parent / "shared" / "data"))
SCRATCH = ROOT / ".cache" / "bench"

ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join([str(ROOT / "python"), str(ROOT / "bench")]), "TF_USE_LEGACY_KERAS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3", "TOKENIZERS_PARALLELISM": "true", "HF_HUB_OFFLINE": "1", "TF_KERAS": "1",
    "BERTFIT_CACHE": os.environ.get("BERTFIT_CACHE", str(ROOT / ".cache")),
    "RETICULATE_PYTHON": sys.executable,
    "R_LIBS": os.pathsep.join(filter(None, [str(ROOT / ".Rlib"), os.environ.get("R_LIBS")])),
}


@dataclasses.dataclass
class Row:
    """One line of the table.

    Args:
        work, peer: What is done, and against what.
        target: What is wanted of `measured`.
        measured: A ratio, unless `unit` says otherwise.
        at_most: Whether `target` is an upper limit.
        detail: Absolute figures, in words.

    A benchmark whose row falls short says what was tried, and what the profile shows, in its ``TRIED``, by `work`.
    """

    work: str
    peer: str
    target: float
    measured: float
    at_most: bool = False
    unit: str = "x"
    detail: str = ""

    @property
    def passed(self) -> bool:
        """Whether the target is met."""
        return self.measured <= self.target if self.at_most else self.measured >= self.target


class Process:
    """A process that runs its contender when it is told to; answers are lines of JSON."""

    def __init__(self, command: list[str]):
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                         env={**os.environ, **ENVIRONMENT}, cwd=ROOT)
        self.answer: Any = None
        self.peak = 0.0

    def run(self, what: str = "run") -> float:
        """Run it once: seconds. `answer` then holds what the contender returned, `peak` the process's MB so far."""
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith('{"seconds"'):
                answer = json.loads(line)
                self.answer, self.peak = answer.get("answer"), answer.get("peak", 0.0)
                return float(answer["seconds"])
        raise SystemExit(f"The process {' '.join(map(str, self._process.args))} ended.")

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Side(Process):
    """The contender that a function of a benchmark's file makes, in a Python process of its own."""

    def __init__(self, file: str, function: str, *arguments: Any):
        super().__init__([sys.executable, "-W", "ignore", __file__, file, function, json.dumps(arguments)])


class RSide(Process):
    """An R script in bench/workers, which answers names of its contenders (see workers/serve.R)."""

    def __init__(self, script: str, *arguments: str):
        super().__init__(["Rscript", str(ROOT / "bench" / "workers" / script), *arguments])


def serve(file: str, function: str, arguments: list[Any]) -> None:
    """A side's process: make ready, then run once per line read."""
    spec = importlib.util.spec_from_file_location("benchmark", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules["benchmark"] = module
    spec.loader.exec_module(module)
    contender = getattr(module, function)(*arguments)
    for _ in sys.stdin:
        start = time.perf_counter()
        answer = contender()
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "answer": answer, "peak": peak}), flush=True)


def timed(function: Callable[[], object]) -> Callable[[], float]:
    """A contender that times a Python function."""

    def run() -> float:
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    return run


def compare(contenders: dict[str, Callable[[], float]], repeats: int = 5) -> dict[str, float]:
    """Median seconds of each contender over `repeats` interleaved runs, after one run that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(repeats + 1):
        for name, run in contenders.items():
            elapsed = run()
            if turn:
                seconds[name].append(elapsed)
    return {name: statistics.median(times) for name, times in seconds.items()}


def data_file(name: str) -> pathlib.Path:
    """A file of the shared data, or the end of the program."""
    if not (DATA / name).is_file():
        raise SystemExit(f"{DATA / name} is not there.")
    return DATA / name


def show(rows: list[Row]) -> None:
    """Print rows as a person reads them."""
    print(machine())
    for row in rows:
        sign = "<=" if row.at_most else ">="
        verdict = "met" if row.passed else "MISSED"
        print(f"{row.work} | {row.peer}: {row.measured:.3g} {row.unit} (wanted {sign} {row.target:g}): {verdict}")
        print(f"    {row.detail}")


def main(measure: Callable[[int], list[Row]]) -> None:
    """What a benchmark's file does when it is run: measure, with repeats from the command line, and show."""
    show(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5))


def machine() -> str:
    """Processor, cores and load, one line."""
    name = platform.processor() or platform.machine()
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        models = [line.split(":", 1)[1] for line in info.read_text().splitlines() if line.startswith("model name")]
        name = models[0].strip() if models else name
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{name}, {os.cpu_count()} cores{load}"


def versions() -> str:
    """Versions of what is compared."""
    names = ("tensorflow", "keras-bert", "torch", "transformers", "onnxruntime", "numpy")
    found = {name: importlib.metadata.version(name) for name in names}
    return ", ".join(f"{name} {version}" for name, version in found.items())


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))

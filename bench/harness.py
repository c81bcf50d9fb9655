"""Shared by the benchmarks: timed processes, interleaved runs, medians, rows of the table.

A contender is a function that does its work once and returns the seconds it took. Runs of all contenders are
interleaved, so that other load on the machine affects all alike, and the medians are compared. A side of a benchmark is
a function in the benchmark's file that sets up its work and returns the function to be timed; `Side` runs it in a fresh
process.

In quick mode (the environment variable BERTFIT_BENCH_QUICK=1, which `bench/table.py --quick` sets) every measurement
runs once at a tiny size, to see that it runs: its figures mean nothing.
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
QUICK = os.environ.get("BERTFIT_BENCH_QUICK") == "1"
SCRATCH = ROOT / ".cache" / ("bench-quick" if QUICK else "bench")

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
        work, peer: What is measured, and what it is compared with.
        target: Limit for `measured`.
        measured: The measured ratio, or a value in `unit`.
        at_most: Whether `target` is an upper limit; otherwise it is a lower limit.
        unit: Unit of both; "x" for a ratio.
        detail: Absolute figures, in words.

    If a row misses its target, the benchmark's ``TRIED``, a dict by `work`, says what was tried and what profiles show.
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
    """A process that runs its contender once per line on stdin, and prints the results as a line of JSON."""

    def __init__(self, command: list[str]):
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                         env={**os.environ, **ENVIRONMENT}, cwd=ROOT)
        self.answer: Any = None
        self.peak = 0.0

    def run(self, what: str = "run") -> float:
        """Run it once; returns seconds. Sets `answer`, the contender's result, and `peak`, peak memory in MB so far."""
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
    """A Python process that runs the contender of a benchmark's function."""

    def __init__(self, file: str, function: str, *arguments: Any):
        super().__init__([sys.executable, "-W", "ignore", __file__, file, function, json.dumps(arguments)])


class RSide(Process):
    """An R process that runs a script of bench/workers, with one of its contenders (see workers/serve.R)."""

    def __init__(self, script: str, *arguments: str):
        super().__init__(["Rscript", str(ROOT / "bench" / "workers" / script), *arguments])


def serve(file: str, function: str, arguments: list[Any]) -> None:
    """The main function of a side's process: set up, then run the contender once per line read."""
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
    """Make a contender of a function: it returns the seconds of one call."""

    def run() -> float:
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    return run


def compare(contenders: dict[str, Callable[[], float]], repeats: int = 5) -> dict[str, float]:
    """Median seconds of each contender over `repeats` interleaved runs, after one warm-up run."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(repeats + 1):
        for name, run in contenders.items():
            elapsed = run()
            if turn:
                seconds[name].append(elapsed)
    return {name: statistics.median(times) for name, times in seconds.items()}


def data_file(name: str) -> pathlib.Path:
    """Path of a file of the shared data; exits if it does not exist."""
    if not (DATA / name).is_file():
        raise SystemExit(f"{DATA / name} is not there.")
    return DATA / name


def show(rows: list[Row]) -> None:
    """Print rows of the table."""
    print(machine())
    for row in rows:
        sign = "<=" if row.at_most else ">="
        verdict = "met" if row.passed else "MISSED"
        print(f"{row.work} | {row.peer}: {row.measured:.3g} {row.unit} (wanted {sign} {row.target:g}): {verdict}")
        print(f"    {row.detail}")


def sized(full: Any, quick: Any) -> Any:
    """A size of a measurement: `full`, or `quick` in quick mode."""
    return quick if QUICK else full


def main(measure: Callable[[int], list[Row]]) -> None:
    """Main function of a benchmark's file: measure, with repeats from the command line, and print."""
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
    """Versions of the packages that are compared."""
    names = ("tensorflow", "keras-bert", "torch", "transformers", "onnxruntime", "numpy")
    found = {name: importlib.metadata.version(name) for name in names}
    return ", ".join(f"{name} {version}" for name, version in found.items())


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))

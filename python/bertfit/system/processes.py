"""Apply a function to tasks in worker processes; the results come in the order of the tasks.

`multiprocessing` is not used: processes that it spawns run the caller's script again (which must then be guarded by
``if __name__ == "__main__"``), and processes that it forks inherit TensorFlow's threads in a broken state. The workers
here are new Python processes that import one function and read pickled tasks from a pipe. They see no GPU.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import importlib
import os
import pathlib
import pickle
import queue
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bertfit import errors


def cores() -> int:
    """Number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ordered_map(make: str, setting: Any, tasks: Iterable[Any], workers: int) -> Iterator[Any]:
    """Yield ``make(setting)(task)`` for every task, in order.

    At most two tasks per worker are running, or finished and not yet consumed, so memory is bounded however many
    tasks there are. With one worker everything runs in this process.

    Args:
        make: "module:function" relative to the package bertfit; called once in every process with `setting`.
        setting: Argument of `make`; must be picklable.
        tasks: Picklable arguments of the function; consumed one at a time.
        workers: Number of processes.

    Raises:
        BertfitError, OSError: The function raised it.
        RuntimeError: The function raised another exception, or a worker process died.
    """
    if workers == 1:
        function = _function(make)(setting)
        for task in tasks:
            yield function(task)
        return
    idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
    started: list[_Worker] = []
    pool = concurrent.futures.ThreadPoolExecutor(workers)  # each thread waits for one worker

    def run(task):
        worker = idle.get()
        try:
            return worker(task)
        finally:
            idle.put(worker)

    waiting: collections.deque[concurrent.futures.Future] = collections.deque()
    try:
        for task in tasks:
            if len(started) < workers and len(waiting) >= len(started):
                started.append(_Worker(make, setting))
                idle.put(started[-1])
            waiting.append(pool.submit(run, task))
            if len(waiting) >= 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for worker in started:
            worker.end()
        pool.shutdown(wait=True, cancel_futures=True)


# `python -c` looks for modules in the current folder first (-P, which forbids it, came with Python 3.11).
_SERVE = "import sys; sys.path[:] = filter(None, sys.path); from bertfit.system.processes import serve; serve()"


class _Worker:
    """A worker process; calling it with a task waits for the result."""

    def __init__(self, make: str, setting: Any):
        package = str(pathlib.Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [python(), "-c", _SERVE], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": "-1",
                                          "TOKENIZERS_PARALLELISM": "false"})  # there is a worker for every core
        self._send((make, setting))

    def _send(self, message: Any) -> None:
        with contextlib.suppress(BrokenPipeError):  # the process died, which `__call__` finds when it reads
            pickle.dump(message, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()

    def __call__(self, task: Any) -> Any:
        self._send(task)
        try:
            kind, answer = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError) as error:
            code = self._process.wait()
            hint = " (killed: perhaps memory ran out; use fewer workers)" if code == -9 else ""
            raise RuntimeError(f"A worker process ended with exit status {code}{hint}.") from error
        if kind == "done":
            return answer
        raise answer if kind == "error" else RuntimeError(f"A worker process failed.\n{answer}")

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()


def python() -> str:
    """Path of the Python interpreter, also where Python is embedded in R."""
    inside = pathlib.Path(sys.exec_prefix, "Scripts/python.exe" if os.name == "nt" else "bin/python")
    for path in (sys.executable, str(inside), str(pathlib.Path(sys.exec_prefix, "python.exe"))):
        if path and os.path.basename(path).lower().startswith("python") and os.path.exists(path):
            return path
    raise errors.SetupError("The Python interpreter must be found for work on several cores.",
                            [f"There is none at {inside}.", "Use `workers = 1`."])


def _function(make: str) -> Callable:
    module, name = make.split(":")
    return getattr(importlib.import_module(f"bertfit.{module}"), name)


def serve() -> None:
    """What a worker process runs: read the setting, then tasks, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and ends its workers
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # printed text goes to stderr, since the pipe of stdout carries the answers
    make, setting = pickle.load(sys.stdin.buffer)
    function = None
    while True:
        try:
            task = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            function = function or _function(make)(setting)
            answer = ("done", function(task))
        except (errors.BertfitError, OSError) as error:
            answer = ("error", error) if _can_cross(error) else ("other", traceback.format_exc())
        except Exception:
            answer = ("other", traceback.format_exc())
        pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


def _can_cross(error: Exception) -> bool:
    try:
        return isinstance(pickle.loads(pickle.dumps(error)), type(error))
    except Exception:
        return False

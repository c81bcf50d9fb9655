"""Workers: results in order, errors as they were raised, nothing from the current folder."""

import sys

import pytest

from bertfit import errors
from bertfit.errors import Arg, ArgumentError
from bertfit.system import processes
from bertfit.system.processes import ordered_map

FOLDER = """
def make(setting):
    def work(task):
        if task == "bertfit":
            raise ArgumentError(Sentence("must not be above {}.", Arg("b")), ["Row 3."], argument="a", received=None)
        if task == "unpicklable":
            raise ArgumentError("must be a number.", argument="a", received=lambda: 1)
        if task == "os":
            raise FileNotFoundError(2, "No such file or directory", "x")
        if task == "value":
            raise ValueError("something else")
        if task == "path":
            return sys.path
        return setting + task
    return work
"""


@pytest.fixture
def make(tmp_path, monkeypatch):
    """The name of a function that workers find in a package of the test's own."""
    code = "import sys\nfrom bertfit.errors import Arg, ArgumentError, Sentence\n" + FOLDER
    (tmp_path / "toy_work.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(processes, "_SERVE", processes._SERVE.replace(
        "serve()", "import bertfit, toy_work; sys.modules['bertfit.toy_work'] = toy_work; serve()"))
    return "toy_work:make"


def test_results_come_in_the_order_of_the_tasks(make):
    assert list(ordered_map(make, 10, range(20), 3)) == list(range(10, 30))


def test_errors_come_as_they_were_raised(make):
    with pytest.raises(ArgumentError) as caught:
        list(ordered_map(make, 0, ["bertfit"], 2))
    error = caught.value
    assert (error.argument, error.received, error.details) == ("a", None, ("Row 3.",))
    assert str(error) == "`a` must not be above `b`.\n- You gave None.\n- Row 3."
    assert error.rule.parts[1] == Arg("b")
    with pytest.raises(FileNotFoundError) as caught:
        list(ordered_map(make, 0, ["os"], 2))
    assert caught.value.filename == "x" and caught.value.errno == 2
    with pytest.raises(RuntimeError, match=r"(?s)A worker process failed.*ValueError: something else"):
        list(ordered_map(make, 0, ["value"], 2))
    with pytest.raises(RuntimeError, match=r"(?s)A worker process failed.*`a` must be a number"):
        list(ordered_map(make, 0, ["unpicklable"], 2))


def test_the_current_folder_is_not_looked_into(make, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    for name in ("bertfit", "pickle", "subprocess", "numpy"):
        (here / f"{name}.py").write_text("raise RuntimeError('the wrong module')")
    monkeypatch.chdir(here)
    (path,) = ordered_map(make, 0, ["path"], 2)
    assert "" not in path and str(here) not in path
    assert path[0] == str(processes.pathlib.Path(errors.__file__).parents[1])  # the folder that bertfit is in


def test_a_killed_worker_is_an_error(make):
    worker = processes._Worker(make, 0)
    try:
        worker._process.kill()
        with pytest.raises(RuntimeError, match="exit status -9"):
            worker(1)
    finally:
        worker.end()
    assert sys.executable == processes.python()

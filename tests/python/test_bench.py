"""The benchmarks' files: what they import is there, and two sides that need one model at the same time make one."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
PEERS = {"torch", "transformers", "onnxruntime", "onnx", "accelerate"}  # installed by `make bench-setup`


def _defined(path: Path) -> set[str]:
    """Names that a file of the folder gives at its top level."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            names |= {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
    return names


@pytest.mark.parametrize("file", sorted(path.name for path in BENCH.glob("*.py")))
def test_every_import_finds_its_name(file):
    for node in ast.walk(ast.parse((BENCH / file).read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom) or node.module.partition(".")[0] in PEERS | {"__future__"}:
            continue
        names = {alias.name for alias in node.names}
        if (BENCH / f"{node.module}.py").exists():
            assert names <= _defined(BENCH / f"{node.module}.py")
            continue
        module = importlib.import_module(node.module)
        for name in names:
            if not hasattr(module, name):
                importlib.import_module(f"{node.module}.{name}")


@pytest.mark.real
@pytest.mark.parametrize(("file", "arguments"), [("train_step.py", '["float32"]'), ("pretrain_step.py", "[]")])
def test_our_side_of_a_step_runs(minilm_dir, file, arguments):
    env = {**os.environ, "BERTFIT_BENCH_QUICK": "1",
           "PYTHONPATH": os.pathsep.join([str(BENCH), str(BENCH.parent / "python")])}
    run = subprocess.run([sys.executable, "-W", "ignore", BENCH / "harness.py", BENCH / file, "bertfit", arguments],
                         input="run\n", env=env, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith('{"seconds"')


MAKER = """
import pathlib, time
import models
models.SCRATCH = pathlib.Path({folder!r})
models.__file__ = __file__

def make_slowly(folder):
    def make():
        with open({log!r}, "a") as log:
            log.write("made\\n")
        time.sleep(0.5)
        from bertfit.system import replacement
        with replacement(folder) as draft:
            (draft / "huggingface").mkdir()
            (draft / "huggingface" / "weights").write_text("whole")
    return make

if __name__ == "__main__":
    print((models._made("toy", "make_slowly") / "huggingface" / "weights").read_text())
"""


def test_a_model_that_several_sides_ask_for_at_once_is_made_once(tmp_path):
    script = tmp_path / "sides.py"
    script.write_text(MAKER.format(folder=str(tmp_path / "made"), log=str(tmp_path / "log")), "utf-8")
    path = os.pathsep.join([str(BENCH), str(BENCH.parent / "python")])
    sides = [subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": path}) for _ in range(3)]
    for side in sides:
        out, err = side.communicate(timeout=120)
        assert (out, side.returncode) == ("whole\n", 0), err
    assert (tmp_path / "log").read_text("utf-8") == "made\n"

"""The import rule: modules import downward only, by the table in CONTRIBUTING.md."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "bertfit"
STARTS_TENSORFLOW = ("tensorflow", "tensorflow_text", "keras", "tf_keras", "keras_bert")
INDEPENDENT = {"train", "predict", "embed", "evaluate"}


def read_table(text: str) -> dict[str, int]:
    """Module name -> layer number, from the rows "| L3 | `a`, `b` | ..."."""
    rows = re.findall(r"^\| L(\d) \| ([^|]+) \|", text, flags=re.MULTILINE)
    return {name: int(level) for level, names in rows for name in re.findall(r"`(\w+)`", names)}


def imports(source: str) -> list[tuple[str, bool]]:
    """Every import, dotted ("bertfit.errors", "tensorflow"), and whether it runs when the module is imported."""
    found = []

    def visit(node: ast.AST, at_top: bool) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return  # names for annotations; never run
        if isinstance(node, ast.Import):
            found.extend((alias.name, at_top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "bertfit" if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            inner = module == "bertfit"
            found.extend((f"bertfit.{a.name}" if inner else module, at_top) for a in node.names)
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, at_top and not is_function)

    visit(ast.parse(source), True)
    return found


def violations(sources: dict[str, str], layer: dict[str, int]) -> list[str]:
    """What breaks the rule, in words; `sources` maps module names to code."""
    wrong = [f"{name} is not in the table of layers" for name in sources if name not in layer]
    graph: dict[str, set[str]] = {}
    for name in sources.keys() & layer.keys():
        for target, at_top in imports(sources[name]):
            package, _, module = target.partition(".")
            module = module.split(".")[0]
            if package == "bertfit" and module in layer:
                graph.setdefault(name, set()).add(module)
                if layer[module] > layer[name]:
                    wrong.append(f"{name} (L{layer[name]}) imports {module} (L{layer[module]})")
                if {name, module} <= INDEPENDENT:
                    wrong.append(f"{name} imports {module}, its equal")
            if package == "keras_bert" and layer[name] != 3:
                wrong.append(f"{name} (L{layer[name]}) imports keras_bert")
            if package in STARTS_TENSORFLOW and at_top:
                wrong.append(f"{name} imports {target} when it is imported")
            if package in STARTS_TENSORFLOW and layer[name] == 1:
                wrong.append(f"{name} (L1) imports {target}")
        if layer[name] == 1 and re.search(r"_env\.(tensorflow|keras)\(", sources[name]):
            wrong.append(f"{name} (L1) starts TensorFlow")
        if layer[name] == 2 and re.search(r"_env\.keras\(", sources[name]):
            wrong.append(f"{name} (L2) starts Keras")
    try:
        tuple(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        wrong.append("imports go in a circle: " + " -> ".join(error.args[1]))
    return wrong


def test_the_package_keeps_its_layers():
    layer = read_table((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    sources = {path.stem: path.read_text("utf-8") for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
    assert violations(sources, layer) == []
    assert layer.keys() - sources.keys() == set(), "the table names modules that do not exist"


TOY = {"low": 1, "tokens": 2, "graph": 3, "train": 6, "predict": 6}


@pytest.mark.parametrize(
    ("module", "code", "message"),
    [
        ("low", "from bertfit import graph", "low (L1) imports graph (L3)"),
        ("low", "from bertfit.graph import x", "low (L1) imports graph (L3)"),
        ("low", "import bertfit.graph", "low (L1) imports graph (L3)"),
        ("low", "from . import graph", "low (L1) imports graph (L3)"),
        ("low", "from .graph import x", "low (L1) imports graph (L3)"),
        ("low", "def f():\n    from bertfit import graph", "low (L1) imports graph (L3)"),
        ("train", "from bertfit import predict", "train imports predict, its equal"),
        ("train", "def f():\n    import keras_bert", "train (L6) imports keras_bert"),
        ("graph", "import tensorflow as tf", "graph imports tensorflow when it is imported"),
        ("graph", "if True:\n    from tensorflow.io import gfile", "graph imports tensorflow.io when it is imported"),
        ("low", "def f():\n    import tensorflow", "low (L1) imports tensorflow"),
        ("low", "def f():\n    return _env.tensorflow()", "low (L1) starts TensorFlow"),
        ("tokens", "def f():\n    return _env.keras()", "tokens (L2) starts Keras"),
        ("new", "", "new is not in the table of layers"),
    ],
)
def test_a_breach_is_seen(module, code, message):
    assert violations({module: code}, TOY) == [message]


def test_what_is_allowed_passes():
    sources = {
        "train": "from bertfit import graph, low\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import tensorflow",
        "graph": "def f():\n    import keras_bert, tensorflow",
    }
    assert violations(sources, TOY) == []


def test_a_circle_within_a_layer_is_seen():
    layer = {"a": 1, "b": 1}
    (found,) = violations({"a": "from bertfit import b", "b": "def f():\n    import bertfit.a"}, layer)
    assert found.startswith("imports go in a circle")


def test_importing_bertfit_starts_nothing():
    code = "import sys, bertfit, bertfit.errors; print([m for m in sys.argv[1:] if m in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code, *STARTS_TENSORFLOW, "numpy", "pandas"],
        env={"PYTHONPATH": str(ROOT / "python")}, capture_output=True, text=True, check=True,
    )
    assert run.stdout.strip() == "[]"

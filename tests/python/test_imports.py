"""The house: packages import downward only and through their fronts, by the table in CONTRIBUTING.md."""

from __future__ import annotations

import ast
import graphlib
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bertfit

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "bertfit"
STARTS_TENSORFLOW = ("tensorflow", "tensorflow_text", "keras", "tf_keras", "keras_bert")
#: Packages in which nothing computes with TensorFlow, and the only one that knows keras-bert.
WITHOUT_TENSORFLOW, KERAS_BERT = {"root", "system", "config", "rows", "scores"}, "network"
LONGEST_FILE = 300


def read_table(text: str) -> list[str]:
    """The packages in order, lowest first, from the rows "| `system` | ...". "root" are bertfit's own modules."""
    table = text[text.index("| package |") :].split("\n\n")[0]
    return re.findall(r"^\| `(\w+)`", table, flags=re.MULTILINE)


def read_sources() -> dict[str, str]:
    """Module ("text.vocabulary", "errors", "text" for a package's front) -> its code."""
    paths = {path: path.relative_to(PACKAGE).with_suffix("").parts for path in PACKAGE.rglob("*.py")}
    return {".".join(parts).removesuffix(".__init__"): path.read_text("utf-8")
            for path, parts in paths.items() if parts not in (("__init__",), ("__main__",))}


def imports(source: str) -> list[tuple[str, str | None, bool]]:
    """Every import: where from ("bertfit.text", "tensorflow"), what (None for a module), and whether it runs when the
    module is imported."""
    found = []

    def visit(node: ast.AST, at_top: bool) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return  # names for annotations; never run
        if isinstance(node, ast.Import):
            found.extend((alias.name, None, at_top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level  # relative imports are refused below
            found.extend((f"{base}{node.module or ''}", alias.name, at_top) for alias in node.names)
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, at_top and not is_function)

    visit(ast.parse(source), True)
    return found


def violations(sources: dict[str, str], order: list[str], exported: dict[str, set[str]]) -> list[str]:
    """What breaks the rule, in words.

    Args:
        sources: Module -> code.
        order: Packages, lowest first.
        exported: Package -> the names that its front gives to others.
    """
    wrong, graph = [], {}
    packages = {name.split(".")[0] for name in sources if "." in name}
    wrong += [f"{package} is not in the table of packages" for package in sorted(packages - set(order))]
    for name, source in sources.items():
        own = name.split(".")[0] if name in packages or "." in name else "root"
        if own not in order:
            continue
        for module, what, at_top in imports(source):
            top, *rest = module.split(".")
            if module.startswith("."):
                wrong.append(f"{name} imports {module}, which is relative")
            elif top == "bertfit":
                package = rest[0] if rest and rest[0] in packages else "root"
                target = ".".join(rest)
                if target in ("", package) and f"{target}.{what}".strip(".") in sources:
                    target = f"{target}.{what}".strip(".")  # from bertfit.text import vocabulary: a module
                graph.setdefault(name, set()).add(target)
                if package in order and order.index(package) > order.index(own):
                    wrong.append(f"{name} imports {package}, which is above {own}")
                elif package not in ("root", own):
                    if len(rest) > 1:
                        wrong.append(f"{name} imports {target} past the front of {package}")
                    elif what not in exported.get(package, set()):
                        wrong.append(f"{name} imports {what}, which {package} does not export")
            elif top in STARTS_TENSORFLOW:
                if top == "keras_bert" and own != KERAS_BERT:
                    wrong.append(f"{name} imports keras_bert")
                if at_top:
                    wrong.append(f"{name} imports {module} when it is imported")
                if own in WITHOUT_TENSORFLOW and name != "_env":
                    wrong.append(f"{name} imports {module}")
        if own in WITHOUT_TENSORFLOW and name != "_env" and re.search(r"_env\.(tensorflow|keras)\(", source):
            wrong.append(f"{name} starts TensorFlow")
    try:
        tuple(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        wrong.append("imports go in a circle: " + " -> ".join(error.args[1]))
    return wrong


def test_the_packages_keep_their_order():
    order = read_table((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    sources = read_sources()
    exported = {package: set(importlib.import_module(f"bertfit.{package}").__all__) for package in order[1:]}
    assert violations(sources, order, exported) == []
    assert sorted(order[1:]) == sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def test_what_a_front_exports_is_there_and_is_no_module_by_accident():
    for package in pkgutil.iter_modules(bertfit.__path__, "bertfit."):
        if not package.ispkg:
            continue
        front = importlib.import_module(package.name)
        modules = {module.name for module in pkgutil.iter_modules(front.__path__)}
        for name in front.__all__:
            value = getattr(front, name)
            if name in modules:  # importing a module sets its name: a function of that name would be pushed aside
                assert value is importlib.import_module(f"{package.name}.{name}")


def test_fronts_say_what_goes_in_and_out():
    for front in PACKAGE.glob("*/__init__.py"):
        first, _, rest = (ast.get_docstring(ast.parse(front.read_text("utf-8"))) or "").partition("\n")
        assert first and re.search(r"^In: .+ Out: ", rest, flags=re.MULTILINE), front


def test_files_are_short():
    assert [name for name, source in read_sources().items() if source.count("\n") > LONGEST_FILE] == []


TOY = ["root", "low", "network", "scores", "high"]
NAMES = {"low": {"x"}, "network": {"graph", "x"}, "scores": {"x"}, "high": {"x"}}
MODULES = {"low": "", "low.a": "", "low.b": "", "network": "", "network.graph": "", "scores": "", "scores.s": "",
           "high": "", "high.a": "", "errors": ""}


@pytest.mark.parametrize(
    ("module", "code", "message"),
    [
        ("low.a", "from bertfit.network import x", "low.a imports network, which is above low"),
        ("low.a", "import bertfit.network.graph", "low.a imports network, which is above low"),
        ("low.a", "def f():\n    from bertfit.network import x", "low.a imports network, which is above low"),
        ("low.a", "from .b import x", "low.a imports .b, which is relative"),
        ("errors", "from bertfit.low import x", "errors imports low, which is above root"),
        ("high.a", "from bertfit.low.a import x", "high.a imports low.a past the front of low"),
        ("high.a", "from bertfit.low import hidden", "high.a imports hidden, which low does not export"),
        ("high.a", "from bertfit.low import a", "high.a imports a, which low does not export"),
        ("high.a", "def f():\n    import keras_bert", "high.a imports keras_bert"),
        ("network.graph", "import tensorflow as tf", "network.graph imports tensorflow when it is imported"),
        ("network.graph", "if True:\n    from tensorflow.io import gfile",
         "network.graph imports tensorflow.io when it is imported"),
        ("scores.s", "def f():\n    import tensorflow", "scores.s imports tensorflow"),
        ("scores.s", "def f():\n    return _env.tensorflow()", "scores.s starts TensorFlow"),
        ("new.a", "", "new is not in the table of packages"),
    ],
)
def test_a_breach_is_seen(module, code, message):
    assert violations({**MODULES, module: code}, TOY, NAMES) == [message]


def test_what_is_allowed_passes():
    sources = {
        **MODULES,
        "high.a": "from bertfit.low import x\nfrom bertfit.network import graph\nfrom bertfit import errors\n"
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import tensorflow",
        "low.a": "from bertfit.low import b\nfrom bertfit.errors import x",
        "network.graph": "def f():\n    import keras_bert, tensorflow",
    }
    assert violations(sources, TOY, NAMES) == []


def test_a_circle_within_a_package_is_seen():
    sources = {**MODULES, "low.a": "from bertfit.low import b", "low.b": "def f():\n    import bertfit.low.a"}
    (found,) = violations(sources, TOY, NAMES)
    assert found.startswith("imports go in a circle")


def test_importing_bertfit_starts_nothing():
    code = "import sys, bertfit, bertfit.errors; print([m for m in sys.argv[1:] if m in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code, *STARTS_TENSORFLOW, "numpy", "pandas"],
        env={"PYTHONPATH": str(ROOT / "python")}, capture_output=True, text=True, check=True,
    )
    assert run.stdout.strip() == "[]"

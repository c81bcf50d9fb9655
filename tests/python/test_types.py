"""Types of the public names: stubs say where lazy exports come from, and type checkers find the mistakes they should.

`python tests/python/test_types.py` writes the stubs anew after a change of a package's exports.
"""

import ast
import dataclasses
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bertfit.config import pretraining, training

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "bertfit"
FRONTS = sorted(front for front in PACKAGE.rglob("__init__.py") if "lazy_exports(" in front.read_text("utf-8"))


def stub_of(front: Path) -> str:
    """The stub of a package whose `__init__` calls `lazy_exports`: an import of each exported name."""
    package = ".".join(front.parent.relative_to(PACKAGE.parent).parts)
    call = next(node for node in ast.walk(ast.parse(front.read_text("utf-8")))
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "lazy_exports")
    modules, *aliases = map(ast.literal_eval, call.args[1:])
    lines = ["# Written by tests/python/test_types.py."]
    for module, names in modules.items():
        for name in names.split():
            whole = package if name == module else f"{package}.{module}"
            lines.append(f"from {whole} import {name} as {name}")
    lines += [f"{alias} = {name}" for alias, name in (aliases[0] if aliases else {}).items()]
    if package == "bertfit":
        lines.append("__version__: str")
    return "\n".join([*lines, "__all__: list[str]", ""])


@pytest.mark.parametrize("front", FRONTS, ids=lambda front: front.parent.name)
def test_a_stub_names_what_its_package_exports(front):
    assert front.with_suffix(".pyi").read_text("utf-8") == stub_of(front), "python tests/python/test_types.py"


def test_every_front_has_a_stub_and_no_other_is_there():
    assert sorted(PACKAGE.rglob("*.pyi")) == [front.with_suffix(".pyi") for front in FRONTS]
    assert (PACKAGE / "py.typed").exists() and len(FRONTS) > 12


@pytest.mark.parametrize(("config", "settings"), [
    (training.TrainConfig, training.TrainSettings), (pretraining.PretrainConfig, pretraining.PretrainSettings)])
def test_settings_by_name_are_the_fields_of_the_config(config, settings):
    own = {field.name: field.type for field in dataclasses.fields(config) if field.name != "validation"}
    assert {name: kind.__forward_arg__ for name, kind in settings.__annotations__.items()} == own


RIGHT = '''
import bertfit
import numpy as np
import pandas as pd

frame = pd.DataFrame({"text": ["a"], "y": [1]})
model = bertfit.load("minilm-l6-uncased")
spam: bertfit.Bert = bertfit.fit(frame, "text", "y", model, epochs=2, learning_rate=1e-4, head={"hidden": [8]})
table: pd.DataFrame = spam.predict(frame)
array: np.ndarray = spam.predict(["a", "b"], type="class")
labels: tuple[str, ...] = spam.labels
config: bertfit.BertConfig = spam.config
steps: tuple[int, int] = bertfit.train_steps(100, 10, 2)
further: bertfit.Bert = bertfit.pretrain(model, "data", steps=10, masking="static")
search = bertfit.BertClassifier(spam, epochs=2).fit(["a"], [1])
vectors: np.ndarray = bertfit.BertEmbedder().fit_transform(["a"])

class Losses(bertfit.Callback):
    def on_epoch(self, info):
        print(info["loss"])

bertfit.fit(None, ["a"], [1], "minilm-l6-uncased", callbacks=[Losses()], control=bertfit.TrainConfig(epochs=1))
'''
WRONG = {
    'bertfit.fit(frame, "text", "y", model, epoch=2)': "epoch",
    'bertfit.fit(frame, "text", "y", model, epochs="2")': "epochs|str",
    'bertfit.pretrain(model, "data", step=2)': "step",
    "bertfit.fitt()": "fitt",
    "model.predictions(frame)": "predictions",
    "bertfit.fit(frame, 'text', 'y', model, callbacks=[print])": "Callback|list",
    "bertfit.TrainConfig(epoch=2)": "epoch",
    "bertfit.BertClassifier(epoch=2)": "epoch",
    "n: int = model.name": "str",
    "bertfit.load(3)": "int|load",
}


def readme_examples() -> str:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), flags=re.DOTALL)
    return "\n".join(blocks)


def checked(tool, code: str, folder: Path) -> dict[int, str]:
    """Line -> the error that a type checker finds in it."""
    (folder / "code.py").write_text(code, "utf-8")
    run = subprocess.run([sys.executable, "-m", *tool, "code.py"], cwd=folder, capture_output=True, text=True,
                         env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), "MYPYPATH": str(PACKAGE.parent)})
    found = re.findall(r"code\.py:(\d+):(?:\d+ -)? error: (.*)", run.stdout)
    assert run.returncode in (0, 1), run.stdout + run.stderr
    assert run.returncode == 0 or found, run.stdout + run.stderr
    return {int(line): message for line, message in found}


TOOLS = {
    "mypy": ["mypy", "--ignore-missing-imports", "--follow-imports=silent", "--no-site-packages", "--cache-dir=cache"],
    "pyright": ["pyright", "--pythonpath", sys.executable],
}


@pytest.mark.parametrize("name", TOOLS)
def test_type_checkers_accept_right_code_and_find_mistakes(name, tmp_path):
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    right = RIGHT + readme_examples()
    lines = right.count("\n") + 1
    found = checked(TOOLS[name], "\n".join([right, *WRONG]), tmp_path)
    assert [message for line, message in found.items() if line <= lines] == []
    for number, (code, message) in enumerate(WRONG.items(), start=lines + 1):
        assert re.search(message, found.get(number, "")), (code, found)


if __name__ == "__main__":
    for path in FRONTS:
        path.with_suffix(".pyi").write_text(stub_of(path), "utf-8")

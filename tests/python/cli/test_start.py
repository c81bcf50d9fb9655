"""The device, chosen before TensorFlow starts: in processes of their own, with a TensorFlow that only counts GPUs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CODE = """
import os, sys, types
from bertfit import _env
from bertfit.cli.start import choose_device
from bertfit.errors import BertfitError

def tensorflow():
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    gpus = [name for name in (["0", "1"] if seen is None else seen.split(",")) if name in ("0", "1", "4", "7")]
    return types.SimpleNamespace(config=types.SimpleNamespace(list_physical_devices=lambda kind: gpus))

_env.tensorflow = tensorflow
number = None if sys.argv[1] == "none" else int(sys.argv[1])
try:
    choose_device(number)
    print(os.environ.get("CUDA_VISIBLE_DEVICES"), "tensorflow" in sys.modules)
except BertfitError as error:
    print(type(error).__name__, *error.sentences[1:])
"""


@pytest.mark.parametrize(("number", "allowed", "expected"), [
    ("none", None, "None False"),
    ("-1", None, "-1 False"),
    ("-1", "4,7", "-1 False"),
    ("1", None, "1 False"),
    ("1", "4,7", "7 False"),
    ("2", None, "SetupError There is no GPU 2. -1 is the CPU."),
    ("2", "4,7", "SetupError There is no GPU 2. CUDA_VISIBLE_DEVICES is '4,7'. -1 is the CPU."),
    ("0", "-1", "SetupError There is no GPU 0. CUDA_VISIBLE_DEVICES is '-1'. -1 is the CPU."),
    ("-2", None, "ArgumentError You gave -2."),
])
def test_a_number_chooses_among_the_gpus_that_are_allowed(number, allowed, expected):
    env = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    env["PYTHONPATH"] = str(ROOT / "python")
    if allowed is not None:
        env["CUDA_VISIBLE_DEVICES"] = allowed
    run = subprocess.run([sys.executable, "-c", CODE, number], env=env, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == expected


def test_the_device_cannot_be_chosen_once_tensorflow_runs(monkeypatch):
    from bertfit.cli.start import choose_device
    from bertfit.errors import SetupError

    monkeypatch.setitem(sys.modules, "tensorflow", object())
    with pytest.raises(SetupError, match="before TensorFlow starts"):
        choose_device(-1)


def test_the_command_of_the_environment_runs_this_code(tmp_path):
    if Path(sys.prefix).resolve() != ROOT / ".venv":
        pytest.skip("not the environment that `make setup` made of this folder")
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def answer(*command) -> str:
        return subprocess.run(command, env=env, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    assert answer(Path(sys.executable).with_name("bertfit"), "--version").startswith("bertfit ")
    imported = answer(sys.executable, "-c", "import bertfit; print(bertfit.__file__)")
    assert Path(imported) == ROOT / "python" / "bertfit" / "__init__.py"

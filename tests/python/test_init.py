"""The façade: everything it names is there, and importing it starts nothing."""

import contextlib
import importlib.metadata
import json
import pathlib
import pkgutil
import re
import subprocess
import sys

import pytest

import bertfit

PUBLIC = [
    "AdamWarmup", "Bert", "BertClassifier", "BertConfig", "BertEmbedder", "BertRegressor", "BertfitError",
    "BertfitWarning", "Callback", "EmptyClassWarning", "FreshPoolerWarning", "HeadConfig", "LeftOutWarning",
    "MissingTextWarning", "OfflineWarning",
    "PretrainConfig", "PretrainHeads", "TrainConfig", "TruncationWarning", "UnusedTensorsWarning", "Vocabulary",
    "custom_objects", "download", "download_model", "fit", "init", "keras_model",
    "load", "make_pretraining_data", "models", "pretrain", "pretrain_model", "read_folders", "train_steps",
    "train_vocabulary",
]


def test_every_public_name_is_there():
    own = {"download_model": "download", "pretrain_model": "pretrain"}  # other names of the same functions
    assert {name: getattr(bertfit, name).__name__ for name in bertfit.__all__} == {
        name: own.get(name, name) for name in PUBLIC}
    assert set(bertfit.__all__) <= set(dir(bertfit))
    with pytest.raises(AttributeError, match="no attribute 'unheard'"):
        bertfit.unheard  # noqa: B018


def test_no_public_name_is_a_modules():
    # Importing bertfit.x puts the module at bertfit.x: it would push a function of that name aside.
    modules = {module.name for module in pkgutil.iter_modules(bertfit.__path__)}
    assert not modules & set(bertfit.__all__)


def test_importing_starts_neither_tensorflow_nor_pandas_and_prints_nothing():
    code = """
import sys, json, time
start = time.perf_counter()
import bertfit
bertfit.models(); bertfit.TrainConfig(); bertfit.train_steps(10, 2, 1); bertfit.BertfitError
heavy = [m for m in ("tensorflow", "tf_keras", "keras_bert", "pandas", "sklearn", "scipy") if m in sys.modules]
print(json.dumps(heavy))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert json.loads(run.stdout) == [] and run.stderr == ""


def test_version_is_the_packages():
    text = (pathlib.Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert re.search(r'^version = "(.+)"$', text, re.M).group(1) == bertfit.__version__
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):  # when run from the source tree
        assert importlib.metadata.version("bertfit") == bertfit.__version__

"""Every example in a docstring that can run by itself gives what it says."""

import doctest
import importlib
import pkgutil

import pytest

import bertfit

MODULES = [module.name for module in pkgutil.iter_modules(bertfit.__path__, "bertfit.")]
WITHOUT_WEIGHTS = {"api", "bucket", "encoder", "errors", "metrics", "normalize", "optimizer", "registry", "schedule",
                   "tokenize", "vocab"}


def attempted(name: str) -> int:
    return doctest.testmod(importlib.import_module(name)).attempted


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, capsys):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert not failed, capsys.readouterr().out


def test_examples_run_where_no_weights_are_needed():
    assert {name for name in WITHOUT_WEIGHTS if attempted(f"bertfit.{name}")} == WITHOUT_WEIGHTS

"""Every example in a docstring that can run by itself gives what it says."""

import doctest
import importlib
import pkgutil

import pytest

import bertfit

MODULES = [module.name for module in pkgutil.walk_packages(bertfit.__path__, "bertfit.")
           if not module.ispkg]
WITHOUT_WEIGHTS = {"errors", "settings", "text.normalize", "text.tokenizer", "text.vocabulary", "network.batches",
                   "network.encoder", "checkpoints.registry", "scores.metrics", "training.optimizer",
                   "training.schedule", "r.functions"}


def attempted(name: str) -> int:
    return doctest.testmod(importlib.import_module(name)).attempted


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_give_what_they_say(name, capsys):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert not failed, capsys.readouterr().out


def test_examples_run_where_no_weights_are_needed():
    assert {name for name in WITHOUT_WEIGHTS if attempted(f"bertfit.{name}")} == WITHOUT_WEIGHTS

"""The report on the environment: right where all is well, and an answer rather than an error where it is not."""

import platform
import sys

from bertfit.errors import SetupError
from bertfit.r import sitrep


def test_a_working_environment_is_reported_without_problems():
    report = sitrep.sitrep()
    assert report["python"] == platform.python_version() and report["executable"] == sys.executable
    assert report["keras2"] and report["problems"] == [] and report["precision"] in ("float32", "bfloat16")
    assert report["packages"]["keras-bert"] == "0.89.0"


def test_problems_of_the_environment_are_reported_not_raised(monkeypatch):
    def refuse():
        raise SetupError("Keras 2 is needed.", ["Keras 3.15.1 runs."])

    monkeypatch.setattr(sitrep._env, "tensorflow", refuse)
    monkeypatch.setattr(sitrep, "PACKAGES", ("numpy", "no-such-package"))
    report = sitrep.sitrep()
    assert report["device"] is None and not report["keras2"]
    assert report["problems"] == [
        "The Python package no-such-package is missing.", "Keras 2 is needed. Keras 3.15.1 runs."]

    def crash():
        raise OSError("libcudart.so")

    monkeypatch.setattr(sitrep._env, "tensorflow", crash)
    assert "OSError: libcudart.so" in sitrep.sitrep()["problems"][-1]

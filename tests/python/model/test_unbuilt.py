"""Opening an encoder starts no TensorFlow; using it does, and finds files that changed in between."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from bertfit.model.exporting import export
from bertfit.model.opening import open_model, open_unbuilt
from bertfit.model.unbuilt import Unbuilt
from bertfit.r import boundary, functions
from toys.models import toy_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("unbuilt") / "toy"
    export(toy_model(), str(path), "huggingface")
    return path


def test_opening_from_r_imports_neither_tensorflow_nor_keras(folder):
    code = f"""
import sys
from bertfit.r import functions
found = functions.call("load", {{"x": {str(folder)!r}}})
assert found["ok"], found
print(sorted({{"tensorflow", "tf_keras", "keras_bert"}} & set(sys.modules)))
layers = functions.call("layers", {{"model": found["value"]["handle"]}})
assert layers["ok"], layers
print("tensorflow" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "True"]


def test_it_tells_what_the_model_tells(folder):
    unbuilt, model = open_unbuilt(folder), open_model(folder)
    assert isinstance(unbuilt, Unbuilt) and not isinstance(model, Unbuilt)
    assert boundary.description(1, unbuilt) == boundary.description(1, model)


def test_the_first_use_makes_the_model_once(folder):
    handle = functions.call("load", {"x": str(folder)})["value"]["handle"]
    assert isinstance(boundary.models[handle], Unbuilt)
    model = boundary.find(handle)
    assert boundary.find(handle) is model
    for name, weights in open_model(folder).weights().items():
        for one, other in zip(model.weights()[name], weights, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("change", ["altered", "removed"])
def test_files_that_changed_before_the_first_use_are_refused(folder, tmp_path, change):
    shutil.copytree(folder, tmp_path / "toy")
    weights = tmp_path / "toy" / "model.safetensors"
    handle = functions.call("load", {"x": str(tmp_path / "toy")})["value"]["handle"]
    if change == "removed":
        weights.unlink()
    else:
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
    answer = functions.call("layers", {"model": handle})
    assert (answer["ok"], answer["code"]) == (False, "checkpoint")
    assert "has changed since it was opened" in str(answer["details"][0])


def test_a_shortened_model_is_made_at_once(folder):
    assert not isinstance(open_unbuilt(folder, max_len=8), Unbuilt)

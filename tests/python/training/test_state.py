"""States of runs: read as they were written, and whole at any moment."""

import contextlib
import math
import os
import shutil

import numpy as np
import pytest

from bertfit.errors import BundleError
from bertfit.training.state import load_state, write_state
from toys.fits import toy_state


def test_a_state_is_read_as_it_was_written(tmp_path):
    arrays = {"weight/0": np.arange(6, dtype=np.float32).reshape(2, 3), "optimizer/0": np.array(7, np.int64)}
    write_state(tmp_path / "new", toy_state(3, "ab12", **arrays))
    read = load_state(tmp_path / "new")
    assert read.arrays["optimizer/0"].shape == () and np.array_equal(read.arrays["weight/0"], arrays["weight/0"])
    assert (read.step, read.sums, read.history, read.run) == (3, {"loss": 0.1}, {"loss": [0.5]}, "ab12")
    assert read.best_badness == math.inf and read.identity == {"settings": {"epochs": 2}}


class Killed(BaseException):
    """Stands for the end of the process: nothing that comes after it is done."""


@pytest.mark.parametrize("module, function", [(os, "rename"), (os, "replace"), (shutil, "rmtree")])
def test_a_process_killed_while_it_saves_leaves_a_whole_state(tmp_path, monkeypatch, module, function):
    place, was_killed = tmp_path / "state", []
    write_state(place, toy_state(4, x=np.zeros(2)))

    def killed(*args, **kwargs):
        was_killed.append(True)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, function, killed)
        with contextlib.suppress(Killed):
            write_state(place, toy_state(4, x=np.ones(2)))
    read = load_state(place).arrays["x"].tolist()
    assert read == [1, 1] or (was_killed and read == [0, 0])


def test_a_state_that_cannot_be_written_leaves_the_one_before(tmp_path, monkeypatch):
    write_state(tmp_path / "state", toy_state(4))
    with monkeypatch.context() as patch:
        patch.setattr("bertfit.training.state.bundle.plain", lambda fields: (_ for _ in ()).throw(OSError(5, "broken")))
        with pytest.raises(BundleError, match="could not be saved"):
            write_state(tmp_path / "state", toy_state(5))
    assert load_state(tmp_path / "state").step == 4 and os.listdir(tmp_path) == ["state"]


def test_a_damaged_state_is_told(tmp_path):
    write_state(tmp_path / "state", toy_state(4, x=np.zeros(2)))
    (tmp_path / "state" / "state.json").write_text("{")
    with pytest.raises(BundleError, match="must be whole"):
        load_state(tmp_path / "state")

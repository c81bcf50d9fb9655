"""States of runs: whole at any moment, and one at a time."""

import contextlib
import math
import os
import shutil

import numpy as np
import pytest

from bertfit.errors import BundleError
from bertfit.training.state import State, load_state, save_state


def state(step, **arrays):
    return State(identity={"settings": {"epochs": 2}}, seed=1, step=step, sums={"loss": 0.1}, history={"loss": [0.5]},
                 best_epoch=None, best_badness=math.inf, seconds=1.5, arrays=arrays)


def test_a_state_is_read_as_it_was_written(tmp_path):
    arrays = {"weight/0": np.arange(6, dtype=np.float32).reshape(2, 3), "optimizer/0": np.array(7, np.int64)}
    save_state(tmp_path / "new", state(3, **arrays))
    read = load_state(tmp_path / "new")
    assert read.arrays["optimizer/0"].shape == () and np.array_equal(read.arrays["weight/0"], arrays["weight/0"])
    assert (read.step, read.sums, read.history) == (3, {"loss": 0.1}, {"loss": [0.5]})
    assert read.best_badness == math.inf and read.identity == {"settings": {"epochs": 2}}


class Killed(BaseException):
    """Stands for the end of the process: nothing that comes after it is done."""


@pytest.mark.parametrize("step", [4, 6], ids=["same step", "later step"])
@pytest.mark.parametrize("module, function", [(os, "rename"), (os, "replace"), (shutil, "rmtree")])
def test_a_process_killed_while_it_saves_leaves_a_whole_state(tmp_path, monkeypatch, module, function, step):
    save_state(tmp_path, state(4, x=np.zeros(2)))

    def killed(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, function, killed)
        with contextlib.suppress(Killed):
            save_state(tmp_path, state(step, x=np.ones(2)))
    read = load_state(tmp_path)
    assert read.arrays["x"].tolist() in ([0, 0], [1, 1])


def test_a_state_that_cannot_be_written_leaves_the_one_before(tmp_path, monkeypatch):
    save_state(tmp_path, state(4))
    with monkeypatch.context() as patch:
        patch.setattr("bertfit.training.state.bundle.plain", lambda fields: (_ for _ in ()).throw(OSError(28, "full")))
        with pytest.raises(BundleError, match="could not be saved"):
            save_state(tmp_path, state(4))
    assert load_state(tmp_path).step == 4 and [path.name for path in tmp_path.iterdir()] == ["state-000000004"]


def test_a_new_run_in_the_same_folder_replaces_a_state_of_more_steps(tmp_path):
    save_state(tmp_path, state(20))
    (tmp_path / ".state-0123456789ab").mkdir()  # a draft that a killed process left
    save_state(tmp_path, state(2))
    assert [path.name for path in tmp_path.iterdir()] == ["state-000000002"]
    assert load_state(tmp_path).step == 2


def test_of_two_states_the_one_written_last_counts(tmp_path, monkeypatch):
    save_state(tmp_path, state(20))
    os.utime(tmp_path / "state-000000020" / "state.json", (1, 1))
    monkeypatch.setattr(shutil, "rmtree", lambda *args, **kwargs: None)  # killed before the other was removed
    save_state(tmp_path, state(2))
    assert len(list(tmp_path.iterdir())) == 2 and load_state(tmp_path).step == 2

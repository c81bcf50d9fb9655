"""The folder of a run: states belong to a run, and an earlier run stays until the new one has something whole."""

import json
import os
import shutil

import numpy as np
import pytest

from bertfit.errors import ArgumentError, BundleError
from bertfit.training.folder import RUN, check_folder, check_identity, open_run
from bertfit.training.state import write_state
from toys.fits import toy_state


def opened(path, resume=False, overwrite=False, seed=1, kind="pretraining"):
    return open_run(path, kind, resume=resume, overwrite=overwrite, seed=seed, argument="out_dir")


def begun(path, steps, **how):
    folder, _, _ = opened(path, **how)
    folder.begin()
    for step in steps:
        folder.save(toy_state(step, folder.run, x=np.full(2, step)))
    return folder


def models(path, *names):
    for name in names:
        (path / name).mkdir(exist_ok=True)
        (path / name / "bertfit.json").write_text("{}")


def test_a_run_keeps_its_newest_state_and_is_resumed_from_it(tmp_path):
    first = begun(tmp_path, [2, 4])
    (tmp_path / ".state-000000003.bertfit-0123456789ab").mkdir()  # a draft that a killed process left
    first.save(toy_state(6, first.run))
    assert sorted(os.listdir(tmp_path)) == [RUN, f"state-000000006-{first.run}"]
    folder, read, seed = opened(tmp_path, resume=True, seed=None)
    assert (folder.run, read.run, read.step, seed) == (first.run, first.run, 6, 1)
    with pytest.raises(ArgumentError, match="`seed` must be that of the run"):
        opened(tmp_path, resume=True, seed=2)


def test_a_folder_with_a_run_is_refused_and_the_ways_out_are_named(tmp_path):
    begun(tmp_path, [2])
    models(tmp_path, "best", "last")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(ArgumentError) as caught:
        opened(tmp_path)
    text = str(caught.value)
    assert "`out_dir` must be a folder without a run" in text and "best, last, state-000000002-" in text
    assert "`resume` continues it; `overwrite` replaces it" in text and "another `out_dir` keeps it" in text
    assert sorted(os.listdir(tmp_path)) == before
    for name in before:  # each of them alone is a run, too
        alone = tmp_path.parent / "alone"
        alone.mkdir()
        (shutil.copytree if (tmp_path / name).is_dir() else shutil.copy)(tmp_path / name, alone / name)
        with pytest.raises(ArgumentError, match="holds a run"):
            opened(alone)
        shutil.rmtree(alone)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    opened(tmp_path / "other")  # other things in it are no run


def test_what_is_replaced_stays_until_an_epoch_is_complete(tmp_path):
    old = begun(tmp_path, [20])
    models(tmp_path, "best", "last", "epoch-001", "epoch-002")
    new = begun(tmp_path, [2], overwrite=True)
    stands = {"best", "last", "epoch-001", "epoch-002", f"state-000000020-{old.run}"}
    assert set(os.listdir(tmp_path)) == {*stands, RUN, f"state-000000002-{new.run}"}
    assert opened(tmp_path, resume=True)[1].step == 2  # not the earlier run's, which has more steps
    for name in ("best", "last", "epoch-001"):
        new.place(name)  # saved by the new run
    new.replace_earlier()
    assert set(os.listdir(tmp_path)) == {"best", "last", "epoch-001", RUN, f"state-000000002-{new.run}"}


def test_a_run_that_was_stopped_before_its_first_state_is_not_taken_for_the_earlier_one(tmp_path):
    old = begun(tmp_path, [20])
    begun(tmp_path, [], overwrite=True)
    with pytest.raises(ArgumentError, match="must hold the state of a run to resume") as caught:
        opened(tmp_path, resume=True)
    assert f"The run that is to replace state-000000020-{old.run} was stopped" in str(caught.value)
    assert (tmp_path / f"state-000000020-{old.run}" / "state.json").is_file()


def test_a_resumed_run_still_replaces_the_earlier_one(tmp_path):
    begun(tmp_path, [20])
    models(tmp_path, "best", "last", "epoch-001", "epoch-007")
    new = begun(tmp_path, [2], overwrite=True)
    new.place("epoch-001")  # then the process is killed
    folder, _, _ = opened(tmp_path, resume=True)
    folder.save(toy_state(4, folder.run))
    folder.replace_earlier()
    assert set(os.listdir(tmp_path)) == {"epoch-001", RUN, f"state-000000004-{new.run}"}
    assert json.loads((tmp_path / RUN).read_text())["replaces"] == []


def test_a_run_of_an_earlier_version_has_no_id_and_is_resumed(tmp_path):
    for step, age in ((20, 1), (2, 2)):  # the newest counts: an earlier run may have had more steps
        write_state(tmp_path / f"state-{step:09d}", toy_state(step))
        os.utime(tmp_path / f"state-{step:09d}" / "state.json", (age, age))
    with pytest.raises(ArgumentError, match="holds a run"):
        opened(tmp_path)
    folder, read, _ = opened(tmp_path, resume=True)
    assert (read.step, read.run) == (2, None)
    folder.begin()
    folder.save(toy_state(4, folder.run))
    assert sorted(os.listdir(tmp_path)) == [RUN, f"state-000000004-{folder.run}"]


def test_a_state_of_another_run_is_refused(tmp_path):
    folder = begun(tmp_path, [])
    write_state(tmp_path / f"state-000000002-{folder.run}", toy_state(2, "0123456789ab"))
    with pytest.raises(BundleError, match="is of run 0123456789ab, not"):
        opened(tmp_path, resume=True)


def test_runs_of_two_kinds_do_not_replace_each_other(tmp_path):
    begun(tmp_path, [2])
    for how in ({"resume": True}, {"overwrite": True}):
        with pytest.raises(ArgumentError, match="must hold a run of fine-tuning"):
            opened(tmp_path, kind="fine-tuning", **how)
    os.remove(tmp_path / RUN)
    models(tmp_path, "last")  # of an earlier version
    with pytest.raises(ArgumentError, match="holds one of pretraining"):
        opened(tmp_path, kind="fine-tuning", overwrite=True)


def test_what_cannot_be_a_runs_folder_is_refused_at_once(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "run" / "best").mkdir(parents=True)
    (tmp_path / "run" / "best" / "notes.txt").touch()
    for path, message in ((tmp_path / "file", "is a file"), (tmp_path / "run", "would not be replaced")):
        with pytest.raises(ArgumentError, match=message):
            opened(path)
    with pytest.raises(ArgumentError, match="`overwrite` must be left out"):
        check_folder(tmp_path, "pretraining", resume=True, overwrite=True, argument="out_dir")
    with pytest.raises(ArgumentError, match="`out_dir` must be given to overwrite"):
        check_folder(None, "pretraining", resume=False, overwrite=True, argument="out_dir")
    (tmp_path / RUN).write_text("{")
    with pytest.raises(BundleError, match="must be whole"):
        opened(tmp_path, resume=True)


def test_every_difference_is_named():
    before = {"settings": {"epochs": 2, "learning_rate": 0.1}, "rows": "ab", "data": "x", "config": {"hidden_size": 8},
              "precision": "float32"}
    defaults = {"freeze": "none"}
    check_identity(before, {**before, "settings": {**before["settings"], "freeze": "none"}, "new": 1}, defaults)
    with pytest.raises(ArgumentError) as caught:
        check_identity(before, {"settings": {"epochs": 3, "learning_rate": 0.1, "freeze": "encoder"}, "rows": "cd",
                                "data": "x", "config": {"hidden_size": 4}, "precision": "float32"}, defaults)
    assert str(caught.value).splitlines()[1:] == [
        "- `epochs` was 2, now 3.", "- `freeze` was 'none', now 'encoder'.", "- The training rows are not the same.",
        "- `hidden_size` was 8, now 4."]

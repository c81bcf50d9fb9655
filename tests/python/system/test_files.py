"""Folders and files are replaced in one step, in two where the system cannot exchange names, or not at all."""

import os
import stat
import sys
import time

import pytest

from bertfit.errors import OccupiedError
from bertfit.system import files
from bertfit.system.files import remove, replacement


def put(target, text):
    with replacement(target) as draft:
        (draft / "file").write_text(text)


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "a [b] 日本"
    put(path, "first")
    return path


@pytest.mark.parametrize("swaps", [True, False])
def test_the_new_takes_the_place_of_the_old(target, monkeypatch, swaps):
    if not swaps:
        monkeypatch.setattr(files, "_exchange", lambda a, b: False)
    put(target, "second")
    assert (target / "file").read_text() == "second"
    assert os.listdir(target.parent) == [target.name]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="renameat2 is Linux's")
def test_an_exchange_swaps_both_names(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not files._exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("this file system cannot")
    assert (os.listdir(tmp_path / "a"), os.listdir(tmp_path / "b")) == (["b"], ["a"])


def test_an_error_inside_leaves_the_old_one_alone(target):
    with pytest.raises(ZeroDivisionError), replacement(target) as draft:
        (draft / "file").write_text("half")
        1 / 0  # noqa: B018
    assert (target / "file").read_text() == "first" and os.listdir(target.parent) == [target.name]


def test_a_failed_replacement_puts_the_old_one_back(target, monkeypatch):
    monkeypatch.setattr(files, "_exchange", lambda a, b: False)
    rename, calls = os.rename, []

    def second_fails(a, b):
        calls.append(a)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        rename(a, b)

    monkeypatch.setattr(os, "rename", second_fails)
    with pytest.raises(OSError, match="Input/output error"):
        put(target, "second")
    assert (target / "file").read_text() == "first" and os.listdir(target.parent) == [target.name]


@pytest.mark.parametrize("kind", ["folder", "file"])
@pytest.mark.parametrize("there", [True, False])
def test_what_appears_or_changes_meanwhile_is_left_alone_and_the_new_is_kept_beside(tmp_path, kind, there):
    place = tmp_path / "target.x"

    def write(path, text):
        if kind == "folder":
            path.mkdir(exist_ok=True)
        (path / "file" if kind == "folder" else path).write_text(text)

    def read(path):
        return (path / "file" if kind == "folder" else path).read_text()

    if there:
        write(place, "old")
    for kept in ("target.x-kept", "target.x-kept-2"):
        with pytest.raises(OccupiedError, match="was left alone") as caught, replacement(place, kind) as draft:
            write(draft, "new")
            if kind == "folder" and place.exists():
                (place / "more").write_text("theirs")  # the folder is the same, what is in it is not
                (place / "more").rename(place / kept)
            write(place, "theirs")
        assert read(place) == "theirs" and read(tmp_path / kept) == "new"
        assert caught.value.kept == str(tmp_path / kept) and str(tmp_path / kept) in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == ["target.x", "target.x-kept", "target.x-kept-2"]


def test_old_drafts_of_the_same_name_are_swept(target):
    ends = (f".{target.name}.bertfit-0123456789ab", f".{target.name}.bertfit-ba9876543210", ".a b.bertfit-0123456789ab")
    old, young, other = (target.parent / end for end in ends)
    for folder in (old, young, other):
        folder.mkdir()
    for folder in (old, other):
        os.utime(folder, (1e9, 1e9))
    put(target, "second")
    assert [folder.exists() for folder in (old, young, other)] == [False, True, True]


def test_an_old_one_left_behind_is_kept_until_a_newer_has_the_name(target, monkeypatch):
    """What a process leaves that was killed between two renames."""
    old = target.parent / f".{target.name}.bertfit-0123456789ab-old"
    os.rename(target, old)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3601)
    put(target, "second")
    assert (old / "file").read_text() == "first"
    monkeypatch.setattr(time, "time", lambda: now + 3599)
    put(target, "third")
    assert old.exists()
    monkeypatch.setattr(time, "time", lambda: now + 3601)
    put(target, "fourth")
    assert os.listdir(target.parent) == [target.name]


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_drafts_are_private_and_results_have_the_mode_of_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        with replacement(tmp_path / "folder") as draft:
            assert stat.S_IMODE(draft.stat().st_mode) == 0o700
            (draft / "file").touch()
        with replacement(tmp_path / "file", "file") as draft:
            draft.touch()
            assert stat.S_IMODE(draft.parent.stat().st_mode) == 0o700
    finally:
        os.umask(before)
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("folder", "folder/file", "file")}
    assert modes == {"folder": 0o750, "folder/file": 0o640, "file": 0o640}


def test_everything_is_on_the_disk_before_the_name_is_taken(target, monkeypatch):
    synced, fsync = [], os.fsync

    def note(descriptor):
        fsync(descriptor)
        synced.append((os.fstat(descriptor).st_ino, (target / "file").read_text()))

    monkeypatch.setattr(os, "fsync", note)
    with replacement(target) as draft:
        (draft / "file").write_text("second")
        (draft / "deep").mkdir()
        (draft / "deep" / "other").touch()
        wanted = {path.stat().st_ino for path in (draft, *draft.rglob("*"))}
    assert {inode for inode, text in synced if text == "first"} == wanted
    assert synced[-1] == (target.parent.stat().st_ino, "second")


class Injected(BaseException):
    """No Exception, as KeyboardInterrupt is none."""


def stopped_at(line, action):
    """Whether `action` was stopped before the given line (counted as they run) of the module that is tested."""
    seen = 0

    def trace(frame, event, _):
        nonlocal seen
        if frame.f_code.co_filename != files.__file__:
            return None
        if event == "line":
            seen += 1
            if seen == line:
                raise Injected
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except Injected:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("swaps", [True, False])
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_stopped_between_any_two_steps_the_old_or_the_new_is_whole(tmp_path, monkeypatch, kind, there, swaps):
    if not swaps:
        monkeypatch.setattr(files, "_exchange", lambda a, b: False)

    def write(place, text):
        with replacement(place, kind) as draft:
            if kind == "file":
                draft.write_text(text * 2)
            else:
                (draft / "a").write_text(text)
                (draft / "b").write_text(text)

    def read(place):
        if not place.exists():
            return None
        return place.read_text() if kind == "file" else "".join((place / name).read_text() for name in "ab")

    line, ends = 0, set()
    while True:
        line += 1
        place = tmp_path / str(line) / "target"
        if there:
            write(place, "old")
        stopped = stopped_at(line, lambda place=place: write(place, "new"))
        ends.add(read(place))
        assert ends <= {"oldold" if there else None, "newnew"}, line
        now = time.time()
        with monkeypatch.context() as later:  # whatever is left is swept by the next that takes the name
            later.setattr(time, "time", lambda now=now: now + 3601)
            write(place, "next")
        assert read(place) == "nextnext" and os.listdir(place.parent) == ["target"], line
        if not stopped:
            break
    assert line > 30 and len(ends) == 2


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("after", [True, False])
def test_an_interrupt_at_a_rename_leaves_one_of_both(target, monkeypatch, step, after):
    monkeypatch.setattr(files, "_exchange", lambda a, b: False)
    rename, calls = os.rename, []

    def interrupted(a, b):
        calls.append(a)
        if len(calls) == step and not after:
            raise KeyboardInterrupt
        rename(a, b)
        if len(calls) == step and after:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        put(target, "second")
    assert (target / "file").read_text() == ("second" if (step, after) == (2, True) else "first")
    assert os.listdir(target.parent) == [target.name]


def test_what_cannot_be_put_back_is_not_deleted(target, monkeypatch):
    monkeypatch.setattr(files, "_exchange", lambda a, b: False)
    rename, calls = os.rename, []

    def only_once(a, b):
        calls.append(a)
        if len(calls) > 1:
            raise OSError(5, "Input/output error")
        rename(a, b)

    monkeypatch.setattr(os, "rename", only_once)
    with pytest.raises(OSError, match="Input/output error"):
        put(target, "second")
    texts = {path.name[-4:]: (path / "file").read_text() for path in target.parent.iterdir()}
    assert texts.pop("-old") == "first" and list(texts.values()) == ["second"]


def test_a_file_is_replaced_and_an_error_leaves_the_old_one(tmp_path):
    path = tmp_path / "new" / "file"
    for text in ("first", "second"):
        with replacement(path, "file") as draft:
            draft.write_text(text)
    with pytest.raises(ZeroDivisionError), replacement(path, "file") as draft:
        draft.write_text("half")
        1 / 0  # noqa: B018
    assert path.read_text() == "second" and os.listdir(path.parent) == ["file"]


def test_a_folder_is_removed_from_its_name_at_once(target):
    (target / "more").mkdir()
    line = 0
    while stopped_at(line := line + 1, lambda: remove(target)):
        assert not target.exists() or sorted(os.listdir(target)) == ["file", "more"]
        if not target.exists():
            target.mkdir()
            (target / "file").write_text("first")
            (target / "more").mkdir()
    assert not target.exists() and line > 5
    with pytest.raises(FileNotFoundError):
        remove(target)
